"""Invented processes of any size, for benchmarks that draw them: phases in order, each with choices and rework."""

import random
from collections.abc import Iterator

WORDS = ("Register", "Check", "Approve", "Plan", "Pack", "Weigh", "Label", "Invoice", "Ship", "Confirm", "File", "Call")
PHASE = 5  # activities


def names(count: int) -> list[str]:
    """So many activities, in the order of the process."""
    return [f"{WORDS[i % len(WORDS)]} {i // len(WORDS) + 1}" for i in range(count)]


def traces(count: int, cases: int, seed: int = 1) -> Iterator[list[str]]:
    """Cases of a process of ``count`` activities: of each phase some, now and then one twice, few back to before."""
    chance = random.Random(seed)
    all_names = names(count)
    phases = [all_names[i : i + PHASE] for i in range(0, count, PHASE)]
    for case in range(cases):
        trace: list[str] = []
        for number, phase in enumerate(phases):
            skipped = case % PHASE  # so that every activity occurs in some of any five cases
            trace += [name for i, name in enumerate(phase) if i in (0, skipped) or chance.random() < 0.55]
            if chance.random() < 0.06:
                trace.append(trace[-1])
            if number and chance.random() < 0.03:
                trace += [phases[number - 1][0], phase[-1]]
        yield trace
