"""``manage.py vendor_check``: are the vendored browser files the published ones?"""

import hashlib
import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

ROW = re.compile(r"^\| `(?P<path>[^`]+)` \|.*\| `(?P<sha256>[0-9a-f]{64})` \|$", re.MULTILINE)


class Command(BaseCommand):
    """Compares every file below static/vendor with the table in its README.md."""

    help = "Compare the vendored browser files with the checksums in static/vendor/README.md."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--folder", type=Path, default=settings.STATICFILES_DIRS[0] / "vendor")

    def handle(self, *, folder: Path, **options: Any) -> None:
        wanted = {row["path"]: row["sha256"] for row in ROW.finditer((folder / "README.md").read_text())}
        found = {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*")
            if path.is_file() and path.name != "README.md"
        }
        wrong = [f"{name}: missing" for name in wanted.keys() - found.keys()]
        wrong += [f"{name}: not in README.md" for name in found.keys() - wanted.keys()]
        wrong += [
            f"{name}: changed, sha256 is {found[name]}"
            for name in wanted.keys() & found.keys()
            if wanted[name] != found[name]
        ]
        if wrong:
            raise CommandError("Vendored files differ from static/vendor/README.md:\n" + "\n".join(sorted(wrong)))
        self.stdout.write(f"{len(found)} vendored files are as published.")
