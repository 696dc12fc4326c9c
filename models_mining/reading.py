"""How a miner reads the events of a log: after its cursor, sorted as batch mining wants them, or the tail of a case."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from models_mining.core.seen import Seen, Step
from streams.models import Event

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SEEN = ("seq", "case", "activity", "at", "received_at")


class Read(NamedTuple):
    """A stored event as it is learnt, and the trace attributes that came with it."""

    seen: Seen
    trace: dict[str, Any] | None


def microseconds(at: datetime) -> int:
    """Integer microseconds since 1970."""
    since = at - _EPOCH
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds


def moment(us: int) -> datetime:
    """The aware UTC moment of integer microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=us)


def after(log: int, cursor: int, limit: int) -> list[Read]:
    """The next events after ``cursor``, in the order they were committed."""
    rows = Event.objects.filter(log=log, seq__gt=cursor).order_by("seq").values_list(*_SEEN, "attributes")[:limit]
    return [
        Read(Seen(seq, case, activity, microseconds(at), microseconds(received)), _trace(attributes))
        for seq, case, activity, at, received, attributes in rows
    ]


def _trace(attributes: dict[str, Any]) -> dict[str, Any] | None:
    trace = {name[5:]: value for name, value in attributes.items() if name.startswith("case:")}
    return trace or None


def traces(log: int, cases: list[str]) -> dict[str, dict[str, Any]]:
    """The trace attributes of some cases, last value (by seq) wins; those without any are left out."""
    found: dict[str, dict[str, Any]] = {}
    rows = Event.objects.filter(log=log, case__in=cases).order_by("seq").values_list("case", "attributes")
    for case, attributes in rows.iterator(chunk_size=5000):
        trace = _trace(attributes)
        if trace is not None:
            found.setdefault(case, {}).update(trace)
    return found


def in_order(log: int, upto: int) -> Iterator[Seen]:
    """All events up to ``upto`` by (case, at, seq): the order of batch mining, in which none is late."""
    rows = Event.objects.filter(log=log, seq__lte=upto).order_by("case", "at", "seq").values_list(*_SEEN)
    for seq, case, activity, at, received in rows.iterator(chunk_size=5000):
        yield Seen(seq, case, activity, microseconds(at), microseconds(received))


def activities(log: int, upto: int) -> list[str]:
    """The activities by first appearance, which numbers them."""
    first: dict[str, int] = {}
    rows = Event.objects.filter(log=log, seq__lte=upto).order_by("seq").values_list("seq", "activity")
    for seq, activity in rows.iterator(chunk_size=20_000):
        first.setdefault(activity, seq)
    return list(first)


class TailReader:
    """The `Tail` of a log: an indexed look into one case of the table, for late and returning cases."""

    def __init__(self, log: int) -> None:
        self.log = log

    def __call__(self, case: str, at_us: int | None, before_seq: int) -> list[Step]:
        """The events of ``case`` with ``seq`` < ``before_seq`` from the second last one not after ``at_us`` on."""
        rows = Event.objects.filter(log=self.log, case=case, seq__lt=before_seq)
        if at_us is not None:
            before = rows.filter(at__lte=moment(at_us)).order_by("-at", "-seq").values_list("at", flat=True)[:2]
            begin = list(before)
            if len(begin) == 2:
                rows = rows.filter(at__gte=begin[1])
        steps = rows.order_by("at", "seq").values_list("activity", "at")
        return [Step(activity, microseconds(at)) for activity, at in steps]
