"""How soon changes of a process are found, how well they are dated, and how often one is told where there is none.

Simulated cases over random processes of 12 activities, 50 open at a time; the position of the change is known: in the
middle, or nowhere. `step_20`: the most likely of two steps after each of three activities loses 20 points to the
other; `step_50`: 50 points after one; `new_step`: a quarter goes to an activity not known before; `slower`: cases take
twice as long. Beside it, on the same steps, river's ADWIN (one per step of the graph, 1 or 0 for whether it was that
one, delta 0.002 divided by the number of steps) where river is installed. Times are CPU times.
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from models_mining.core.drift.detector import DriftDetector
from models_mining.core.drift.windows import Mark

CHANGES = ("step_20", "step_50", "new_step", "slower")
ECHO = 5_000  # events after a change within which another alarm still is of it

Row = tuple[str, str, int, int | None]  # source, activity, event time, duration of the case that closes (µs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer seeds, shorter logs")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    options = parser.parse_args()
    say = (lambda *said: None) if options.json else print
    seeds, events = (3, 20_000) if options.quick else (20, 40_000)
    figures: dict[str, float] = {"seeds": seeds, "events": events}
    detectors: dict[str, Callable[[], Any]] = {"procmine": Ours}
    try:
        import river.drift  # noqa: F401

        detectors["river"] = River
    except ImportError:
        say("river is not installed: nothing to compare with")
    seconds: dict[str, list[float]] = {name: [] for name in detectors}
    for kind in ("none", *CHANGES):
        alarms: dict[str, list[list[tuple[int, int]]]] = {name: [] for name in detectors}
        for seed in range(seeds):
            rows = list(process(seed, events, kind))
            for name, make in detectors.items():
                found, took_s = run(make(), rows)
                alarms[name].append(found)
                seconds[name].append(took_s / events)
        for name, found_in in alarms.items():
            for what, value in judged(found_in, None if kind == "none" else events // 2, events).items():
                figures[f"{name}_{kind}_{what}"] = value
        say(kind, {key: value for key, value in figures.items() if f"_{kind}_" in key})
    for name, took in seconds.items():
        figures[f"{name}_us_per_event"] = round(statistics.median(took) * 10**6, 2)
    ratios = {}
    if "river" in seconds:
        pairs = zip(seconds["river"], seconds["procmine"], strict=True)
        ratios["detect_vs_river"] = round(statistics.median(theirs / ours for theirs, ours in pairs), 2)
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    print(json.dumps({"name": "drift", "figures": figures, "ratios": ratios, "machine": machine}))


# --- A process with a change of known position ------------------------------------------


def process(seed: int, events: int, kind: str) -> Iterator[Row]:
    """Steps in the order of arrival. After each step a case ends with a chance of a tenth."""
    chance = random.Random(seed)
    names = [f"activity {number}" for number in range(12)]
    after = {name: dict.fromkeys(chance.sample(names, 3), 0.0) for name in names}
    for weights in after.values():
        first = chance.uniform(0.5, 0.65)
        for target, weight in zip(weights, (first, 0.9 - first, 0.1), strict=True):
            weights[target] = weight
    cases: list[tuple[str, int]] = [("", 0)] * 50
    slowness, at_us = 1.0, 0
    for number in range(1, events + 1):
        if number == events // 2 + 1:
            slowness = 2.0 if kind == "slower" else 1.0
            change(kind, names, after)
        at_us += int(chance.expovariate(1.0) * slowness * 10**6)
        place = chance.randrange(len(cases))
        source, began_us = cases[place]
        if source:
            weights = after[source]
            activity = chance.choices(list(weights), list(weights.values()))[0]
        else:
            activity, began_us = names[0] if chance.random() < 0.7 else names[1], at_us
        closes = chance.random() < 0.1
        cases[place] = ("", 0) if closes else (activity, began_us)
        yield source, activity, at_us, at_us - began_us if closes else None


def change(kind: str, names: list[str], after: dict[str, dict[str, float]]) -> None:
    """Let the process change."""
    for name in names[:3] if kind == "step_20" else names[:1] if kind in ("step_50", "new_step") else []:
        first, second, _ = after[name]
        lost = {"step_20": 0.2, "step_50": 0.5, "new_step": 0.25}[kind]
        target = "a new activity" if kind == "new_step" else second
        after[name][first] -= lost
        after[name][target] = after[name].get(target, 0.0) + lost
        if kind == "new_step":
            after["a new activity"] = dict(after[name])


# --- Detectors --------------------------------------------------------------------------


class Ours:
    """The one window over all steps and durations."""

    def __init__(self) -> None:
        self.detector = DriftDetector()

    def feed(self, number: int, row: Row) -> int | None:
        """An event; where a change began, if one is told."""
        source, activity, at_us, took_us = row
        self.detector.step(source, activity)
        if took_us is not None:
            self.detector.step(activity, "")
            self.detector.closed(took_us, at_us)
        found = self.detector.due(Mark(number, at_us, at_us))
        return found.began.seq if found is not None else None


class River:
    """ADWIN for each step of the graph and for the durations; all begin anew after an alarm of any of them."""

    def __init__(self) -> None:
        from river.drift import ADWIN

        self.make = ADWIN
        self._anew()

    def _anew(self) -> None:
        self.steps: dict[str, dict[str, Any]] = {}
        self.number = 1
        self.durations = self.make(delta=0.002)

    def feed(self, number: int, row: Row) -> int | None:
        """An event; its number, if any detector gives the alarm."""
        source, activity, _, took_us = row
        alarm = self._step(source, activity)
        if took_us is not None:
            alarm |= self._step(activity, "")
            self.durations.update((took_us / 10**6 + 1) ** 0.1)  # bounded enough for its bound
            alarm |= self.durations.drift_detected
        if not alarm:
            return None
        self._anew()
        return number

    def _step(self, source: str, activity: str) -> bool:
        targets = self.steps.setdefault(source, {})
        if activity not in targets:
            self.number += 1
            targets[activity] = self.make(delta=0.002 / self.number)
        alarm = False
        for target, detector in targets.items():
            detector.update(int(target == activity))
            alarm |= detector.drift_detected
        return alarm


def run(detector: Any, rows: list[Row]) -> tuple[list[tuple[int, int]], float]:
    """The alarms (event, where it says the change began), and the seconds it took."""
    began_s = time.process_time()
    alarms = []
    for number, row in enumerate(rows, start=1):
        found = detector.feed(number, row)
        if found is not None:
            alarms.append((number, found))
    return alarms, time.process_time() - began_s


def judged(alarms_of: list[list[tuple[int, int]]], position: int | None, events: int) -> dict[str, float]:
    """Recall, precision, delay and dating where there is a change; everywhere false alarms per 100,000 events."""
    hits = [
        next((alarm for alarm in alarms if position is not None and position < alarm[0] <= position + ECHO), None)
        for alarms in alarms_of
    ]
    false = sum(
        not (position is not None and position < alarm <= position + ECHO)
        for alarms in alarms_of
        for alarm, _ in alarms
    )
    told: dict[str, float] = {"false_alarms_per_100k": round(false / (len(alarms_of) * events) * 100_000, 3)}
    if position is None:
        return told
    found = [hit for hit in hits if hit is not None]
    told["recall"] = round(len(found) / len(hits), 3)
    if found:
        told["precision"] = round(len(found) / (len(found) + false), 3)
        told["delay_events"] = statistics.median(alarm - position for alarm, _ in found)
        told["dated_off_by_events"] = statistics.median(abs(began - position) for _, began in found)
    return told


if __name__ == "__main__":
    main()
