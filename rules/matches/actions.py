"""What follows from a match: each entry of a rule's ``then`` names a kind of action, which an app registers here.

``{"notify": "ops", "text": "{case} is late"}`` is of the kind ``notify``: the one key that is registered names it. A
kind is a class, registered in a module that its app imports when it is ready::

    @action("notify")
    class Notify(Action):
        fields = {"text"}

        def check(self, action, log): ...
        def plan(self, match, action): ...
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from django.core.exceptions import ValidationError

from foundation.access import User
from foundation.placed_error import PlacedError
from foundation.registry import Registry
from streams.models import EventLog

if TYPE_CHECKING:
    from rules.models import Rule, RuleMatch

MAX_ACTIONS = 10  # of a rule
MAX_TEXT = 1000  # characters of a text an action holds


class ActionError(Exception):
    """Why an action cannot be: ``field`` is the key of it that is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Action(ABC):
    """A kind of action."""

    fields: ClassVar[set[str]] = set()  # keys that an entry may have beside its kind
    heading: ClassVar[str] = ""  # of its choices in the form of a rule

    @abstractmethod
    def check(self, action: Mapping[str, Any], log: EventLog, user: User | None) -> None:
        """Raise ActionError unless a rule of ``log`` may hold this entry; ``user`` is whoever saves it, where known."""

    @abstractmethod
    def plan(self, match: "RuleMatch", action: Mapping[str, Any]) -> None:
        """Write down what is to be done, in the transaction that stores the match; do nothing else, and raise nothing.

        The match is new: it is planned once. What was named may have been removed since the rule was saved.
        """

    def choices(self, log: EventLog, user: User) -> list[tuple[str, str]]:
        """Return what ``user`` may name in such an entry of a rule of ``log``, as (value, label)."""
        return []

    def statuses(self, matches: Sequence[int]) -> Mapping[int, list[dict[str, Any]]]:
        """How far it is, by the matches' ids: entries as ``{"status": "sent"}``; the kind is added."""
        return {}


ACTIONS: Registry[Action] = Registry("kind of action")

A = TypeVar("A", bound=type[Action])


def action(name: str) -> Callable[[A], A]:
    """Register a kind of action under the key that names it in ``then``."""

    def register(kind: A) -> A:
        ACTIONS.register(name)(kind())
        return kind

    return register


def kind_of(entry: Mapping[str, Any]) -> str | None:
    """The kind of an entry of ``then``; None where it names none, or several."""
    named = [name for name in entry if name in ACTIONS]
    return named[0] if len(named) == 1 else None


def check_rule(rule: "Rule", user: User | None = None, *, then: bool = True) -> None:
    """Raise ValidationError with each mistake of a rule at its place: of its own and, with ``then``, of its actions."""
    wrong: dict[str, Any] = {}
    try:
        rule.clean()
    except ValidationError as error:
        wrong = error.update_error_dict(wrong)
    if then and (mistakes := check_all(rule.then, rule.log, user)):
        wrong["then"] = mistakes
    if wrong:
        raise ValidationError(wrong)


def check_all(then: Any, log: EventLog, user: User | None = None) -> list[PlacedError]:
    """Return what is wrong with the actions of a rule, each mistake with place and key."""
    if not isinstance(then, list) or len(then) > MAX_ACTIONS:
        return [PlacedError(f'Expected a list of at most {MAX_ACTIONS}, as [{{"notify": "ops"}}].')]
    return [
        PlacedError(words, [place, name] if name else [place])
        for place, entry in enumerate(then)
        for name, words in _mistakes(entry, log, user)
    ]


def _mistakes(entry: Any, log: EventLog, user: User | None) -> list[tuple[str, str]]:
    kind = kind_of(entry) if isinstance(entry, dict) else None
    if kind is None:
        known = " or ".join(sorted(ACTIONS)) or "none yet"
        return [("", f"Expected an object that names one kind of action: {known}.")]
    wrong = []
    for name, value in entry.items():
        if name not in {kind, *ACTIONS[kind].fields}:
            wrong.append((str(name)[:100], f"{kind} knows no such key."))
        elif not isinstance(value, str) or len(value) > MAX_TEXT or "\0" in value:
            wrong.append((name, f"Expected a text of at most {MAX_TEXT} characters."))
    if not wrong:
        try:
            ACTIONS[kind].check(entry, log, user)
        except ActionError as error:
            wrong.append((error.field, str(error)))
    return wrong


def plan_all(match: "RuleMatch", then: Sequence[Mapping[str, Any]]) -> None:
    """Plan every action of a new match. A kind that is not installed any more is passed over."""
    for entry in then:
        kind = kind_of(entry)
        if kind is not None:
            ACTIONS[kind].plan(match, entry)


def statuses_of(matches: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The actions of matches and how far they are, as ``{"kind": "notify", "status": "sent"}``."""
    found: dict[int, list[dict[str, Any]]] = {pk: [] for pk in matches}
    for name, kind in ACTIONS.items():
        for pk, entries in kind.statuses(matches).items():
            found[pk] += ({"kind": name} | entry for entry in entries)
    return found
