"""The worker: slow models are derived beside the miner, in processes that may fail, and none of it gets lost."""

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.test import APIClient

from foundation.models import Lease
from models_mining.core.discovery import ALGORITHMS
from models_mining.core.discovery.registry import Algorithm as Algorithm
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.nets import Net, Transition
from models_mining.core.live_log import LiveLog
from models_mining.mined_models import picture_publisher
from models_mining.mining import slow_model_worker
from models_mining.mining.miner import LogMiners
from models_mining.models import LogState, MinedModel
from models_mining.past.auditing import audit
from models_mining.work import Work
from streams.models import EventLog
from tests.conftest import wait_for
from tests.models_mining.conftest import Store

pytestmark = pytest.mark.django_db(transaction=True)

FIRST = ("a Take 0", "b Take 1", "a Pack 2", "a Ship 3", "b Pack 4")


@pytest.fixture
def work() -> Iterator[Work]:
    working = Work()
    yield working
    working.close()


@pytest.fixture
def slow(log: EventLog, store: Store) -> MinedModel:
    """A model of the slow class over a mined log, which nobody looks at."""
    store(*FIRST)
    LogMiners().drain()
    return MinedModel.objects.create(log=log, algorithm="powl")


def watch(model: MinedModel) -> None:
    MinedModel.objects.filter(pk=model.pk).update(watched_until=timezone.now() + timedelta(minutes=5))


def until(work: Work, model: MinedModel, met: Callable[[MinedModel], Any], what: str) -> MinedModel:
    """The row, as soon as ``met`` is true of it while the worker goes on."""

    def turned() -> MinedModel | None:
        work.turn()
        model.refresh_from_db()
        return model if met(model) else None

    return wait_for(turned, 30, what)  # type: ignore[no-any-return]


@pytest.fixture
def algorithm(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Register a function of a live log as the slow algorithm ``tarot``: forked processes know it too."""

    def register(draw: Callable[[LiveLog], Any]) -> str:
        tarot = Algorithm("tarot", lambda log, cases: draw(log), "", "slow", "moments", False, (), None)
        monkeypatch.setitem(ALGORITHMS, "tarot", tarot)
        return "tarot"

    return register


def counted(log: LiveLog) -> Drawing:
    """One node that says how far the log was."""
    return {"kind": "states", "nodes": [{"id": "all", "label": "all", "n": log.seq}], "edges": []}


def forked(call: Callable[[], None]) -> int:
    """Run it in a real process of its own; its id."""
    connections.close_all()
    pid = os.fork()
    if not pid:
        try:
            call()
        finally:
            os._exit(0)
    return pid


def derived(model: MinedModel) -> int:
    """As of which event its structure is."""
    return model.picture["derived_seq"] if model.picture else 0


def shown(model: MinedModel) -> int:
    """What `counted` drew."""
    assert model.picture is not None
    return int(model.picture["nodes"][0]["n"])


def labels(model: MinedModel) -> set[str]:
    assert model.picture is not None
    return {node["label"] for node in model.picture["nodes"]} & {"Take", "Pack", "Ship", "Pay"}


def test_a_slow_model_is_derived_beside_the_miner_and_equals_batch(slow: MinedModel, work: Work) -> None:
    model = until(work, slow, lambda row: row.picture, "a picture")
    assert labels(model) == {"Take", "Pack", "Ship"}
    assert (derived(model), model.seq, model.version, model.error) == (5, 5, 1, "")
    assert model.epoch.startswith(LogState.objects.get().epoch)
    (found,) = audit([slow.log], ["powl"])
    assert found.differences == []


def test_nobody_looks_so_only_the_first_picture_is_derived(slow: MinedModel, work: Work, store: Store) -> None:
    until(work, slow, lambda row: row.version == 1, "the first picture")
    store("b Pay 9")
    other = MinedModel.objects.create(log=slow.log, algorithm="log-skeleton")
    work.look(time.monotonic())
    until(work, other, lambda row: row.picture and row.seq == 6, "another model as of the newest event")
    slow.refresh_from_db()
    assert (slow.version, slow.seq) == (1, 5)
    client = APIClient()
    client.force_authenticate(User.objects.create_superuser("owner"))
    asked = client.get(f"/api/v1/models/{slow.pk}/picture/").json()
    assert (asked["derived_seq"], asked["kind"]) == (5, "powl")  # what there is, and the newest as soon as it is there
    work.look(time.monotonic())
    model = until(work, slow, lambda row: derived(row) == 6, "a picture that somebody waits for")
    assert "Pay" in labels(model)


def test_every_algorithm_makes_a_model_and_parameters_are_checked(log: EventLog) -> None:
    client = APIClient()
    client.force_authenticate(User.objects.create_superuser("owner"))
    for row in client.get("/api/v1/algorithms/").json()["results"]:
        made = client.post("/api/v1/models/", {"log": "orders", "algorithm": row["name"]})
        assert made.status_code == 201, made.json()
        assert made.json()["home"] == {"live": "mine", "slow": "work"}[row["cost"]]
        for parameter in row["parameters"]:
            refused = client.post(
                "/api/v1/models/",
                {"log": "orders", "algorithm": row["name"], "parameters": {parameter["name"]: [None]}},
            )
            assert refused.status_code == 400
            (error,) = refused.json()["errors"]
            assert error["pointer"] == "/parameters"
            assert parameter["name"] in error["detail"]


def test_the_newest_state_wins(slow: MinedModel, work: Work, store: Store, algorithm: Any, tmp_path: Path) -> None:
    started, go_on = tmp_path / "started", tmp_path / "go on"

    def held_up(log: LiveLog) -> Drawing:
        started.touch()
        wait_for(go_on.exists, 30)
        return counted(log)

    MinedModel.objects.filter(pk=slow.pk).update(algorithm=algorithm(held_up))
    watch(slow)
    until(work, slow, lambda _: started.exists(), "a derivation")
    for minute in range(20, 23):
        store(f"d Take {minute}")
        work.turn()
    go_on.touch()
    first = until(work, slow, lambda row: row.picture, "the picture of what was there at its beginning")
    assert (derived(first), first.seq, shown(first)) == (5, 8, 5)  # cases stand where they are by now
    second = until(work, slow, lambda row: derived(row) > 5, "the next picture")
    assert (derived(second), shown(second)) == (8, 8)


def test_cases_are_seen_to_move_in_a_net_that_stays(slow: MinedModel, work: Work, store: Store, algorithm: Any) -> None:
    def sequence(log: LiveLog) -> Drawing:
        """Take, then Pack: places and transitions in a row."""
        if log.seq > 5:
            time.sleep(60)
        net = Net(
            ("begin", "taken", "packed"),
            (Transition("Take", ((0, 1),), ((1, 1),)), Transition("Pack", ((1, 1),), ((2, 1),))),
            ((0, 1),),
            ((2, 1),),
        )
        return {
            "kind": "petri-net",
            "nodes": [{"id": name, "label": name, "type": "place"} for name in net.places],
            "edges": [{"s": "begin", "t": "taken"}, {"s": "taken", "t": "packed"}],
            "net": net.to_data(),
            "at": [["begin"], ["taken"], ["packed"]],
        }

    def standing(model: MinedModel) -> dict[str, int]:
        assert model.picture is not None
        return {node["label"]: node["open"] for node in model.picture["nodes"] if "open" in node}

    MinedModel.objects.filter(pk=slow.pk).update(algorithm=algorithm(sequence))
    watch(slow)
    first = until(work, slow, lambda row: row.picture, "a net")
    assert standing(first) == {"packed": 1}
    assert first.picture is not None
    assert first.definition is not None
    numbers = {node["label"]: node["id"] for node in first.picture["nodes"]}
    assert first.definition["at"] == [[numbers["begin"]], [numbers["taken"]], [numbers["packed"]]]
    store("c Take 9")
    moved = until(work, slow, lambda row: row.seq == 6, "where cases stand now")
    assert (derived(moved), standing(moved)) == (5, {"packed": 1, "taken": 1})
    assert (moved.version, moved.picture and moved.picture["structure"]) == (2, 1)


def dies(log: LiveLog) -> Drawing:
    os.kill(os.getpid(), signal.SIGKILL)
    return counted(log)


def is_too_large(log: LiveLog) -> Drawing:
    bytearray(500 * 1024 * 1024)
    return counted(log)


def takes_too_long(log: LiveLog) -> Drawing:
    time.sleep(60)
    return counted(log)


def is_wrong(log: LiveLog) -> Drawing:
    raise ValueError("the cards do not say")


@pytest.mark.parametrize(
    ("fails", "told"),
    [
        (dies, "ended by SIGKILL"),
        (is_too_large, "more than 100 MB of memory"),
        (takes_too_long, "longer than 1 s"),
        (is_wrong, "ValueError: the cards do not say"),
    ],
)
def test_a_derivation_that_fails_leaves_the_last_picture_and_says_why(
    slow: MinedModel, work: Work, store: Store, algorithm: Any, settings: Any, fails: Any, told: str
) -> None:
    def sometimes(log: LiveLog) -> Drawing:
        return fails(log) if log.seq == 6 else counted(log)

    MinedModel.objects.filter(pk=slow.pk).update(algorithm=algorithm(sometimes))
    watch(slow)
    until(work, slow, lambda row: row.version == 1, "the first picture")
    settings.WORK_SECONDS, settings.WORK_MEMORY_MB = 1.0, 100
    store("b Pay 9")
    model = until(work, slow, lambda row: row.error, "an error")
    assert told in model.error
    assert (derived(model), shown(model)) == (5, 5)
    (painter,) = work.followers[slow.log.pk].painters.values()
    assert painter.due(work.followers[slow.log.pk].live) is None  # not again as long as nothing is different
    store("b Ship 10")
    work.turn()
    painter.not_before = time.monotonic()
    model = until(work, slow, lambda row: derived(row) == 7, "a picture of the grown log")
    assert (model.error, shown(model)) == ("", 7)


def test_a_worker_killed_while_it_derives_loses_nothing(
    slow: MinedModel, work: Work, algorithm: Any, tmp_path: Path
) -> None:
    derives_in = tmp_path / "pid"

    def held_up_once(log: LiveLog) -> Drawing:
        if not derives_in.exists():
            derives_in.write_text(str(os.getpid()))
            time.sleep(60)
        return counted(log)

    MinedModel.objects.filter(pk=slow.pk).update(algorithm=algorithm(held_up_once))
    worker = forked(lambda: Work().run(lambda: False))
    child = int(wait_for(lambda: derives_in.exists() and derives_in.read_text(), 30, "a derivation"))
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    model = until(work, slow, lambda row: row.picture, "a picture by the next worker")
    assert (model.version, model.seq) == (1, 5)
    wait_for(lambda: not alive(child), 10, "the end of what the killed worker began")


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_worker_that_was_paused_overwrites_nothing(
    slow: MinedModel, work: Work, algorithm: Any, tmp_path: Path
) -> None:
    started, go_on = tmp_path / "started", tmp_path / "go on"

    def held_up(log: LiveLog) -> Drawing:
        started.touch()
        wait_for(go_on.exists, 30)
        return counted(log)

    MinedModel.objects.filter(pk=slow.pk).update(algorithm=algorithm(held_up))
    until(work, slow, lambda _: started.exists(), "a derivation")
    Lease.objects.filter(name=f"work:{slow.log.pk}").update(owner="another machine/1", fence=F("fence") + 1)
    go_on.touch()
    wait_for(lambda: work.turn() and not work.followers, 30, "letting go")
    slow.refresh_from_db()
    assert (slow.version, slow.picture) == (0, None)


def test_two_workers_share_the_logs(slow: MinedModel, work: Work) -> None:
    other = EventLog.objects.create(slug="returns", name="returns")
    LogMiners().drain()
    MinedModel.objects.create(log=other, algorithm="log-skeleton")
    worker = forked(lambda: Work().run(lambda: False))
    try:
        wait_for(lambda: owners_as_of_a_look(work) == 2, 30, "a log for each")
        assert len(work.followers) == 1
    finally:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)


def owners_as_of_a_look(work: Work) -> int:
    work.look(time.monotonic())
    held = Lease.objects.filter(name__startswith="work:", expires_at__gt=Now())
    return len(set(held.values_list("owner", flat=True)))


def test_a_live_model_that_takes_too_long_moves_out_and_comes_back(
    log: EventLog, store: Store, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, miner = MinedModel.objects.get(log=log), LogMiners()
    minutes = itertools.count()

    def grown(met: Callable[[MinedModel], Any], what: str) -> None:
        watch(model)

        def turned() -> bool:
            store(f"a Take {next(minutes)}")
            miner.turn()
            work.turn()
            model.refresh_from_db()
            return bool(met(model))

        wait_for(turned, 30, what)

    monkeypatch.setattr(picture_publisher, "OUT_MS", -1.0)
    grown(lambda row: row.home == "work", "moving out")
    moved_at = model.version
    assert moved_at == picture_publisher.SAMPLE
    miner.close()  # a restart: it stays out
    miner = LogMiners()
    grown(lambda row: row.version > moved_at, "a picture by the worker")
    assert model.home == "work"
    assert not any(follower.painters for follower in miner.followers.values())
    monkeypatch.setattr(picture_publisher, "OUT_MS", 1e9)
    monkeypatch.setattr(slow_model_worker, "BACK_MS", 1e9)
    grown(lambda row: row.home == "mine", "coming back")
    came_back_at = model.version
    grown(lambda row: row.version > came_back_at + 1, "pictures by the miner")
    (found,) = audit([log], ["dfg"])
    assert found.differences == []
