"""The rules of a log as rows → the same at work."""

from collections.abc import Iterable, Mapping

from django.utils import timezone

from rules.core.log_watch import LogWatch
from rules.core.novelty import NoveltyWatch
from rules.core.specs import (
    CaseSpec,
    DeviationSpec,
    EventSpec,
    LogSpec,
    NoveltySpec,
    SequenceSpec,
    Spec,
    TimeoutSpec,
    read,
)
from rules.core.watches import CaseWatch, EventWatch, SequenceWatch, TimeoutWatch, Watch
from rules.engine.verdicts import DeviationWatch
from rules.models import Rule, RuleKnown

AnyWatch = Watch | LogWatch | DeviationWatch


def build(rule: Rule, ends: Iterable[str], known: set[str] | None = None) -> AnyWatch:
    """A rule at work; ``ends`` are the activities that end a case. Raise SpecError where it cannot be read."""
    spec: Spec = read(rule.kind, rule.spec)
    ending = frozenset(ends)
    match spec:
        case EventSpec():
            return EventWatch(rule.pk, rule.from_seq, spec)
        case SequenceSpec():
            return SequenceWatch(rule.pk, rule.from_seq, spec, ending)
        case TimeoutSpec():
            return TimeoutWatch(rule.pk, rule.from_seq, spec)
        case CaseSpec():
            return CaseWatch(rule.pk, rule.from_seq, spec, ending)
        case NoveltySpec():
            digests = RuleKnown.objects.filter(rule=rule.pk).values_list("digest", flat=True)
            return NoveltyWatch(rule.pk, rule.from_seq, spec, set(digests) if known is None else known)
        case DeviationSpec():
            return DeviationWatch(rule.pk, rule.from_seq, spec)
        case LogSpec():
            return LogWatch(rule.pk, rule.from_seq, spec, rule.changed_at or timezone.now())


def parted(
    watches: Mapping[int, AnyWatch],
) -> tuple[dict[int, Watch], dict[int, LogWatch], dict[int, DeviationWatch]]:
    """Those that look at events, at the log as a whole, at verdicts."""
    return (
        {pk: watch for pk, watch in watches.items() if isinstance(watch, Watch)},
        {pk: watch for pk, watch in watches.items() if isinstance(watch, LogWatch)},
        {pk: watch for pk, watch in watches.items() if isinstance(watch, DeviationWatch)},
    )
