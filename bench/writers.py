"""How fast events get into PostgreSQL: by COPY, as recording writes them, beside Django's bulk_create.

Same rows, same transactions of 500, a server of its own; by the wall clock, since most of the work is the server's.
``python bench/writers.py EVENTS PAIRS`` prints seconds as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

BATCH = 500


def postgresql_rates(events: int, pairs: int) -> dict[str, list[float]]:
    """Events per second of each way, pair by pair; SystemExit where PostgreSQL is not installed."""
    from tests.tools.cluster import Cluster

    with tempfile.TemporaryDirectory(prefix="procmine-bench-") as var, Cluster() as cluster:
        own = {"PROCMINE_VAR": var, "PROCMINE_DATABASE_URL": cluster.url, "DJANGO_SETTINGS_MODULE": "procmine.settings"}
        command = [sys.executable, __file__, str(events), str(pairs)]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | own)
    took_s: dict[str, list[float]] = json.loads(done.stdout.splitlines()[-1])
    return {way: [events / took for took in tooks] for way, tooks in took_s.items()}


def measure(events: int, pairs: int) -> dict[str, list[float]]:
    """Seconds of each way, in turn."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection, transaction

    from streams.events import insertion
    from streams.models import Event, EventLog

    call_command("migrate", verbosity=0)
    log = EventLog.objects.create(slug="bench", name="bench")
    ways = {"copy": insertion.insert, "bulk_create": insertion.bulk_create}
    took: dict[str, list[float]] = {way: [] for way in ways}
    at = datetime(2026, 1, 2, 10, 0, 0, 123456, tzinfo=UTC)
    seq = 0
    for pair in range(pairs):
        for way in ways if pair % 2 else reversed(ways):
            batches = []
            for _ in range(events // BATCH):
                numbers = range(seq + 1, seq + 1 + BATCH)
                seq += BATCH
                batches.append([(number, event(log.pk, number, at)) for number in numbers])
            began = time.perf_counter()
            for batch in batches:
                with transaction.atomic():
                    ways[way](batch)
            took[way].append(time.perf_counter() - began)
    if Event.objects.count() != seq:
        raise SystemExit(f"{seq} events were written, but {Event.objects.count()} are stored.")
    connection.close()
    return took


def event(log_id: int, number: int, at: datetime) -> object:
    """One as our own producers send it, with a time-ordered id."""
    from streams.events.insertion import NewEvent

    return NewEvent(
        log_id,
        f"case-{number // 8 % 500}",
        f"step {number % 8}",
        at,
        at,
        "given",
        f"019b7e2c-5d00-7000-8000-{number:012x}",
        {"case:creator": "Ann", "node": "line-2"},
    )


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))
