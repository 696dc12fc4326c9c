"""How fast events are made, how exactly they are paced, and whether memory stays flat.

Beside us runs the plain walk: the rule (send the earliest prepared event, prepare the next) as it is said, with
``min`` over the open cases, ``random.choices``, ``datetime`` and ``json``. Both walk the same chain, one after the
other, five times in turn. Compared are events per CPU second, so that other load on the machine matters little.
"""

import argparse
import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TextIO

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from simulator.config import Config
from simulator.emission.load import ConstantLoad
from simulator.emission.wire import timestamp
from simulator.kinds.simulation import SimulationEntry
from simulator.modes.base import Mode
from simulator.modes.count_based import CountBased
from simulator.modes.stream import Stream
from simulator.reading.problems import Place
from simulator.simulation import Simulation
from simulator.sinks.base import Sink
from simulator.sinks.console import ConsoleSink
from simulator.world.chain import (
    END,
    START,
    Chain,
    ConstantDuration,
    Datasource,
    Duration,
    Edge,
    GaussianDuration,
    GenericProbability,
    UniformDuration,
)
from simulator.world.event import Event

PAIRS = 5
CASES = 10
RATES = (1, 10, 1_000, 10_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events, shorter pacing")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--peak-of", type=int, help=argparse.SUPPRESS)  # the measured child
    options = parser.parse_args()
    if options.peak_of:
        run(a_chain(8), Texts(), CountBased(options.peak_of))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    say = (lambda *said: None) if options.json else print
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    measure_speed(40_000 if options.quick else 200_000, figures, ratios, say)
    measure_memory(10**6 if options.quick else 10**7, figures, say)
    measure_pacing(5 if options.quick else 20, figures, say)
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    print(json.dumps({"name": "simulator", "figures": figures, "ratios": ratios, "machine": machine}))


# --- What is measured -----------------------------------------------------------------


def a_chain(stations: int) -> Chain:
    """``stations`` datasources, each with three edges and a duration of each kind; cases of about ten events."""
    chance = random.Random(stations)
    names = [f"Station {number}" for number in range(stations)]
    kinds: list[Duration] = [ConstantDuration(5), UniformDuration(1, 9), GaussianDuration(10, 4)]
    made = {START: Datasource(START, START, "", GenericProbability((1.0,)), (Edge("", names[0], kinds[0]),))}
    for name in names:
        targets = [chance.choice(names), chance.choice(names), END]
        edges = tuple(
            Edge(f"step {number} of {name}", target, kind)
            for number, (target, kind) in enumerate(zip(targets, kinds, strict=True))
        )
        made[name] = Datasource(name, name, f"hall {len(made) % 3}", GenericProbability((0.5, 0.4, 0.1)), edges)
    return Chain(made)


class Texts(Sink):
    """Gets all five fields as text and does nothing with them."""

    def send(self, event: Event) -> None:
        self.got = timestamp(event.at_us), event.activity, event.case, event.node, event.group


class Moments(Sink):
    """Notes when each event comes."""

    def __init__(self) -> None:
        self.at_s: list[float] = []

    def send(self, event: Event) -> None:
        self.at_s.append(time.perf_counter())


def run(chain: Chain, sink: Sink, mode: Mode, count: int | None = None) -> int:
    config = Config(chain, (), (SimulationEntry("bench", Place("bench"), mode, CASES),), ())
    return Simulation(config, seed=1).add_sink(sink).run(count=count)


def plain_walk(chain: Chain, count: int) -> Iterator[dict[str, str]]:
    """The events of a walk, by the rule and without a thought of speed; a case's state is a list."""
    chance = random.Random(1)
    latest, opened = datetime.now(UTC), 0

    def minutes(duration: Duration) -> float:
        if isinstance(duration, UniformDuration):
            return chance.uniform(duration.lower_minutes, duration.upper_minutes)
        if isinstance(duration, GaussianDuration):
            return max(0.0, chance.gauss(duration.mu_minutes, duration.sigma_minutes))
        return duration.minutes if isinstance(duration, ConstantDuration) else 0.0

    def choose(station: Datasource) -> Edge:
        weights = station.selection.weights if isinstance(station.selection, GenericProbability) else None
        return chance.choices(station.edges, weights)[0]

    def prepare(case: str, place: str, at: datetime) -> tuple[datetime, dict[str, str], str]:
        nonlocal latest
        station = chain.datasources[place if place != START else choose(chain.datasources[START]).target]
        edge = choose(station)
        latest = at = at + timedelta(minutes=minutes(edge.duration))
        event = {
            "timestamp": at.strftime("%Y-%m-%d %H:%M:%S"),
            "activity": edge.activity,
            "caseid": case,
            "node": station.node,
            "group": station.group,
        }
        return at, event, edge.target

    def open_case() -> tuple[datetime, dict[str, str], str]:
        nonlocal opened
        opened += 1
        return prepare(f"case_{opened}", START, latest)

    prepared = [open_case() for _ in range(CASES)]
    for _ in range(count):
        first = min(range(CASES), key=lambda number: prepared[number][0])
        at, event, target = prepared[first]
        yield event
        prepared[first] = open_case() if target == END else prepare(event["caseid"], target, at)


def print_plain(chain: Chain, count: int, output: TextIO) -> None:
    output.writelines(f"Sensor {event['node']}: {json.dumps(event)}\n" for event in plain_walk(chain, count))


def print_ours(chain: Chain, count: int, output: TextIO) -> None:
    before, sys.stdout = sys.stdout, output
    try:
        run(chain, ConsoleSink("Sensor"), CountBased(count))
    finally:
        sys.stdout = before


# --- How ------------------------------------------------------------------------------


def measure_speed(count: int, figures: dict[str, float], ratios: dict[str, float], say: Callable[..., object]) -> None:
    """Events per CPU second of both, in turn; the plain one makes a fifth of the events."""
    small, large = a_chain(8), a_chain(500)
    few = count // 5
    with Path(os.devnull).open("w") as nowhere:
        compared: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "texts_8_stations": (
                lambda: run(small, Texts(), CountBased(count)),
                lambda: sum(1 for _ in plain_walk(small, few)),
            ),
            "console_8_stations": (
                lambda: print_ours(small, count, nowhere),
                lambda: print_plain(small, few, nowhere),
            ),
            "texts_500_stations": (
                lambda: run(large, Texts(), CountBased(count)),
                lambda: sum(1 for _ in plain_walk(large, few)),
            ),
        }
        for name, (ours, plain) in compared.items():
            ours_per_s: list[float] = []
            plain_per_s: list[float] = []
            for pair in range(PAIRS):
                for which in ("ours", "plain") if pair % 2 else ("plain", "ours"):
                    if which == "ours":
                        ours_per_s.append(count / cpu_s(ours))
                    else:
                        plain_per_s.append(few / cpu_s(plain))
            figures[f"{name}_events_per_cpu_s"] = round(statistics.median(ours_per_s))
            figures[f"{name}_plain_events_per_cpu_s"] = round(statistics.median(plain_per_s))
            pairs = [a / b for a, b in zip(ours_per_s, plain_per_s, strict=True)]
            ratios[f"{name}_vs_plain_walk"] = round(statistics.median(pairs), 3)
            say(name, [round(rate) for rate in ours_per_s], "plain", [round(rate) for rate in plain_per_s])


def cpu_s(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def measure_memory(most: int, figures: dict[str, float], say: Callable[..., object]) -> None:
    """Peak memory of a fresh process that makes 10^5 events, and of one that makes ``most``."""
    for count in (10**5, most):
        command = [sys.executable, __file__, "--peak-of", str(count)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
        figures[f"peak_mib_{count}_events"] = round(int(done.stdout) / 1024, 1)
        say(f"{count} events: peak of {int(done.stdout) / 1024:.1f} MiB")


def measure_pacing(seconds: float, figures: dict[str, float], say: Callable[..., object]) -> None:
    """Rate between the first and the last event, and the largest gap between two."""
    for rate in RATES:
        sink = Moments()
        run(a_chain(8), sink, Stream(ConstantLoad(rate)), count=round(rate * seconds) + 1)
        sent = (len(sink.at_s) - 1) / (sink.at_s[-1] - sink.at_s[0])
        gap_ms = 1000 * max(b - a for a, b in zip(sink.at_s, sink.at_s[1:], strict=False))
        figures[f"asked_{rate}_per_s_sent"] = round(sent, 4)
        figures[f"asked_{rate}_per_s_largest_gap_ms"] = round(gap_ms, 3)
        say(f"asked {rate}/s: sent {sent:.3f}/s, largest gap {gap_ms:.1f} ms")


if __name__ == "__main__":
    main()
