"""What mining keeps in tables beside the pictures: a row per case, throughput by minute, how far it is."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeVar

from django.utils import timezone

from foundation.moments import moment
from models_mining.core.counting.prefix_tree import Node
from models_mining.core.live_log import Case as LiveCase
from models_mining.core.live_log import LiveLog, Transition
from models_mining.models import Case, LogState, Minute

T = TypeVar("T")

MINUTE_US = 60_000_000
_FIELDS = ["node", "activity", "variant", "length", "started_at", "last_at", "seq", "closed_at"]


@dataclass
class Pending:
    """News of a log that its rows do not know yet."""

    touched: set[str] = field(default_factory=set)
    left: dict[str, LiveCase] = field(default_factory=dict)  # touched ones that may be out of the log's memory
    traces: dict[str, dict[str, Any]] = field(default_factory=dict)  # attributes of a case, last value wins
    events: Counter[int] = field(default_factory=Counter)  # by minute of arrival
    started: Counter[int] = field(default_factory=Counter)
    closed: Counter[int] = field(default_factory=Counter)

    def transitions(self, made: Iterable[Transition]) -> None:
        """Count cases that started or closed."""
        for kind, _, received_us in made:
            if kind == "started":
                self.started[received_us // MINUTE_US] += 1
            elif kind == "closed":
                self.closed[received_us // MINUTE_US] += 1


def save(log: int, epoch: str, key: str, live: LiveLog, pending: Pending) -> None:
    """Write the news: in one transaction of the caller, so that LogState tells exactly what the rows stand for."""
    save_cases(log, live, pending.touched, pending.traces, pending.left)
    save_minutes(log, pending)
    save_state(log, epoch, key, live)


def save_state(log: int, epoch: str, key: str, live: LiveLog) -> None:
    """How far the rows are."""
    LogState.objects.update_or_create(
        log_id=log,
        defaults={
            "epoch": epoch,
            "settings_key": key,
            "seq": live.seq,
            "cases": live.all.cases,
            "open_cases": live.open_cases,
            "beyond": live.overflow_cases,
            "saved_at": timezone.now(),
        },
    )


def save_cases(
    log: int,
    live: LiveLog,
    names: Iterable[str],
    traces: Mapping[str, dict[str, Any]],
    left: Mapping[str, LiveCase],
) -> None:
    """Insert or update the rows of some cases; ``left`` holds those that are out of the log's memory."""
    variants = VariantNames()
    plain = [_row(log, live, name, left, variants) for name in names if name not in traces]
    told = [_row(log, live, name, left, variants) for name in traces]
    known = {
        case: attributes
        for some in _chunks(list(traces))
        for case, attributes in Case.objects.filter(log=log, case__in=some).values_list("case", "attributes")
    }
    for row in told:
        row.attributes = known.get(row.case, {}) | traces[row.case]
    for rows, fields in ((plain, _FIELDS), (told, [*_FIELDS, "attributes"])):
        Case.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["log", "case"], update_fields=fields, batch_size=500
        )


def _chunks(items: list[T], size: int = 500) -> Iterable[list[T]]:
    return (items[start : start + size] for start in range(0, len(items), size))


class VariantNames:
    """A short name for each sequence of activities, the same in every process: 20 hexadecimal digits.

    Each prefix is hashed with its last activity onto the name of the one before, so what cases share is hashed once.
    """

    def __init__(self) -> None:
        self._known: dict[Node, bytes] = {}

    def of(self, node: Node | None) -> str:
        """The name of the sequence that leads to ``node``; "" for a case beyond the tree."""
        if node is None:
            return ""
        steps: list[Node] = []
        while node.parent is not None and node not in self._known:
            steps.append(node)
            node = node.parent
        name = self._known.get(node, b"")
        for step in reversed(steps):
            name = self._known[step] = blake2b(name + step.activity.encode(), digest_size=10).digest()
        return name.hex()


def _row(log: int, live: LiveLog, name: str, left: Mapping[str, LiveCase], variants: VariantNames) -> Case:
    case: LiveCase = live.cases.get(name) or left[name]
    return Case(
        log_id=log,
        case=name,
        node=live.numbers[case.activity],
        activity=case.activity,
        variant=variants.of(case.node),
        length=case.length,
        started_at=moment(case.started_at_us),
        last_at=moment(case.last_at_us),
        seq=case.seq,
        closed_at=moment(case.last_at_us) if case.closed else None,
    )


def save_minutes(log: int, pending: Pending) -> None:
    """Add to the minutes; only the owner of the log does, so they may be read first."""
    minutes = list(pending.events.keys() | pending.started.keys() | pending.closed.keys())
    for some in _chunks(minutes):
        found = Minute.objects.filter(log=log, minute__in=[moment(minute * MINUTE_US) for minute in some])
        known = {row.minute: row for row in found}
        rows = []
        for minute in some:
            row = known.get(moment(minute * MINUTE_US)) or Minute(log_id=log, minute=moment(minute * MINUTE_US))
            row.events += pending.events[minute]
            row.started += pending.started[minute]
            row.closed += pending.closed[minute]
            row.pk = None
            rows.append(row)
        Minute.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["log", "minute"],
            update_fields=["events", "started", "closed"],
        )


def forget(log: int) -> None:
    """Drop all rows of a log, the one that says how far they are first."""
    LogState.objects.filter(log=log).delete()
    Case.objects.filter(log=log).delete()
    Minute.objects.filter(log=log).delete()
