"""``Idempotency-Key``: a request that is sent again is answered as it was the first time, and does nothing twice.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import secrets
import zlib
from collections.abc import Callable
from datetime import timedelta
from hashlib import blake2b
from typing import Any

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from foundation.http.requests import Conflict
from foundation.models.stored_answers import StoredAnswer

HEADER = "Idempotency-Key"
KEPT = timedelta(hours=24)
GIVEN_UP = timedelta(seconds=60)  # after which whoever was at it has died


class StillRunning(Conflict):
    """The first request with this key is under way."""

    default_detail = "The first request with this Idempotency-Key is not answered yet."
    wait = 1  # seconds, becomes Retry-After


class KeyReused(APIException):
    """Another request has this key."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = "This Idempotency-Key was used for another request. A new request takes a new key."
    default_code = "key_reused"


def once(request: Request, work: Callable[[], dict[str, Any]]) -> Response:
    """The answer of ``work``, or the one that an equal request with the same key got within a day.

    ``work`` runs in a transaction with the answer's row: both are kept, or neither is. An error is no answer: what
    raised may be tried again. Without a key ``work`` is simply done.
    """
    given = request.headers.get(HEADER)
    if given is None:
        return Response(work())
    if not 0 < len(given) <= 255:
        raise ParseError(f"{HEADER} has 1 to 255 characters.")
    key = _hash(_who(request), request.path, given)
    sent = _hash(request.META.get("QUERY_STRING", ""), request.content_type, request.body)
    now = timezone.now()
    claim = secrets.token_hex(8)
    StoredAnswer.objects.filter(began_at__lt=now - KEPT).delete()
    row, new = StoredAnswer.objects.get_or_create(
        key=key, defaults={"request": sent, "claim": claim, "began_at": now, "answer": None}
    )
    if not new:
        if row.request != sent:
            raise KeyReused
        if row.answer is not None:
            told = orjson.loads(zlib.decompress(row.answer))
            return Response(told, headers={"Idempotent-Replayed": "true"})
        abandoned = StoredAnswer.objects.filter(key=key, claim=row.claim, began_at__lt=now - GIVEN_UP)
        if not abandoned.update(claim=claim, began_at=now):
            raise StillRunning
    mine = StoredAnswer.objects.filter(key=key, claim=claim)
    try:
        return Response(_kept(mine, work))
    except BaseException:
        mine.delete()
        raise


def _kept(mine: "QuerySet[StoredAnswer]", work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    with transaction.atomic():
        answer = work()
        if not mine.update(answer=zlib.compress(orjson.dumps(answer))):
            raise StillRunning  # it took so long that another request took over; nothing was done here
    return answer


def _who(request: Request) -> str:
    asked_by = request.auth if request.auth is not None else request.user
    return f"{type(asked_by).__name__} {asked_by.pk}"


def _hash(*parts: str | bytes) -> str:
    whole = blake2b(digest_size=32)
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()
