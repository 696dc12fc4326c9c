"""Record what the registered streams bring."""

import gc
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation.processes import leases
from foundation.processes.shutdown import stop_on_signal
from foundation.progress import Progress
from streams.recording.ingest import Ingest


class Command(BaseCommand):
    help = "Record the events of all registered streams, until stopped."
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="take what waits at the brokers, then end")

    def handle(self, *, once: bool, **options: Any) -> None:
        leases.release_rows_of_paused_owner()
        ingest = Ingest()
        gc.freeze()  # what is loaded now stays: the collector need not look at it for every few batches
        with stop_on_signal(ingest.stop):
            if not once:
                ingest.run()
                return
            with Progress(self.stderr) as progress:
                problems = ingest.drain(progress)
        self.stderr.write(f"{ingest.taken} messages taken, {ingest.sent} events sent on")
        if problems:
            raise CommandError("\n".join(problems))
