"""Models over some cases of a log, and how a model changed in a time that is past: both exact."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode

import pandas as pd
import pm4py
import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from models_mining.mined_models import pictures
from models_mining.mining.miner import LogMiners
from models_mining.models import Case, MinedModel
from models_mining.work import Work
from streams.events.store import NewEvent, store_events
from streams.models import Event, EventLog
from tests.conftest import wait_for
from tests.models_mining.conftest import NOON

pytestmark = pytest.mark.django_db(transaction=True)
WAYS = (
    "Take Pack Ship",
    "Take Check Pack Ship",
    "Take Check Check",
    "Take Pack Check Pack Ship",
    "Return",
    "Take Pack",
)


@pytest.fixture
def work() -> Iterator[Work]:
    working = Work()
    yield working
    working.close()


@pytest.fixture
def model(log: EventLog) -> MinedModel:
    """Of a log of 30 cases side by side, some events late; one more went on and on."""
    chance = Random(4)
    rows = []
    for number in range(30):
        at = NOON + timedelta(minutes=chance.randrange(240))
        for place, activity in enumerate(chance.choice(WAYS).split()):
            attributes = {"hall": chance.choice("AB")} | ({"case:size": chance.choice("SML")} if not place else {})
            rows.append((at, f"case {number}", activity, attributes))
            at += timedelta(seconds=chance.randrange(3600))
    rows.sort(key=lambda row: row[0] + timedelta(seconds=chance.randrange(1200)))
    store_events(
        [
            NewEvent(log.pk, case, activity, at, NOON + timedelta(seconds=10 * n), attributes=attributes)
            for n, (at, case, activity, attributes) in enumerate(rows)
        ]
    )
    LogMiners().drain()
    return MinedModel.objects.get(log=log)


@pytest.fixture
def ask(db: None, work: Work) -> Callable[[str], Any]:
    """The answer to a GET that is a job at first."""
    user = User.objects.create_user("ann")
    user.user_permissions.set(Permission.objects.filter(codename="view_eventlog"))
    client = APIClient()
    client.force_authenticate(user)

    def asked(path: str) -> Any:
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code in (200, 202), answer.json()
        if answer.status_code == 200:
            return answer.json() if answer["Content-Type"].endswith("json") else answer
        where = answer["Location"]
        wait_for(lambda: work.turn() and client.get(where).json()["state"] in ("done", "failed"), 30, "the job")
        told = client.get(where).json()
        return told["result"] or told["error"]

    return asked


def frame(log: EventLog) -> pd.DataFrame:
    rows = Event.objects.filter(log=log).order_by("case", "at", "seq").values("case", "activity", "at", "attributes")
    made = pd.DataFrame(
        {
            "case:concept:name": row["case"],
            "concept:name": row["activity"],
            "time:timestamp": pd.Timestamp(row["at"]),
            "hall": row["attributes"].get("hall"),
            "size": row["attributes"].get("case:size"),
        }
        for row in rows
    )
    made["case:size"] = made.groupby("case:concept:name")["size"].transform("first")
    return made


def graph(picture: Any) -> tuple[Any, ...]:
    label = {node["id"]: node["label"] for node in picture["nodes"]}
    return (
        {(label[edge["s"]], label[edge["t"]]): edge["n"] for edge in picture["edges"]},
        {node["label"]: node["starts"] for node in picture["nodes"] if node["starts"]},
        {node["label"]: node["ends"] for node in picture["nodes"] if node["ends"]},
        {node["label"]: node["n"] for node in picture["nodes"]},
    )


def batch(rows: pd.DataFrame) -> tuple[Any, ...]:
    """The same by pm4py."""
    if rows.empty:
        return {}, {}, {}, {}
    return (*map(dict, pm4py.discover_dfg(rows.copy())), dict(Counter(rows["concept:name"])))


def test_a_picture_of_selected_cases_is_pm4pys_of_the_log_it_filters(
    log: EventLog, model: MinedModel, ask: Callable[[str], Any]
) -> None:
    events = frame(log)
    since, until = (NOON + timedelta(minutes=minutes) for minutes in (60, 100))
    naive = [str(moment.replace(tzinfo=None)) for moment in (since, until)]
    ended = {case for case, rows in events.groupby("case:concept:name") if rows.iloc[-1]["concept:name"] == "Ship"}
    newest = events["time:timestamp"].max()
    last = events.groupby("case:concept:name")["time:timestamp"].transform("max")
    variant = Case.objects.filter(log=log, activity="Ship", length=4).values_list("variant", flat=True)[0]
    window = {"last_after": since.isoformat(), "started_before": until.isoformat()}
    for query, expected in (
        ({}, events),
        (window, pm4py.filter_time_range(events, *naive, mode="traces_intersecting")),
        ({"passes": "Check"}, pm4py.filter_event_attribute_values(events, "concept:name", ["Check"], level="case")),
        ({"event_attribute.hall": "A"}, pm4py.filter_event_attribute_values(events, "hall", ["A"], level="case")),
        ({"attribute.size": "M"}, pm4py.filter_trace_attribute_values(events, "case:size", ["M"])),
        ({"duration_min_s": 600, "duration_max_s": 5400}, pm4py.filter_case_performance(events, 600, 5400)),
        ({"variant": variant}, pm4py.filter_variants(events, [("Take", "Check", "Pack", "Ship")])),
        ({"state": "closed"}, events[events["case:concept:name"].isin(ended)]),
        ({"within_s": 3600}, events[last > newest - timedelta(hours=1)]),
        ({"passes": "Check", "state": "open", **window}, None),
        ({"passes": "Nothing of this name"}, events[:0]),
    ):
        if expected is None:
            some = pm4py.filter_time_range(events, *naive, mode="traces_intersecting")
            some = some[~some["case:concept:name"].isin(ended)]
            expected = pm4py.filter_event_attribute_values(some, "concept:name", ["Check"], level="case")
        assert len(expected) < len(events) or not query, query
        found = ask(f"models/{model.pk}/picture/selection/?{urlencode(query)}")
        assert graph(found) == batch(expected), query
        assert (found["seq"], found["selection"]["events"]) == (len(events), len(expected))
        opened = expected[~expected["case:concept:name"].isin(ended)]["case:concept:name"].nunique()
        assert sum(node["open"] for node in found["nodes"]) == opened
        file = ask(f"logs/orders/export/selection/?as=csv&{urlencode(query)}")
        assert b"".join(file.streaming_content).count(b"\r\n") == 1 + len(expected)


def test_a_selection_is_shared_for_a_moment_then_made_anew_and_says_what_it_cannot_do(
    model: MinedModel, ask: Callable[[str], Any], settings: Any
) -> None:
    path = f"models/{model.pk}/picture/selection/"
    assert ask(path)["selection"]["cases"] == 30
    store_events([NewEvent(model.log_id, "one more", "Take", NOON, NOON + timedelta(days=1))])
    LogMiners().drain()
    wait_for(lambda: ask(path)["selection"]["cases"] == 31, 20, "a newer answer")
    settings.SELECTION_EVENTS = 20
    assert "more than 20 events. Choose a shorter time window" in ask(f"{path}?state=closed")
    client = APIClient()
    client.force_authenticate(User.objects.get())
    for query, name in (
        ("colour=red", "colour"),
        ("state=ajar", "state"),
        ("page=2", "page"),
        ("within_s=x", "within_s"),
    ):
        refused = client.get(f"/api/v1/{path}?{query}")
        assert (refused.status_code, refused.json()["errors"][0]["parameter"]) == (400, name)
    assert client.get(f"/api/v1/models/{model.pk}/picture/replay/?a=0&b=30").status_code == 409
    assert client.get(f"/api/v1/models/{model.pk}/picture/replay/?a=9&b=3").status_code == 409
    assert client.get(f"/api/v1/models/{model.pk}/picture/replay/?a=0&frames=0").status_code == 400


def test_a_replay_leads_from_then_to_later_as_it_was_seen(model: MinedModel, ask: Callable[[str], Any]) -> None:
    last = Event.objects.count()
    a, b = 20, last - 10
    path = f"models/{model.pk}/picture"

    def then(seq: int) -> Any:
        return graph(ask(f"{path}/?as_of={seq}"))

    for frames in (7, 600):
        told = ask(f"{path}/replay/?a={a}&b={b}&frames={frames}")
        shown, seqs, moved = told["picture"], [a], 0
        assert graph(shown) == then(a)
        for delta in told["frames"]:
            shown = pictures.apply(shown, delta)
            seqs.append(delta["seq"])
            moved += len(delta["moves"]) + delta["moves_omitted"]
            if len(seqs) == 4:
                assert graph(shown) == then(delta["seq"])
        assert graph(shown) == then(b)
        assert (seqs[-1], moved) == (b, b - a)
        assert seqs == sorted(set(seqs))
        assert len(seqs) - 1 == min(frames, b - a)
    moment = urlencode(
        {"a": (NOON + timedelta(seconds=95)).isoformat(), "b": (NOON + timedelta(seconds=200)).isoformat()}
    )
    told = ask(f"{path}/replay/?{moment}")
    assert (told["picture"]["seq"], told["frames"][-1]["seq"]) == (10, 21)
    assert datetime.fromisoformat(told["frames"][-1]["at"]) == NOON + timedelta(seconds=200)
    assert ask(f"{path}/replay/?a=0")["frames"][-1]["seq"] == last


def test_minutes_tell_what_arrived(model: MinedModel, ask: Callable[[str], Any]) -> None:
    page = ask("logs/orders/minutes/?page_size=3")
    assert [row["events"] for row in ask(page["next"].partition("/api/v1/")[2])["results"]] == [6, 6, 6]
    assert [row["minute"] for row in ask("logs/orders/minutes/?before=2026-01-02T12:02:00Z")["results"]] == [
        "2026-01-02T12:01:00Z",
        "2026-01-02T12:00:00Z",
    ]
