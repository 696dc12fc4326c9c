"""Saved states of live logs. A damaged or old one is ignored with a warning: the table can always tell anew."""

import hashlib
import json
import logging
import zlib

import msgspec
from django.conf import settings
from django.utils import timezone

from models_mining import reading
from models_mining.core.live_log import LiveLog
from models_mining.core.state import StateError
from models_mining.models import Checkpoint
from streams.models import EventLog

logger = logging.getLogger(__name__)

KEPT = 2  # the newest, and one before it should that be damaged


def settings_key(log: EventLog, *, track_closed: bool) -> str:
    """Names all of a log's settings that its live log depends on; another key means to mine anew."""
    parts = [sorted(log.end_activities), log.idle_close_s, track_closed]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def new_live_log(log: EventLog, *, track_closed: bool, upto: int) -> LiveLog:
    """An empty live log under the log's settings, its activities numbered as the events up to ``upto`` show them."""
    return LiveLog(
        end_activities=log.end_activities,
        idle_close_us=None if log.idle_close_s is None else log.idle_close_s * 1_000_000,
        track_closed=track_closed,
        activities=reading.activities(log.pk, upto),
        max_nodes=settings.TREE_NODES,
        max_depth=settings.TREE_DEPTH,
    )


def save(log: int, key: str, live: LiveLog) -> None:
    """Keep the state of ``live``, and drop all but the newest."""
    state = zlib.compress(msgspec.msgpack.encode(live.to_state()), 1)
    Checkpoint.objects.create(log_id=log, seq=live.seq, settings_key=key, state=state, saved_at=timezone.now())
    kept = Checkpoint.objects.filter(log=log).order_by("-pk").values_list("pk", flat=True)[:KEPT]
    Checkpoint.objects.filter(log=log).exclude(pk__in=list(kept)).delete()


def newest(log: int, key: str, upto: int) -> LiveLog | None:
    """The newest readable state of these settings at or before ``upto``."""
    for row in Checkpoint.objects.filter(log=log, settings_key=key, seq__lte=upto).order_by("-seq"):
        try:
            return LiveLog.from_state(msgspec.msgpack.decode(zlib.decompress(row.state), strict=False))
        except (zlib.error, msgspec.MsgspecError, StateError) as error:
            logger.warning("Checkpoint %s of log %s is not readable and is left out: %s", row.pk, log, error)
    return None
