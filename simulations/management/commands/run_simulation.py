"""The process of one simulation; the page and the API start it."""

import os
import signal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from simulations.models import Simulation
from simulations.run_process import Running


class Command(BaseCommand):
    help = "Run a simulation that was asked for on the page /simulate/ or by the API. Not meant to be called by hand."
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("id", type=int, help="of the simulation's row")

    def handle(self, *, id: int, **options: Any) -> None:  # noqa: A002  (the argument's name)
        row = Simulation.objects.select_related("log").filter(pk=id).first()
        if row is None:
            raise CommandError(f"There is no simulation {id}.")
        os.nice(5)  # those who watch come first
        running = Running(row)
        before = {
            number: signal.signal(number, lambda *_: running.end("stopped: the process that started it ended"))
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        try:
            running.run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
