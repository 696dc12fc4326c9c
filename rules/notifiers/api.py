"""REST resources ``notifiers/`` and ``notifications/``."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.encryption import encrypt
from foundation.http.requests import CheckedSerializer
from rules.models import Notification, Notifier
from rules.models.notifiers import MIN_SECRET
from rules.notifiers.sending import send_test
from streams.access.logs import SetupPermission, seen_by


class Hidden(serializers.CharField):
    """A text that is taken and never given: it is encrypted at once."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            write_only=True, max_length=2000, trim_whitespace=False, style={"input_type": "password"}, **options
        )

    def to_internal_value(self, data: Any) -> str:
        return encrypt(super().to_internal_value(data))


class NotifierSerializer(CheckedSerializer):
    """Address and secret are taken and never given; ``has_secret`` tells whether there is one."""

    url = Hidden(help_text="https://…, or mailto:a@example.org,b@example.org of kind email. Never answered.")
    secret = Hidden(
        required=False,
        allow_blank=True,
        help_text=f"Of a webhook: what it is sent is signed with it. At least {MIN_SECRET} characters. Never answered.",
    )
    has_secret = serializers.SerializerMethodField()
    waiting = serializers.SerializerMethodField(help_text="Notifications that are not sent yet.")

    class Meta:
        model = Notifier
        fields = [
            *("id", "name", "kind", "url", "secret", "has_secret", "enabled", "waiting"),
            *("last_status", "last_at", "failures", "not_before"),
        ]
        read_only_fields = ["last_status", "last_at", "failures", "not_before"]

    def get_has_secret(self, notifier: Notifier) -> bool:
        return bool(notifier.secret)

    def get_waiting(self, notifier: Notifier) -> int:
        return notifier.notifications.filter(state=Notification.State.PENDING).count()


class TestedSerializer(serializers.Serializer[Any]):
    """Whether a receiver took a message; what it said, or what is wrong."""

    ok = serializers.BooleanField()
    detail = serializers.CharField()


class NotifierFilter(django_filters.FilterSet):
    class Meta:
        model = Notifier
        fields = ["name", "kind", "enabled"]


class NotifierViewSet(viewsets.ModelViewSet[Notifier]):
    """Who is told of matches: a chat, a program, mailboxes."""

    queryset = Notifier.objects.order_by("name")
    serializer_class = NotifierSerializer
    permission_classes = [SetupPermission]
    permissions_of = {"test": ["rules.change_notifier"]}
    filterset_class = NotifierFilter
    ordering_fields = ["name", "kind", "failures"]
    lookup_value_converter = "int"

    @extend_schema(request=None, responses=TestedSerializer)
    @action(detail=True, methods=["post"], filterset_class=None)
    def test(self, request: Request, pk: int) -> Response:
        """Send a message now, past the outbox, in at most 10 s once connected; changes nothing here."""
        attempt = send_test(self.get_object())
        return Response({"ok": attempt.sent, "detail": attempt.said})


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """A notification: what was to be told, and how far that is."""

    notifier = serializers.SlugRelatedField(slug_field="name", read_only=True)  # type: ignore[var-annotated]
    detail = serializers.CharField(source="why", read_only=True, help_text="Why it is not sent.")

    class Meta:
        model = Notification
        fields = ["id", "key", "notifier", "match", "text", "state", "detail", "attempts", "created_at", "sent_at"]
        read_only_fields = fields


class NotificationFilter(django_filters.FilterSet):
    notifier = django_filters.CharFilter("notifier__name")

    class Meta:
        model = Notification
        fields = ["state", "match"]


class NotificationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Notification]):
    """The outbox, the newest first: what is told of logs one may view."""

    queryset = Notification.objects.order_by("-id")
    serializer_class = NotificationSerializer
    permission_classes = [SetupPermission]
    filterset_class = NotificationFilter
    ordering_fields = ["id", "created_at"]
    lookup_value_converter = "int"

    def get_queryset(self) -> "QuerySet[Notification]":
        if getattr(self, "swagger_fake_view", False):
            return self.queryset.none()
        return self.queryset.defer("event").select_related("notifier").filter(log__in=seen_by(self.request))
