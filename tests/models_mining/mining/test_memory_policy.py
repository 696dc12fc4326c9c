"""A log that stands for its newest cases only: pictures follow, rows and events stay."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from models_mining.mining.miner import LogMiners
from models_mining.models import Case, Checkpoint, LogState, MinedModel
from models_mining.past.auditing import audit, exact_live_algorithms
from streams.models import EventLog
from tests.models_mining.conftest import Store

pytestmark = pytest.mark.django_db


def counted(log: EventLog) -> dict[str, int]:
    LogMiners().drain()
    picture = MinedModel.objects.get(log=log, cases="all").picture
    assert picture is not None
    (found,) = audit([log], exact_live_algorithms())
    assert found.differences == []
    return {node["label"]: node["n"] for node in picture["nodes"]}


def rows() -> dict[str, tuple[int, bool]]:
    return {row.case: (row.length, row.closed_at is not None) for row in Case.objects.all()}


def limit(log: EventLog, memory: dict[str, int]) -> None:
    log.memory = memory
    log.full_clean()
    log.save()


@pytest.mark.parametrize("memory", [{"cases": 2}, {"last_s": 3}])
def test_cases_leave_and_come_back_whole_and_their_rows_stay(
    log: EventLog, store: Store, memory: dict[str, int]
) -> None:
    limit(log, memory)
    MinedModel.objects.create(log=log, algorithm="dfg", cases="closed")
    store("a Take 0", "a Pack 1")
    assert counted(log) == {"Take": 1, "Pack": 1}
    store("b Take 2", "b Ship 3", "c Take 4")
    assert counted(log) == {"Take": 2, "Ship": 1}
    store("a Check 0", "a Ship 9")
    assert counted(log) == {"Take": 2, "Check": 1, "Pack": 1, "Ship": 1}
    assert rows() == {"a": (4, True), "b": (2, True), "c": (1, False)}
    Checkpoint.objects.all().delete()
    LogState.objects.all().delete()
    Case.objects.all().delete()
    assert counted(log) == {"Take": 2, "Check": 1, "Pack": 1, "Ship": 1}
    assert rows() == {"a": (4, True), "b": (2, True), "c": (1, False)}


def test_another_policy_means_to_mine_anew(log: EventLog, store: Store) -> None:
    store("a Take 0", "b Take 1", "c Take 2")
    assert counted(log) == {"Take": 3}
    limit(log, {"cases": 1})
    assert counted(log) == {"Take": 1}
    limit(log, {})
    assert counted(log) == {"Take": 3}


@pytest.mark.parametrize(
    ("memory", "complaint"),
    [
        ([], "Expected"),
        ({"cases": 1, "last_s": 1}, "Expected"),
        ({"events": 5}, "Unknown policy events; known: cases, last_s"),
        ({"cases": 0}, "a number of cases, a whole number from 1 to 10000000"),
        ({"cases": True}, "a number of cases"),
        ({"last_s": 1.5}, "seconds, a whole number"),
        ({"last_s": "1 h"}, "seconds"),
    ],
)
def test_a_policy_that_is_none_is_refused_in_words(log: EventLog, memory: Any, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint) as refused:
        limit(log, memory)
    assert list(refused.value.message_dict) == ["memory"]


def test_the_picture_says_what_it_stands_for(log: EventLog, store: Store) -> None:
    limit(log, {"last_s": 3600})
    store("a Take 0")
    counted(log)
    picture = MinedModel.objects.get(log=log).picture
    assert picture is not None
    assert picture["remarks"] == ["Stands for cases heard of in the last 3600 s; others are left out."]


def test_a_lossy_model_counts_what_was_stored_before_it_was_made_and_goes_on(log: EventLog, store: Store) -> None:
    store("a Take 0", "a Pack 1", "b Take 2")
    LogMiners().drain()
    model = MinedModel.objects.create(log=log, algorithm="lossy-dfg", parameters={"epsilon": 0.1})
    store("b Pack 3")
    LogMiners().drain()
    store("c Take 4", "c Pack 5")
    LogMiners().drain()
    model.refresh_from_db()
    assert model.picture is not None
    assert [(node["label"], node["n"], node["starts"]) for node in model.picture["nodes"]] == [
        ("Take", 3, 3),
        ("Pack", 3, 0),
    ]
    assert [edge["n"] for edge in model.picture["edges"]] == [3]
