"""How soon a log of a million events is live again: from its checkpoint, and from nothing (promise P8).

A log is made in SQLite: cases of a process with loops, parallel steps and rare ways, so that its prefix tree has some
ten thousand nodes. A process that has loaded Django and the mining core then brings up the live log and derives the
directly-follows graph, from the newest checkpoint (one in sixteen of the events since the one before it are not in it,
as after a crash), and from the table alone: by one process and by as many as there are processors. `travel_s` is a
model as of an event 180,000 after the checkpoint before it.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

CHECKPOINT_S, NOTHING_S = 3.0, 20.0  # promised for a million events
TIMES = 3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--events", type=int, help="other than a million")
    parser.add_argument("--step", choices=sorted(STEPS), help=argparse.SUPPRESS)  # in the measured child
    options = parser.parse_args()
    events = options.events or (40_000 if options.quick else 1_000_000)
    if options.step:
        print(json.dumps(STEPS[options.step](events)))
    else:
        run(events, quiet=options.json)


def run(events: int, *, quiet: bool) -> None:
    """Make the log, bring it up again and again, and print the JSON line last."""
    with tempfile.TemporaryDirectory(prefix="procmine-bench-") as folder:
        env = os.environ | {
            "PROCMINE_VAR": folder,
            "PROCMINE_DATABASE_URL": "",
            "PROCMINE_REDIS_URL": "",
            "DJANGO_SETTINGS_MODULE": "procmine.settings",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], env=env, cwd=ROOT, check=True)

        def step(name: str) -> dict[str, float]:
            command = [sys.executable, str(Path(__file__).resolve()), "--step", name, "--events", str(events)]
            done = subprocess.run(command, env=env, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
            found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
            if not quiet:
                print(name, found)
            return found

        figures = step("make")
        taken: dict[str, list[float]] = {}
        for _ in range(TIMES):
            for name in ("checkpoint", "travel", "alone", "together"):
                taken.setdefault(f"{name}_s", []).append(step(name)["took_s"])
    figures |= {name: round(statistics.median(took), 2) for name, took in taken.items()}
    ratios = {
        "checkpoint_vs_promise": round(CHECKPOINT_S * events / 1_000_000 / figures["checkpoint_s"], 3),
        "nothing_vs_promise": round(NOTHING_S * events / 1_000_000 / min(figures["alone_s"], figures["together_s"]), 3),
        "together_vs_alone": round(figures["alone_s"] / figures["together_s"], 3),
    }
    machine = {"python": platform.python_version(), "machine": platform.machine(), "processors": os.cpu_count()}
    print(json.dumps({"name": "restart", "figures": figures, "ratios": ratios, "machine": machine}))


# --- In the child --------------------------------------------------------------------------


def start() -> None:
    import django

    django.setup()


def make(events: int) -> dict[str, float]:
    """Write the events, quicker than recording them, and the checkpoints of a miner that was killed."""
    start()
    from django.conf import settings
    from django.db import connection, transaction

    from models_mining.mining.miner import LogMiners
    from models_mining.models import Checkpoint, MinedModel
    from models_mining.store import checkpoints
    from streams.models import Event, EventLog

    log = EventLog.objects.create(slug="bench", name="bench", end_activities=["close"])
    MinedModel.objects.get_or_create(log=log, algorithm="dfg", cases="all")
    rows, quoted = enumerate(generated(events), start=1), connection.ops.quote_name
    columns = f"log_id, seq, {quoted('case')}, activity, at, at_source, received_at, attributes"
    insert = f"INSERT INTO {Event._meta.db_table} ({columns}) VALUES ({log.pk}, %s, %s, %s, %s, 'given', %s, '{{}}')"  # noqa: S608
    since = settings.CHECKPOINT_EVENTS // 16 * events // 1_000_000
    stops = [*range(settings.CHECKPOINT_EVENTS, events, settings.CHECKPOINT_EVENTS), events - since, events]
    stored = 0
    for stop in stops:  # a checkpoint at each but the last
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.executemany(
                insert,
                ((seq, case, activity, str(at), str(at)) for seq, (case, activity, at) in islice(rows, stop - stored)),
            )
            EventLog.objects.filter(pk=log.pk).update(next_seq=stop + 1, stored=stop)
        stored = stop
        if stop < events:
            LogMiners().drain()
    newest = Checkpoint.objects.filter(log=log).order_by("-seq")[0]
    live = checkpoints.newest(log.pk, newest.settings_key, events)
    return {
        "events": events,
        "nodes": live.tree.size if live else 0,
        "cases": live.all.cases if live else 0,
        "checkpoint_mb": len(newest.state) / 1e6,
        "checkpoints": Checkpoint.objects.count(),
    }


def generated(events: int) -> Iterator[tuple[str, str, datetime]]:
    """(case, activity, at): some hundred cases at a time."""
    dice = random.Random(7)
    at = datetime(2026, 1, 1)  # noqa: DTZ001  as SQLite keeps it: in UTC, without saying so
    running: list[list[str]] = []
    made = 0
    for _ in range(events):
        at += timedelta(seconds=dice.randrange(4))
        while len(running) < 300:
            running.append([f"order-{made}", *way(dice)])
            made += 1
        place = dice.randrange(len(running))
        steps = running[place]
        yield steps[0], steps.pop(1), at
        if len(steps) == 1:
            running.pop(place)


def way(dice: random.Random) -> list[str]:
    checks = ["check credit", "check stock", "check address"]
    dice.shuffle(checks)
    steps = ["register", *checks[: dice.choice((1, 2, 3, 3, 3))]]
    for _ in range(min(int(dice.expovariate(0.5)), 9)):
        steps += [dice.choice(("ask again", "remind")), dice.choice(("answer", "answer", "phone"))]
    steps += ["decide", dice.choice(("pack", "pack", "pack", "refuse"))]
    if dice.random() < 0.05:
        steps.insert(dice.randrange(len(steps)), dice.choice(("complain", "repair", "escalate")))
    return [*steps, "send", "invoice", "pay", "close"]


def checkpoint(events: int) -> dict[str, float]:
    """What a miner does before its first picture, after a crash."""
    start()
    from models_mining.core.discovery import derive
    from models_mining.models import LogState, MinedModel
    from models_mining.store import checkpoints, event_reader
    from streams.models import EventLog

    log = EventLog.objects.get()
    began = time.perf_counter()
    wanted = checkpoints.wanted(log, MinedModel.objects.filter(log=log))
    live = checkpoints.newest(log.pk, LogState.objects.get(log=log).settings_key, events)
    if live is None or wanted.key != LogState.objects.get(log=log).settings_key:
        sys.exit("there is no checkpoint")
    restored_s = time.perf_counter() - began
    since = live.seq
    event_reader.catch_up(live, log.pk, events, event_reader.CaseHistoryReader(log.pk))
    derive("dfg", live)
    return {"took_s": time.perf_counter() - began, "restored_s": restored_s, "learnt": live.seq - since}


def travel(events: int) -> dict[str, float]:
    start()
    from models_mining.past import time_travel
    from models_mining.past.time_travel import Asked
    from streams.models import EventLog

    began = time.perf_counter()
    time_travel.drawing_at(EventLog.objects.get(), events * 39 // 50, Asked("dfg", {}, "all"))
    return {"took_s": time.perf_counter() - began}


def from_nothing(events: int, processes: int) -> dict[str, float]:
    start()
    from models_mining.core.discovery import derive
    from models_mining.mining import rediscovery
    from models_mining.store import checkpoints
    from streams.models import EventLog

    rediscovery.PARALLEL = 0 if processes > 1 else events + 1
    log = EventLog.objects.get()
    began = time.perf_counter()
    live, _ = rediscovery.from_nothing(log.pk, checkpoints.wanted(log, []), events)
    derive("dfg", live)
    return {"took_s": time.perf_counter() - began, "cpu_s": time.process_time()}


STEPS: dict[str, Any] = {
    "make": make,
    "checkpoint": checkpoint,
    "travel": travel,
    "alone": lambda events: from_nothing(events, 1),
    "together": lambda events: from_nothing(events, os.cpu_count() or 1),
}

if __name__ == "__main__":
    main()
