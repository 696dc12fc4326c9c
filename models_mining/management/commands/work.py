"""``manage.py work``: derive slow models and run jobs."""

import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from foundation.processes import leases
from foundation.processes.shutdown import stop_on_signal
from foundation.progress import Progress
from models_mining.work import Work


class Command(BaseCommand):
    help = "Derive the slow models of all logs and run jobs, in child processes with limits. Ends on SIGTERM or Ctrl-C."
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="derive what is behind, run the jobs that wait, and end"
        )

    def handle(self, *, once: bool, **options: Any) -> None:
        leases.release_rows_of_paused_owner()
        if once:
            with Progress(self.stderr) as progress:
                models, jobs = Work(everything=True).drain(progress)
            self.stderr.write(f"{models} models derived, {jobs} jobs run")
            return
        stop = threading.Event()
        with stop_on_signal(stop):
            Work().run(stop.is_set)
