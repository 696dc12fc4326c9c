"""Who is asking: ``Authorization: Token pm_<prefix>_<secret>``."""

from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import Token

USED = timedelta(minutes=10)  # a token's last use is written down at most so often


class ApiTokenAuthentication(TokenAuthentication):  # type: ignore[misc]  # knox has no types
    """Knox' look-up by the first characters and a constant-time comparison of the hash; any bytes are survived."""

    def authenticate_credentials(self, token: bytes) -> tuple[AbstractBaseUser, Token]:
        if not token.isascii() or b"\0" in token:
            raise AuthenticationFailed("Invalid token.")
        user, found = super().authenticate_credentials(token)
        now = timezone.now()
        if found.last_used_at is None or now - found.last_used_at > USED:
            Token.objects.filter(pk=found.pk).update(last_used_at=now)
        return user, found


def user_of_token(raw: str) -> tuple[AbstractBaseUser, Token] | None:
    """The user and the token of ``pm_…``; None where it is unknown, expired, revoked, or its user inactive."""
    try:
        return ApiTokenAuthentication().authenticate_credentials(raw.encode(errors="replace"))
    except AuthenticationFailed:
        return None
