"""The long run: ``python -m tests.faults.soak [--seed N] [--part ingest=200 …] [--sqlite]``; `make soak` starts it.

Kills every part again and again under load, on PostgreSQL unless told otherwise, and ends with 0 only if nothing was
lost, stored twice, made up or altered, the counters add up, and the live models equal batch mining.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.faults.world import World

KILLS = {"ingest": 200, "mine": 100, "web": 50, "database": 50, "broker": 20}
COUNTED = ("stored", "duplicates", "rejected", "ignored")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of the schedule; printed")
    parser.add_argument("--part", action="append", default=[], metavar="NAME=KILLS", help="instead of " + str(KILLS))
    parser.add_argument("--sqlite", action="store_true", help="on SQLite; the database is not killed then")
    parser.add_argument("--folder", type=Path, help="where state and logs stay, to look at; else a temporary one")
    options = parser.parse_args()
    kills = {name: int(times) for name, _, times in (part.partition("=") for part in options.part)} or dict(KILLS)
    if options.sqlite:
        kills.pop("database", None)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "procmine.settings")

    from tests.faults.world import World

    print(f"seed {options.seed}, kills {kills}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        return soak(World(folder, postgresql=not options.sqlite), kills, options.seed)


def soak(world: "World", kills: dict[str, int], seed: int) -> int:
    """Kill and check; the exit code."""
    began = time.monotonic()
    with world:
        report = world.run(kills, seed, say=print)
        audit = world.audit()
        counts = world.counts()
    adds_up = counts["received"] == sum(counts[name] for name in COUNTED)
    print(report)
    print(f"counts {counts}: {'they add up' if adds_up else 'THEY DO NOT ADD UP'}")
    print(f"audit: {audit}")
    print(f"{sum(kills.values())} kills in {time.monotonic() - began:.0f} s")
    return 0 if report.clean and adds_up and audit.endswith(": equal") else 1


if __name__ == "__main__":
    sys.exit(main())
