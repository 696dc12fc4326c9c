"""Expressions of rules: CEL, the Common Expression Language, over one event and its case.

Compiled once, when they are saved checked with types and position. There are no macros but ``has``: no loops, so that
an evaluation is linear in the expression and in what it looks at; regular expressions are RE2's. Source: the CEL
specification, github.com/google/cel-spec, in its implementation in C++.
"""

import re
import time
from functools import cache
from typing import Any, Protocol

MAX_LENGTH = 2000  # characters; the parser goes 32 levels deep
MAX_REPEATED = 1000  # what the counted repetitions of an expression may multiply to: a pattern's size is their product
BUDGET_S = 0.02  # of processor time that one evaluation may take

SCOPE: dict[str, tuple[str, str]] = {
    "event.seq": ("int", "its number in the log"),
    "event.case": ("string", "the case it belongs to"),
    "event.activity": ("string", "what was done"),
    "event.at": ("timestamp", "when it happened"),
    "event.received_at": ("timestamp", "when it arrived"),
    "event.attributes": ("map<string,dyn>", "what else it tells, by name"),
    "case.length": ("int", "events of the case so far, with this one"),
    "case.started_at": ("timestamp", "when its first event happened"),
    "case.duration_s": ("dyn", "seconds from its first event to its newest"),
    "case.activities": ("map<string,int>", "how often each activity was done"),
    "previous.activity": ("string", "what the case did before; empty: this is its first event"),
    "previous.at": ("timestamp", "when; of the first event: event.at"),
    "previous.attributes": ("map<string,dyn>", "of the event before"),
    "now": ("timestamp", "when the event arrived, so that a rule finds the same when it looks again"),
}
"""What an expression may name: type and meaning."""

_PLACED = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): ([^\n]*)")
_MATCHES = re.compile(r"""\.\s*matches\s*\(\s*(r'[^'\n]*'|r"[^"\n]*"|'(?:[^'\\\n]|\\\\)*'|"(?:[^"\\\n]|\\\\)*")\s*\)""")
_REPEATED = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_STATUS = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")
_CONTAINER = " (in container '')"


class ExpressionError(ValueError):
    """What is wrong with an expression; ``line`` and ``column`` from 1, None where it is wrong as a whole."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.line, self.column = line, column


class OverrunError(Exception):
    """An evaluation took more than `BUDGET_S`."""


@cache
def _env() -> Any:
    """The language; its library is loaded by processes that use it only."""
    from cel_expr_python import cel

    return cel.NewEnv(
        config=cel.NewEnvConfigFromYaml("name: rules\nstdlib:\n  include_macros: [has]"),
        variables={name: cel.Type(kind) for name, (kind, _) in SCOPE.items()},
    )


def scope(values: dict[str, Any]) -> Any:
    """The names of `SCOPE` with their values, for any number of expressions."""
    return _env().Activation(values)


class Scope(Protocol):
    """What an expression is asked about."""

    @property
    def activity(self) -> str:
        """Of the event."""

    @property
    def values(self) -> Any:
        """What `scope` made of it; only asked for where it is needed."""


class Expression:
    """A condition, compiled.

    >>> Expression("event.activity == 'Pack' && event.attributes.temp > 20").source
    "event.activity == 'Pack' && event.attributes.temp > 20"
    """

    __slots__ = ("_activity", "_program", "error", "source")

    def __init__(self, source: str) -> None:
        """Raise ExpressionError unless it is one, and true or false."""
        self.source = source
        self._activity = _only(source)
        self.error = ""  # of the newest evaluation that had none
        if len(source) > MAX_LENGTH:
            raise ExpressionError(f"An expression has at most {MAX_LENGTH} characters.")
        if "\0" in source or not source.strip():
            raise ExpressionError("Expected an expression, as event.activity == 'Pack'.")
        try:
            self._program = _env().compile(source)
        except (RuntimeError, TypeError) as error:
            raise _placed(str(error)) from error
        _check_patterns(source)
        if (kind := self._program.return_type().name()) not in ("BOOL", "DYN"):
            raise ExpressionError(f"Expected a condition, true or false; this is of the type {kind.lower()}.", 1, 1)

    def holds(self, asked: Scope) -> bool:
        """Whether it is true; what cannot be computed (a missing attribute, say) is not.

        Raise OverrunError where it takes too long: by the processor's time, should the clock say so.
        """
        if self._activity is not None and asked.activity != self._activity:
            return False
        values = asked.values
        began = time.perf_counter()
        found = self._program.eval(values).value()
        if time.perf_counter() - began > BUDGET_S:
            began = time.thread_time()
            self._program.eval(values).value()
            if (took_s := time.thread_time() - began) > BUDGET_S:
                raise OverrunError(f"took {took_s * 1000:.0f} ms, of {BUDGET_S * 1000:.0f} allowed: {self.source}")
        if found is True:
            return True
        if found is not False:
            self.error = f"Not true or false: {_STATUS.sub('', str(found))[:200]}"
        return False


_NAMED = re.compile(r"""\s*event\.activity\s*==\s*(?:'([^'\\\n]*)'|"([^"\\\n]*)")\s*(&&[^|?]*)?""")


def _only(source: str) -> str | None:
    """The one activity it can be true of, where it begins by naming it: of others it need not be computed."""
    found = _NAMED.fullmatch(source)
    return None if found is None else found[1] if found[1] is not None else found[2]


def _placed(text: str) -> ExpressionError:
    """What the compiler says, with the place of the first mistake."""
    if text.startswith("compile()"):  # half a surrogate pair
        return ExpressionError("Expected text in Unicode.")
    if (found := _PLACED.search(text)) is None:
        return ExpressionError(f"{_STATUS.sub('', text)[:200]}.")
    line, column = int(found[1]), int(found[2])
    message = found[3].replace(_CONTAINER, "").removesuffix(" [INVALID_ARGUMENT]")[:300]
    if line < 1:
        return ExpressionError(f"{message}.".replace("..", "."))
    return ExpressionError(f"{message} (line {line}, column {column})", line, column)


def _check_patterns(source: str) -> None:
    """Raise ExpressionError unless each regular expression stands there, is one, and is small when written out."""
    patterns = list(_MATCHES.finditer(source))
    for word in re.finditer(r"matches", source):
        if not any(found.start() < word.start() < found.end() for found in patterns):
            raise _at(source, word.start(), "matches takes one pattern in quotes, as event.activity.matches(r'^Pack')")
    size = 1
    for found in patterns:
        problem = str(_env().compile(f"''.matches({found[1]})").eval(data={}).value())
        if problem not in ("True", "False"):
            raise _at(source, found.start(1), _STATUS.sub("", problem))
        for count in _REPEATED.finditer(found[1]):
            size *= max(1, *(int(n[:5]) for n in count.groups(default="") if n))
        if size > MAX_REPEATED:
            raise _at(source, found.start(1), f"the repetitions of its patterns multiply to more than {MAX_REPEATED}")


def _at(source: str, place: int, message: str) -> ExpressionError:
    line = source.count("\n", 0, place) + 1
    column = place - source.rfind("\n", 0, place)
    return ExpressionError(f"{message} (line {line}, column {column})", line, column)
