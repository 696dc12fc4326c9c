"""The stream that mining benchmarks feed to every side: an endless log of a made-up order process.

500 cases run at any time; each takes about nine steps through a net with a choice, a loop and steps in either order.
Without imports of procmine, since peers in other environments read it too.
"""

import random
from collections.abc import Iterator

OPEN_CASES = 500
NEXT = {
    "register": (("check stock", 3), ("check credit", 2)),
    "check stock": (("check credit", 3), ("approve", 2), ("reorder", 1)),
    "check credit": (("check stock", 3), ("approve", 4), ("reject", 1)),
    "reorder": (("check stock", 1),),
    "approve": (("pick", 5), ("call customer", 1)),
    "call customer": (("approve", 1), ("pick", 2)),
    "pick": (("pack", 4), ("pick", 1)),
    "pack": (("ship", 6), ("pick", 1)),
    "ship": (("invoice", 1),),
    "reject": (("archive", 1),),
    "invoice": (("remind", 1), ("pay", 4)),
    "remind": (("remind", 1), ("pay", 3)),
    "pay": (("archive", 1),),
    "archive": (),
}
END = "archive"


def events(count: int, seed: int = 7) -> Iterator[tuple[str, str, int]]:
    """``count`` events (case, activity, moment in µs), in the order of time."""
    chance = random.Random(seed)
    ways = {name: ([to for to, _ in after], [weight for _, weight in after]) for name, after in NEXT.items()}
    running = [(f"case {number}", "register") for number in range(OPEN_CASES)]
    number, at_us = OPEN_CASES, 0
    for _ in range(count):
        place = int(chance.random() * OPEN_CASES)
        case, activity = running[place]
        at_us += int(chance.random() * 2_000_000)
        yield case, activity, at_us
        after, weights = ways[activity]
        if after:
            running[place] = (case, chance.choices(after, weights)[0])
        else:
            running[place] = (f"case {number}", "register")
            number += 1
