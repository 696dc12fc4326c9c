"""A consistent copy of everything while it runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation.progress import Progress
from procmine.backup import KEPT, BackupError, backup


class Command(BaseCommand):
    help = (
        "Write all there is (events, models, users, set-up, keys) to one file, as it is at this moment; everything may "
        "go on running. The file holds secrets: only its owner may read it. `restore` reads it."
    )
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="where to; one that is there is replaced when the new one is whole")

    def handle(self, *, file: Path, **options: Any) -> None:
        try:
            with Progress(self.stderr) as progress:
                manifest = backup(file.absolute(), progress)
        except BackupError as error:
            raise CommandError(str(error)) from error
        events, logs = sum(manifest["logs"].values()), len(manifest["logs"])
        self.stdout.write(f"{file}: {logs} logs with {events} events, {file.stat().st_size / 1e6:.1f} MB")
        for name in KEPT:
            if name not in manifest["keys"]:
                self.stdout.write(f"PROCMINE_{name.upper()} comes from the environment: it is not in it, so keep it.")
