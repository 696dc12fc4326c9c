"""Mistakes inside a value that is JSON or text, with their place."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError


class PlacedError(ValidationError):
    """A mistake in a JSON column: ``path`` leads to it by keys and indexes, ``line`` and ``column`` (from 1) in a text.

    `foundation.http.requests.CheckedSerializer` answers ``detail`` at its place. Where a form has one field for the
    whole column, as in the admin, the sentence names the place too.
    """

    def __init__(
        self,
        detail: str,
        path: Sequence[str | int] = (),
        *,
        line: int | None = None,
        column: int | None = None,
        placed: str = "",
    ) -> None:
        super().__init__(placed or ": ".join(filter(None, ("/".join(map(str, path)), detail))))
        self.detail, self.path, self.line, self.column = detail, tuple(path), line, column
