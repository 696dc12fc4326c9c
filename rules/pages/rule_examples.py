"""What somebody who makes a rule begins with: kinds in words, ready examples, help with expressions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rules.models import Rule
from streams.models import EventLog

KINDS = (
    (Rule.Kind.EVENT, "An event", "each event of which a condition is true: a temperature too high, a step by night"),
    (Rule.Kind.SEQUENCE, "A sequence", "steps that happen in one case in this order, in time, without others between"),
    (Rule.Kind.TIMEOUT, "Something overdue", "what ought to follow a step does not come in time"),
    (Rule.Kind.CASE, "A case out of bounds", "it takes too long, has too many events, repeats a step too often"),
    (Rule.Kind.DEVIATION, "A deviation", "a case leaves the reference model, or fits it badly"),
    (Rule.Kind.NOVELTY, "Something new", "an activity, a step or a way that was never seen before"),
    (Rule.Kind.LOG, "The log as a whole", "nothing arrives, too much or too little does, much is refused"),
)


@dataclass(frozen=True)
class Example:
    """A rule that works as it is, or nearly."""

    key: str
    name: str
    what: str
    kind: str
    severity: str
    spec: dict[str, Any]


EXAMPLES = (
    Example(
        "overdue",
        "A step is overdue",
        "Tells when the next step has not come 15 minutes after a step.",
        Rule.Kind.TIMEOUT,
        Rule.Severity.WARNING,
        {"after": "", "until": "", "within_s": 900},  # the first steps of the log
    ),
    Example(
        "silence",
        "Nothing arrives any more",
        "Tells when the log has been silent for 5 minutes.",
        Rule.Kind.LOG,
        Rule.Severity.CRITICAL,
        {"measure": "silence", "within_s": 300},
    ),
    Example(
        "new",
        "Something new happens",
        "Tells of every activity that was never seen before.",
        Rule.Kind.NOVELTY,
        Rule.Severity.INFO,
        {"of": "activity", "warm_up": 1000},
    ),
)


def quoted(activity: str) -> str:
    """A name as an expression writes it."""
    escaped = activity.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"event.activity == '{escaped}'"


def fresh(log: EventLog, kind: str, example: str, activities: Sequence[str]) -> Rule | None:
    """A new rule of a kind, or after an example, over the log's own activities; None: no such kind."""
    found = next((one for one in EXAMPLES if one.key == example), None)
    if found is None:
        return Rule(log=log, kind=kind) if kind in Rule.Kind.values else None
    first, second = activities[:2] if len(activities) > 1 else ("Assemble", "Test")
    named = {"after": quoted(first), "until": quoted(second)}
    spec = {name: named.get(name, value) for name, value in found.spec.items()}
    return Rule(log=log, kind=found.kind, name=found.name, severity=found.severity, spec=spec)


def samples(activities: Sequence[str]) -> list[tuple[str, str]]:
    """Conditions to learn from, over the log's own activities, with what they mean."""
    first, second = activities[:2] if len(activities) > 1 else ("Assemble", "Test")
    return [
        (quoted(first), f"the activity {first}"),
        (f"{quoted(first)} && event.attributes.temp > 60.0", f"{first} at more than 60 degrees"),
        (
            f"{quoted(second)} && previous.{quoted(first)[6:].replace('==', '!=', 1)}",
            f"{second} not right after {first}",
        ),
        ("event.activity.matches(r'^(Pack|Ship)')", "activities that begin with Pack or Ship"),
        ("has(event.attributes.operator) && event.attributes.operator == 'ann'", "what ann did"),
        ("case.length > 20", "the 21st event of a case, and those after it"),
        ("event.at.getHours('Europe/Berlin') >= 22", "what happens at ten in the evening or later"),
    ]
