"""Read a log file into a log."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.text import slugify

from foundation.management.domain_command import DomainCommand
from foundation.progress import Progress
from streams.events.store import open_log
from streams.files import Columns, LogFile
from streams.files.imports import import_file
from streams.models import EventLog, Import


class Command(DomainCommand):
    help = (
        "Read a log file (XES, XES.gz, CSV) into a log. Stopped and started again it goes on where it was; a file that "
        "was read to its end is not read twice. Rows that are no events are kept as rejections."
    )
    requires_system_checks = ()  # they load the whole web

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--log", metavar="SLUG", help="the log, made if there is none; named by the file by default"
        )
        parser.add_argument("--case", metavar="COLUMN", help="CSV: where the case is; found by its name by default")
        parser.add_argument("--activity", metavar="COLUMN", help="CSV: where the activity is")
        parser.add_argument("--timestamp", metavar="COLUMN", help="CSV: where the time is")

    def handle(self, *, file: Path, **options: Any) -> None:
        source = LogFile(file, Columns(options["case"], options["activity"], options["timestamp"]))
        began = time.monotonic()
        into = self._log(options["log"], source)
        first, done = self._read(into, source)
        read = done.position - first
        took_s = time.monotonic() - began
        self.stderr.write(
            f"{done.name}: {read} events read in {took_s:.1f} s, {read / took_s:.0f} a second; "
            f"{done.stored} stored, {done.duplicates} duplicates, {done.rejected} rejected in all, in log {into.slug}"
            + (f" (the first {first} were read before)" if first else "")
        )

    def _log(self, slug: str | None, file: LogFile) -> EventLog:
        name = file.name.split(".")[0] or "log"
        wanted = slug or slugify(name)[:100] or "log"
        if slugify(wanted) != wanted.lower():
            raise CommandError(f"--log {wanted}: expected a slug, as loan-2026.")
        found = EventLog.objects.filter(slug=wanted).first()
        if found is not None:
            return found
        free = not EventLog.objects.filter(name=name[:255]).exists()
        return open_log(wanted if slug or not free else name[:255], wanted)

    def _read(self, into: EventLog, file: LogFile) -> tuple[int, Import]:
        """How many were read before, and what became of the file."""
        first: int | None = None
        with Progress(self.stderr) as progress:
            file.checked = lambda fraction: progress(f"{file.name}, checking", fraction=fraction)
            for done in import_file(into, file):
                first = done.position if first is None else first
                progress(file.name, done.position, fraction=file.fraction)
        return first or 0, done
