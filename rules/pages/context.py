"""What pages show beside their own: how many matches nobody has seen."""

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest

from rules.setup.queries import alarms

COUNTED = 100  # from here on it is "99+"


def unseen(request: HttpRequest) -> dict[str, Callable[[], str]]:
    """Template variable ``alarms``: warnings and critical matches that nobody has acknowledged; asked when shown."""
    return {"alarms": partial(_words, request)}


def _words(request: HttpRequest) -> str:
    count = alarms(request.user, COUNTED)
    return f"{COUNTED - 1}+" if count >= COUNTED else str(count or "")
