"""Rules on verdicts: which cases they tell, why, and when one is told again."""

from collections.abc import Callable
from typing import Any

import pytest

from models_mining.models import CaseConformance, ReferenceModel
from rules.core.specs import DeviationSpec
from rules.engine.verdicts import DeviationWatch, look
from rules.models import RuleMatch
from streams.models import EventLog
from tests.rules.conftest import Store, Watch, evaluate, matched
from tests.rules.truth import Told

NOT_ALLOWED = "“Cut” is not allowed there: something was skipped, or the order is wrong"
TWO: dict[str, Any] = {"fits": False, "deviations": [{"activity": "Cut"}, {"activity": "Glue"}], "unknown": ["Glue"]}
BROKEN: dict[str, Any] = {
    "fits": False,
    "breaches": [
        {"activity": "Test", "pending": True, "sentence": "“Test” is awaited"},
        {"activity": "Ship", "pending": False, "sentence": "“Ship” came before “Test”"},
    ],
}


@pytest.mark.parametrize(
    ("spec", "row", "reason"),
    [
        ({}, {"fits": True}, None),
        ({}, {"fits": None}, None),  # not known
        ({}, TWO, "“Glue” is not in the model"),  # the newest
        ({"activities": ["Cut"]}, TWO, NOT_ALLOWED),
        ({"activities": ["Test"]}, TWO, None),
        ({}, BROKEN, "“Ship” came before “Test”"),  # what is pending is not broken
        ({"activities": ["Ship", "Cut"]}, BROKEN, "“Ship” came before “Test”"),
        ({"activities": ["Test"]}, BROKEN, None),
        ({}, {"fits": False}, "it ended where the model does not"),
        ({"activities": ["Cut"]}, {"fits": False}, None),
        ({"fitness_below": 0.8}, {"fits": True, "fitness": 0.79}, "its fitness is 0.79, below 0.8"),
        ({"fitness_below": 0.8}, {**TWO, "fitness": 0.5}, "its fitness is 0.50, below 0.8: “Glue” is not in the model"),
        ({"fitness_below": 0.8}, {**TWO, "fitness": 0.8}, None),
        ({"fitness_below": 0.8}, BROKEN, None),  # judged by rules: no fitness
        (
            {"fitness_below": 0.8, "activities": ["Cut"]},
            {**TWO, "fitness": 0.5},
            f"its fitness is 0.50, below 0.8: {NOT_ALLOWED}",
        ),
        ({"fitness_below": 0.8, "activities": ["Test"]}, {**TWO, "fitness": 0.5}, None),
    ],
)
def test_the_reason_is_the_newest_deviation_that_the_rule_asks_for(
    spec: dict[str, Any], row: dict[str, Any], reason: str | None
) -> None:
    watch = DeviationWatch(1, 0, DeviationSpec(**spec))
    assert watch.reason(CaseConformance(case="c", seq=1, length=1, closed=True, count=0, **row)) == reason


Judge = Callable[..., None]


@pytest.fixture
def judged(log: EventLog) -> Judge:
    """``judged("c", 3, fits=False)``: the active reference model knows all events up to 3, the newest of its case."""

    def judge(case: str, seq: int, **verdict: Any) -> None:
        reference = ReferenceModel.objects.get(log=log, active=True)
        row = {"seq": seq, "length": 1, "closed": True, "count": 0, "deviations": [], "breaches": [], **verdict}
        CaseConformance.objects.update_or_create(reference=reference, case=case, defaults=row)
        ReferenceModel.objects.filter(pk=reference.pk).update(seq=seq)

    refer(log, "first")
    return judge


def refer(log: EventLog, name: str) -> None:
    """Make a checked reference model the active one."""
    ReferenceModel.objects.update(active=False)
    ReferenceModel.objects.create(
        log=log, name=name, kind="pnml", drawing={}, active=True, verdict=ReferenceModel.State.READY
    )


@pytest.mark.django_db
def test_a_case_is_told_again_after_it_fitted_and_under_another_model(
    log: EventLog, store: Store, watch: Watch, judged: Judge
) -> None:
    rule = watch("deviation")

    def happens(seq: int, **verdict: Any) -> set[int]:
        """The events at which the rule has matched, once event ``seq`` is judged."""
        store(Told("c", "Cut", seq))
        judged("c", seq, **verdict)
        evaluate()
        return {number for _, number in matched(rule)}

    assert happens(1, **TWO) == {1}
    assert happens(2, **TWO) == {1}
    assert happens(3, fits=True) == {1}
    assert happens(4, **BROKEN) == {1, 4}
    match = RuleMatch.objects.get(rule=rule, seq=4)
    assert match.reason == "c: “Ship” came before “Test”."
    assert match.context["breaches"] == BROKEN["breaches"][1:]
    refer(log, "second")
    assert happens(5, **TWO) == {1, 4, 5}
    assert RuleMatch.objects.get(rule=rule, seq=5).context["reference"]["name"] == "second"


@pytest.mark.django_db
def test_verdicts_are_looked_at_no_further_than_both_sides_know(
    log: EventLog, store: Store, watch: Watch, judged: Judge
) -> None:
    rule = watch("deviation")
    watches = {rule.pk: DeviationWatch(rule.pk, 1, DeviationSpec())}
    store(Told("a", "Cut", 1), Told("b", "Cut", 2), Told("c", "Cut", 3), Told("d", "Cut", 4))
    assert look(log.pk, watches, 0, 4) is None  # nothing is judged
    for seq, case in enumerate("abc", 1):
        judged(case, seq, fits=False)

    def cases(after: int, known: int) -> tuple[int, list[str]] | None:
        found = look(log.pk, watches, after, known)
        return None if found is None else (found.upto, [hit.case for _, hit in found.hits])

    assert cases(0, 4) == (3, ["b", "c"])  # the first event was before the rule
    assert cases(0, 2) == (2, ["b"])
    assert cases(2, 4) == (3, ["c"])
    assert cases(3, 4) is None
    ReferenceModel.objects.update(active=False)
    assert cases(0, 4) is None
