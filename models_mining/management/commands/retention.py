"""Let leave what is too old."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation.progress import Progress
from models_mining.mining.retention import Gone, retire_some
from streams.models import EventLog


class Command(BaseCommand):
    help = (
        "Delete the closed cases of which nothing arrived for as many days as their log keeps them (retention_days). "
        "`work` does so once a day."
    )
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("log", nargs="*", help="slugs of the logs; all that have retention_days by default")

    def handle(self, *, log: list[str], **options: Any) -> None:
        logs = EventLog.objects.exclude(retention_days=None).order_by("slug")
        if log:
            kept = set(logs.values_list("slug", flat=True))
            for slug in log:
                if slug not in kept:
                    raise CommandError(f"There is no log {slug} with retention_days.")
            logs = logs.filter(slug__in=log)
        for one in logs:
            gone = Gone()
            with Progress(self.stderr) as progress:
                while (some := retire_some(one)).cases:
                    gone.cases += some.cases
                    gone.events += some.events
                    progress(f"log {one.slug}, deleting", gone.events)
            self.stdout.write(f"{one.slug}: {gone.cases} cases of {gone.events} events are gone")
