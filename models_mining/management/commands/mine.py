"""``manage.py mine``: follow all logs and keep their models up to date."""

import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from foundation.processes import leases
from foundation.processes.shutdown import stop_on_signal
from foundation.progress import Progress
from models_mining.mining import cluster
from models_mining.mining.miner import LogMiners


def _wait_for_no_disk(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """What mining saves can be derived anew, so its commits need not wait for the disk, as those of events must."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=NORMAL")


class Command(BaseCommand):
    help = "Follow all logs: learn each stored event, save models, cases and checkpoints. Ends on SIGTERM or Ctrl-C."
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="learn what is stored now, save it and end")
        parser.add_argument(
            "--dask",
            metavar="ADDRESS",
            help="scheduler of a Dask cluster that shares the mining of a whole log, as tcp://10.0.0.5:8786",
        )

    def handle(self, *, once: bool, dask: str | None, **options: Any) -> None:
        address = dask or settings.DASK
        if address:
            try:
                cluster.workers(address)
            except cluster.ClusterError as error:
                raise CommandError(str(error)) from error
            settings.DASK = address
        connection_created.connect(_wait_for_no_disk)
        leases.release_rows_of_paused_owner()
        if once:
            with Progress(self.stderr) as progress:
                learnt = LogMiners(progress).drain()
            self.stderr.write(f"{learnt} events learnt")
            return
        stop = threading.Event()
        with stop_on_signal(stop):
            LogMiners().run(stop.is_set)
