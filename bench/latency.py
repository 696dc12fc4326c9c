"""How soon an event is in the browser: from its publication at a broker to the delta on the live socket.

A bare paho subscriber sees the same messages in the same run: what it takes is the broker's and the machine's share.
Latencies are in milliseconds, at a steady rate of events without ids, one client with ``rate_hz`` 20.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.world import free_port, start_broker  # noqa: E402

PAIRS = 5
WARM_S = 2  # the first events open log, model and watch; they are left out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 events/s only, and for less time")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for rate in (100,) if options.quick else (100, 1000):
        ours, bare = measure(rate, seconds=6 if options.quick else 20)
        for name, took in (("live", ours), ("bare_paho", bare)):
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


def measure(rate: int, seconds: int) -> tuple[list[float], list[float]]:
    """Latency of each event, on the live socket and at the bare subscriber."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    from tests.installation import Installation

    events = rate * (seconds + WARM_S)
    sent: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory(prefix="procmine-bench-") as name:
        port = free_port()
        broker = start_broker(Path(name), port)
        publisher, subscriber = (Client(CallbackAPIVersion.VERSION2) for _ in range(2))
        try:
            with Installation(Path(name) / "var") as made:
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
                seen = client.wait_for_seq(1)["seq"]
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
                while len(live) < events:
                    message = client.read(30)
                    if message["type"] in ("delta", "snapshot"):
                        live += [time.perf_counter()] * (message["seq"] - seen)
                        seen = message["seq"]
                thread.join()
                client.close()
        finally:
            for one in (publisher, subscriber):
                one.disconnect()
                one.loop_stop()
            broker.terminate()
            broker.wait(10)
    left_out = rate * WARM_S
    took = [[1000 * (at - from_) for at, from_ in zip(ats, sent, strict=True)] for ats in (live, bare[:events])]
    return took[0][left_out:], took[1][left_out:]


if __name__ == "__main__":
    main()
