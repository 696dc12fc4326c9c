"""How fast a log file becomes events: ``manage.py importlog`` of 262,200 events into SQLite.

The file is made here, as large and as long in its cases as a well-known log of loan applications. Beside it runs what
reads the same file and stores nothing, five times in turn; compared are CPU seconds.
"""

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
PAIRS = 5
EVENTS, CASES = 262_200, 13_087


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the events")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--child", choices=["import", "read"], help=argparse.SUPPRESS)  # the measured process
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measured(options.child, options.file)))
    else:
        run(EVENTS // (10 if options.quick else 1), quiet=options.json)


def run(events: int, *, quiet: bool) -> None:
    """Alternate the pairs, print what each took, and the JSON line last."""
    took: dict[str, list[tuple[float, float]]] = {"import": [], "read": []}
    with tempfile.TemporaryDirectory(prefix="procmine-bench-") as folder:
        file = Path(folder) / "loans.xes"
        write_log(file, events, max(1, events * CASES // EVENTS))
        for pair in range(PAIRS):
            for name in ("import", "read") if pair % 2 else ("read", "import"):
                var = Path(folder) / f"{name}-{pair}"
                environment = os.environ | {"PROCMINE_VAR": str(var), "PROCMINE_DATABASE_URL": ""}
                if name == "import":
                    manage = [sys.executable, str(ROOT / "manage.py"), "migrate", "-v0"]
                    subprocess.run(manage, env=environment, check=True)
                command = [sys.executable, __file__, "--child", name, "--file", str(file)]
                done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
                took[name].append(tuple(json.loads(done.stdout)))
                if not quiet:
                    print(f"{name}: {took[name][-1][0]:.1f} CPU s, {took[name][-1][1]:.1f} s")
    cpu = {name: statistics.median(cpu_s for cpu_s, _ in tooks) for name, tooks in took.items()}
    ratio = statistics.median(read[0] / ours[0] for ours, read in zip(took["import"], took["read"], strict=True))
    figures = {
        "events": events,
        "import_s": round(statistics.median(wall_s for _, wall_s in took["import"]), 2),
        "import_cpu_s": round(cpu["import"], 2),
        "import_per_cpu_s": round(events / cpu["import"]),
        "read_per_cpu_s": round(events / cpu["read"]),
    }
    machine = {"cpus": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}
    ratios = {"import_vs_read": round(ratio, 3)}
    print(json.dumps({"name": "import", "figures": figures, "ratios": ratios, "machine": machine}))


def measured(what: str, file: Path) -> tuple[float, float]:
    """CPU and wall seconds of importing, or of reading only; start-up left out."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "procmine.settings"
    import django

    django.setup()
    from streams.files import LogFile
    from streams.files.imports import import_file
    from streams.models import EventLog

    cpu_s, wall_s = time.process_time(), time.perf_counter()
    if what == "read":
        events = sum(1 for _ in LogFile(file).rows())
    else:
        log = EventLog.objects.create(slug="loans", name="loans")
        events = [done.stored for done in import_file(log, LogFile(file))][-1]
    took = time.process_time() - cpu_s, time.perf_counter() - wall_s
    if not events:
        raise SystemExit("nothing was read")
    return took


def write_log(path: Path, events: int, cases: int) -> None:
    """A XES file of so many events; the lengths of cases are exponential."""
    chance = random.Random(1)
    began = datetime(2011, 10, 1, tzinfo=UTC)
    left = events
    with path.open("w") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<log xmlns="http://www.xes-standard.org/">\n')
        for case in range(cases):
            rest = cases - case - 1
            length = left if not rest else max(1, min(left - rest, round(chance.expovariate(cases / events))))
            left -= length
            at = began + timedelta(minutes=20 * case)
            file.write(f'<trace><date key="REG_DATE" value="{at.isoformat()}"/>\n')
            file.write(f'<string key="concept:name" value="{173_688 + case}"/>\n')
            file.write(f'<string key="AMOUNT_REQ" value="{chance.randrange(50_000)}"/>\n')
            for _ in range(length):
                at += timedelta(seconds=chance.randrange(100_000) / 10)
                file.write(
                    f'<event>\n<string key="org:resource" value="{chance.randrange(11_300)}"/>\n'
                    '<string key="lifecycle:transition" value="COMPLETE"/>\n'
                    f'<string key="concept:name" value="A_{chance.randrange(36)}"/>\n'
                    f'<date key="time:timestamp" value="{at.isoformat(timespec="milliseconds")}"/>\n</event>\n'
                )
            file.write("</trace>\n")
        file.write("</log>\n")


if __name__ == "__main__":
    main()
