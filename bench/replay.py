"""What it costs to replay a log, beside pm4py's batch replay of the same variants.

A made-up log (parallel steps, loops, steps left out) and, where PROCMINE_SAMPLE_LOGS names a folder, ``receipt.csv`` in
it; nets of four miners. Cold: a new replay walks the prefix tree once. Warm: it walks it again. ``pm4py_batch`` is
its token-based replay of one trace per variant. Times are CPU times, medians of five alternating rounds.
"""

import argparse
import csv
import json
import os
import platform
import random
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from models_mining.core.conformance import fitness
from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.discovery.pm4py_bridge.nets import from_pm4py, to_pm4py
from models_mining.core.discovery.pm4py_bridge.traces import event_log
from models_mining.core.drawing.nets import Net
from models_mining.core.live_log import LiveLog, LoggedEvent
from models_mining.core.replay import ExactReplay, Replay, TokenReplay
from models_mining.core.replay.positions import Positions

PAIRS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer cases, fewer rounds")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    options = parser.parse_args()
    say = (lambda *said: None) if options.json else print
    warnings.simplefilter("ignore")
    figures: dict[str, float] = {}
    speedups: list[float] = []
    sources = {"made_up": made_up(150 if options.quick else 1_000)}
    folder = os.environ.get("PROCMINE_SAMPLE_LOGS")
    if folder and (Path(folder) / "receipt.csv").exists():
        sources["receipt"] = from_csv(Path(folder) / "receipt.csv")
    for name, events in sources.items():
        log = LiveLog()
        log.learn_sorted(sorted(events, key=lambda event: (event.case, event.at_us, event.seq)))
        say(f"{name}: {len(events)} events, {len(log.cases)} cases, {log.tree.size} nodes")
        for miner, net in mined(events).items():
            speedups.append(measure(f"{name}_{miner}", log, net, figures, 1 if options.quick else PAIRS, say))
    ratios = {"replay_vs_pm4py_batch": round(statistics.median(speedups), 1)}
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    print(json.dumps({"name": "replay", "figures": figures, "ratios": ratios, "machine": machine}))


# --- Logs and nets --------------------------------------------------------------------


def made_up(cases: int) -> list[LoggedEvent]:
    """Cases that register, do three things in any order (one may be left out, one again), decide, and end."""
    chance = random.Random(7)
    events: list[LoggedEvent] = []
    for number in range(cases):
        steps = ["check stock", "ask customer", "calculate"]
        if chance.random() < 0.3:
            steps.remove("ask customer")
        if chance.random() < 0.4:
            steps += ["calculate"]
        chance.shuffle(steps)
        path = ["register", *steps, "decide"]
        while chance.random() < 0.3:
            path += ["reopen", chance.choice(["calculate", "check stock"]), "decide"]
        path += [chance.choice(["pay", "reject"])] if chance.random() < 0.9 else []
        for place, activity in enumerate(path):
            at_us = (number * 60 + place * 17) * 10**6
            events.append(LoggedEvent(len(events) + 1, f"case {number}", activity, at_us, at_us))
    return events


def from_csv(path: Path) -> list[LoggedEvent]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [
        LoggedEvent(seq, row["case:concept:name"], row["concept:name"], seq * 10**6, seq * 10**6)
        for seq, row in enumerate(sorted(rows, key=lambda row: row["time:timestamp"]), start=1)
    ]


def mined(events: list[LoggedEvent]) -> dict[str, Net]:
    """The nets of four miners."""
    pm4py = load()
    found = {
        "heuristics": pm4py.discover_petri_net_heuristics(frame(events)),
        "alpha": pm4py.discover_petri_net_alpha(frame(events)),
        "im": pm4py.discover_petri_net_inductive(frame(events)),
        "imf": pm4py.discover_petri_net_inductive(frame(events), noise_threshold=0.2),
    }
    return {name: from_pm4py(*net) for name, net in found.items()}


# --- What is measured -----------------------------------------------------------------


def measure(
    name: str, log: LiveLog, net: Net, figures: dict[str, float], rounds: int, say: Callable[..., object]
) -> float:
    """Walks of the tree by both replays, and pm4py beside; answers how many times faster token-based replay is."""
    from pm4py.algo.conformance.tokenreplay import algorithm

    batch = event_log(log.tree.variants())
    made = to_pm4py(net)
    times: dict[str, list[float]] = {}
    for _ in range(rounds):
        round_of: dict[str, Callable[[], Any]] = {"pm4py_batch": lambda: algorithm.apply(batch, *made)}
        for kind, replay in (("pm4py", TokenReplay(net)), ("exact", ExactReplay(net))):
            round_of[f"{kind}_cold"] = round_of[f"{kind}_warm"] = lambda replay=replay: walk(log, replay)
        for what, work in round_of.items():
            times.setdefault(what, []).append(cpu_s(work))
        times.setdefault("pm4py_fold", []).append(cpu_s(lambda: fitness(log, TokenReplay(net), cases="all")))
        times.setdefault("positions", []).append(cpu_s(lambda: Positions(net).advance(log)))
    nodes = log.tree.size
    for what, found in times.items():
        middle_s = statistics.median(found)
        figures[f"{name}_{what}_ms"] = round(1_000 * middle_s, 2)
        if what.endswith(("cold", "warm")):
            figures[f"{name}_{what}_us_per_step"] = round(10**6 * middle_s / nodes, 2)
    say(name, {what: figures[f"{name}_{what}_ms"] for what in times})
    pairs = zip(times["pm4py_batch"], times["pm4py_fold"], strict=True)
    return statistics.median(theirs / ours for theirs, ours in pairs)


def walk(log: LiveLog, replay: Replay) -> None:
    """A step for every node of the tree."""
    states = {log.tree.root: replay.start}
    for node in log.tree.walk():
        if node.parent is not None:
            states[node] = replay.step(states[node.parent], node.activity)


def cpu_s(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


if __name__ == "__main__":
    main()
