"""Saved states of live logs. A damaged or old one is ignored with a warning: the table can always tell anew."""

import hashlib
import json
import logging
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

import msgspec
from django.conf import settings
from django.utils import timezone

from models_mining.core.discovery import MINERS
from models_mining.core.live_log import LiveLog
from models_mining.core.state import StateError
from models_mining.models import Checkpoint, MinedModel
from streams.models import EventLog

logger = logging.getLogger(__name__)

KEPT = 2  # the newest, and one before it should that be damaged


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """All that a log's live log depends on beside its events; other settings mean to mine anew."""

    end_activities: tuple[str, ...]
    idle_close_us: int | None
    track_closed: bool
    track_pairs: bool
    memory_cases: int | None
    memory_us: int | None
    retired_events: int = 0  # gone from the table since: what was mined with them is void

    @property
    def key(self) -> str:
        """Names these settings."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()

    def keeping(self, before: "LiveSettings") -> "LiveSettings":
        """These, and what ``before`` tracked: that a model went is no reason to mine anew."""
        return replace(
            self,
            track_closed=self.track_closed or before.track_closed,
            track_pairs=self.track_pairs or before.track_pairs,
        )

    def new_live_log(self, activities: Iterable[str] = ()) -> LiveLog:
        """An empty live log of these settings; ``activities`` get the first numbers."""
        own = asdict(self)
        del own["retired_events"]
        return LiveLog(**own, activities=activities, max_nodes=settings.TREE_NODES, max_depth=settings.TREE_DEPTH)


def wanted(log: EventLog, models: Iterable[MinedModel]) -> LiveSettings:
    """The settings of ``log`` under which a live log serves all of ``models``."""
    models = list(models)
    return LiveSettings(
        end_activities=tuple(sorted(set(log.end_activities))),
        idle_close_us=None if log.idle_close_s is None else log.idle_close_s * 1_000_000,
        track_closed=any(model.cases == MinedModel.Cases.CLOSED for model in models),
        track_pairs=any(model.algorithm in MINERS and MINERS[model.algorithm].needs == "pairs" for model in models),
        memory_cases=log.memory.get("cases"),
        memory_us=log.memory["last_s"] * 1_000_000 if "last_s" in log.memory else None,
        retired_events=log.retired_events,
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
