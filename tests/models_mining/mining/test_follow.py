"""The miner: what is stored is learnt, once, whatever happens in between."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from foundation.models import Lease
from foundation.processes import leases
from models_mining.core.discovery import ALGORITHMS
from models_mining.mining import rows
from models_mining.mining.miner import LogMiners
from models_mining.models import Case, Checkpoint, LogState, MinedModel, Minute
from models_mining.past.auditing import audit, exact_live_algorithms
from streams.models import EventLog
from tests.conftest import wait_for
from tests.models_mining.conftest import Store

pytestmark = pytest.mark.django_db

FIRST = ("a Take 0", "b Take 1", "a Pack 2", "a Ship 3")
LATER = ("b Pack 9", "c Take 9", "b Check 4", "a Take 20")  # one late, one case that comes back

AUDITED = 1 + 2 * len(exact_live_algorithms())  # the picture of a log, and each from a checkpoint and from nothing


def mined(log: EventLog) -> dict[str, Any]:
    LogMiners().drain()
    picture = MinedModel.objects.get(log=log, cases="all").picture
    assert picture is not None
    return picture


def edges(picture: dict[str, Any]) -> dict[tuple[str, str], int]:
    names = {node["id"]: node["label"] for node in picture["nodes"]}
    return {(names[edge["s"]], names[edge["t"]]): edge["n"] for edge in picture["edges"]}


def assert_equal_to_batch(log: EventLog) -> None:
    (found,) = audit([log], exact_live_algorithms())
    assert found.differences == []
    assert found.models >= 2


def test_stored_events_become_a_picture(log: EventLog, store: Store) -> None:
    store(*FIRST)
    picture = mined(log)
    assert edges(picture) == {("Take", "Pack"): 1, ("Pack", "Ship"): 1}
    assert [(node["label"], node["n"], node["starts"], node["ends"], node["open"]) for node in picture["nodes"]] == [
        ("Take", 2, 2, 1, 1),
        ("Pack", 1, 0, 0, 0),
        ("Ship", 1, 0, 1, 0),
    ]
    assert picture["seq"] == 4
    assert_equal_to_batch(log)


def test_a_log_without_events_has_an_empty_picture(log: EventLog) -> None:
    picture = mined(log)
    assert (picture["seq"], picture["nodes"], picture["edges"]) == (0, [], [])


def test_late_and_returning_events_are_mined_as_if_they_had_come_in_time(log: EventLog, store: Store) -> None:
    store(*FIRST)
    mined(log)
    store(*LATER)
    assert edges(mined(log)) == {
        ("Take", "Pack"): 1,
        ("Pack", "Ship"): 1,
        ("Ship", "Take"): 1,
        ("Take", "Check"): 1,
        ("Check", "Pack"): 1,
    }
    assert_equal_to_batch(log)


def drop_checkpoints() -> None:
    Checkpoint.objects.all().delete()


def damage_checkpoints() -> None:
    Checkpoint.objects.update(state=b"not what was saved")


def drop_all_that_is_derived() -> None:
    drop_checkpoints()
    for log in EventLog.objects.all():
        rows.forget(log.pk)


@pytest.mark.parametrize("lose", [lambda: None, drop_checkpoints, damage_checkpoints, drop_all_that_is_derived])
def test_after_a_restart_everything_is_as_if_there_had_been_none(
    log: EventLog, store: Store, lose: Callable[[], None]
) -> None:
    store(*FIRST)
    mined(log)
    lose()
    store(*LATER)
    picture = mined(log)
    assert picture["seq"] == 8
    minutes = {(row.events, row.started, row.closed) for row in Minute.objects.filter(log=log)}
    # Case a closed once before it came back; who looks only at the table does not see that any more.
    assert minutes <= {(8, 3, 1), (8, 3, 0)}
    assert {(row.case, row.length, row.closed_at) for row in Case.objects.filter(log=log)} == {
        ("a", 4, None),
        ("b", 3, None),
        ("c", 1, None),
    }
    assert_equal_to_batch(log)


def test_a_restart_keeps_the_epoch_and_goes_on_counting_versions(log: EventLog, store: Store) -> None:
    store(*FIRST)
    before = mined(log)
    drop_checkpoints()
    store(*LATER)
    after = mined(log)
    assert after["epoch"] == before["epoch"]
    assert after["version"] == before["version"] + 1


def test_changed_settings_of_a_log_open_a_new_epoch(log: EventLog, store: Store) -> None:
    store(*FIRST)
    before = mined(log)
    EventLog.objects.filter(pk=log.pk).update(end_activities=["Pack"])
    log.refresh_from_db()
    after = mined(log)
    assert after["epoch"] != before["epoch"]
    assert {node["label"]: node["open"] for node in after["nodes"]} == {"Take": 1, "Pack": 0, "Ship": 1}
    assert_equal_to_batch(log)


def test_a_model_over_closed_cases_counts_only_those(log: EventLog, store: Store) -> None:
    store(*FIRST)
    mined(log)
    closed = MinedModel.objects.create(log=log, algorithm="dfg", cases="closed")
    store(*LATER[:3])
    mined(log)
    closed.refresh_from_db()
    assert closed.picture is not None
    assert edges(closed.picture) == {("Take", "Pack"): 1, ("Pack", "Ship"): 1}
    assert_equal_to_batch(log)


def test_trace_attributes_stay_with_the_case_and_the_last_value_wins(log: EventLog, store: Store) -> None:
    store("a Take 0", **{"case:customer": "Ann", "case:size": 1})
    mined(log)
    store("a Pack 1", **{"case:customer": "Bob"})
    mined(log)
    assert Case.objects.get(case="a").attributes == {"customer": "Bob", "size": 1}


def test_a_closed_case_that_memory_let_go_of_comes_back_whole(log: EventLog, store: Store, settings: Any) -> None:
    settings.CLOSED_CASES = 0
    store(*FIRST)
    mined(log)
    store(*LATER, "d Take 30", "d Ship 31")
    mined(log)
    assert LogState.objects.get(log=log).cases == 4
    assert Case.objects.get(log=log, case="a").length == 4
    assert_equal_to_batch(log)


def test_a_log_that_another_miner_holds_is_left_alone(log: EventLog, store: Store) -> None:
    store(*FIRST)
    fence = leases.acquire(f"log:{log.pk}")
    assert fence is not None
    Lease.objects.update(owner="another machine/1")
    assert LogMiners().drain() == 0
    assert not LogState.objects.exists()


def test_a_miner_that_lost_its_lease_saves_nothing_more(log: EventLog, store: Store) -> None:
    miner = LogMiners()
    miner.turn()
    store(*FIRST)
    Lease.objects.update(owner="another machine/1")
    wait_for(lambda: miner.turn() and not miner.followers, what="letting go")
    model = MinedModel.objects.get(log=log)
    assert model.seq == 0


def audited_models() -> int:
    """The picture; from nothing all; from the checkpoint those that need no more than this log's model."""
    pairs = [name for name in exact_live_algorithms() if ALGORITHMS[name].needs == "pairs"]
    return 1 + 2 * len(exact_live_algorithms()) - len(pairs)


def test_audit_finds_a_planted_difference(log: EventLog, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    store(*FIRST)
    mined(log)
    model = MinedModel.objects.get(log=log)
    assert model.picture is not None
    model.picture["edges"][0]["n"] += 1
    model.save()
    with pytest.raises(SystemExit, match="1"):
        call_command("audit", "orders")
    told = capsys.readouterr().out.splitlines()
    assert "picture of model" in told[0]
    assert told[-1] == f"1 logs, 4 events, {AUDITED} models: different"


def test_audit_of_an_equal_log_says_so_and_refuses_unclear_requests(
    log: EventLog, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store(*FIRST, *LATER)
    mined(log)
    call_command("audit", all=True)
    assert capsys.readouterr().out.splitlines()[-1] == f"1 logs, 8 events, {AUDITED} models: equal"
    for args in ([], ["nowhere"], ["orders", "--algorithm", "tarot"]):
        with pytest.raises(CommandError):
            call_command("audit", *args)


def test_what_learning_costs_does_not_grow_with_the_log(log: EventLog, store: Store) -> None:
    """Counted in queries: the same number for as many events, early and late in a log's life."""
    miner = LogMiners()
    miner.turn()
    follower = miner.followers[log.pk]

    def queries(start: int) -> int:
        store(*(f"c{n} Take {n}" for n in range(start, start + 50)))
        with CountQueries() as counted:
            assert follower.tick() == 50
        return counted.number

    early = queries(0)
    for start in range(100, 3200, 100):
        queries(start)
    assert queries(5000) == early


class CountQueries:
    """Counts statements sent to the database."""

    def __enter__(self) -> "CountQueries":
        self.number = 0
        self._wrapper = connection.execute_wrapper(self._count)
        self._wrapper.__enter__()
        return self

    def _count(self, execute: Any, *args: Any) -> Any:
        self.number += 1
        return execute(*args)

    def __exit__(self, *error: object) -> None:
        self._wrapper.__exit__(None, None, None)
