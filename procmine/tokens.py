"""Making API tokens: what the API, the admin and ``manage.py createtoken`` do alike."""

import secrets
import string
from collections.abc import Iterable
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from procmine.models import Token
from streams.models import EventLog

DAYS = 90
MAX_DAYS = 3650
PREFIX = 8  # characters that name a token
_LETTERS = string.ascii_lowercase + string.digits


def create_token(
    user: AbstractBaseUser, scopes: Iterable[str], logs: Iterable[EventLog] = (), days: int = DAYS
) -> tuple[Token, str]:
    """A new token and its text, ``pm_<prefix>_<secret>``, which is kept nowhere."""
    prefix = "".join(secrets.choice(_LETTERS) for _ in range(PREFIX))
    with transaction.atomic():
        token, text = Token.objects.create(
            user, expiry=timedelta(days=days), prefix=f"pm_{prefix}_", scopes=sorted(set(scopes))
        )
        token.logs.set(logs)
    return token, text


def name_of(token: Token) -> str:
    """The part of a token that may be shown: ``<prefix>``."""
    return str(token.token_key).removeprefix("pm_")[:PREFIX]
