"""Making API tokens: what the API, the admin and ``manage.py createtoken`` do alike."""

import secrets
import string
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from accounts.models import Token
from foundation.errors import DomainError
from streams.models import EventLog

DAYS = 90
MAX_DAYS = 3650
_LETTERS = string.ascii_lowercase + string.digits


class TokenDaysError(DomainError):
    """A token is to last too short or too long."""

    code, status, text = "token-days", 400, "A token lasts 1 to {most} days."


def create_token(
    user: AbstractBaseUser, scopes: Iterable[str], logs: Iterable[EventLog] = (), days: int = DAYS
) -> tuple[Token, str]:
    """A new token and its text, ``pm_<prefix>_<secret>``, which is kept nowhere; raises TokenDaysError."""
    if not 1 <= days <= MAX_DAYS:
        raise TokenDaysError(field="days", most=MAX_DAYS)
    prefix = "".join(secrets.choice(_LETTERS) for _ in range(Token.PREFIX))
    only = list(logs)
    with transaction.atomic():
        token, text = Token.objects.create(
            user, expiry=timedelta(days=days), prefix=f"pm_{prefix}_", scopes=sorted(set(scopes)), limited=bool(only)
        )
        token.logs.set(only)
    return token, text
