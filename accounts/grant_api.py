"""REST resource ``logs/{slug}/grants/``: who may do what with one log."""

from typing import Any, cast

from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from rest_framework import serializers, viewsets
from rest_framework.request import Request

from accounts.grants import save_grant
from foundation.access import token_of
from foundation.http.requests import CheckedSerializer
from streams.access.logs import SetupPermission, log_for
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

    def create(self, given: dict[str, Any]) -> LogGrant:
        return self.update(LogGrant(log=self.context["view"].log), given)

    def update(self, grant: Any, given: dict[str, Any]) -> LogGrant:
        for name, value in given.items():
            setattr(grant, name, value)
        save_grant(grant, self.context["request"].user, token_of(self.context["request"]))
        return cast("LogGrant", grant)


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
