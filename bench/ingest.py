"""How fast events are recorded: from a real broker into the table, beside others that do the same.

Beside a bare subscriber that only counts (paho, automatic acknowledgement) and beside consumers that call save() for
every event. Each drains what waits for it in a persistent session, one after the other, five times in turn; compared
are events per CPU second of the draining process (start-up left out), so that other load on the machine matters
little. The PostgreSQL writer (bench/writers.py) and the whole way to a client of the live socket (bench/full_path.py)
keep several processes busy and are compared by the wall clock.
"""

import argparse
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import django

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.full_path import walls  # noqa: E402
from bench.world import free_port, start_broker  # noqa: E402
from bench.writers import postgresql_rates  # noqa: E402

PAIRS = 5
SAVED_SHARE = 10  # save() is so much slower that it gets one event in so many
TOPICS = {"sqlite": "bench", "bare": "bench", "save": "saved", "tuned_save": "saved"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="procmine-bench-") as var:
        os.environ |= {"PROCMINE_VAR": var, "PROCMINE_DATABASE_URL": "", "DJANGO_SETTINGS_MODULE": "procmine.settings"}
        django.setup()
        run(5_000 if options.quick else 20_000, quiet=options.json)


def run(events: int, *, quiet: bool) -> None:
    """Alternate the pairs, print what each took, and the JSON line last."""
    drained = drains(events, quiet=quiet)
    writers = postgresql_rates(events, PAIRS)
    full_s, bare_s = walls(events, PAIRS, publish, lambda port, number: child("bare", port, number)[1])
    if not quiet:
        print(
            "PostgreSQL, events per second:", {way: [round(rate) for rate in rates] for way, rates in writers.items()}
        )
        print("whole way, events per second:", [round(events / took) for took in full_s])
    figures = {
        "events": events,
        **{f"{name}_events_per_cpu_s": round(statistics.median(rates)) for name, rates in drained.items()},
        **{f"postgres_{way}_events_per_s": round(statistics.median(rates)) for way, rates in writers.items()},
        "full_path_events_per_s": round(events / statistics.median(full_s)),
        "bare_events_per_s": round(events / statistics.median(bare_s)),
    }
    ratios = {
        "sqlite_vs_bare_paho": ratio(drained["sqlite"], drained["bare"]),
        "sqlite_vs_save": ratio(drained["sqlite"], drained["save"]),
        "sqlite_vs_tuned_save": ratio(drained["sqlite"], drained["tuned_save"]),
        "postgres_vs_bulk_create": ratio(writers["copy"], writers["bulk_create"]),
        "full_path_vs_bare_paho": ratio(bare_s, full_s),
    }
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    print(json.dumps({"name": "ingest", "figures": figures, "ratios": ratios, "machine": machine}))


def ratio(ours: list[float], theirs: list[float]) -> float:
    """The median over the pairs."""
    return round(statistics.median(our / their for our, their in zip(ours, theirs, strict=True)), 4)


def drains(events: int, *, quiet: bool) -> dict[str, list[float]]:
    """Events per CPU second of each consumer, round by round."""
    rates: dict[str, list[float]] = {name: [] for name in TOPICS}
    numbers = {name: events if topic == "bench" else events // SAVED_SHARE for name, topic in TOPICS.items()}
    with tempfile.TemporaryDirectory(prefix="procmine-bench-") as folder:
        port = free_port()
        broker = start_broker(Path(folder), port)
        try:
            for name in TOPICS:
                child(name, port, 0, folder)
            for round_ in range(PAIRS):
                for topic in ("bench", "saved"):
                    publish(port, events if topic == "bench" else events // SAVED_SHARE, round_, topic)
                for name in TOPICS if round_ % 2 else reversed(TOPICS):
                    cpu_s, wall_s = child(name, port, numbers[name], folder)
                    rates[name].append(numbers[name] / cpu_s)
                    if not quiet:
                        print(
                            f"{name}: {numbers[name] / cpu_s:.0f} events per CPU second, {numbers[name] / wall_s:.0f}/s"
                        )
            for name, number in numbers.items():
                check(Path(folder) / name, name, number * PAIRS)
        finally:
            broker.terminate()
            broker.wait(10)
    return rates


def publish(port: int, events: int, round_: int, topic: str = "bench") -> None:
    """Messages of about 180 bytes with time-ordered ids, as our own producers send them."""
    from streams.brokers.mqtt import Address, Publisher
    from streams.files.replay import event_id

    with Publisher(Address("127.0.0.1", port)) as publisher:
        for number in range(events):
            case = f"case-{number // 8 % 500}"
            id_ = event_id(1_767_348_000_000 + round_ * events + number, "p", case, number)
            attributes = {"identity:id": id_, "time:timestamp": "2026-01-02T10:00:00.123456+00:00", "node": "line-2"}
            payload = json.dumps({"trace": {"creator": "Ann"}, "event": attributes}).encode()
            publisher.publish(f"{topic}/p/{case}/step {number % 8}", payload)
        publisher.finish()


def child(name: str, port: int, events: int, folder: str = "") -> tuple[float, float]:
    """CPU and wall seconds that a fresh process needs to drain what waits for it."""
    command = [sys.executable, str(ROOT / "bench" / "consumers.py"), name, str(port), str(events)]
    own = os.environ | ({"PROCMINE_VAR": f"{folder}/{name}"} if folder else {})
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=300, env=own)
    cpu_s, wall_s = done.stdout.splitlines()[-1].split()
    return float(cpu_s), float(wall_s)


def check(var: Path, name: str, expected: int) -> None:
    """A figure counts only if every event is in the table."""
    if name == "bare":
        return
    database = sqlite3.connect(var / "procmine.sqlite3")
    [(stored,)] = database.execute("SELECT COUNT(*) FROM streams_event").fetchall()
    database.close()
    if stored != expected:
        raise SystemExit(f"{name}: {expected} events were sent, but {stored} stored.")


if __name__ == "__main__":
    main()
