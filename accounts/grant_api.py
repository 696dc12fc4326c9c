"""REST resource ``logs/{slug}/grants/``: who may do what with one log."""

from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from rest_framework import serializers, viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from foundation.access import token_of
from foundation.http.requests import CheckedSerializer, Conflict
from streams.access.logs import SetupPermission, lacking, log_for
from streams.models import LogGrant


class GrantSerializer(CheckedSerializer):
    """What a user, or each member of a group, may do with the log; one of both is named."""

    user = serializers.SlugRelatedField[User](
        slug_field="username", queryset=User.objects.all(), required=False, allow_null=True
    )
    group = serializers.SlugRelatedField[Group](
        slug_field="name", queryset=Group.objects.all(), required=False, allow_null=True
    )
    actions = serializers.ListField(child=serializers.ChoiceField(LogGrant.ACTIONS), allow_empty=False)

    class Meta:
        model = LogGrant
        fields = ["id", "user", "group", "actions"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = super().validate(attrs)
        others = LogGrant.objects.filter(log__slug=self.context["view"].kwargs["slug"])
        if self.instance is not None:
            others = others.exclude(pk=self.instance.pk)
        for who in ("user", "group"):
            if given.get(who) is not None and others.filter(**{who: given[who]}).exists():
                raise Conflict(f"There is a grant for {given[who]}: change that.")
        log, request = self.context["view"].log, self.context["request"]
        actions = given.get("actions", [] if self.instance is None else self.instance.actions)
        if missing := lacking(request.user, token_of(request), log, actions):
            raise PermissionDenied(f"You may not {' nor '.join(missing)} the log {log.slug} yourself.")
        return given


class GrantViewSet(viewsets.ModelViewSet[LogGrant]):
    """Who may do what with this log, beside those whose permissions open all logs."""

    queryset = LogGrant.objects.all()
    serializer_class = GrantSerializer
    permission_classes = [SetupPermission]
    ordering_fields = ["id"]
    lookup_value_converter = "int"

    def get_queryset(self) -> "QuerySet[LogGrant]":
        if getattr(self, "swagger_fake_view", False):
            return LogGrant.objects.none()
        return LogGrant.objects.filter(log__slug=self.kwargs["slug"]).select_related("user", "group").order_by("pk")

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """404 for a log one may not view, whatever is asked of it."""
        super().initial(request, *args, **kwargs)
        self.log = log_for(request, self.kwargs["slug"])

    def perform_create(self, serializer: serializers.BaseSerializer[LogGrant]) -> None:
        serializer.save(log=self.log)
