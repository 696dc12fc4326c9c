"""What the live socket delivers to 100 and to 500 clients, beside a stock AsyncWebsocketConsumer with group_send.

Both serve from daphne, in the same run, messages of the same size at the same rate (1,500 deliveries a second in all),
to clients that count them. Ours reads pictures from the database as they change, and its clients acknowledge every
second message; the stock one does neither. An event loop is one thread, so what it can deliver in a second is what it
delivers in a second of CPU time: that is what is compared, and it holds on a machine with other work.
"""

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.sockets import Crowd  # noqa: E402
from bench.world import free_port  # noqa: E402

PER_S = 1_500
ROUNDS = 3
SUBSCRIBE = {"type": "subscribe", "id": 1, "log": "bench", "include": ["model", "moves"], "rate_hz": 20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round instead of three, for less time")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for clients in (100, 500):
        pairs = []
        for _ in range(1 if options.quick else ROUNDS):
            ours, size = measure_ours(clients, seconds=3 if options.quick else 6)
            stock = measure_stock(clients, size, seconds=3 if options.quick else 6)
            pairs.append((ours, stock))
            if not options.json:
                print(f"{clients} clients, {size} bytes: {ours:.0f} deliveries a CPU second, stock {stock:.0f}")
        for place, name in enumerate(("live", "stock")):
            figures[f"{name}_deliveries_per_cpu_s_{clients}"] = round(statistics.median(pair[place] for pair in pairs))
        ratios[f"deliveries_vs_stock_{clients}"] = round(statistics.median(ours / stock for ours, stock in pairs), 4)
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    print(json.dumps({"name": "fanout", "figures": figures, "ratios": ratios, "machine": machine}))


def cpu_s(pid: int) -> float:
    """What a process has used so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def deliver(crowd: Crowd, pid: int, seconds: float) -> float:
    """Deliveries a CPU second of the server, over so many seconds."""
    await asyncio.sleep(1.0)  # all have their first picture, and the server its connections
    crowd.delivered = 0
    used = cpu_s(pid)
    await asyncio.sleep(seconds)
    return crowd.delivered / (cpu_s(pid) - used)


def measure_stock(clients: int, size: int, seconds: float) -> float:
    port = free_port()
    environment = {**os.environ, "BENCH_BYTES": str(size), "BENCH_HZ": str(PER_S / clients), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "daphne", "-v0", "-p", str(port), "bench.stock_consumer:application"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        from tests.conftest import listening, wait_for

        wait_for(lambda: listening(port), 20, "the stock server")

        async def run() -> float:
            crowd = Crowd()
            await crowd.join(clients, port)
            found = await deliver(crowd, server.pid, seconds)
            crowd.leave()
            return found

        return asyncio.run(run())
    finally:
        server.terminate()
        server.wait(10)


def measure_ours(clients: int, seconds: float) -> tuple[float, int]:
    """Deliveries a CPU second, and the bytes of a message."""
    from tests.installation import Installation

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="procmine-bench-")))
        limits = {"LIVE_CONNECTIONS": str(clients), "LIVE_CONNECTIONS_A_USER": str(clients)}
        made = stack.enter_context(Installation(folder / "var", **limits))
        made.start("web")
        made.api("POST", "logs/", {"slug": "bench", "name": "bench"})
        painter = subprocess.Popen(
            [sys.executable, "-m", "bench.painter", str(PER_S / clients)],
            cwd=ROOT,
            env={**made.env, "PYTHONPATH": str(ROOT)},
        )
        try:

            async def run() -> tuple[float, int]:
                crowd = Crowd()
                headers = f"Authorization: Token {made.token}\r\n"
                await crowd.join(clients, made.port, headers, json.dumps(SUBSCRIBE).encode())
                found = await deliver(crowd, made.processes["web"].pid, seconds)
                crowd.leave()
                return found, crowd.size

            return asyncio.run(run())
        finally:
            painter.terminate()
            painter.wait(10)


if __name__ == "__main__":
    main()
