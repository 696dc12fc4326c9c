"""What a hint between machines costs: by publish/subscribe of Redis, and by the channel layer of Channels.

One process sends and hears 2,000 hints one by one, in three alternating rounds on a Redis of its own; medians of the
round trip in µs, and CPU of the process for each. The layer has the better part: its two ends share an event loop here,
while our processes that wait have none.
"""

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.world import free_port
from tests.tools.programs import find

PORT = free_port()
os.environ["PROCMINE_REDIS_URL"] = f"redis://127.0.0.1:{PORT}/0"
os.environ["DJANGO_SETTINGS_MODULE"] = "procmine.settings"

import django  # noqa: E402

django.setup()

from channels.layers import get_channel_layer  # noqa: E402

from foundation.processes import hints, redis_hints  # noqa: E402

HINTS, ROUNDS = 2_000, 3


def by_publishing() -> list[float]:
    """Seconds of each round trip over `foundation.processes.redis_hints`."""
    source = redis_hints.Source((hints.EVENTS,))
    source.wait(0.2)
    took = []
    for key in range(HINTS):
        begun = time.perf_counter()
        redis_hints.send(hints.EVENTS, key)
        while not source.wait(1.0):
            pass
        took.append(time.perf_counter() - begun)
    source.close()
    return took


async def by_layer() -> list[float]:
    """Seconds of each round trip over a group of the channel layer."""
    layer = get_channel_layer()
    if layer is None:
        raise SystemExit("No channel layer is configured.")
    name = await layer.new_channel()
    await layer.group_add("hints", name)
    took = []
    for key in range(HINTS):
        begun = time.perf_counter()
        await layer.group_send("hints", {"type": "hint", "key": key})
        await layer.receive(name)
        took.append(time.perf_counter() - begun)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    options = parser.parse_args()
    command: list[str] = [str(find("redis-server")), "--port", str(PORT), "--bind", "127.0.0.1", "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        while socket.socket().connect_ex(("127.0.0.1", PORT)):
            time.sleep(0.02)
        figures: dict[str, list[float]] = {"publish_us": [], "publish_cpu_us": [], "layer_us": [], "layer_cpu_us": []}
        for _ in range(ROUNDS):
            for name, run in (("publish", by_publishing), ("layer", lambda: asyncio.run(by_layer()))):
                cpu = time.process_time()
                took = run()
                figures[f"{name}_cpu_us"].append((time.process_time() - cpu) / HINTS * 1e6)
                figures[f"{name}_us"].append(statistics.median(took) * 1e6)
    finally:
        server.terminate()
        server.wait()
    result: dict[str, float] = {name: round(statistics.median(values)) for name, values in figures.items()}
    result["ratio"] = round(result["layer_us"] / result["publish_us"], 2)
    if not options.json:
        print(f"a hint and back: published {result['publish_us']} µs, by the layer {result['layer_us']} µs")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
