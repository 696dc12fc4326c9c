"""Models as of an earlier event or moment, from kept checkpoints or from nothing, and two of them compared."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from models_mining.core.discovery import derive
from models_mining.mining.miner import LogMiners
from models_mining.models import Checkpoint, MinedModel
from models_mining.past import time_travel
from models_mining.past.time_travel import Asked
from models_mining.store import checkpoints, event_reader
from models_mining.work import Work
from streams.models import Event, EventLog
from tests.conftest import wait_for
from tests.models_mining.conftest import NOON, Store

TEXTS = ("a Take 0", "b Take 1", "a Ship 3", "b Pack 9", "b Check 4", "a Take 20", "c Take 5", "b Ship 30")
DFG = Asked("dfg", {}, "all")


def then(log: EventLog, seq: int) -> Any:
    """The graph one would have seen after so many events, learnt one by one."""
    live = checkpoints.wanted(log, []).new_live_log()
    for event in event_reader.in_sequence(log.pk, seq):
        live.learn_one(event, event_reader.CaseHistoryReader(log.pk))
    return derive("dfg", live)


@pytest.mark.django_db
def test_every_past_graph_is_the_one_that_would_have_been_seen(log: EventLog, store: Store, settings: Any) -> None:
    settings.CLOSED_CASES = 0
    settings.CHECKPOINT_EVENTS = 1
    for text in TEXTS:
        store(text)
        LogMiners().drain()
    assert Checkpoint.objects.count() == len(TEXTS)
    for seq in range(len(TEXTS) + 1):
        assert time_travel.drawing_at(log, seq, DFG) == then(log, seq)
    for lost in (2, 3, 5):
        Checkpoint.objects.filter(seq=lost).delete()
    Checkpoint.objects.filter(seq=4).update(state=b"damaged")
    for seq in range(len(TEXTS) + 1):
        assert time_travel.drawing_at(log, seq, DFG) == then(log, seq)


def test_kept_checkpoints_thin_with_age_and_none_is_missed_later() -> None:
    kept: set[int] = set()
    for seq in range(30, 100_000, 70):
        kept = checkpoints.kept_of({*kept, seq}, 100)
        ages = [(seq - one) // 100 for one in sorted(kept)]
        for older, newer in zip([seq // 100, *ages], ages, strict=False):
            assert older - newer <= max(2, older // 3)  # the way to go from a checkpoint grows with age only
    assert len(kept) < 60
    assert {one // 100 for one in kept if one > 99_300} == set(range(993, 1000))


@pytest.mark.django_db
def test_a_moment_is_the_last_event_received_by_then(log: EventLog, store: Store) -> None:
    assert event_reader.seq_at(log.pk, NOON) == 0
    store(*TEXTS)  # one a second, from one second past noon on
    for seconds, seq in ((0, 0), (1, 1), (4.5, 4), (8, 8), (10_000, 8)):
        assert event_reader.seq_at(log.pk, NOON + timedelta(seconds=seconds)) == seq


# --- API -----------------------------------------------------------------------------------


@pytest.fixture
def work(transactional_db: None) -> Iterator[Work]:
    working = Work()
    yield working
    working.close()


def client_of(name: str, *permissions: str) -> APIClient:
    user = User.objects.create_user(name)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = APIClient()
    client.force_login(user)
    return client


def result(work: Work, client: APIClient, url: str) -> Any:
    """Ask, let it be worked on, look at the job, and ask again."""
    asked = client.get(url)
    assert asked.status_code == 202, asked.content

    def job() -> Any:
        work.turn()
        found = client.get(asked["Location"]).json()
        return found if found["state"] not in ("queued", "running") else None

    done = wait_for(job, what="the job")
    assert done["state"] == "done", done
    answer = client.get(url)
    assert (answer.status_code, answer.json()) == (200, done["result"])
    return answer.json()


@pytest.mark.django_db(transaction=True)
def test_a_past_picture_and_a_comparison_are_jobs_shared_by_who_may_see_the_log(
    log: EventLog, store: Store, work: Work
) -> None:
    store(*TEXTS)
    model = MinedModel.objects.get(log=log)
    client = client_of("ann", "view_eventlog")
    url = f"/api/v1/models/{model.pk}/picture/"
    picture = result(work, client, f"{url}?as_of=3")
    assert (picture["seq"], picture["version"], picture["kind"]) == (3, 0, "graph")
    assert {(node["label"], node["n"]) for node in picture["nodes"]} == {("Take", 2), ("Ship", 1)}
    third = Event.objects.get(log=log, seq=3).received_at.isoformat().replace("+00:00", "Z")
    assert client.get(f"{url}?as_of={third}").json() == picture  # the same job, by its moment
    assert client_of("bob", "view_eventlog").get(f"{url}?as_of=3").status_code == 200
    found = result(work, client, f"{url}compare/?a=3&b=5")
    assert [(edge["source"], edge["target"]) for edge in found["edges"]["added"]] == [
        ("Take", "Check"),
        ("Check", "Pack"),
    ]
    assert {node["label"] for node in found["nodes"]["added"]} == {"Pack", "Check"}
    assert client_of("eve").get(f"{url}?as_of=3").status_code in (403, 404)
    assert client_of("mallory").get(f"{url}compare/?a=1").status_code in (403, 404)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("?as_of=9", "There is no event 9 yet, the last is 8"),
        ("?as_of=yesterday", "not a moment"),
        ("?as_of=2&since=1", "No delta"),
        ("compare/", "Name the number"),
        ("compare/?a=1&b=99999999999999999999", "There is no event"),
        ("compare/?a=1&c=2", "c"),
    ],
)
def test_a_moment_that_is_none_is_refused_in_words(log: EventLog, store: Store, query: str, complaint: str) -> None:
    store(*TEXTS)
    model = MinedModel.objects.get(log=log)
    answer = client_of("ann", "view_eventlog").get(f"/api/v1/models/{model.pk}/picture/{query}")
    assert answer.status_code == 400
    assert complaint in answer.content.decode()
