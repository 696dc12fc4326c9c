"""``manage.py check_broker``: what a broker will lose, before it does."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from streams.brokers.registry import check_broker
from streams.models import Broker


class Command(BaseCommand):
    help = "Tell what a broker will lose, as far as it can be seen. Exit code 1 where there is a warning."
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", nargs="?", help="of the broker; left out: all of them")
        parser.add_argument("--quick", action="store_true", help="only ask; publish nothing")

    def handle(self, *args: Any, name: str | None, quick: bool, **options: Any) -> None:
        brokers = Broker.objects.filter(name=name) if name else Broker.objects.all()
        if not brokers:
            known = ", ".join(Broker.objects.values_list("name", flat=True)) or "none"
            raise CommandError(f"No broker is called {name}; there are: {known}." if name else "There is no broker.")
        warnings = 0
        for broker in brokers:
            self.stdout.write(f"{broker} ({broker.get_kind_display()}, {broker.host}:{broker.port})")
            for finding in check_broker(broker, quick=quick):
                warnings += finding.level == "warning"
                style = {"ok": self.style.SUCCESS, "warning": self.style.WARNING}.get(finding.level, str)
                advice = f" {finding.advice}" if finding.advice else ""
                self.stdout.write(f"  {style(f'{finding.level:<8}')} {finding.about}: {finding.detail}{advice}")
        if warnings:
            raise CommandError(f"{warnings} warning{'s' if warnings > 1 else ''}.")
