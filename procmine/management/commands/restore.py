"""Back to a backup."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation.progress import Progress
from procmine.backup import BackupError, restore


class Command(BaseCommand):
    help = "Put what `backup` wrote in the place of this installation. Nothing may run meanwhile."
    requires_system_checks = ()
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="replace what is here")

    def handle(self, *, file: Path, force: bool, **options: Any) -> None:
        try:
            with Progress(self.stderr) as progress:
                manifest = restore(file, force=force, report=progress)
        except BackupError as error:
            raise CommandError(str(error)) from error
        logs = manifest["logs"]
        self.stdout.write(f"{len(logs)} logs with {sum(logs.values())} events, as of {manifest['made_at']}")
