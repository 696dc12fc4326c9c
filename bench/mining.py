"""How fast a live log learns, beside peers that keep less; how that holds at ten million events; what models cost.

Every side is a fresh process that is given the same events and measures its own CPU time, median of alternating rounds:

- ``learn``: `LiveLog.learn_many` in the miner's chunks, rows of the table in order; it keeps prefix tree, moments,
  sketches, distance-two counts. ``learn_one``: the same, a call for each event. ``learn_told``: with a journal drained
  after each chunk, as a log has that is followed.
- ``learn_late``: as ``learn`` with one event of ten coming late.
- ``pm4py_receive``: pm4py's streaming directly-follows graph, ``receive()`` called for each event.
- ``pybeamline``: its directly-follows mapper (`make peers` installs it apart; left out where it is not).
- ``dict``: a counter of pairs in plain Python, the least anybody could do.

``learn_10m_vs_10k`` compares the rate at ten million events learnt (``--quick``: one million) with that at ten
thousand. ``derive_ms`` is the cost of each algorithm on a log of the size of receipt.csv (8,577 events), or on that log
where PROCMINE_SAMPLE_LOGS names its folder.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.stream import END, events
from models_mining.core.live_log import CaseHistory, Journal, LiveLog, LoggedEvent, Row

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(os.environ.get("PROCMINE_PEERS", ROOT / ".venv-peers")) / "bin" / "python"
in_time = attrgetter("at_us", "seq")
CHUNK = 2_000  # events learnt at once, as the miner does it
WINDOW = 50_000  # events over which the rate at a size is measured
PAIRS = 5
KEEP = 10_000  # closed cases kept in memory, as the miner does it


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer events and rounds")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--events", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(SIDES[options.side](options.events)))
    else:
        run(quick=options.quick, quiet=options.json)


def run(*, quick: bool, quiet: bool) -> None:
    count, rounds = (50_000, 3) if quick else (200_000, 5)
    peers = ["pm4py_receive", "dict", *(["pybeamline"] if PEERS.exists() else [])]
    names = ["learn", *peers, "learn_one", "learn_told", "learn_late"]
    rates: dict[str, list[float]] = {name: [] for name in names}
    for round_ in range(rounds):
        for name in names if round_ % 2 else reversed(names):
            rates[name].append(measured(name, count))
        if not quiet:
            print({name: round(rate[-1]) for name, rate in rates.items()}, "events per CPU second", flush=True)
    grown = measured("growth", 1_000_000 if quick else 10_000_000)
    figures: dict[str, Any] = {f"{name}_events_per_s": round(statistics.median(rate)) for name, rate in rates.items()}
    figures |= {"derive_ms": measured("derive", 8_577), "pybeamline_installed": PEERS.exists()}
    if not quiet:
        print("derive, ms:", figures["derive_ms"])
    ratios = {f"learn_vs_{peer}": ratio(rates["learn"], rates[peer]) for peer in peers}
    ratios["learn_10m_vs_10k"] = round(grown, 3)
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    print(json.dumps({"name": "mining", "figures": figures, "ratios": ratios, "machine": machine}))


def ratio(ours: list[float], theirs: list[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 3)


def measured(side: str, count: int) -> Any:
    """What a fresh process measures."""
    command = [sys.executable, __file__, "--side", side, "--events", str(count)]
    if side == "pybeamline":
        command = [str(PEERS), str(ROOT / "bench" / "peers" / "pybeamline_dfg.py"), str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=1800)
    return json.loads(done.stdout.splitlines()[-1])


# --- The sides ------------------------------------------------------------------------


def seen(count: int) -> Iterable[LoggedEvent]:
    for seq, (case, activity, at_us) in enumerate(events(count), start=1):
        yield LoggedEvent(seq, case, activity, at_us, at_us)


def rows(count: int) -> list[Row]:
    """Events as rows of the table: what the miner reads when it catches up."""
    return [tuple(event) for event in seen(count)]  # type: ignore[misc]


def learn(count: int) -> float:
    return _learn(rows(count))


def learn_one(count: int) -> float:
    return _learn(rows(count), chunk=1)


def learn_told(count: int) -> float:
    return _learn(rows(count), journal=Journal())


def learn_late(count: int) -> float:
    rows = list(seen(count))
    late = [row._replace(at_us=row.at_us - 900_000_000) if row.seq % 10 == 0 else row for row in rows]
    stored: dict[str, list[LoggedEvent]] = {}
    for row in late:
        stored.setdefault(row.case, []).append(row)

    def tail(case: str, at_us: int | None, before_seq: int) -> list[tuple[str, int]]:
        rows = sorted(stored[case], key=in_time)  # an index of the table would answer; here a case is sorted each time
        return [(row.activity, row.at_us) for row in rows if row.seq < before_seq]

    return _learn(late, tail)


def _learn(
    rows: Sequence[Row], tail: CaseHistory | None = None, *, chunk: int = CHUNK, journal: Journal | None = None
) -> float:
    log = LiveLog(end_activities=[END])
    log.journal = journal
    began = time.process_time()
    if chunk == 1:
        for row in rows:
            log.learn_one(row, tail)
    else:
        for start in range(0, len(rows), chunk):
            log.learn_many(rows[start : start + chunk], tail)
            if journal is not None:
                journal.drain()
    return len(rows) / (time.process_time() - began)


def pm4py_receive(count: int) -> float:
    warnings.simplefilter("ignore")
    from pm4py.streaming.algo.discovery.dfg import algorithm

    rows = [{"case:concept:name": case, "concept:name": activity} for case, activity, _ in events(count)]
    stream = algorithm.apply()
    began = time.process_time()
    for row in rows:
        stream.receive(row)
    return count / (time.process_time() - began)


def plain_dict(count: int) -> float:
    rows = list(events(count))
    last: dict[str, str] = {}
    pairs: dict[tuple[str, str], int] = {}
    began = time.process_time()
    for case, activity, _ in rows:
        before = last.get(case)
        if before is not None:
            pairs[before, activity] = pairs.get((before, activity), 0) + 1
        last[case] = activity
    return count / (time.process_time() - began)


def growth(count: int) -> float:
    """The rate after ``count`` events ÷ that after ten thousand, median of alternating pairs."""
    rows = seen(count + PAIRS * WINDOW)
    old = LiveLog(end_activities=[END])
    while old.seq < count:
        old.learn_many(islice(rows, WINDOW), _nothing)
        old.forget_closed(KEEP)
    first = list(seen(10_000 + WINDOW))
    found = []
    for _ in range(PAIRS):
        young = LiveLog(end_activities=[END])
        young.learn_many(first[:10_000], _nothing)
        early = _rate(young, first[10_000:])
        found.append(_rate(old, list(islice(rows, WINDOW))) / early)
    return statistics.median(found)


def _rate(log: LiveLog, rows: Sequence[Row]) -> float:
    began = time.process_time()
    log.learn_many(rows, _nothing)
    return len(rows) / (time.process_time() - began)


def _nothing(case: str, at_us: int | None, before_seq: int) -> list[tuple[str, int]]:
    return []  # a case that is not in memory is a new one here: none comes back after its end


def derive(count: int) -> dict[str, float]:
    """Milliseconds of CPU, the second of two runs: the first loads pm4py."""
    warnings.simplefilter("ignore")
    from models_mining.core.counting.lossy import LossySteps
    from models_mining.core.discovery import ALGORITHMS

    rows = list(seen(count))
    sample = Path(os.environ.get("PROCMINE_SAMPLE_LOGS", "")) / "receipt.csv"
    if sample.exists():
        from tests.models_mining.core.sample_logs import read

        rows = read(sample)
    costs: dict[str, float] = {}
    for name, miner in sorted(ALGORITHMS.items()):
        log = LiveLog(track_pairs=miner.needs == "pairs")
        if name == LOSSY:
            epsilons = [float(parameter.default) for parameter in miner.parameters]
            log.set_lossy([LossySteps(epsilon) for epsilon in epsilons])
        log.learn_many(rows, _nothing)
        if name in TOO_SLOW:
            continue
        for _ in range(2):
            began = time.process_time()
            miner.derive(log)
            costs[name] = round((time.process_time() - began) * 1000, 2)
    return costs


LOSSY = "lossy-dfg"
TOO_SLOW = {"ilp"}  # more than ten seconds
SIDES = {
    "learn": learn,
    "learn_one": learn_one,
    "learn_told": learn_told,
    "learn_late": learn_late,
    "pm4py_receive": pm4py_receive,
    "dict": plain_dict,
    "growth": growth,
    "derive": derive,
}

if __name__ == "__main__":
    main()
