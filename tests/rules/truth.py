"""What rules must find, worked out the slow and simple way: every case in order, every combination tried."""

import random
from collections.abc import Callable
from itertools import combinations
from typing import NamedTuple

ACTIVITIES = ("Cut", "Paint", "Assemble", "Test", "Ship")


class Told(NamedTuple):
    case: str
    activity: str
    second: int
    temp: int | None = None


class Known(NamedTuple):
    """An event with its number; cases are sorted by second, then number."""

    seq: int
    case: str
    activity: str
    second: int


def drawn(events: int, *, cases: int = 12, seed: int = 7, late: float = 0.0) -> list[Told]:
    """A random log in order of arrival; ``late`` is the share of events that happened up to 300 s earlier."""
    draw = random.Random(seed)
    told, second = [], 0
    for _ in range(events):
        second += draw.randint(1, 20)
        back = draw.randint(1, 300) if draw.random() < late else 0
        told.append(Told(f"c{draw.randrange(cases)}", draw.choice(ACTIVITIES[:4]), second - back))
    return told


def numbered(told: list[Told], first: int = 1) -> list[Known]:
    return [Known(first + place, *one[:3]) for place, one in enumerate(told)]


def by_case(events: list[Known]) -> dict[str, list[Known]]:
    found: dict[str, list[Known]] = {}
    for event in sorted(events, key=lambda one: (one.second, one.seq)):
        found.setdefault(event.case, []).append(event)
    return found


def at_some_time(events: list[Known], truth: Callable[[list[Known]], set[tuple[str, int]]]) -> set[tuple[str, int]]:
    """What was true when some event had just come, in the order of arrival: what was told stays told."""
    of_case: dict[str, list[Known]] = {}
    found = set()
    for event in events:
        so_far = of_case.setdefault(event.case, [])
        so_far.append(event)
        found |= truth(so_far)
    return found


def sequences(
    events: list[Known], steps: list[str], within: dict[int, int], absent: dict[int, str]
) -> set[tuple[str, int]]:
    """The last event of each match: the earliest end there is, then again from what comes after it.

    ``within[n]`` bounds the seconds from step n−1 to n, ``absent[n]`` is what must not lie between n−1 and n.
    """

    def fits(chosen: tuple[int, ...], case: list[Known]) -> bool:
        return all(case[place].activity == step for place, step in zip(chosen, steps, strict=True)) and all(
            case[chosen[n]].second - case[chosen[n - 1]].second <= within.get(n, 10**9)
            and absent.get(n) not in {one.activity for one in case[chosen[n - 1] + 1 : chosen[n]]}
            for n in range(1, len(steps))
        )

    found = set()
    for name, case in by_case(events).items():
        begin = end = 0
        while end < len(case):
            choices = (
                (*before, end)
                for before in combinations(range(begin, end), len(steps) - 1)
                if case[end].activity == steps[-1]
            )
            if any(fits(chosen, case) for chosen in choices):
                found.add((name, case[end].seq))
                begin = end + 1
            end += 1
    return found


def timeouts(events: list[Known], after: str, until: str, within: int, *, clock: bool = True) -> set[tuple[str, int]]:
    """Each first unanswered ``after`` without an ``until`` in time, as later events show; or the ``clock`` does."""
    found = set()
    for name, case in by_case(events).items():
        free_from = (-(10**9), 0)
        for place, one in enumerate(case):
            if one.activity != after or (one.second, one.seq) < free_from:
                continue
            later = case[place + 1 :]
            answers = [e for e in later if e.activity == until and e.second - one.second <= within]
            over = [e for e in later if e.second - one.second > within]
            stop = answers[0] if answers else None
            if stop is None:
                stop = over[0] if over else None
                if stop is not None or clock:
                    found.add((name, one.seq))
            free_from = (10**9, 0) if stop is None else (stop.second, stop.seq)
    return found
