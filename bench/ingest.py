"""How fast events are recorded: from a real broker into the table, beside a bare subscriber that only counts.

Both drain the same messages from a persistent session, one after the other, five times in turn. Compared are events
per CPU second of the draining process (start-up left out), so that other load on the machine matters little. The whole
way, to a client of the live socket, takes three processes and is compared by the wall clock (bench/full_path.py).
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.full_path import walls  # noqa: E402
from bench.world import free_port, start_broker  # noqa: E402

PAIRS = 5
BARE_ID = "bench-bare"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument(
        "--drain", choices=["sqlite", "bare", "bare-wall"], help=argparse.SUPPRESS
    )  # the measured child
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--events", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drain == "bare":
        print(drain_bare(options.port, options.events, time.process_time))
    elif options.drain == "bare-wall":
        print(drain_bare(options.port, options.events, time.perf_counter))
    elif options.drain == "sqlite":
        print(drain_sqlite())
    else:
        run(4_000 if options.quick else 20_000, quiet=options.json)


def run(events: int, *, quiet: bool) -> None:
    """Alternate the pairs, print what each took, and the JSON line last."""
    cpu_s: dict[str, list[float]] = {"sqlite": [], "bare": []}
    with tempfile.TemporaryDirectory(prefix="procmine-bench-") as folder:
        port = free_port()
        broker = start_broker(Path(folder), port)
        os.environ |= {
            "PROCMINE_VAR": folder,
            "PROCMINE_DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "procmine.settings",
        }
        try:
            register(port)
            child("bare", port, 0)  # makes the session
            child("sqlite", port, 0)
            for pair in range(PAIRS):
                publish(port, events, pair)
                for name in ("sqlite", "bare") if pair % 2 else ("bare", "sqlite"):
                    cpu_s[name].append(child(name, port, events))
                if not quiet:
                    print({name: round(events / took[-1]) for name, took in cpu_s.items()}, "events per CPU second")
            check(events * PAIRS)
        finally:
            broker.terminate()
            broker.wait(10)
    rates = {name: [events / took for took in tooks] for name, tooks in cpu_s.items()}
    ratios = [ours / bare for ours, bare in zip(rates["sqlite"], rates["bare"], strict=True)]
    full_s, bare_s = walls(events, PAIRS, child, publish)
    full_ratios = [bare / full for full, bare in zip(full_s, bare_s, strict=True)]
    if not quiet:
        print("whole way, events per second:", [round(events / took) for took in full_s])
    answer: dict[str, Any] = {
        "name": "ingest",
        "figures": {f"{name}_events_per_cpu_s": round(statistics.median(rate)) for name, rate in rates.items()},
        "ratios": {
            "sqlite_vs_bare_paho": round(statistics.median(ratios), 4),
            "full_path_vs_bare_paho": round(statistics.median(full_ratios), 4),
        },
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()},
    }
    answer["figures"] |= {
        "events": events,
        "full_path_events_per_s": round(events / statistics.median(full_s)),
        "bare_events_per_s": round(events / statistics.median(bare_s)),
    }
    print(json.dumps(answer))


# --- The world around it --------------------------------------------------------------


def django() -> None:
    import django

    django.setup()


def register(port: int) -> None:
    django()
    from django.core.management import call_command

    from streams.models import Broker, Stream

    call_command("migrate", verbosity=0)
    broker = Broker.objects.create(name="bench", host="127.0.0.1", port=port)
    Stream.objects.create(slug="bench", name="bench", broker=broker, topic="bench")


def publish(port: int, events: int, pair: int) -> None:
    """Messages of about 180 bytes with time-ordered ids, as our own producers send them."""
    from streams.mqtt import Address, Publisher
    from streams.replay import event_id

    with Publisher(Address("127.0.0.1", port)) as publisher:
        for number in range(events):
            case = f"case-{number // 8 % 500}"
            id_ = event_id(1_767_348_000_000 + pair * events + number, "p", case, number)
            attributes = {"identity:id": id_, "time:timestamp": "2026-01-02T10:00:00.123456+00:00", "node": "line-2"}
            payload = json.dumps({"trace": {"creator": "Ann"}, "event": attributes}).encode()
            publisher.publish(f"bench/p/{case}/step {number % 8}", payload)
        publisher.finish()


def child(name: str, port: int, events: int) -> float:
    """CPU seconds that a fresh process needs to drain what waits for it."""
    command = [sys.executable, __file__, "--drain", name, "--port", str(port), "--events", str(events)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return float(done.stdout.splitlines()[-1])


def check(expected: int) -> None:
    """A figure counts only if every event is in the table."""
    from streams.models import Event, Stream

    stream = Stream.objects.get()
    if (stream.stored, Event.objects.count(), stream.received) != (expected, expected, expected):
        raise SystemExit(f"{expected} events were sent, but {stream.stored} stored, {stream.received} received.")


# --- The measured parts ---------------------------------------------------------------


def drain_sqlite() -> float:
    django()
    from streams.broker_ingest import BrokerIngest
    from streams.models import Broker

    ingest = BrokerIngest(Broker.objects.get().pk, threading.Event(), once=True)
    began_s = time.process_time()
    ingest.run()
    if ingest.failed:
        raise SystemExit(ingest.failed)
    return time.process_time() - began_s


def drain_bare(port: int, events: int, clock: Callable[[], float]) -> float:
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    client = Client(CallbackAPIVersion.VERSION2, client_id=BARE_ID, clean_session=False)
    count = 0

    def on_message(*_: Any) -> None:
        nonlocal count
        count += 1
        if count == events:
            client.disconnect()

    client.on_message = on_message
    client.on_connect = lambda *_: client.subscribe("bench/#", 1)
    client.on_subscribe = lambda *_: None if events else client.disconnect()
    client.connect("127.0.0.1", port)
    began_s = clock()
    client.loop_forever()
    return clock() - began_s


if __name__ == "__main__":
    main()
