"""What each kind of rule watches for: read from JSON, checked, and said in plain words.

Moments: order and durations between events are by ``at``, when it happened; silence, rates and what does not come are
by arrival. See docs/rules.md.
"""

import re
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from foundation.moments import exact_duration
from rules.core.expressions import SCOPE, Expression, ExpressionError
from rules.core.spec_fields import CEL, fields_of, says

YEAR_S = 366 * 86_400
MAX_STEPS = 10
_PATH = re.compile(r"^(.*?)(?: - at `\$(.*)`)?$", re.DOTALL)

Condition = Annotated[str, Meta(extra={"language": CEL})]
Seconds = Annotated[int, Meta(ge=1, le=YEAR_S, extra={"unit": "s"})]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]
Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\0]*$")]
Share = Annotated[float, Meta(ge=0, le=1)]
Bound = Annotated[float, Meta(ge=0, le=1e9)]
_SCOPE = ", ".join(f"`{name}` ({meaning})" for name, (_, meaning) in SCOPE.items())


class SpecError(ValueError):
    """What is wrong with a spec; ``path`` leads to it: names of fields, and numbers in lists."""

    def __init__(self, message: str, *path: str | int, at: ExpressionError | None = None) -> None:
        super().__init__(message)
        self.path = path
        self.line, self.column = (at.line, at.column) if at is not None else (None, None)


class RuleSpec(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A kind of rule. Its fields are declared here only: the API, OpenAPI and the form of a rule follow."""

    def check(self) -> None:
        """Raise SpecError unless the fields go with each other."""

    def summary(self) -> str:
        """Return what a rule of this kind does, in a sentence."""
        raise NotImplementedError

    def conditions(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Return the conditions in it, each with its place."""
        names = [field.name for field in fields_of(type(self)) if field.language == CEL]
        return [((name,), source) for name in names if (source := getattr(self, name)) is not None]


class EventSpec(RuleSpec):
    """``when`` is true of an event."""

    when: Annotated[Condition, says(f"CEL, true or false, over {_SCOPE}.", "Tell of each event of which this is true")]

    def summary(self) -> str:
        return f"Tells of each {_said(self.when)}."


class Step(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """An event of which ``when`` is true, ``within_s`` of the step before; ``absent``: none such in between."""

    when: Annotated[Condition, says("CEL.", "The event of which this is true")]
    within_s: Annotated[
        Seconds | None, says("Of the step before.", "within", "of the step before; empty: whenever")
    ] = None
    absent: Annotated[
        bool, says("No such event between its neighbours.", "must not happen", "between its neighbours")
    ] = False


class SequenceSpec(RuleSpec):
    """``steps`` happen in one case, in this order; other events may come between."""

    steps: Annotated[
        list[Step | str],
        Meta(min_length=2, max_length=MAX_STEPS),
        says("2 to 10, each a condition or {`when`, `within_s`, `absent`}."),
    ]

    @property
    def whole(self) -> list[Step]:
        """Each step as an object."""
        return [Step(step) if isinstance(step, str) else step for step in self.steps]

    def conditions(self) -> list[tuple[tuple[str | int, ...], str]]:
        return [
            (("steps", place) if isinstance(given, str) else ("steps", place, "when"), step.when)
            for place, (given, step) in enumerate(zip(self.steps, self.whole, strict=True))
        ]

    def check(self) -> None:
        steps = self.whole
        for place in (0, len(steps) - 1):
            if steps[place].absent:
                raise SpecError("Only a step between two others can be absent; the kind timeout waits.", "steps", place)
        for place, step in enumerate(steps):
            if step.within_s is not None and (step.absent or place == 0):
                raise SpecError("Only a step that comes after another has within_s.", "steps", place, "within_s")

    def summary(self) -> str:
        said, without = "", ""
        for step in self.whole:
            if step.absent:
                without += f"{' and' if without else ', without'} {_said(step.when)} in between"
            else:
                within = f" within {exact_duration(step.within_s)}" if step.within_s else ""
                said += f"{without}, then{within} {_said(step.when)}" if said else _said(step.when)
                without = ""
        return f"Tells when in one case {said}."


class TimeoutSpec(RuleSpec):
    """After ``after``, no ``until`` came ``within_s``."""

    after: Annotated[Condition, says("CEL, starts the clock.", "The clock starts with the event of which this is true")]
    until: Annotated[Condition, says("CEL, stops the clock.", "and stops with the event of which this is true")]
    within_s: Annotated[Seconds, says("how long.", "Tell when it has run for", "As 90 s, 15 min, 2 h 5 min.")]

    def summary(self) -> str:
        return f"Warns when {exact_duration(self.within_s)} after {_said(self.after)} no {_said(self.until)} came."


class CaseSpec(RuleSpec):
    """A case lasts longer, has more events, or repeats an activity more often than this."""

    duration_s: Annotated[Seconds | None, says("lasts longer.", "lasts longer than")] = None
    length: Annotated[Count | None, says("has more events.", "has more events than")] = None
    repetitions: Annotated[Count | None, says("does an activity more often.", "does the same more often than")] = None
    activity: Annotated[Name | None, says("the repeated one; null: any.", "the same being", "Empty: any activity.")] = (
        None
    )

    def check(self) -> None:
        if self.duration_s is None and self.length is None and self.repetitions is None:
            raise SpecError("Expected a bound: duration_s, length or repetitions.", "duration_s")
        if self.activity is not None and self.repetitions is None:
            raise SpecError("Only with repetitions.", "activity")

    def summary(self) -> str:
        bounds = []
        if self.duration_s is not None:
            bounds.append(f"lasts longer than {exact_duration(self.duration_s)}")
        if self.length is not None:
            bounds.append(f"has more than {self.length} events")
        if self.repetitions is not None:
            what = f"“{self.activity}”" if self.activity else "an activity"
            bounds.append(f"does {what} more than {self.repetitions} times")
        return f"Warns when a case {' or '.join(bounds)}."


class DeviationSpec(RuleSpec):
    """A case leaves the active reference model, or its fitness falls below a bound."""

    activities: Annotated[
        Annotated[list[Name], Meta(min_length=1, max_length=100)] | None,
        says("only at these; null: at any.", "Only at these activities", "One a line. Empty: at any."),
    ] = None
    fitness_below: Annotated[
        Share | None,
        says(
            "a bound, from 0 to 1.",
            "Only where its fitness falls below",
            "From 0 to 1, as 0.8. Empty: at each deviation.",
        ),
    ] = None

    def summary(self) -> str:
        at = f" at {_either(self.activities)}" if self.activities else ""
        if self.fitness_below is not None:
            deviates = f" deviates{at} and" if at else ""
            return f"Warns when a case{deviates} fits the reference model by less than {self.fitness_below:.0%}."
        return f"Warns when a case leaves the reference model{at}."


class NoveltySpec(RuleSpec):
    """Something never seen since the rule began, once ``warm_up`` events were."""

    of: Annotated[
        Literal["activity", "edge", "variant"],
        says(
            "of what.",
            "What was never seen before",
            activity="an activity",
            edge="a step from one activity to another",
            variant="a way through it all",
        ),
    ] = "activity"
    warm_up: Annotated[
        int,
        Meta(ge=0, le=1_000_000_000),
        says("events seen before it tells of any; 1000.", "after getting to know so many events", "Empty: 1,000."),
    ] = 1000

    def summary(self) -> str:
        what = {
            "activity": "an activity comes that was never seen before",
            "edge": "an activity follows another that it never followed before",
            "variant": "a case goes a way that none went before",
        }[self.of]
        return f"Tells when {what} (after {self.warm_up} events of getting to know)."


class LogSpec(RuleSpec):
    """The log is silent for ``within_s``; or events a second, or the share of rejections, over it pass a bound."""

    measure: Annotated[
        Literal["silence", "rate", "rejections"],
        says("what of it.", "Watch", silence="silence", rate="events a second", rejections="the share that is refused"),
    ]
    within_s: Annotated[Seconds, says("over how long.", "for, or over")]
    above: Annotated[
        Bound | None,
        says("events a second, or share refused.", "Tell above", "Events a second; of refusals the share, as 0.05."),
    ] = None
    below: Annotated[Bound | None, says("events a second.", "Tell below", "Events a second.")] = None

    def check(self) -> None:
        given = [name for name in ("above", "below") if getattr(self, name) is not None]
        if self.measure == "silence" and given:
            raise SpecError("Silence has no bound but within_s.", given[0])
        if self.measure == "rate" and not given:
            raise SpecError("Expected a bound, above or below: events a second.", "above")
        if self.measure == "rejections" and (given != ["above"] or self.above is None or self.above >= 1):
            raise SpecError("Expected the share of rejections, from 0 up to 1, that it warns above.", "above")
        if self.measure != "silence" and self.within_s > 86_400:
            raise SpecError("A rate or share is taken over at most 86400 s, a day.", "within_s")

    def summary(self) -> str:
        within = exact_duration(self.within_s)
        if self.measure == "silence":
            return f"Warns when nothing arrives for {within}."
        if self.measure == "rejections":
            return f"Warns when over {within} more than {self.above:.0%} of what arrives is refused."
        sides = [
            f"{side} {bound:g}" for side, bound in (("above", self.above), ("below", self.below)) if bound is not None
        ]
        return f"Warns when over {within} the rate is {' or '.join(sides)} events a second."


Spec = EventSpec | SequenceSpec | TimeoutSpec | CaseSpec | DeviationSpec | NoveltySpec | LogSpec

KINDS: dict[str, type[Spec]] = {
    "event": EventSpec,
    "sequence": SequenceSpec,
    "timeout": TimeoutSpec,
    "case": CaseSpec,
    "deviation": DeviationSpec,
    "novelty": NoveltySpec,
    "log": LogSpec,
}


def read(kind: str, given: Any) -> Spec:
    """The spec of a rule of this kind; SpecError with the place of what is wrong, expressions included."""
    try:
        spec = msgspec.convert(given, KINDS[kind])
    except msgspec.ValidationError as error:
        raise _placed(str(error)) from error
    spec.check()
    for path, source in spec.conditions():
        try:
            Expression(source)
        except ExpressionError as error:
            raise SpecError(str(error), *path, at=error) from error
    return spec


def _placed(text: str) -> SpecError:
    """Of msgspec's sentence, with its path as ``$.steps[0].when``."""
    found = _PATH.match(text)
    message, where = (found[1], found[2] or "") if found is not None else (text, "")
    path = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", where)]
    if (named := re.search(r"field `([^`]*)`", message)) is not None:
        path.append(named[1][:100])
        message = "This is not known here." if "unknown" in message else "This is needed."
    return SpecError(message.rstrip(".") + ".", *path)


_ONE_ACTIVITY = re.compile(r"""\s*event\.activity\s*==\s*(?:'([^'\\]*)'|"([^"\\]*)")\s*""")


def _said(source: str) -> str:
    """An expression in words: an activity's name where it is no more than that."""
    if (found := _ONE_ACTIVITY.fullmatch(source)) is not None:
        return f"“{found[1] or found[2] or ''}”"
    text = " ".join(source.split())
    return f"event where {text if len(text) <= 200 else text[:199] + '…'}"


def _either(names: list[str]) -> str:
    return " or ".join(f"“{name}”" for name in names[:5]) + (" or others" if len(names) > 5 else "")
