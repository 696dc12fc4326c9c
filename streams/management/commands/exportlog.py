"""Write the events of a log to a file."""

import gzip
import os
import sys
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser

from foundation.progress import Progress
from streams.files.writing import FORMATS, export
from streams.models import EventLog


class Command(BaseCommand):
    help = (
        "Write all events of a log as XES, CSV or lines of JSON (as the API gives them). Recording goes on meanwhile."
    )
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("log", help="slug")
        parser.add_argument("--as", dest="form", choices=FORMATS, help="by default what the name of the file says")
        parser.add_argument("--output", metavar="FILE", help="standard output by default; ending in .gz: packed")

    def handle(self, *, log: str, form: str | None, output: str | None, **options: Any) -> None:
        found = EventLog.objects.filter(slug=log).first()
        if found is None:
            raise CommandError(f"There is no log {log}.")
        named = Path((output or "").lower().removesuffix(".gz")).suffix.removeprefix(".")
        form = form or (named if named in FORMATS else None)
        if form is None:
            raise CommandError(f"In which form? Give --as {', '.join(FORMATS)}.")
        if output is None:
            self._export(found, form, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            return
        size = self._write(found, form, Path(output))
        self.stderr.write(f"log {log}: {size} bytes of {form} in {output}")

    def _export(self, log: EventLog, form: str, file: IO[bytes]) -> None:
        size = 0
        with Progress(self.stderr) as progress:
            for piece in export(log, form):
                file.write(piece)
                size += len(piece)
                progress(f"log {log.slug}", size / 1e6, unit="MB")

    def _write(self, log: EventLog, form: str, path: Path) -> int:
        """The file appears whole or not at all."""
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            with gzip.open(draft, "wb", 6) if path.name.lower().endswith(".gz") else draft.open("wb") as file:
                self._export(log, form, cast("IO[bytes]", file))
            size = draft.stat().st_size
            draft.replace(path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        finally:
            draft.unlink(missing_ok=True)
        return size
