"""How fast events go the whole way, from a broker's queue to a client of the live socket, by the wall clock.

The bare subscriber drains the same messages in the same run. Both start from a full queue, so that the publisher
takes no part: ours is held (SIGSTOP) while the broker fills up.
"""

import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.world import free_port, start_broker

Bare = Callable[[int, int], float]  # (port, events) → seconds in which a bare subscriber took them
Publish = Callable[[int, int, int], None]  # (port, events, pair)


def walls(events: int, pairs: int, publish: Publish, bare_s: Bare) -> tuple[list[float], list[float]]:
    """Seconds of each drain: to the live socket, and into the bare subscriber."""
    from tests.installation import Installation

    full: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory(prefix="procmine-bench-") as name:
        folder, port = Path(name), free_port()
        broker = start_broker(folder, port)
        try:
            with Installation(folder / "var") as made:
                for role in ("web", "mine", "ingest"):
                    made.start(role)
                made.add_stream(made.connect_broker(f"mqtt://127.0.0.1:{port}"), "bench")
                bare_s(port, 0)  # makes the session
                while made.api("GET", "brokers/")["results"][0]["state"] != "connected":
                    time.sleep(0.1)
                publish(port, 8, -1)
                bare_s(port, 8)
                while not made.api("GET", "logs/")["results"]:
                    time.sleep(0.1)
                client = made.live("p")
                done = client.wait_for_seq(8)["seq"]
                for pair in range(pairs):
                    made.processes["ingest"].send_signal(signal.SIGSTOP)
                    publish(port, events, pair)
                    if pair % 2:
                        bare.append(bare_s(port, events))
                    began = time.perf_counter()
                    made.processes["ingest"].send_signal(signal.SIGCONT)
                    done += events
                    client.wait_for_seq(done, timeout_s=300)
                    full.append(time.perf_counter() - began)
                    if not pair % 2:
                        bare.append(bare_s(port, events))
                client.close()
        finally:
            broker.terminate()
            broker.wait(10)
    return full, bare
