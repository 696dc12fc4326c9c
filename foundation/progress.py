"""Progress of long commands on standard error: rate, done of total, elapsed."""

import time
from types import TracebackType
from typing import Self

from django.core.management.base import OutputWrapper

TERMINAL_S = 0.5  # between two updates of the line at a terminal
PLAIN_S = 5.0  # between two lines elsewhere


class Progress:
    """Write how far a piece of work is: one line, rewritten, at a terminal, elsewhere a plain line every 5 s.

    Call it often; it decides what to show. Without a stream it shows nothing.
    """

    def __init__(self, stream: OutputWrapper | None = None) -> None:
        self._stream = stream
        self._terminal = stream is not None and stream.isatty()
        self._shown_at = time.monotonic()
        self._label: str | None = None
        self._began, self._first = 0.0, 0.0  # of the work that the label names
        self._width = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._width:  # the next line of the command begins in an empty one
            self._write(f"\r{'':{self._width}}\r", ending="")
            self._width = 0

    def __call__(
        self,
        label: str,
        done: float | None = None,
        total: float | None = None,
        *,
        unit: str = "events",
        fraction: float | None = None,
    ) -> None:
        """Note that ``done`` of ``total`` are done; ``fraction`` stands in for a total that is not known."""
        now = time.monotonic()
        if label != self._label:
            self._label, self._began, self._first = label, now, done or 0
        if now - self._shown_at < (TERMINAL_S if self._terminal else PLAIN_S):
            return
        self._shown_at = now
        line = f"{label}: {', '.join(self._parts(now - self._began, done, total, unit, fraction))}"
        if self._terminal:
            self._write(f"\r{line:<{self._width}}", ending="")
            self._width = len(line)
        else:
            self._write(line, ending="\n")

    def _parts(
        self, elapsed_s: float, done: float | None, total: float | None, unit: str, fraction: float | None
    ) -> list[str]:
        parts = []
        if done is not None:
            parts.append(f"{_number(done)}{'' if total is None else f' of {_number(total)}'} {unit}")
        if fraction is None and total:
            fraction = (done or 0) / total
        if fraction is not None:
            parts.append(f"{fraction:.0%}")
        if done is not None and elapsed_s > 0 and done > self._first:
            parts.append(f"{_number((done - self._first) / elapsed_s)} {unit} a second")
        return [*parts, f"{elapsed_s:.0f} s"]

    def _write(self, text: str, *, ending: str) -> None:
        if self._stream is not None:
            self._stream.write(text, style_func=str, ending=ending)  # not in the colour of errors
            self._stream.flush()


def _number(value: float) -> str:
    return f"{value:.0f}" if isinstance(value, int) or value >= 100 else f"{value:.1f}"


ignore = Progress()  # shows nothing
