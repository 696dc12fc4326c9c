"""A process loads what it needs; pm4py, which takes seconds, without letting anybody else wait."""

import contextlib
import subprocess
import sys
import threading
from typing import Any

import pytest

from models_mining.core.counting.lossy import LossySteps
from models_mining.core.discovery import ALGORITHMS
from models_mining.core.discovery.pm4py_bridge import loading
from models_mining.core.live_log import LiveLog, LoggedEvent
from models_mining.mining.miner import LogMiners
from models_mining.models import MinedModel
from streams.models import EventLog
from tests.conftest import wait_for
from tests.models_mining.conftest import Store

WEB = {"rest_framework.serializers", "drf_spectacular.openapi", "django.test", "requests", "procmine.urls", "daphne"}
SELDOM = {"pm4py", "pandas", "networkx", "redis", "confluent_kafka", "simulator.config"}
MINING = {"numpy", "models_mining.core", "rules.engine.worker", "urllib3"}
_LOADED = """
import sys, django
from django.core.management import load_command_class
django.setup()
for commands in (["streams.ingest", "accounts.createtoken"], ["models_mining.mine", "models_mining.work"]):
    for command in commands:
        load_command_class(*command.split("."))
    print(*sys.modules)
"""


def test_a_command_loads_neither_the_web_nor_what_is_seldom_needed() -> None:
    done = subprocess.run([sys.executable, "-c", _LOADED], check=True, capture_output=True, text=True)
    plain, mining = (set(line.split()) for line in done.stdout.splitlines())
    assert plain.isdisjoint(WEB | SELDOM | MINING), plain & (WEB | SELDOM | MINING)
    assert mining.isdisjoint(WEB | SELDOM), mining & (WEB | SELDOM)


def test_each_algorithm_says_whether_it_needs_pm4py(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pm4py", None)  # cannot be imported
    log = LiveLog(track_pairs=True)
    log.set_lossy([LossySteps(0.001)])
    for n, activity in enumerate(("register", "check", "check", "pay"), start=1):
        log.learn_one(LoggedEvent(seq=n, case="c1", activity=activity, at_us=n * 10**6, received_at_us=n * 10**6))
    for algorithm in ALGORITHMS.values():
        with pytest.raises(ImportError) if algorithm.pm4py else contextlib.nullcontext():
            assert algorithm.derive(log)["nodes"], algorithm.name


@pytest.mark.django_db
def test_while_pm4py_is_loaded_the_pictures_of_other_models_go_on(
    log: EventLog, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = threading.Event()
    under_way = threading.Thread(target=loaded.wait)
    under_way.start()
    monkeypatch.setattr(loading, "_background", under_way)
    graph = MinedModel.objects.get(log=log, algorithm="dfg")
    other = EventLog.objects.create(slug="returns", name="returns")
    blocks = MinedModel.objects.create(log=other, algorithm="imd")
    miner = LogMiners()

    def shown(model: MinedModel) -> Any:
        miner.turn()
        model.refresh_from_db()
        return model.picture and model.picture["seq"]

    try:
        for seq in (1, 2, 3):
            store(f"a Take {seq}")
            MinedModel.objects.update(watched_until="2126-01-01T00:00:00Z")
            miner.wake()
            wait_for(lambda seq=seq: shown(graph) == seq)
            assert shown(blocks) is None
    finally:
        loaded.set()
        under_way.join()
    wait_for(lambda: shown(blocks) is not None)
    assert blocks.error == ""
    miner.close()
