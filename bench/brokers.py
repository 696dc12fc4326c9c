"""How fast events are recorded from Redis Streams and Kafka, beside MQTT: events per CPU second of the recorder.

The same JSON events without ids wait at each broker; a fresh process drains them into a fresh log, into SQLite or with
``--postgresql`` into a cluster of its own. Start-up is left out.
"""

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.world import free_port, start_broker  # noqa: E402
from tests.tools.programs import find  # noqa: E402

KINDS = ("mqtt", "redis", "kafka")
ROUNDS = 3
Send = Callable[[int], None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--postgresql", action="store_true", help="record into PostgreSQL")
    parser.add_argument("--drain", type=int, metavar="BROKER", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.drain is not None:
        drain(options.drain)
        return
    from tests.tools.cluster import Cluster

    with contextlib.ExitStack() as stack:
        var = stack.enter_context(tempfile.TemporaryDirectory(prefix="procmine-bench-"))
        url = stack.enter_context(Cluster()).url if options.postgresql else ""
        os.environ |= {"PROCMINE_VAR": var, "PROCMINE_DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "procmine.settings"}
        django.setup()
        run(2_000 if options.quick else 10_000, Path(var), quiet=options.json)


def run(events: int, folder: Path, *, quiet: bool) -> None:
    """Each broker in turn, and the JSON line last."""
    from django.core.management import call_command

    from streams.models import Broker, EventLog, Stream

    call_command("migrate", verbosity=0)
    rates: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with contextlib.ExitStack() as stack:
        brokers: dict[str, tuple[int, Send]] = {}
        for kind in KINDS:
            port, send = stack.enter_context(STARTED[kind](folder))
            broker = Broker.objects.create(name=kind, kind=kind, host="127.0.0.1", port=port)
            log = EventLog.objects.create(slug=kind, name=kind)
            Stream.objects.create(slug=kind, name=kind, broker=broker, topic="bench", format="json", log=log)
            brokers[kind] = broker.pk, send
            child(broker.pk)  # subscribes
        for round_ in range(ROUNDS):
            for kind in KINDS:
                broker_id, send = brokers[kind]
                send(events)
                rate = events / child(broker_id)
                rates[kind].append(rate)
                stored = Stream.objects.get(slug=kind).stored
                if stored != events * (round_ + 1):
                    raise SystemExit(f"{kind}: {stored} of {events * (round_ + 1)} events were stored.")
                if not quiet:
                    print(f"{kind}: {rate:.0f} events per CPU second")
    figures = {
        "events": events,
        **{f"{kind}_events_per_cpu_s": round(statistics.median(rates[kind])) for kind in KINDS},
    }
    ratios = {
        f"{kind}_vs_mqtt": round(statistics.median(rates[kind]) / statistics.median(rates["mqtt"]), 4)
        for kind in ("redis", "kafka")
    }
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    print(json.dumps({"name": "brokers", "figures": figures, "ratios": ratios, "machine": machine}))


def child(broker_id: int) -> float:
    """CPU seconds of a fresh process that takes what waits."""
    command = [sys.executable, __file__, "--drain", str(broker_id)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    return float(done.stdout.splitlines()[-1])


def drain(broker_id: int) -> None:
    """Take what waits, and print the CPU seconds."""
    import threading

    django.setup()
    from streams.recording.broker_ingest import BrokerIngest

    ingest = BrokerIngest(broker_id, threading.Event(), once=True)
    began_s = time.process_time()
    ingest.run()
    if ingest.failed:
        raise SystemExit(ingest.failed)
    print(time.process_time() - began_s)


def payloads(events: int) -> Iterator[tuple[str, bytes]]:
    """A case and its event, of about 120 bytes."""
    for number in range(events):
        case = f"case-{number // 8 % 500}"
        event = {
            "case": case,
            "activity": f"step {number % 8}",
            "time": "2026-01-02T10:00:00.123456Z",
            "node": "line-2",
        }
        yield case, json.dumps(event).encode()


@contextlib.contextmanager
def mqtt(folder: Path) -> Iterator[tuple[int, Send]]:
    port = free_port()
    process = start_broker(folder, port)

    def send(events: int) -> None:
        from streams.brokers.mqtt import Address, Publisher

        with Publisher(Address("127.0.0.1", port)) as publisher:
            for _, payload in payloads(events):
                publisher.publish("bench", payload)
            publisher.finish()

    try:
        yield port, send
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[tuple[int, Send]]:
    port = free_port()
    server = str(find("redis-server"))
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield port, lambda events: publish("redis", port, events)
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def kafka(folder: Path) -> Iterator[tuple[int, Send]]:
    from tests.simulator.kafka_server import kafka_server

    with kafka_server(folder / "kafka") as server:
        server.make_topic("bench", 4)
        yield server.port, lambda events: publish("kafka", server.port, events)


def publish(kind: str, port: int, events: int) -> None:
    """By our own targets."""
    from streams.brokers.registry import target_on
    from streams.models import Broker

    with target_on(Broker(kind=kind, host="127.0.0.1", port=port), "bench", 1) as target:
        target.send(payloads(events))


STARTED = {"mqtt": mqtt, "redis": redis, "kafka": kafka}

if __name__ == "__main__":
    main()
