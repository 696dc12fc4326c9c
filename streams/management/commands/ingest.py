"""Record what the registered streams bring."""

import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from streams.ingest import Ingest


class Command(BaseCommand):
    help = "Record the events of all registered streams, until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="take what waits at the brokers, then end")

    def handle(self, *, once: bool, **options: Any) -> None:
        ingest = Ingest()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: ingest.stop.set())
        if not once:
            ingest.run()
            return
        problems = ingest.drain()
        if problems:
            raise CommandError("\n".join(problems))
