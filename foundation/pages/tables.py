"""Lists on pages: columns that sort, and the same rows as a CSV file."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

MOST = 100_000  # rows of a file


@dataclass(frozen=True)
class Column:
    """A column: its word, and what it is sorted by (empty: not at all). ``down``: first from the greatest."""

    key: str
    word: str
    number: bool = False
    sorts: bool = True
    down: bool = False


@dataclass(frozen=True)
class Head:
    """A column as a page shows it now: ``sort`` is what its link asks for."""

    column: Column
    sort: str
    now: str  # ascending, descending or nothing


def sorted_by(request: HttpRequest, columns: Sequence[Column], default: str) -> tuple[str, bool, list[Head]]:
    """The key that ``?sort=`` asks for (``-key``: from the greatest), whether it runs down, and the heads."""
    known = {column.key for column in columns if column.sorts}
    wanted = request.GET.get("sort", default)
    wanted = wanted if wanted.removeprefix("-") in known else default
    key, down = wanted.removeprefix("-"), wanted.startswith("-")
    heads = []
    for column in columns:
        here = column.key == key
        turned = not down if here else column.down
        now = ("descending" if down else "ascending") if here else ""
        heads.append(Head(column, f"-{column.key}" if turned else column.key, now))
    return key, down, heads


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> HttpResponse:
    """Rows as a file to download. Texts a spreadsheet would take for a formula are marked as text by ``'``."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_plain(row.get(column)) for column in columns])
    return HttpResponse(
        written.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"', "Cache-Control": "private, no-store"},
    )


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
