"""What predicting and drift detection cost per event beside learning it, and how good the predictions are.

A made-up log (cases that choose, repeat and wait, 200 open at a time) and, where PROCMINE_SAMPLE_LOGS names a folder,
``receipt.csv`` in it; cases close after ten days of silence. Times are CPU times. ``predict_ms_per_1000`` is what the
predictions of a thousand open cases take; ``late_vs_early`` compares the cost of the last tenth of the made-up log with
that of its second tenth: it does not grow.
"""

import argparse
import csv
import json
import os
import platform
import random
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from models_mining.core.drift.detector import DriftDetector
from models_mining.core.drift.drift_observer import DriftObserver
from models_mining.core.live_log import LiveLog, LoggedEvent, Observer, Turns, learn_observed
from models_mining.core.prediction.forecasting import Forecaster
from models_mining.core.prediction.next_step import next_activity
from models_mining.core.prediction.scores import next_score, time_score

TEN_DAYS_US = 10 * 86_400 * 10**6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a shorter log")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    options = parser.parse_args()
    say = (lambda *said: None) if options.json else print
    figures: dict[str, float | None] = {}
    sources = {"made_up": made_up(20_000 if options.quick else 300_000)}
    folder = os.environ.get("PROCMINE_SAMPLE_LOGS")
    if folder and (Path(folder) / "receipt.csv").exists():
        sources["receipt"] = from_csv(Path(folder) / "receipt.csv")
    ratio = 0.0
    for name, events in sources.items():
        tail = Table(events)
        figures[f"{name}_events"] = len(events)
        bare = cost(events, tail, [])[1]
        figures[f"{name}_learn_us"] = us(bare, events)
        drift = cost(events, tail, [DriftObserver(DriftDetector())])[1]
        figures[f"{name}_drift_us"] = round(us(drift, events) - us(bare, events), 2)
        forecaster = Forecaster(tail)
        log, took = cost(events, tail, [forecaster])
        figures[f"{name}_prediction_us"] = round(us(took, events) - us(bare, events), 2)
        if name == "made_up":
            ratio = round(took[1] / took[9], 2)
        open_cases = [case for case in log.cases.values() if not case.closed][:1_000]
        began_s = time.process_time()
        for case in open_cases:
            next_activity(log, case)
            forecaster.remaining(case, case.last_at_us)
        figures[f"{name}_predict_ms_per_1000"] = round(
            10**6 * (time.process_time() - began_s) / max(1, len(open_cases)), 1
        )
        scores: dict[str, Any] = {**next_score(forecaster.next_scores), **time_score(forecaster.time_scores)}
        figures |= {f"{name}_{what}": round(value, 3) for what, value in scores.items() if value is not None}
        say(name, {what: value for what, value in figures.items() if what.startswith(name)})
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    ratios = {"late_vs_early": ratio}
    print(json.dumps({"name": "prediction", "figures": figures, "ratios": ratios, "machine": machine}))


class Table:
    """Events as a table keeps them, to be read back by case."""

    def __init__(self, events: Sequence[LoggedEvent]) -> None:
        self._rows: dict[str, list[tuple[int, int, str]]] = {}
        for event in events:
            self._rows.setdefault(event.case, []).append((event.at_us, event.seq, event.activity))
        for rows in self._rows.values():
            rows.sort()

    def __call__(self, case: str, at_us: int | None, before_seq: int) -> list[tuple[str, int]]:
        return [(activity, at) for at, seq, activity in self._rows.get(case, []) if seq < before_seq]


def made_up(number: int) -> list[LoggedEvent]:
    """Two kinds of cases, that loop or not, and wait for hours or days."""
    chance = random.Random(5)
    rows: list[tuple[int, str, str]] = []
    for case in range(number // 7):
        first = chance.choice(["by letter", "by phone"])
        path = [first, "register"]
        while True:
            path += ["check", "ask" if chance.random() < (0.6 if first == "by letter" else 0.1) else "calculate"]
            if chance.random() < 0.7:
                break
        path += [chance.choice(["pay", "pay", "reject"]), "archive"]
        at_us = case * 600 * 10**6
        for activity in path:
            rows.append((at_us, f"case {case}", activity))
            at_us += int(chance.expovariate(1 / (40_000 if activity == "ask" else 4_000)) * 10**6)
    rows.sort()
    return [LoggedEvent(seq, case, activity, at_us, at_us) for seq, (at_us, case, activity) in enumerate(rows, start=1)]


def from_csv(path: Path) -> list[LoggedEvent]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: datetime.fromisoformat(row["time:timestamp"]))
    moments = [int(datetime.fromisoformat(row["time:timestamp"]).timestamp() * 10**6) for row in rows]
    return [
        LoggedEvent(seq, row["case:concept:name"], row["concept:name"], at_us, at_us)
        for seq, (row, at_us) in enumerate(zip(rows, moments, strict=True), start=1)
    ]


def cost(events: Sequence[LoggedEvent], tail: Table, observers: Sequence[Observer]) -> tuple[LiveLog, list[float]]:
    """The log after all events, and the seconds that each tenth of them took."""
    log, turns = LiveLog(idle_close_us=TEN_DAYS_US), Turns()
    log.journal = turns
    took = []
    for tenth in range(10):
        some = events[len(events) * tenth // 10 : len(events) * (tenth + 1) // 10]
        began_s = time.process_time()
        for event in some:
            learn_observed(log, event, tail, observers, turns)
        took.append(time.process_time() - began_s)
    return log, took


def us(took: list[float], events: Sequence[LoggedEvent]) -> float:
    return round(sum(took) / len(events) * 10**6, 2)


if __name__ == "__main__":
    main()
