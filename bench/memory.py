"""How much memory recording takes when more comes than it can store, and when the database stalls on top of that.

A recorder (manage.py ingest, SQLite) is sent events at twice the rate it can sustain, which is measured first, after
large events have filled SQLite's page cache (256 MiB for each connection, whatever comes). In the
middle another process keeps the database's write lock for a while. Resident memory is sampled throughout; afterwards
the sender rests until everything that waits in the broker is stored, and every event is counted.
"""

import argparse
import json
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, cast

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.world import free_port, start_broker  # noqa: E402
from tests.tools.programs import find  # noqa: E402

LARGE = 160_000, "x" * 1900  # events that fill the page cache: two on a page
CALIBRATION = 20_000  # events, sent as fast as they go
CHUNK_S = 0.05  # the sender's step
SAMPLE_S = 0.25
IDLE_S = 120.0  # without progress: given up
SET_UP = """
from streams.models import Broker, EventLog, Stream
broker = Broker.objects.create(name="bench", host="127.0.0.1", port={port})
log = EventLog.objects.create(slug="bench", name="bench")
Stream.objects.create(slug="bench", name="bench", broker=broker, topic="bench", format="json", log=log)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="60 s with a stall of 10 s")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--duration", type=float, help="seconds of sending; 600")
    parser.add_argument("--stall", type=float, help="seconds for which the database takes nothing; 60")
    options = parser.parse_args()
    duration_s = options.duration or (60.0 if options.quick else 600.0)
    stall_s = options.stall if options.stall is not None else (10.0 if options.quick else 60.0)
    with tempfile.TemporaryDirectory(prefix="procmine-bench-") as folder:
        run(Path(folder), duration_s, stall_s, quiet=options.json)


def run(folder: Path, duration_s: float, stall_s: float, *, quiet: bool) -> None:
    """Calibrate, overload, drain; print the JSON line last. SystemExit where an event is missing or there twice."""
    environment = os.environ | {"PROCMINE_VAR": str(folder), "PROCMINE_DATABASE_URL": "", "PROCMINE_REDIS_URL": ""}
    port = free_port()
    broker = start_broker(folder, port)
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    subprocess.run([*manage, "shell", "-v0", "-c", SET_UP.format(port=port)], cwd=ROOT, env=environment, check=True)
    recorder = subprocess.Popen([*manage, "ingest"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    database = folder / "procmine.sqlite3"
    try:
        wait_for_stored(database, "SELECT COUNT(*) FROM streams_broker WHERE subscribed LIKE '%bench%'", 1)
        sender = Sender(port)
        sender.send(*LARGE)
        wait_for_stored(database, COUNT, sender.sent)
        began = time.monotonic()
        sender.send(CALIBRATION)
        wait_for_stored(database, COUNT, sender.sent)
        sustained = CALIBRATION / (time.monotonic() - began)
        with sampled(recorder.pid) as samples:
            stall = threading.Timer((duration_s - stall_s) / 2, hold, [database, stall_s])
            stall.start()
            took_s = sender.send_at(2 * sustained, duration_s)
            stall.join()
            waited = sender.sent - stored(database, COUNT)
            sender.close()
            wait_for_stored(database, COUNT, sender.sent)
        check(database, sender.sent)
    finally:
        recorder.terminate()
        recorder.wait(30)
        broker.terminate()
        broker.wait(10)
    rss = [size / 2**20 for size in samples]
    figures = {
        "sustained_per_s": round(sustained),
        "sent_per_s": round((sender.sent - LARGE[0] - CALIBRATION) / took_s),
        "events": sender.sent,
        "duration_s": duration_s,
        "stall_s": stall_s,
        "waiting_at_the_end": waited,
        "rss_first_mb": round(rss[0], 1),
        "rss_min_mb": round(min(rss), 1),
        "rss_max_mb": round(max(rss), 1),
    }
    ratios = {"rss_min_vs_max": round(min(rss) / max(rss), 4)}
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    if not quiet:
        print("resident memory, MB:", [round(size) for size in rss[:: max(1, len(rss) // 40)]])
    print(json.dumps({"name": "memory", "figures": figures, "ratios": ratios, "machine": machine}))


class Sender:
    """Publishes lines at QoS 1 by a program that is fast enough."""

    def __init__(self, port: int) -> None:
        command = [str(find("mosquitto_pub")), "-p", str(port), "-t", "bench", "-q", "1", "-l"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE)
        self._lines = cast("IO[bytes]", self._process.stdin)
        self.sent = 0

    def send(self, number: int, node: str = "line-2") -> None:
        for n in range(self.sent, self.sent + number):
            line = f'{{"id":"{n:09d}","case":"case-{n // 8 % 5000}","activity":"step {n % 8}","node":"{node}"}}\n'
            self._lines.write(line.encode())
        self._lines.flush()
        self.sent += number

    def send_at(self, rate_per_s: float, duration_s: float) -> float:
        """Send for so long, and say how long it took: the pipe makes us wait where the broker is slower."""
        began, before = time.monotonic(), self.sent
        while (passed_s := time.monotonic() - began) < duration_s:
            due = int(rate_per_s * passed_s) - (self.sent - before)
            if due > 0:
                self.send(min(due, 2000))
            time.sleep(CHUNK_S)
        return time.monotonic() - began

    def close(self) -> None:
        """Wait until the broker has confirmed all."""
        self._process.communicate(timeout=IDLE_S)


@contextmanager
def sampled(pid: int) -> Iterator[list[int]]:
    """How many bytes are resident, several times a second."""
    samples = [resident(pid)]
    end = threading.Event()

    def sample() -> None:
        while not end.wait(SAMPLE_S):
            samples.append(resident(pid))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield samples
    finally:
        end.set()
        thread.join()


def resident(pid: int) -> int:
    """Bytes (Linux: proc(5), statm)."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def hold(database: Path, stall_s: float) -> None:
    """Keep the write lock."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=60)) as other:
        other.execute("BEGIN IMMEDIATE")
        time.sleep(stall_s)
        other.execute("ROLLBACK")


COUNT = "SELECT stored FROM streams_eventlog"


def stored(database: Path, query: str) -> int:
    with closing(sqlite3.connect(database, timeout=60)) as reader:
        return int(reader.execute(query).fetchone()[0])


def wait_for_stored(database: Path, query: str, expected: int) -> None:
    """Until so many are there; SystemExit where nothing moves any more."""
    last, moved_at = -1, time.monotonic()
    while (found := stored(database, query)) < expected:
        if found != last:
            last, moved_at = found, time.monotonic()
        elif time.monotonic() - moved_at > IDLE_S:
            raise SystemExit(f"{found} of {expected} are there, and nothing moves.")
        time.sleep(0.1)


def check(database: Path, sent: int) -> None:
    """Every event is in the table, once."""
    with closing(sqlite3.connect(database)) as reader:
        count, distinct = reader.execute("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM streams_event").fetchone()
    if not count == distinct == sent:
        raise SystemExit(f"{sent} events were sent; {count} are stored, {distinct} different ones.")


if __name__ == "__main__":
    main()
