"""Conformance as a worker follows it: rows of cases and figures equal to what is worked out from nothing."""

import os
import random
import signal
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from rest_framework.test import APIClient

from foundation.models import Lease
from models_mining.conformance import conformance_metrics, conformance_tracker
from models_mining.core.conformance.references import judge_of
from models_mining.core.discovery.pm4py_bridge.conformance import batch_figures
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.drawing.nets import Net
from models_mining.core.live_log import LoggedEvent, Step, cases_in, closed_cases
from models_mining.mining.miner import LogMiners
from models_mining.models import CaseConformance, ConformancePoint, Job, MinedModel, ReferenceModel
from models_mining.past.auditing import audit
from models_mining.store import event_reader
from models_mining.work import Work
from streams.events.store import NewEvent, store_events
from streams.models import EventLog
from tests.conftest import wait_for
from tests.models_mining.conftest import Store
from tests.models_mining.core.drawing.test_reference_files import BOMB, END, ENDLESS, NET, ONE, written
from tests.models_mining.jobs.test_jobs import api_of, person

pytestmark = pytest.mark.django_db(transaction=True)

REFERENCES, CONFORMANCE = "/api/v1/references/", "/api/v1/logs/orders/conformance/"
CASES = f"{CONFORMANCE}cases/"
PNML = """<?xml version="1.0"?><pnml><net id="n" type="x"><page id="p">
<place id="s"><initialMarking><text>1</text></initialMarking></place><place id="t"/><place id="p"/><place id="e"/>
<transition id="Take"/><transition id="Pack"/><transition id="Ship"/>
<arc id="1" source="s" target="Take"/><arc id="2" source="Take" target="t"/><arc id="3" source="t" target="Pack"/>
<arc id="4" source="Pack" target="p"/><arc id="5" source="p" target="Ship"/><arc id="6" source="Ship" target="e"/>
</page></net></pnml>"""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written now and then is written at once; and no child has to load pm4py."""
    load()
    monkeypatch.setattr(conformance_tracker, "EVERY_S", 0.0)
    monkeypatch.setattr(conformance_tracker, "POLL_S", 0.0)
    monkeypatch.setattr(conformance_metrics, "POINT_S", 0.0)


@pytest.fixture
def boss(db: None) -> APIClient:
    return api_of(person("boss", "view_eventlog", "change_eventlog"))


@pytest.fixture
def work() -> Iterator[Work]:
    working = Work()
    yield working
    working.close()


def until(work: Work, met: Callable[[], Any], what: str) -> Any:
    def turned() -> Any:
        work.turn()
        return met()

    return wait_for(turned, 30, what)


def checked(work: Work, log: EventLog) -> Callable[[], bool]:
    """Whether every case has a row as of the last event, and there is nothing more to do."""

    def met() -> bool:
        log.refresh_from_db()
        follower = work.analysts.followers.get(log.pk)
        return follower is not None and follower.live.seq == log.next_seq - 1 and not follower.checker.busy

    return met


def uploaded(boss: APIClient, work: Work, text: str = PNML, kind: str = "pnml", **more: Any) -> dict[str, Any]:
    given = {"log": "orders", "name": "How it should be", "kind": kind, "source": text, "active": True} | more
    answer = boss.post(REFERENCES, given, format="json")
    assert answer.status_code == 201, answer.json()
    return looked_at(boss, work, answer.json()["id"])


def looked_at(boss: APIClient, work: Work, pk: int) -> dict[str, Any]:
    """The reference model, once the job has come to a verdict."""
    found: dict[str, Any] = until(
        work,
        lambda: (told := boss.get(f"{REFERENCES}{pk}/").json())["state"] != "checking" and told,
        "a verdict",
    )
    work.analysts.wake()
    return found


def from_nothing(log: EventLog, reference: int) -> dict[str, tuple[Any, ...]]:
    """What the rows should be, from the stored events alone."""
    row = ReferenceModel.objects.get(pk=reference)
    judge = judge_of(row.algorithm, row.drawing or {})
    events = list(event_reader.in_order(log.pk, 2**62))
    idle_us = None if log.idle_close_s is None else log.idle_close_s * 10**6
    closed = closed_cases(events, log.end_activities, idle_us)
    by_case: dict[str, list[LoggedEvent]] = {}
    for event in events:
        by_case.setdefault(event.case, []).append(event)
    found = {}
    for name, seen in by_case.items():
        steps = [Step(event.activity, event.at_us) for event in seen]
        judged = judge.of_steps(steps, closed=name in closed)
        exact, pm4py = (None if one is None else one._asdict() for one in (judged.exact, judged.pm4py))
        breaches = [one.sentence for one in judged.breaches]
        places = [(one.at, one.activity) for one in judged.deviations]
        newest = max(event.seq for event in seen)
        found[name] = (newest, len(seen), name in closed, judged.fits, exact, pm4py, places, breaches)
    return found


def rows(reference: int) -> dict[str, tuple[Any, ...]]:
    return {
        row.case: (
            *(row.seq, row.length, row.closed, row.fits, row.exact, row.pm4py),
            [(one["at"], one["activity"]) for one in row.deviations],
            [one["sentence"] for one in row.breaches],
        )
        for row in CaseConformance.objects.filter(reference=reference)
    }


def test_running_and_closed_cases_are_checked_against_an_uploaded_net(
    log: EventLog, store: Store, work: Work, boss: APIClient
) -> None:
    store("a Take 0", "a Pack 1", "a Ship 2", "b Take 3", "b Ship 4", "c Take 5", "d Pack 6", "d Weigh 7")
    LogMiners().drain()
    told = uploaded(boss, work)
    assert (told["state"], told["active"], told["drawing"]["kind"]) == ("ready", True, "petri-net")
    until(work, checked(work, log), "all cases checked")
    page = boss.get(CASES, {"ordering": "case"}).json()["results"]
    assert [(row["case"], row["state"], row["fits"]) for row in page] == [
        ("a", "closed", True),
        ("b", "closed", False),
        ("c", "open", True),
        ("d", "open", False),
    ]
    _, b, c, d = page
    assert b["first_deviation"] == {"at": 1, "activity": "Ship", "missing": 1}
    assert (c["fitness"], c["exact"]["remaining"]) == (1.0, 0)  # nobody asks for the rest
    assert (d["unknown"], d["count"], d["pm4py"]["missing"]) == (["Weigh"], 2, 1)
    assert boss.get(f"{CASES}d/").json() == d
    for query, cases in (
        ({"fits": "false"}, "bd"),
        ({"fits": "unknown"}, ""),
        ({"state": "open", "fits": "true"}, "c"),
        ({"deviating": "Weigh"}, "d"),
        ({"deviating": "weigh"}, ""),
        ({"case": "a"}, "a"),
    ):
        found = boss.get(CASES, query | {"ordering": "fitness"}).json()["results"]
        assert sorted(row["case"] for row in found) == list(cases), query
    assert boss.get(CASES, {"fits": "perhaps"}).status_code == 400
    store("b Pack 3", "c Pack 8", "d Ship 9")  # the first one late: now b is a run
    LogMiners().drain()
    until(work, checked(work, log), "the news")
    assert {row["case"]: row["fits"] for row in boss.get(CASES).json()["results"]} == {
        "a": True,
        "b": True,
        "c": True,
        "d": False,
    }
    assert boss.get(CONFORMANCE).json()["open"] == {"fits": 1, "deviates": 0, "unknown": 0}

    asked = boss.get(f"{REFERENCES}{told['id']}/alignment/", {"case": "d"})
    assert asked.status_code == 202
    until(work, lambda: Job.objects.get(kind="align").state == "done", "an alignment")
    moves = boss.get(f"{REFERENCES}{told['id']}/alignment/", {"case": "d"}).json()["moves"]
    assert ("model", "Take") in [(move["kind"], move["activity"]) for move in moves]


@pytest.mark.parametrize("kind", ["pnml", "bpmn", "ptml"])
def test_files_of_every_kind_are_taken(
    log: EventLog, store: Store, work: Work, boss: APIClient, kind: str, tmp_path: Path
) -> None:
    store("x a 0", "x b 1", "y b 2")
    LogMiners().drain()
    file = SimpleUploadedFile(f"Ours.{kind}", written(kind, tmp_path).encode())
    answer = boss.post(REFERENCES, {"log": "orders", "file": file, "active": "true"}, format="multipart")
    assert (answer.json()["name"], answer.json()["kind"], answer.json()["state"]) == ("Ours", kind, "checking")
    assert looked_at(boss, work, answer.json()["id"])["state"] == "ready"
    until(work, checked(work, log), "all cases checked")
    assert dict(CaseConformance.objects.values_list("case", "fits")) == {"x": True, "y": False}


def test_hostile_files_are_refused_and_nothing_hangs(log: EventLog, store: Store, work: Work, boss: APIClient) -> None:
    store("a a 0", "b a 1", "b a 2")
    LogMiners().drain()
    bomb = uploaded(boss, work, BOMB + "<pnml>&b;</pnml>")
    assert (bomb["state"], bomb["active"], bomb["drawing"]) == ("refused", False, None)
    assert "document type definition" in bomb["error"]
    assert boss.patch(f"{REFERENCES}{bomb['id']}/", {"active": True}, format="json").status_code == 409
    many = {"log": "orders", "name": "n", "kind": "pnml", "source": " " * (3 << 20)}
    assert boss.post(REFERENCES, many, format="json").status_code == 413
    file = SimpleUploadedFile("n.pnml", b" " * (3 << 20))
    assert boss.post(REFERENCES, {"log": "orders", "file": file}, format="multipart").status_code == 413
    for bad in (
        {"source": "<pnml/>"},  # of what kind?
        {"kind": "pnml", "name": "n"},
        {"kind": "exe", "name": "n", "source": "x"},
        {"source": "x", "name": "n", "kind": "pnml", "model": MinedModel.objects.get().pk},
        {"file": SimpleUploadedFile("n.pnml", b"\xff\xfe")},
    ):
        form = "multipart" if "file" in bad else "json"
        assert boss.post(REFERENCES, {"log": "orders", **bad}, format=form).status_code == 400, bad
    assert boss.post(REFERENCES, {"log": "orders", "model": MinedModel.objects.get().pk}).status_code == 409
    endless = uploaded(boss, work, NET.format(initial=ONE, more=ENDLESS, final=END))
    assert endless["state"] == "ready"
    until(work, checked(work, log), "all cases checked")
    assert dict(CaseConformance.objects.values_list("case", "fits"))["a"] is True
    Job.objects.update(state="failed", error="It needed more than 1 MB of memory.")
    ReferenceModel.objects.filter(pk=endless["id"]).update(verdict="checking")
    assert boss.get(f"{REFERENCES}{endless['id']}/").json()["error"].endswith("more than 1 MB of memory.")


@pytest.mark.parametrize("algorithm", ["imd", "declare", "log-skeleton", "footprints", "temporal-profile"])
def test_a_mined_model_is_frozen_and_goes_on_as_it_was(
    log: EventLog, store: Store, work: Work, boss: APIClient, algorithm: str
) -> None:
    for number in range(3):
        store(
            f"c{number} Take {10 * number}",
            f"c{number} Pack {10 * number + number}",
            f"c{number} Ship {10 * number + 5}",
        )
    model = MinedModel.objects.create(log=log, algorithm=algorithm)
    if algorithm == "imd":
        MinedModel.objects.filter(pk=model.pk).update(parameters={"view": "petri-net"})
    LogMiners().drain()
    until(work, lambda: MinedModel.objects.exclude(picture=None).filter(pk=model.pk), "a picture")
    frozen = boss.post(REFERENCES, {"log": "orders", "model": model.pk, "active": True}, format="json").json()
    assert (frozen["kind"], frozen["state"], frozen["derived_seq"]) == ("frozen", "ready", 9)
    model.delete()  # it is kept all the same
    store("x Ship 40", "x Take 41", "x Take 42", "y Take 60", "z Take 70", "z Pack 6000")
    LogMiners().drain()
    work.analysts.wake()
    until(work, checked(work, log), "all cases checked")
    assert rows(frozen["id"]) == from_nothing(log, frozen["id"])
    fits = dict(CaseConformance.objects.values_list("case", "fits"))
    assert fits["c0"] is fits["c1"] is fits["y"] is True
    assert (fits["x"], fits["z"]) == ((True, False) if algorithm == "temporal-profile" else (False, True))
    y = boss.get(f"{CASES}y/").json()
    pending = algorithm in ("declare", "log-skeleton", "footprints")
    assert any(one["pending"] for one in y["breaches"]) is pending
    values = until(work, lambda: (p := boss.get(CONFORMANCE).json()["newest"]) and p["seq"] == 15 and p, "a point")
    assert values["values"]["fitting"] <= values["values"]["cases"] == 3


def store_all(log: EventLog, events: list[tuple[str, str, int]], arrived: int) -> None:
    at = [event_reader.moment(60_000_000 * minute) for _, _, minute in events]
    store_events(
        [
            NewEvent(
                log_id=log.pk,
                case=case,
                activity=activity,
                at=when,
                received_at=event_reader.moment(10**15 + (arrived + n) * 10**6),
            )
            for n, ((case, activity, _), when) in enumerate(zip(events, at, strict=True))
        ]
    )


LOOP: dict[str, Any] = {
    "places": ["s", "t", "e"],
    "transitions": [["Take", [[0, 1]], [[1, 1]]], ["Pack", [[1, 1]], [[1, 1]]], ["Ship", [[1, 1]], [[2, 1]]]],
    "initial": [[0, 1]],
    "final": [[2, 1]],
}


@pytest.mark.parametrize("memory", [{}, {"cases": 5}], ids=["everything", "newest cases"])
def test_after_every_chunk_the_rows_are_what_is_worked_out_from_nothing(
    log: EventLog, boss: APIClient, settings: Any, memory: dict[str, int]
) -> None:
    """Late events; cases that return, fall silent, leave, are beyond the tree, are forgotten; restarts of any kind."""
    settings.TREE_DEPTH, settings.CLOSED_CASES, settings.CHECKPOINT_S = 4, 1, 0
    EventLog.objects.filter(pk=log.pk).update(memory=memory, idle_close_s=6)
    drawing = {"kind": "petri-net", "nodes": [], "edges": [], "net": LOOP}
    references = cycle(
        ReferenceModel.objects.create(log=log, name=name, kind="frozen", drawing=drawing, verdict="ready").pk
        for name in ("first", "second")
    )
    active = next(references)
    boss.patch(f"{REFERENCES}{active}/", {"active": True}, format="json")
    drawn = random.Random(5)
    work, arrived = Work(), 0
    try:
        for then in ("go on", "kill", "swap", "go on", "close", "go on", "swap", "kill", "go on", "go on"):
            events = [
                (drawn.choice("abcdefgh"), drawn.choice(["Take", "Pack", "Pack", "Ship", "Weigh"]), drawn.randrange(20))
                for _ in range(drawn.randint(1, 8))
            ]
            store_all(log, events, arrived)
            arrived += len(events)
            LogMiners().drain()
            work.analysts.wake()
            until(work, checked(work, log), "all cases checked")
            inside = cases_in(event_reader.in_order(log.pk, 2**62), memory.get("cases"), None)
            assert rows(active) == {case: row for case, row in from_nothing(log, active).items() if case in inside}
            assert not CaseConformance.objects.exclude(reference=active).exists()
            if then == "kill":
                for follower in work.analysts.followers.values():
                    follower.checker.close()
                work.analysts.followers.clear()
                Lease.objects.all().delete()
                work = Work()
            elif then == "close":
                work.close()
                work = Work()
            elif then == "swap":
                active = next(references)
                boss.patch(f"{REFERENCES}{active}/", {"active": True}, format="json")
    finally:
        work.close()


def test_figures_over_time_equal_pm4py_on_the_closed_cases(
    log: EventLog, store: Store, work: Work, boss: APIClient
) -> None:
    store("a Take 0", "a Pack 1", "a Ship 2", "b Take 3", "b Ship 4", "c Take 5")
    LogMiners().drain()
    told = uploaded(boss, work)
    assert told["state"] == "ready"
    until(work, lambda: ConformancePoint.objects.filter(seq=6).exists(), "a point")
    store("c Pack 6", "c Weigh 7", "c Ship 8", "d Pack 9")
    LogMiners().drain()
    until(work, lambda: ConformancePoint.objects.filter(seq=10).exists(), "another point")
    whole = boss.get(CONFORMANCE).json()
    assert (whole["reference"]["id"], whole["seq"], whole["complete"]) == (told["id"], 10, True)
    net = Net.from_data(ReferenceModel.objects.get().drawing["net"])  # type: ignore[index]
    for point in whole["points"]:
        events = list(event_reader.in_order(log.pk, point["seq"]))
        closed = closed_cases(events, ["Ship"])
        batch = batch_figures([event for event in events if event.case in closed], net)
        assert point["values"]["cases"] == len(closed)
        assert point["values"]["pm4py"] == {name: pytest.approx(value, abs=1e-9) for name, value in batch.items()}
    assert whole["newest"] == whole["points"][-1]
    last = whole["newest"]["at"]
    assert [p["seq"] for p in boss.get(CONFORMANCE, {"after": whole["points"][0]["at"]}).json()["points"]][-1] == 10
    assert all(p["at"] < last for p in boss.get(CONFORMANCE, {"before": last}).json()["points"])
    assert boss.get(CONFORMANCE, {"since": last}).status_code == 400

    (found,) = audit([log], ["dfg"])
    assert (found.models, found.differences) == (5, [])  # picture, checkpoint, from nothing, figures, point
    row = ConformancePoint.objects.latest("seq")
    row.values["pm4py"]["precision"] = 0.25
    row.save()
    (found,) = audit([log], ["dfg"])
    (said,) = found.differences
    assert said.startswith(
        f"orders, conformance with reference {told['id']}, newest point, up to 10: precision is 0.25"
    )


def test_points_thin_out_with_age(log: EventLog, store: Store, work: Work, boss: APIClient, monkeypatch: Any) -> None:
    monkeypatch.setattr(conformance_metrics, "POINTS", 8)
    store("a Take 0")
    LogMiners().drain()
    told = uploaded(boss, work)
    until(work, lambda: ConformancePoint.objects.exists(), "a point")
    (follower,) = work.analysts.followers.values()
    gauge = follower.checker._gauge
    assert gauge is not None
    for seq in range(2, 40):
        gauge._keep(seq, seq, {"cases": seq})
        gauge._keep(seq, seq, {"cases": seq})
    kept = [*ConformancePoint.objects.filter(reference=told["id"]).values_list("seq", flat=True)]
    assert len(kept) <= 8
    assert (kept[0], kept[-4:]) == (1, [36, 37, 38, 39])
    gauge._keep(99, 99, {"cases": 39})
    assert ConformancePoint.objects.last().seq == 39  # type: ignore[union-attr]  # it says nothing new


def test_a_worker_of_its_own_follows_and_another_goes_on(
    log: EventLog, store: Store, boss: APIClient, work: Work
) -> None:
    def forked() -> int:
        connections.close_all()
        pid = os.fork()
        if not pid:
            try:
                Work().run(lambda: False)
            finally:
                os._exit(0)
        return pid

    store("a Take 0", "a Pack 1", "b Pack 2")
    LogMiners().drain()
    worker = forked()
    try:
        answer = boss.post(
            REFERENCES, {"log": "orders", "name": "n", "kind": "pnml", "source": PNML, "active": True}, format="json"
        )
        pk = answer.json()["id"]
        wait_for(lambda: boss.get(CONFORMANCE).json()["complete"], 30, "all cases checked")
    finally:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
    assert rows(pk) == from_nothing(log, pk)
    store("a Ship 3", "c Take 4", "b Take 1")
    LogMiners().drain()
    Lease.objects.all().delete()
    until(work, checked(work, log), "the news")
    assert rows(pk) == from_nothing(log, pk)


def test_who_may_not_change_a_log_does_not_choose_its_reference(
    log: EventLog, store: Store, work: Work, boss: APIClient
) -> None:
    store("a Take 0")
    LogMiners().drain()
    first = uploaded(boss, work)
    second = uploaded(boss, work, name="Another")
    assert [row["active"] for row in boss.get(REFERENCES, {"log": "orders"}).json()["results"]] == [False, True]
    ann, eve = api_of(person("ann", "view_eventlog")), api_of(person("eve"))
    url = f"{REFERENCES}{first['id']}/"
    assert ann.get(url).json()["name"] == "How it should be"
    assert ann.patch(url, {"active": True}, format="json").status_code == 403
    assert ann.delete(url).status_code == 403
    assert ann.post(REFERENCES, {"log": "orders", "name": "n", "kind": "pnml", "source": "x"}).status_code == 403
    for hidden in (url, CONFORMANCE, CASES, f"{CASES}a/", f"{url}alignment/?case=a"):
        assert eve.get(hidden).status_code == 404, hidden
    assert eve.get(REFERENCES).json()["results"] == []
    until(work, checked(work, log), "all cases checked")
    assert boss.patch(f"{REFERENCES}{second['id']}/", {"active": False}, format="json").json()["active"] is False
    work.analysts.wake()
    until(work, lambda: not CaseConformance.objects.exists(), "the end of the rows")
    assert boss.get(CONFORMANCE).json()["reference"] is None
    assert boss.delete(url).status_code == 204
