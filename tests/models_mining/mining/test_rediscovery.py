"""Mining from nothing: in parts, in other processes or on a cluster, the same as in one go."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from models_mining.mining import cluster as clusters
from models_mining.mining import rediscovery
from models_mining.models import MinedModel
from models_mining.store import checkpoints
from streams.models import EventLog
from tests.conftest import free_port, wait_for
from tests.models_mining.conftest import Store
from tests.models_mining.core.strategies import content

pytestmark = pytest.mark.django_db(transaction=True)

CLUSTER = """
import sys, threading, distributed
at = {"host": "127.0.0.1", "scheduler_port": int(sys.argv[1]), "protocol": "tcp", "dashboard_address": None}
cluster = distributed.LocalCluster(n_workers=1, threads_per_worker=2, processes=False, **at)
threading.Event().wait()
"""
POLICIES = [{}, {"cases": 3}, {"last_s": 4}]


def filled(log: EventLog, store: Store, memory: dict[str, int]) -> checkpoints.LiveSettings:
    store(*(f"c{n % 7} {activity} {minute}" for n in range(20) for activity, minute in (("Take", n), ("Pack", 40 - n))))
    store("c1 Ship 99", "c9 Take 1", "c9 Ship 99")
    EventLog.objects.filter(pk=log.pk).update(memory=memory)
    log.refresh_from_db()
    MinedModel.objects.create(log=log, algorithm="dfg", cases="closed")
    return checkpoints.wanted(log, MinedModel.objects.filter(log=log))


def mined(log: EventLog, wanted: checkpoints.LiveSettings) -> tuple[Any, ...]:
    live, passed = rediscovery.from_nothing(log.pk, wanted, log.next_seq - 1)
    outside = {name: (case.activity, case.before, case.length, case.closed) for name, case in passed.outside.items()}
    return content(live), list(live.numbers), passed.events, passed.started, outside


@pytest.fixture
def cluster() -> Iterator[str]:
    """The address of a Dask scheduler with one worker process, which has to find its own way to the database."""
    address = f"tcp://127.0.0.1:{free_port()}"
    name = connection.settings_dict["NAME"]
    env = os.environ.copy()
    if connection.vendor == "sqlite":
        env["PROCMINE_DATABASE_URL"] = f"sqlite:///{name}"
    else:
        env["PROCMINE_DATABASE_URL"] = env["PROCMINE_DATABASE_URL"].rpartition("/")[0] + f"/{name}"
    process = subprocess.Popen([sys.executable, "-c", CLUSTER, address.rpartition(":")[2]], env=env)
    try:
        yield address
    finally:
        process.kill()
        process.wait(timeout=10)


@pytest.mark.parametrize("memory", POLICIES)
def test_forked_processes_find_what_one_finds(
    log: EventLog, store: Store, memory: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = filled(log, store, memory)
    alone = mined(log, wanted)
    monkeypatch.setattr(rediscovery, "_processes", lambda events: 3)
    assert mined(log, wanted) == alone


def test_a_cluster_finds_what_one_process_finds(log: EventLog, store: Store, cluster: str, settings: Any) -> None:
    wanted = filled(log, store, {"cases": 5})
    alone = mined(log, wanted)
    settings.DASK = cluster

    def answered() -> tuple[Any, ...] | None:
        try:
            return mined(log, wanted)
        except clusters.ClusterError:  # not up yet
            return None

    assert wait_for(answered, timeout_s=30, what="a cluster") == alone


def test_a_cluster_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "CONNECT_S", 0.2)
    with pytest.raises(CommandError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:1"):
        call_command("mine", "--once", "--dask", "tcp://127.0.0.1:1")
