"""REST resources ``tokens/`` and ``me/``."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, mixins, serializers, status, viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import tokens
from accounts.models import Token
from foundation.access import SCOPES, limited, token_of
from streams.access.logs import seen_by
from streams.models import EventLog


class TokenSerializer(serializers.ModelSerializer[Token]):
    """A token without its secret; ``id`` is the part of it that may be shown."""

    id = serializers.SerializerMethodField()
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES), allow_empty=False)
    logs = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=EventLog.objects.all(),
        many=True,
        required=False,
        help_text="None: all of its user.",
    )
    expires_at = serializers.DateTimeField(source="expiry", read_only=True)

    class Meta:
        model = Token
        fields = ["id", "scopes", "logs", "limited", "created", "expires_at", "last_used_at"]
        read_only_fields = ["limited", "last_used_at"]
        extra_kwargs = {
            "limited": {"help_text": "To `logs`, of which some may be deleted since."},
            "last_used_at": {"help_text": "To ten minutes; null: never."},
        }

    def get_id(self, token: Token) -> str:
        return token.name

    def validate_logs(self, logs: list[EventLog]) -> list[EventLog]:
        request = self.context["request"]
        known = seen_by(request) | seen_by(request, "ingest")
        seen = set(known.filter(pk__in=[log.pk for log in logs]))
        for log in logs:
            if log not in seen:
                raise serializers.ValidationError(f"Object with slug={log.slug} does not exist.", code="does_not_exist")
        return logs


class NewTokenSerializer(TokenSerializer):
    """A token as it is made: ``token`` is answered now and never again."""

    days = serializers.IntegerField(
        write_only=True,
        default=tokens.DAYS,
        min_value=1,
        max_value=tokens.MAX_DAYS,
        help_text="It expires after these.",
    )
    token = serializers.CharField(read_only=True)

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "days", "token"]


class TokenViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[Token]
):
    """Your own tokens: made once, shown once, revoked by DELETE; to change one, make another."""

    queryset = Token.objects.all()
    serializer_class = TokenSerializer
    lookup_url_kwarg = "id"
    lookup_value_converter = "slug"
    ordering_fields = ["created", "expiry", "last_used_at"]

    def get_queryset(self) -> "QuerySet[Token]":
        if getattr(self, "swagger_fake_view", False):
            return super().get_queryset().none()
        mine: QuerySet[Token] = Token.objects.filter(user=self.request.user, expiry__gt=timezone.now())
        token = token_of(self.request)
        if isinstance(token, Token) and limited(token):
            mine = mine.filter(pk=token.pk)  # it knows of no other log, so of no other token
        return mine.prefetch_related("logs").order_by("-created")

    def get_serializer_class(self) -> type[TokenSerializer]:
        return NewTokenSerializer if self.action == "create" else TokenSerializer

    def get_object(self) -> Token:
        found = generics.get_object_or_404(
            self.filter_queryset(self.get_queryset()), token_key__startswith=f"pm_{self.kwargs['id'][:8]:_<8}_"
        )
        self.check_object_permissions(self.request, found)
        return found

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a token. Only a browser session may: a leaked token must not prolong or widen itself."""
        if request.auth is not None:
            raise PermissionDenied(f"A token makes no tokens. Sign in, or use `{settings.COMMAND} createtoken`.")
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        token, text = tokens.create_token(
            cast("User", request.user), given["scopes"], given.get("logs", ()), given["days"]
        )
        token.token = text
        return Response(self.get_serializer(token).data, status=status.HTTP_201_CREATED)


class MeSerializer(serializers.Serializer[Any]):
    """Who is asking, and what may be done."""

    username = serializers.CharField()
    token = serializers.CharField(allow_null=True, help_text="Its id; null: a browser session.")
    expires_at = serializers.DateTimeField(allow_null=True)
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES))
    logs = serializers.ListField(
        child=serializers.CharField(), allow_null=True, help_text="The only logs of this token; null: no such limit."
    )
    permissions = serializers.ListField(child=serializers.CharField())


class Me(generics.GenericAPIView[Any]):
    """Who am I, and what may I do?"""

    serializer_class = MeSerializer
    pagination_class = None
    filter_backends = []

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        """The user, and the limits of the token if there is one."""
        token = cast("Token | None", token_of(request))
        held = sorted(name for name in request.user.get_all_permissions() if name.split(".")[0] in _OUR_APPS)
        return Response(
            {
                "username": request.user.get_username(),
                "token": token.name if token is not None else None,
                "expires_at": token.expiry if token is not None else None,
                "scopes": token.scopes if token is not None else list(SCOPES),
                "logs": sorted(log.slug for log in token.logs.all()) if token is not None and limited(token) else None,
                "permissions": held,
            }
        )


_OUR_APPS = {"streams", "models_mining", "rules", "sheets", "simulations"}
