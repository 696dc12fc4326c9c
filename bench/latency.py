"""How soon an event is in the browser: from its publication at a broker to the delta on the live socket.

A bare paho subscriber sees the same messages in the same run: what it takes is the broker's and the machine's share.
Latencies are in milliseconds, at a steady rate of events without ids, one client with ``rate_hz`` 20. With --viewers so
many more look on, and what each of them waits for each event counts as ``viewers``.

An event is shown when it is stored for good, so a disk that stops for a second stops the picture for one. What the
disk does meanwhile is measured beside it (``disk``): a file in the same folder, 4 KiB appended and flushed 20 times a
second. With --folder on a file system in memory the disk is left out.
"""

import argparse
import asyncio
import json
import os
import platform
import re
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.sockets import VERSION, Crowd  # noqa: E402
from bench.world import free_port, start_broker  # noqa: E402

PAIRS = 5
WARM_S = 2  # the first events open log, model and watch; they are left out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 events/s only, and for less time")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--viewers", type=int, default=0, help="clients beside the first one")
    parser.add_argument(
        "--folder", type=Path, help="where the database lies for the run; a temporary folder by default"
    )
    options = parser.parse_args()
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for rate in (100,) if options.quick else (100, 1000):
        seconds = 6 if options.quick else 20
        ours, bare, viewers, disk = measure(rate, seconds, viewers=options.viewers, folder=options.folder)
        kinds = (("live", ours), ("bare_paho", bare), ("disk", disk), *([("viewers", viewers)] if viewers else []))
        for name, took in kinds:
            for share in (50, 95, 99):
                figures[f"{name}_p{share}_ms_at_{rate}"] = round(percentile(took, share), 1)
        # Five stretches of the run, each compared with itself; speed is the inverse of the median latency.
        parts = [slice(len(ours) * part // PAIRS, len(ours) * (part + 1) // PAIRS) for part in range(PAIRS)]
        speeds = [statistics.median(bare[part]) / statistics.median(ours[part]) for part in parts]
        ratios[f"live_vs_bare_paho_at_{rate}"] = round(statistics.median(speeds), 4)
        if not options.json:
            print(f"{rate} events/s:", {name: value for name, value in figures.items() if name.endswith(f"_{rate}")})
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    print(json.dumps({"name": "latency", "figures": figures, "ratios": ratios, "machine": machine}))


def percentile(took_ms: list[float], share: int) -> float:
    return sorted(took_ms)[max(0, round(len(took_ms) * share / 100) - 1)]


class Viewers(Crowd):
    """Clients that note when they were shown which event."""

    SEQ = re.compile(rb'"seq":(\d+)')

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[list[tuple[float, int]]] = []

    def hearer(self) -> Callable[[bytes], bytes | None]:
        shown: list[tuple[float, int]] = []
        self.shown.append(shown)

        def heard(payload: bytes) -> bytes | None:
            found = VERSION.match(payload)
            if found is None:
                return None
            shown.append((time.perf_counter(), int(self.SEQ.search(payload)[1])))  # type: ignore[index]
            return b'{"type":"ack","sub":1,"version":' + found[1] + b"}"

        return heard

    def watch(self, count: int, port: int, token: str, log: str) -> Callable[[], None]:
        """Look on from a thread; what is returned ends that."""
        loop = asyncio.new_event_loop()
        first = {"type": "subscribe", "id": 1, "log": log, "include": ["model", "moves"], "rate_hz": 20}
        loop.run_until_complete(self.join(count, port, f"Authorization: Token {token}\r\n", json.dumps(first).encode()))
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        def end() -> None:
            loop.call_soon_threadsafe(self.leave)
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

        return end

    def arrivals(self, after: int, events: int) -> list[list[float]]:
        """For each viewer, when each of the events after number ``after`` was shown."""
        found = []
        for shown in self.shown:
            ats: list[float] = []
            for at, seq in shown:
                ats += [at] * (seq - after - len(ats))
            found.append(ats[:events])
        return found


class Disk:
    """How long the disk takes to keep something, in milliseconds, 20 times a second until `end`."""

    def __init__(self, folder: Path) -> None:
        self.took: list[float] = []
        self._ended = threading.Event()
        self._file = (folder / "flushed").open("ab", buffering=0)
        self._thread = threading.Thread(target=self._flush)
        self._thread.start()

    def _flush(self) -> None:
        while not self._ended.wait(0.05):
            began = time.perf_counter()
            self._file.write(bytes(4096))
            os.fdatasync(self._file.fileno())
            self.took.append(1000 * (time.perf_counter() - began))

    def end(self) -> list[float]:
        self._ended.set()
        self._thread.join()
        self._file.close()
        return self.took


def measure(
    rate: int, seconds: int, viewers: int, folder: Path | None = None
) -> tuple[list[float], list[float], list[float], list[float]]:
    """Latency of each event: on the live socket, at the bare subscriber, for each viewer; and the disk's flushes."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    from tests.conftest import wait_for
    from tests.installation import Installation

    events = rate * (seconds + WARM_S)
    sent: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory(prefix="procmine-bench-", dir=folder) as name:
        port = free_port()
        broker = start_broker(Path(name), port)
        publisher, subscriber = (Client(CallbackAPIVersion.VERSION2) for _ in range(2))
        try:
            limit = {"LIVE_CONNECTIONS_A_USER": str(viewers + 10)}
            with Installation(Path(name) / "var", **limit) as made:
                for role in ("web", "mine", "ingest"):
                    made.start(role)
                made.add_stream(made.connect_broker(f"mqtt://127.0.0.1:{port}"), "bench")
                while made.api("GET", "brokers/")["results"][0]["state"] != "connected":
                    time.sleep(0.1)
                publisher.connect("127.0.0.1", port)
                publisher.loop_start()
                publisher.publish("bench/p/first/A0", b"", qos=1).wait_for_publish(10)
                while not made.api("GET", "logs/")["results"]:
                    time.sleep(0.1)
                client = made.live("p")
                first = seen = client.wait_for_seq(1)["seq"]
                crowd = Viewers()
                end = crowd.watch(viewers, made.port, made.token, "p")
                subscriber.on_message = lambda *_: bare.append(time.perf_counter())
                subscriber.connect("127.0.0.1", port)
                subscriber.loop_start()
                subscriber.subscribe("bench/#", 1)
                time.sleep(0.5)  # no message says that paho's subscription stands in its own thread

                def publish() -> None:
                    began = time.perf_counter()
                    for number in range(events):
                        time.sleep(max(0.0, began + number / rate - time.perf_counter()))
                        sent.append(time.perf_counter())
                        publisher.publish(f"bench/p/case-{number // 8}/A{number % 8}", b"{}", qos=1)

                thread = threading.Thread(target=publish)
                thread.start()
                live: list[float] = []
                disk = Disk(Path(name))
                while len(live) < events:
                    message = client.read(30)
                    if message["type"] in ("delta", "snapshot"):
                        live += [time.perf_counter()] * (message["seq"] - seen)
                        seen = message["seq"]
                thread.join()
                flushes = disk.end()
                client.close()
                wait_for(lambda: all(len(ats) == events for ats in crowd.arrivals(first, events)), 30, "the viewers")
                end()
        finally:
            for one in (publisher, subscriber):
                one.disconnect()
                one.loop_stop()
            broker.terminate()
            broker.wait(10)
    left_out = rate * WARM_S
    took = [
        [1000 * (at - from_) for at, from_ in zip(ats, sent, strict=True)][left_out:]
        for ats in (live[:events], bare[:events], *crowd.arrivals(first, events))
    ]
    return took[0], took[1], [one for of_viewer in took[2:] for one in of_viewer], flushes


if __name__ == "__main__":
    main()
