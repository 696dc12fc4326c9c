"""The algorithms there are: one file with one function each, registered by name."""

import inspect
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from models_mining.core.live_log import CaseSet, LiveLog, LoggedEvent

Cost = Literal["live", "slow"]
"""``live``: derived in the miner, up to five times a second. ``slow``: in a child process, on its own clock."""

Needs = Literal["moments", "counts", "pairs", "edges", "variant-counts", "variants"]
"""What a model depends on, so that a derivation can be skipped when that has not changed: ``moments`` (every event
changes them), ``counts`` (of pairs and triples), ``pairs`` (pair moments, which a log keeps only for such a model),
``edges`` (the sets of pairs, starts and ends), ``variant-counts``,
``variants`` (their set)."""

Audit = Callable[[Any, Iterable[LoggedEvent], Collection[str], Mapping[str, Any]], list[str]]
"""``audit(drawing, rows, closed, parameters)``: how a drawing (as derived, or as a stored picture holds it, with
numbers for ids) differs from the batch result on ``rows``, the events of the cases it counts; ``closed`` names the
closed cases among them, ``parameters`` is complete. Nothing to say: an empty list."""

Value = bool | int | float | str


class ParameterError(ValueError):
    """A parameter the algorithm does not have, or a value it does not take. ``name`` says which."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name


class NotDerivableError(ValueError):
    """The algorithm finds no model of this log; the sentence says why. Another state of the log may have one."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One knob of an algorithm. Its type is that of its default; bounds are inclusive."""

    name: str
    default: Value
    meaning: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Value, ...] | None = None

    @property
    def kind(self) -> str:
        """``bool``, ``int``, ``float`` or ``str``."""
        return type(self.default).__name__

    def check(self, value: object) -> Value:
        """``value`` as this parameter takes it (a whole number may stand for a float), or a ParameterError."""
        if isinstance(self.default, float) and type(value) is int:
            value = float(value)
        if type(value) is not type(self.default) or not isinstance(value, Value):
            raise ParameterError(self.name, f"must be of type {self.kind}, not {type(value).__name__}")
        if self.choices is not None and value not in self.choices:
            raise ParameterError(self.name, f"must be one of {', '.join(map(str, self.choices))}")
        if not isinstance(value, str) and not (
            (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)
        ):
            raise ParameterError(self.name, f"must lie between {self.minimum} and {self.maximum}")
        return value


@dataclass(frozen=True, slots=True)
class Algorithm:
    """An algorithm: ``function(log, cases, **parameters)`` derives a model from a live log.

    ``package`` is the installed package that brings it, with its version if that is not procmine.

    ``exact`` promises that the model equals the batch result; ``audit`` checks it. ``case_sets`` are what it can
    count. ``pm4py`` says that deriving needs it, so that whoever derives can load it in time.
    """

    name: str
    function: Callable[..., Any]
    source: str
    cost: Cost
    needs: Needs
    exact: bool
    parameters: tuple[Parameter, ...]
    audit: Audit | None
    case_sets: tuple[CaseSet, ...] = ("all", "closed")
    pm4py: bool = False
    package: str = "procmine"

    @property
    def summary(self) -> str:
        """What it finds, in a line: the first of the function's description."""
        return (self.function.__doc__ or "").strip().partition("\n")[0]

    @property
    def description(self) -> str:
        """The function's whole description, without its indentation."""
        return inspect.getdoc(self.function) or ""

    def check(self, parameters: Mapping[str, object]) -> dict[str, Value]:
        """All parameters with their values, defaults filled in; a ParameterError for the first that is wrong."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in parameters:
            if name not in known:
                raise ParameterError(name, f"{self.name} has no such parameter")
        return {name: known[name].check(parameters.get(name, known[name].default)) for name in known}

    def state_key(self, log: LiveLog, cases: CaseSet = "all") -> Hashable | None:
        """A value that is the same as before only if the model is: then a derivation can be skipped. None: unknown.

        Worth it where a model depends on sets, which change seldom. Between two keys of one log only.
        """
        if self.needs == "edges":
            counts = log.counts(cases)
            return frozenset(counts.directly_follows), frozenset(counts.starts), frozenset(counts.ends)
        if self.needs == "variants":
            return frozenset(log.tree.variants(closed_only=cases == "closed")), log.overflow_cases
        return None

    def derive(self, log: LiveLog, cases: CaseSet = "all", parameters: Mapping[str, object] | None = None) -> Any:
        """The model of ``log`` as it is now, with a remark if ``log`` does not stand for all of its cases.

        Closed cases need a log that tracks them (else LookupError), and an algorithm that can count them on their own
        (else NotDerivableError).
        """
        if cases not in self.case_sets:
            raise NotDerivableError(f"{self.name} counts {' or '.join(self.case_sets)} cases only, not {cases} ones.")
        model = self.function(log, cases, **self.check(parameters or {}))
        if log.is_bounded:
            model["remarks"] = [*model.get("remarks", ()), f"Stands for {log.scope}; others are left out."]
        return model


Function = TypeVar("Function", bound=Callable[..., Any])

ALGORITHMS: dict[str, Algorithm] = {}
"""Every algorithm by its name; filled when ``models_mining.core.discovery`` is imported."""


def miner(
    *,
    name: str,
    source: str,
    cost: Cost,
    needs: Needs,
    exact: bool = True,
    parameters: tuple[Parameter, ...] = (),
    audit: Audit | None = None,
    case_sets: tuple[CaseSet, ...] = ("all", "closed"),
    pm4py: bool = False,
) -> Callable[[Function], Function]:
    """Register the decorated function as the algorithm ``name``; the function stays as it is.

    A name that is taken, or an exact algorithm without an audit, is a ValueError.
    """

    def register(function: Function) -> Function:
        if name in ALGORITHMS:
            raise ValueError(f"there are two algorithms {name!r}")
        if exact and audit is None:
            raise ValueError(f"{name!r} promises to be exact: it needs an audit")
        ALGORITHMS[name] = Algorithm(name, function, source, cost, needs, exact, parameters, audit, case_sets, pm4py)
        return function

    return register


def get(name: str) -> Algorithm:
    """The algorithm of this name, or a LookupError that names those there are."""
    try:
        return ALGORITHMS[name]
    except KeyError:
        raise LookupError(f"there is no algorithm {name!r}, only {', '.join(sorted(ALGORITHMS))}") from None


def derive(name: str, log: LiveLog, cases: CaseSet = "all", parameters: Mapping[str, object] | None = None) -> Any:
    """What the algorithm ``name`` finds in ``log``; see :meth:`Algorithm.derive`."""
    return get(name).derive(log, cases, parameters)
