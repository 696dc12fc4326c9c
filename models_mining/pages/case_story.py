"""One case as a story: its events with the times between them, what was odd about each, how it is expected to go on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from models_mining.analysis.prediction_publisher import ask_for
from models_mining.cases.case_api import TRACE
from models_mining.models import Case, CaseConformance, MinedModel, Prediction, ReferenceModel
from models_mining.pages.palette import ActivitySequence, Palette, Step, folded
from streams.models import Event, EventLog

WHOLE = 40  # chevrons of one case


@dataclass(frozen=True)
class Mark:
    """What is odd about an event, in a word and a sentence; ``look`` is bad, warn or wait (no more than a note)."""

    look: str
    icon: str
    word: str
    why: str


@dataclass(frozen=True)
class Moment:
    """An event, and the seconds since the one before it."""

    number: int  # from 1
    event: Event
    step: Step
    after_s: float | None
    marks: list[Mark]
    attributes: list[tuple[str, Any]]


@dataclass(frozen=True)
class Story:
    """What is told of a case."""

    case: Case
    moments: list[Moment]
    omitted: int
    way: ActivitySequence
    attributes: list[tuple[str, Any]]

    @property
    def took_s(self) -> float:
        """From its first event to its last."""
        return (self.case.last_at - self.case.started_at).total_seconds()


@dataclass(frozen=True)
class Verdict:
    """How a case agrees with the active reference model: a look (ok, bad, wait), and sentences."""

    reference: ReferenceModel
    look: str
    words: str
    fitness: float | None
    sentences: list[str]
    omitted: int


def tell(log: EventLog, case: Case, palette: Palette, judged: CaseConformance | None) -> Story:
    """The story of a case, its first 1,000 events by time."""
    events = Event.objects.filter(log=log, case=case.case, seq__lte=case.seq).select_related("stream")
    trace = list(events.order_by("at", "seq")[:TRACE])
    whys = {one["at"]: _why(one) for one in judged.deviations} if judged else {}
    late = _late(trace)
    moments = []
    for place, event in enumerate(trace):
        after_s = (event.at - trace[place - 1].at).total_seconds() if place else None
        step = palette.step(event.activity, whys.get(place, ""))
        marks = list(_marks(event, late=place in late, why=step.why))
        own = [(name, value) for name, value in event.attributes.items() if not name.startswith("case:")]
        moments.append(Moment(place + 1, event, step, after_s, marks, own))
    omitted = max(case.length - len(trace), 0)
    way = folded([moment.step for moment in moments], omitted, WHOLE)
    return Story(case, moments, omitted, way, sorted(case.attributes.items()))


def _late(trace: Sequence[Event]) -> set[int]:
    """Places of the events that came after one that lies later."""
    found, earliest = set(), None
    for place in range(len(trace) - 1, -1, -1):
        seq = trace[place].seq
        if earliest is not None and seq > earliest:
            found.add(place)
        earliest = seq if earliest is None else min(seq, earliest)
    return found


def _marks(event: Event, *, late: bool, why: str) -> Iterator[Mark]:
    if why:
        yield Mark("bad", "triangle-alert", "deviates", why)
    if late:
        why = "It came after events of this case that lie later, and was put in its place."
        yield Mark("warn", "hourglass", "late", why)
    if event.at_source == Event.AtSource.CLAMPED:
        why = "It said that it lies in the future: the moment of its arrival counts."
        yield Mark("warn", "hourglass", "clamped", why)
    if event.at_source == Event.AtSource.ARRIVAL:
        why = "It told no time of its own: the moment of its arrival counts."
        yield Mark("wait", "radio", "time of arrival", why)


def _why(deviation: dict[str, Any]) -> str:
    if deviation["missing"]:
        return "The reference model does not allow it here."
    return "The reference model does not have this activity."


def judged(log: EventLog, name: str) -> CaseConformance | None:
    """How the case agrees with the active reference model, if there is one and the worker has come to it."""
    rows = CaseConformance.objects.filter(reference__log=log, reference__active=True, case=name)
    return rows.first()


def verdict(log: EventLog, row: CaseConformance | None) -> Verdict | None:
    """The same in words; None without an active reference model."""
    reference = ReferenceModel.objects.filter(log=log, active=True).defer("source", "drawing").first()
    if reference is None:
        return None
    if row is None:
        return Verdict(reference, "wait", "not judged yet", None, [], 0)
    sentences = [f"{one['activity']} (event {one['at'] + 1}): {_why(one)}" for one in row.deviations]
    sentences += [one["sentence"] for one in row.breaches if not one["pending"]]
    if row.exact and row.exact["remaining"]:
        sentences.append("It ended where the reference model does not.")
    look, words = {True: ("ok", "fits"), False: ("bad", "deviates"), None: ("wait", "cannot be decided")}[row.fits]
    if row.fits and not row.closed:
        words = "fits so far"
    return Verdict(reference, look, words, row.fitness, sentences, max(row.count - len(sentences), 0))


def prediction(log: EventLog, case: Case) -> Prediction | None:
    """How an open case is expected to go on; None for a closed one, and until the worker has looked."""
    if case.closed_at is not None:
        return None
    ask_for(log)
    return Prediction.objects.filter(log=log, case=case.case).first()


def alignable(log: EventLog, reference: ReferenceModel | None) -> list[tuple[str, str]]:
    """What a case can be aligned with: path of the API, and name."""
    found = []
    if reference is not None and reference.state == ReferenceModel.State.READY:
        found.append((f"references/{reference.pk}/alignment/", f"reference model {reference.name}"))
    models = MinedModel.objects.filter(log=log).exclude(definition=None).defer("picture", "definition").order_by("pk")
    return found + [(f"models/{model.pk}/alignment/", f"mined model {model.algorithm}") for model in models]
