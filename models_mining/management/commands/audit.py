"""``manage.py audit``: compare live models with batch mining of the stored events."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation.progress import Progress
from models_mining.core.discovery import registry
from models_mining.past import auditing
from streams.models import EventLog


class Command(BaseCommand):
    help = (
        "Compare what is mined live with what pm4py finds in the stored events in one go: each stored picture, the "
        "newest checkpoint brought forward, and the same from nothing; and the figures of conformance with the active "
        "reference model. Exit status 0: equal, 1: different."
    )
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        exact = ", ".join(auditing.exact_live_algorithms())
        parser.add_argument("log", nargs="*", help="slugs of the logs")
        parser.add_argument("--all", action="store_true", help="every log")
        parser.add_argument("--algorithm", nargs="+", metavar="NAME", help=f"only these (default: {exact})")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")

    def handle(self, *, log: list[str], algorithm: list[str] | None, json: bool, **options: Any) -> None:
        logs = self._logs(log, every=options["all"])
        algorithms = algorithm or auditing.exact_live_algorithms()
        for name in algorithms:
            try:
                exact = registry.get(name).audit is not None
            except LookupError as error:
                raise CommandError(str(error)) from error
            if not exact:
                raise CommandError(f"{name} does not promise to be exact: there is nothing to compare it with.")
        with Progress(self.stderr) as progress:
            found = list(auditing.audit(logs, algorithms, progress))
        different = any(findings.differences for findings in found)
        if json:
            self._write_json(found, equal=not different)
        else:
            for findings in found:
                for difference in findings.differences:
                    self.stdout.write(difference)
            events = sum(findings.events for findings in found)
            models = sum(findings.models for findings in found)
            verdict = "different" if different else "equal"
            self.stdout.write(f"{len(found)} logs, {events} events, {models} models: {verdict}")
        if different:
            sys.exit(1)

    def _logs(self, slugs: list[str], *, every: bool) -> list[EventLog]:
        if every and slugs:
            raise CommandError("Name logs, or give --all, not both.")
        if not every and not slugs:
            raise CommandError("Which log? Name one or more, or give --all.")
        if every:
            return list(EventLog.objects.all())
        known = {one.slug: one for one in EventLog.objects.filter(slug__in=slugs)}
        for slug in slugs:
            if slug not in known:
                raise CommandError(f"There is no log {slug}.")
        return [known[slug] for slug in slugs]

    def _write_json(self, found: list[auditing.Findings], *, equal: bool) -> None:
        logs = [vars(findings) for findings in found]
        self.stdout.write(json.dumps({"equal": equal, "logs": logs}))
