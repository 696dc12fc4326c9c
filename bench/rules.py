"""What 50 rules cost: events a CPU second through a worker's rules, reading and saving included.

30 rules on events (20 begin by naming an activity), 10 sequences, 5 timeouts, 3 of cases, 2 of novelties, over 200
open cases; about one event in 200 matches something. Beside it a loop of 50 Python lambdas over the same rows, with a
cursor saved as often: what one would write by hand, without cases, order or timers. And the same rules on a log ten
times as large (`large`).
"""

import argparse
import json
import os
import platform
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
_folder = tempfile.TemporaryDirectory(prefix="procmine-bench-")
os.environ["PROCMINE_VAR"] = _folder.name
os.environ["PROCMINE_DATABASE_URL"] = f"sqlite:///{_folder.name}/bench.sqlite3"
os.environ.setdefault("PROCMINE_LOG_LEVEL", "WARNING")
os.environ["DJANGO_SETTINGS_MODULE"] = "procmine.settings"

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from rules.engine import reading  # noqa: E402
from rules.engine.worker import Rules  # noqa: E402
from rules.models import Rule, RuleCursor, RuleMatch  # noqa: E402
from streams.events.store import NewEvent, store_events  # noqa: E402
from streams.models import EventLog  # noqa: E402

ACTIVITIES = ("Take", "Cut", "Paint", "Dry", "Assemble", "Test", "Pack", "Ship")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
LAMBDAS: list[Callable[[Any], bool]] = [
    lambda event, activity=activity, bound=bound: (
        event.activity == activity  # type: ignore[misc]
        and event.attributes["temp"] > bound
    )
    for activity in (*ACTIVITIES, "Return", "Scrap")
    for bound in (99.2, 99.4, 99.6, 99.8, 99.9)
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller logs, three pairs")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    options = parser.parse_args()
    say = (lambda *said: None) if options.json else print
    size, events, pairs = (2_000, 2_000, 3) if options.quick else (10_000, 5_000, 5)
    call_command("migrate", verbosity=0)
    worlds = {name: World(name, size * times) for name, times in (("small", 1), ("large", 10))}
    per_s: dict[str, list[float]] = {"rules": [], "lambdas": [], "large": []}
    for number in range(pairs):
        per_s["rules"].append(worlds["small"].through_rules(events))
        per_s["lambdas"].append(worlds["small"].through_lambdas(events))
        per_s["large"].append(worlds["large"].through_rules(events))
        say(f"pair {number + 1}: events a CPU second", {name: round(found[-1]) for name, found in per_s.items()})
    figures: dict[str, float] = {f"{name}_per_cpu_s": round(statistics.median(found)) for name, found in per_s.items()}
    figures |= {"rules": 50, "events": events, "small": size, "large": size * 10, "matches": RuleMatch.objects.count()}
    ratios = {
        name: round(statistics.median(a / b for a, b in zip(per_s[of], per_s[by], strict=True)), 3)
        for name, of, by in (("rules_vs_lambdas", "rules", "lambdas"), ("large_vs_small", "large", "rules"))
    }
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    print(json.dumps({"name": "rules", "figures": figures, "ratios": ratios, "machine": machine}))


class World:
    """A log of so many events, with the rules at its end."""

    def __init__(self, name: str, events: int) -> None:
        self.log = EventLog.objects.create(slug=name, name=name, end_activities=["Ship"])
        self._chance = random.Random(1)
        self._cases = [(f"{name}-{number}", 0) for number in range(200)]
        self._made, self._second = 200, 0
        self.store(events)
        for number, (kind, spec) in enumerate(specs()):
            Rule.objects.create(log=self.log, name=str(number), kind=kind, spec=spec)

    def store(self, events: int) -> None:
        """So many more events, 5,000 in a batch; a case goes through all activities and is followed by another."""
        rows = []
        for _ in range(events):
            place = self._chance.randrange(len(self._cases))
            case, step = self._cases[place]
            self._second += self._chance.randint(0, 2)
            rows.append(
                NewEvent(
                    log_id=self.log.pk,
                    case=case,
                    activity=ACTIVITIES[step],
                    at=NOON + timedelta(seconds=self._second),
                    received_at=timezone.now(),
                    attributes={"temp": round(self._chance.uniform(0, 100), 2), "node": f"line-{step}", "ok": True},
                )
            )
            if step + 1 == len(ACTIVITIES):
                case, step = f"{self.log.slug}-{self._made}", -1
                self._made += 1
            self._cases[place] = case, step + 1
        for begin in range(0, len(rows), 5_000):
            store_events(rows[begin : begin + 5_000])

    def through_rules(self, events: int) -> float:
        """Store more events and let a worker evaluate them; events a CPU second."""
        part = Rules()
        part.turn(0.0)
        while part.busy:
            part.turn(0.0)
        self.store(events)
        follower = part.followers[self.log.pk]
        began = time.process_time()
        done = 0
        while step := follower.tick():
            done += step
        took = time.process_time() - began
        part.close()
        return done / took

    def through_lambdas(self, events: int) -> float:
        """The newest events through the loop; events a CPU second."""
        last = EventLog.objects.values_list("next_seq", flat=True).get(pk=self.log.pk) - 1
        began = time.process_time()
        cursor, hits = last - events, 0
        while rows := reading.after(self.log.pk, cursor, reading.CHUNK):
            for event in rows:
                for holds in LAMBDAS:
                    hits += holds(event)
            cursor = rows[-1].seq
            RuleCursor.objects.filter(log=self.log).update(judged_seq=cursor)
        return events / (time.process_time() - began)


def specs() -> list[tuple[str, dict[str, Any]]]:
    """Fifty rules."""
    named = [
        ("event", {"when": f"event.activity == '{activity}' && event.attributes.temp > {bound}"})
        for activity in (*ACTIVITIES, "Return", "Scrap")
        for bound in (99.7, 99.9)
    ]
    others = [
        ("event", {"when": f"event.attributes.temp > 99.8 && event.activity in ['{one}', 'Scrap'] && case.length < 8"})
        for one in (*ACTIVITIES, "Return", "Again")
    ]
    sequences = [
        (
            "sequence",
            {
                "steps": [
                    f"event.activity == '{first}'",
                    {"when": f"event.activity == '{then}' && event.attributes.temp > 98", "within_s": 300},
                ]
            },
        )
        for first, then in zip(ACTIVITIES * 2, (ACTIVITIES[2:] * 2)[:10], strict=False)
    ]
    timeouts = [
        ("timeout", {"after": f"event.activity == '{a}'", "until": f"event.activity == '{b}'", "within_s": 3600})
        for a, b in pairwise(ACTIVITIES[:6])
    ]
    cases = [("case", {"length": 8}), ("case", {"repetitions": 2}), ("case", {"duration_s": 7200})]
    novelties = [("novelty", {"of": of, "warm_up": 1000}) for of in ("edge", "variant")]
    found: list[tuple[str, dict[str, Any]]] = [*named, *others, *sequences, *timeouts, *cases, *novelties]
    return found


if __name__ == "__main__":
    main()
