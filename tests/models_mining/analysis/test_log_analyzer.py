"""Drift and predictions: found by the worker, kept over restarts, told by the API to those who may see the log."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from rest_framework.test import APIClient

from foundation.models import Lease
from models_mining.analysis import log_analyzer, prediction_publisher
from models_mining.mining.miner import LogMiners
from models_mining.models import Analysis, DriftChange, Prediction
from models_mining.store.event_reader import moment
from models_mining.work import Work
from streams.events.store import NewEvent, store_events
from streams.models import EventLog
from tests.conftest import wait_for
from tests.models_mining.conftest import Store
from tests.models_mining.core.drift.test_drift import orders
from tests.models_mining.jobs.test_jobs import api_of, person

pytestmark = pytest.mark.django_db(transaction=True)

DRIFT, PREDICTIONS = "/api/v1/logs/orders/drift/", "/api/v1/logs/orders/predictions/"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written now and then is written often."""
    monkeypatch.setattr(log_analyzer, "SAVE_S", 0.1)
    monkeypatch.setattr(prediction_publisher, "EVERY_S", 0.1)


@pytest.fixture
def api() -> APIClient:
    return api_of(person("ann", "view_eventlog"))


@pytest.fixture
def work() -> Iterator[Work]:
    working = Work()
    yield working
    working.close()


@pytest.fixture
def drifting(log: EventLog) -> int:
    """A log whose process changes; the number of the first event after that."""
    EventLog.objects.filter(pk=log.pk).update(end_activities=["end"])
    events, began = orders(1, 1400, 700, reject=0.6)
    store_all(log, events)
    LogMiners().drain()
    return began


def store_all(log: EventLog, events: Any) -> None:
    for start in range(0, len(events), 1000):
        store_events(
            [
                NewEvent(log_id=log.pk, case=case, activity=activity, at=moment(at_us), received_at=moment(received_us))
                for _, case, activity, at_us, received_us in events[start : start + 1000]
            ]
        )


def until(work: Work, met: Callable[[], Any], what: str) -> Any:
    def turned() -> Any:
        work.turn()
        return met()

    return wait_for(turned, 30, what)


def learnt(log: EventLog) -> Callable[[], bool]:
    """Whether the row of its analysis has come to the last event."""

    def met() -> bool:
        log.refresh_from_db()
        return Analysis.objects.filter(log=log, seq=log.next_seq - 1).exists()

    return met


def test_a_drift_is_found_by_the_work_process_and_told(log: EventLog, drifting: int, api: APIClient) -> None:
    connections.close_all()
    worker = os.fork()
    if not worker:
        try:
            Work().run(lambda: False)
        finally:
            os._exit(0)
    try:
        (change,) = wait_for(lambda: api.get(DRIFT).json()["results"], 30, "a change")
    finally:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
    assert drifting <= change["seq"] < drifting + 1000
    assert abs(change["began_seq"] - drifting) <= 300
    assert {edge["target"] for edge in change["edges"]} <= {"pay", "reject"}
    detail = api.get(f"{DRIFT}{change['id']}/").json()
    (edge,) = (edge for edge in change["edges"] if (edge["source"], edge["target"]) == ("check", "reject"))
    labels = {node["label"]: node["id"] for node in detail["before"]["nodes"]}
    for side in ("before", "after"):
        (drawn,) = (row for row in detail[side]["edges"] if (row["s"], row["t"]) == (labels["check"], labels["reject"]))
        assert drawn["share"] == pytest.approx(edge[side], abs=0.05)
    assert detail["comparison"]["edges"]["changed"]
    assert api.get(DRIFT, {"seq_after": change["seq"]}).json()["results"] == []
    assert api.get(DRIFT, {"at_before": change["at"]}).json()["results"] == []
    assert api.get(f"{DRIFT}999999/").status_code == 404


def test_a_worker_killed_tells_no_change_twice_and_a_new_one_still(
    log: EventLog, drifting: int, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_analyzer, "SAVE_S", 1e9)
    monkeypatch.setattr(log_analyzer, "CHUNK", 500)
    until(work, DriftChange.objects.exists, "a change")
    (first,) = DriftChange.objects.values_list("seq", "began_seq")
    Lease.objects.all().delete()  # it is gone, and has not saved what it learnt since
    saved = Analysis.objects.get().seq
    other = Work()
    until(other, lambda: other.analysts.followers, "another worker")
    (analyst,) = other.analysts.followers.values()
    assert analyst.saved_seq == saved < EventLog.objects.get().next_seq - 1
    monkeypatch.setattr(log_analyzer, "SAVE_S", 0.1)
    until(other, learnt(log), "all events")
    other.close()
    assert [*DriftChange.objects.values_list("seq", "began_seq")] == [first]
    Analysis.objects.update(settings_key="others")  # learnt anew from the first event, told before
    again = Work()
    until(again, learnt(log), "all events again")
    again.close()
    assert [*DriftChange.objects.values_list("seq", "began_seq")] == [first]
    work.analysts.followers.clear()


def test_what_is_not_readable_is_learnt_anew(log: EventLog, store: Store, work: Work, caplog: Any) -> None:
    store("a Take 0", "a Pack 1", "a Ship 2")
    LogMiners().drain()
    work.drain()
    Analysis.objects.update(state=b"rubbish", seq=2)
    other = Work()
    other.drain()
    assert "not readable" in caplog.text
    assert Analysis.objects.get().seq == 3


def test_open_cases_are_predicted_as_long_as_somebody_asks(
    log: EventLog, store: Store, work: Work, api: APIClient
) -> None:
    for number in range(25):
        store(f"c{number} Take {number}", f"c{number} Pack {number + 10}", f"c{number} Ship {number + 40}")
    store("open Take 100", "other Take 101", "other Pack 102")
    LogMiners().drain()
    until(work, learnt(log), "all events learnt")
    assert Prediction.objects.count() == 0
    assert api.get(PREDICTIONS).json()["results"] == []
    page = until(
        work, lambda: (found := api.get(PREDICTIONS, {"ordering": "remaining_s"}).json())["results"] and found, "rows"
    )
    other, mine = page["results"]
    assert (page["seq"], other["case"], mine["case"]) == (78, "other", "open")
    assert mine["next"][0] == {"activity": "Pack", "probability": pytest.approx(0.98, abs=0.02)}
    assert mine["remaining_s"]["median"] == pytest.approx(38 * 60, rel=0.1)  # of 40 minutes, two have passed
    assert other["remaining_s"]["low"] <= other["remaining_s"]["median"] <= other["remaining_s"]["high"]
    assert page["score"]["next"]["overall"]["tests"] > 0
    assert api.get(f"{PREDICTIONS}open/").json() == mine
    store("open Ship 110", "new Take 111")
    work.analysts.wake()
    until(work, lambda: not Prediction.objects.filter(case="open").exists(), "the end of a closed one")
    assert api.get(f"{PREDICTIONS}open/").status_code == 404
    cases = until(work, lambda: {*Prediction.objects.values_list("case", flat=True)} == {"other", "new"}, "a new one")
    assert cases
    Analysis.objects.update(watched_until=None)
    work.analysts.look(time.monotonic())
    store("late Take 120")
    until(work, lambda: work.analysts.followers[log.pk].live.seq == 81, "an event nobody looks at")
    assert not Prediction.objects.filter(case="late").exists()


def test_many_open_cases_are_written_in_slices(
    log: EventLog, work: Work, api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prediction_publisher, "SLICE", 50)
    monkeypatch.setattr(prediction_publisher, "MOST", 130)
    store_all(log, [(None, f"c{n}", "Take", n * 10**6, n * 10**6) for n in range(200)])
    LogMiners().drain()
    api.get(PREDICTIONS)
    until(work, lambda: Analysis.objects.filter(predicted_seq=200).exists(), "all rows")
    kept = {*Prediction.objects.values_list("case", flat=True)}
    assert kept == {f"c{n}" for n in range(70, 200)}


def test_it_can_be_switched_off_and_goes_on_where_it_stopped(
    log: EventLog, store: Store, work: Work, api: APIClient
) -> None:
    store("a Take 0")
    LogMiners().drain()
    until(work, lambda: work.analysts.followers, "a log to analyse")
    url = "/api/v1/logs/orders/analysis/"
    assert api.get(url).json()["enabled"] is True
    assert api.patch(url, {"enabled": False}, format="json").status_code == 403
    boss = api_of(person("boss", "view_eventlog", "change_eventlog"))
    assert boss.patch(url, {"enabled": False}, format="json").json()["enabled"] is False
    work.look(time.monotonic())
    until(work, lambda: not work.analysts.followers, "letting go")
    assert Analysis.objects.get().seq == 1
    store("a Pack 1")
    assert boss.patch(url, {"enabled": True}, format="json").json()["seq"] == 1
    until(work, lambda: work.analysts.followers, "taking up")
    until(work, lambda: work.analysts.followers[log.pk].live.seq == 2, "the event of meanwhile")


def test_who_may_not_see_the_log_sees_nothing_of_it(log: EventLog, store: Store) -> None:
    store("a Take 0")
    nobody = api_of(person("nobody"))
    for url in (DRIFT, f"{DRIFT}1/", PREDICTIONS, f"{PREDICTIONS}a/", "/api/v1/logs/orders/analysis/"):
        assert nobody.get(url).status_code == 404, url


def test_the_state_of_a_long_log_stays_small(log: EventLog, drifting: int, work: Work) -> None:
    until(work, learnt(log), "all events learnt")
    row = Analysis.objects.get()
    assert row.state is not None
    assert len(row.state) < 50_000
    assert row.saved_at is not None
    assert row.score["next"]["overall"]["accuracy"] > 0.6
