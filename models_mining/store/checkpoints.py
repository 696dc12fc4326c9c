"""Saved states of live logs. A damaged or old one is ignored with a warning: the table can always tell anew."""

import hashlib
import json
import logging
import zlib
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass, replace

import msgspec
from django.conf import settings
from django.utils import timezone

from models_mining.core.discovery import ALGORITHMS
from models_mining.core.live_log import LiveLog, StateError
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
        track_pairs=any(
            model.algorithm in ALGORITHMS and ALGORITHMS[model.algorithm].needs == "pairs" for model in models
        ),
        memory_cases=log.memory.get("cases"),
        memory_us=log.memory["last_s"] * 1_000_000 if "last_s" in log.memory else None,
        retired_events=log.retired_events,
    )


def save(log: int, key: str, live: LiveLog) -> None:
    """Keep the state of ``live``; of the older ones the newest, and some to travel back to."""
    state = zlib.compress(msgspec.msgpack.encode(live.to_state()), 1)
    Checkpoint.objects.create(log_id=log, seq=live.seq, settings_key=key, state=state, saved_at=timezone.now())
    saved = list(Checkpoint.objects.filter(log=log).order_by("-pk").values_list("pk", "seq", "settings_key"))
    useful = {seq: pk for pk, seq, its_key in saved if its_key == key}
    kept = {pk for pk, _, _ in saved[:KEPT]} | {useful[seq] for seq in kept_of(useful, settings.CHECKPOINT_EVENTS)}
    Checkpoint.objects.filter(log=log).exclude(pk__in=kept).delete()


def kept_of(seqs: Collection[int], every: int) -> set[int]:
    """Which of a log's checkpoints stay to travel back to: the first of every so many events, thinning with age.

    As far back as ``8 * every`` events each stays, twice as far back every second, and so on: a handful for each
    doubling. What stays follows from the numbers alone, and what went would not be asked for later.
    """
    first: dict[int, int] = {}
    for seq in sorted(seqs):
        first.setdefault(seq // every, seq)
    newest = max(first, default=0)
    return {seq for place, seq in first.items() if place % _step(newest - place) == 0}


def _step(age: int) -> int:
    return 1 << max(0, age.bit_length() - 3)


def newest(log: int, key: str, upto: int) -> LiveLog | None:
    """The newest readable state of these settings at or before ``upto``."""
    return nearest(log, [key], upto)


def nearest(log: int, keys: Collection[str], upto: int) -> LiveLog | None:
    """The newest readable state of any of these settings at or before ``upto``."""
    rows = Checkpoint.objects.filter(log=log, settings_key__in=keys, seq__lte=upto).order_by("-seq")
    for row in rows.iterator(chunk_size=1):  # one is enough, nearly always
        try:
            return LiveLog.from_state(msgspec.msgpack.decode(zlib.decompress(row.state), strict=False))
        except (zlib.error, msgspec.MsgspecError, StateError) as error:
            logger.warning("Checkpoint %s of log %s is not readable and is left out: %s", row.pk, log, error)
    return None
