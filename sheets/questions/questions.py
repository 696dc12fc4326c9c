"""Questions of a sheet: what they may be, which of them are asked, and reading what a form sent. Pure.

A question is an object with ``id``, ``kind``, ``text`` and, as its kind asks, ``options``, ``min``, ``max``, ``step``,
``points``, ``low``, ``high``; ``required``, ``help`` and ``show_if`` may stand in all of them. ``show_if`` names an
earlier ``question`` and what its answer must be: ``is`` (of several choices: among them), ``in``, ``at_least`` or
``at_most``. A question that is not asked has no answer, whatever a form sends.

>>> late = {"id": "late", "kind": "yes_no", "text": "Was it late?"}
>>> why = {"id": "why", "kind": "text", "text": "Why?", "show_if": {"question": "late", "is": True}}
>>> asked(why, {"late": False}), asked(why, {"late": True})
(False, True)
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

FEWEST, MOST = 3, 10  # questions of a sheet
COUNT = f"A sheet has {FEWEST} to {MOST} questions."
MAX_OPTIONS = 20
MAX_WORDS = 300  # characters of a question or option
MAX_TEXT, MAX_LONG_TEXT = 255, 5000  # characters of an answer
LIKERT_POINTS = (5, 7)
_BIG = 1e12
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")
RESERVED = {"sheet", "sheet_version", "prompt", "respondent"}  # attributes of the event beside the answers
COMMON = {"id", "kind", "text", "help", "required", "show_if"}
KINDS: dict[str, set[str]] = {  # further keys of each
    "yes_no": set(),
    "single": {"options"},
    "multiple": {"options"},
    "likert": {"points", "low", "high"},
    "slider": {"min", "max", "step", "low", "high"},
    "number": {"min", "max", "step"},
    "text": set(),
    "long_text": set(),
}
NUMBERS = {"likert", "slider", "number"}
TESTS = {"is", "in", "at_least", "at_most"}

EXAMPLE: list[dict[str, Any]] = [  # a new sheet begins with it
    {"id": "late", "kind": "yes_no", "text": "Was it late?", "required": True},
    {
        "id": "why",
        "kind": "single",
        "text": "Why?",
        "options": ["Parts were missing", "Nobody was there"],
        "show_if": {"question": "late", "is": True},
    },
    {"id": "more", "kind": "long_text", "text": "Anything else?"},
]

Question = Mapping[str, Any]
Answers = dict[str, Any]


class Sent(Protocol):
    """What a form sent: Django's QueryDict."""

    def getlist(self, name: str) -> list[str]:
        """All values of a field."""


def bounds(question: Question) -> tuple[float, float]:
    """The least and the greatest number that answers a question."""
    if question["kind"] == "likert":
        return 1, question.get("points", LIKERT_POINTS[0])
    if question["kind"] == "slider":
        return question.get("min", 0), question.get("max", 100)
    return question.get("min", -_BIG), question.get("max", _BIG)


def asked(question: Question, answers: Mapping[str, Any]) -> bool:
    """Whether a question is asked, after these answers to the ones before it."""
    condition = question.get("show_if")
    if condition is None:
        return True
    answer = answers.get(condition["question"])
    if answer is None:
        return False
    given = answer if isinstance(answer, list) else [answer]
    if "is" in condition:
        return condition["is"] in given
    if "in" in condition:
        return any(one in condition["in"] for one in given)
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return False
    return bool(condition.get("at_least", -math.inf) <= answer <= condition.get("at_most", math.inf))


# --- Checking a sheet -----------------------------------------------------------------


class Mistake(NamedTuple):
    """What is wrong with the questions of a sheet, and where: ``(2, "show_if", "is")`` is of the third question."""

    path: tuple[int | str, ...]
    words: str

    def __str__(self) -> str:
        if not self.path:
            return self.words
        place, *within = self.path
        return f"Question {int(place) + 1}{', ' if within else ''}{'.'.join(map(str, within))}: {self.words}"


def mistakes(questions: Any) -> list[Mistake]:
    """What is wrong with the questions of a sheet; none: nothing."""
    if not isinstance(questions, list):
        return [Mistake((), "Expected a list of questions.")]
    found = [] if FEWEST <= len(questions) <= MOST else [Mistake((), COUNT)]
    before: dict[str, Question] = {}
    for place, question in enumerate(questions[:MOST]):
        if not isinstance(question, dict):
            found.append(Mistake((place,), "Expected an object."))
            continue
        found += [Mistake((place, *where.split(".")), words) for where, words in _mistakes(question, before)]
        if isinstance(question.get("id"), str):
            before[question["id"]] = question
    return found


Wrong = Iterator[tuple[str, str]]  # where within a question, what


def _mistakes(question: dict[str, Any], before: Mapping[str, Question]) -> Wrong:
    kind, name = question.get("kind"), question.get("id")
    if not isinstance(kind, str) or kind not in KINDS:
        yield "kind", f"Choose one of {', '.join(KINDS)}."
        return
    for unknown in sorted(question.keys() - COMMON - KINDS[kind]):
        yield unknown[:40], f"A question of the kind {kind} has nothing of this name."
    if not isinstance(name, str) or not _ID.fullmatch(name):
        yield "id", "Begin with a small letter, then up to 39 small letters, digits and underscores."
    elif name in before or name in RESERVED:
        yield "id", f"The name {name} is taken."
    if not _words(question.get("text")):
        yield "text", f"Write 1 to {MAX_WORDS} characters."
    for key in ("help", "low", "high"):
        if key in question and not _words(question[key]):
            yield key, f"Write 1 to {MAX_WORDS} characters."
    if not isinstance(question.get("required", False), bool):
        yield "required", "Expected true or false."
    if "options" in KINDS[kind]:
        yield from _of_options(question.get("options"))
    if kind in NUMBERS:
        yield from _of_numbers(question)
    if "show_if" in question:
        yield from _of_condition(question["show_if"], before)


def _words(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= len(value) <= MAX_WORDS and "\0" not in value


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _BIG


def _of_options(options: Any) -> Wrong:
    if not isinstance(options, list) or not 2 <= len(options) <= MAX_OPTIONS:
        yield "options", f"Give 2 to {MAX_OPTIONS} of them."
    elif not all(_words(one) for one in options):
        yield "options", f"Each has 1 to {MAX_WORDS} characters."
    elif len(set(options)) < len(options):
        yield "options", "One stands there twice."


def _of_numbers(question: Question) -> Wrong:
    given = [name for name in ("min", "max", "step") if name in question]
    if wrong := [name for name in given if not _number(question[name])]:
        yield from ((name, "Expected a number.") for name in wrong)
        return
    if question.get("points", LIKERT_POINTS[0]) not in LIKERT_POINTS:
        yield "points", f"Choose {' or '.join(map(str, LIKERT_POINTS))}."
        return
    least, most = bounds(question)
    if least >= most:
        yield "max" if "max" in question else "min", f"The greatest number, {most:g}, must be more than {least:g}."
    if question.get("step", 1) <= 0:
        yield "step", "A step is more than 0."


def _of_condition(condition: Any, before: Mapping[str, Question]) -> Wrong:
    if not isinstance(condition, dict) or len(condition.keys() & TESTS) == 0 or condition.keys() - TESTS - {"question"}:
        yield "show_if", "Say which `question`, and its answer by `is`, `in`, `at_least` or `at_most`."
        return
    named = condition.get("question")
    if not isinstance(named, str) or named not in before:
        yield "show_if.question", "Name a question that comes before this one."
        return
    of = before[named]
    test = "in" if "in" in condition else "is"
    wanted = condition["in"] if "in" in condition else [condition["is"]] if "is" in condition else []
    if not isinstance(wanted, list) or not all(_possible(of, value) for value in wanted):
        yield f"show_if.{test}", f"The question {named} cannot be answered so."
        return
    for name in ("at_least", "at_most"):
        if name not in condition:
            continue
        if of.get("kind") not in NUMBERS:
            yield f"show_if.{name}", f"The question {named} is not answered by a number."
        elif not _number(condition[name]):
            yield f"show_if.{name}", "Expected a number."


def _possible(question: Question, value: Any) -> bool:
    """Whether a question can be answered by a value, or by several with it among them."""
    match question.get("kind"):
        case "yes_no":
            return isinstance(value, bool)
        case "single" | "multiple":
            options = question.get("options")
            return isinstance(value, str) and isinstance(options, list) and value in options
        case "text" | "long_text":
            return isinstance(value, str)
    return _number(value)


# --- Reading a form -------------------------------------------------------------------


def read(questions: Sequence[Question], sent: Sent) -> tuple[Answers, dict[str, str]]:
    """The answers of a form by question, and what is wrong with it; fields of questions not asked are not looked at."""
    answers: Answers = {}
    wrong: dict[str, str] = {}
    for question in questions:
        if not asked(question, answers):
            continue
        values = [text for text in sent.getlist(question["id"])[: MAX_OPTIONS + 1] if text.strip()]
        if not values:
            if question.get("required"):
                wrong[question["id"]] = "Please answer this question."
            continue
        try:
            answers[question["id"]] = _READERS[question["kind"]](question, values)
        except ValueError as error:
            wrong[question["id"]] = str(error)
    return answers, wrong


def _yes_no(_: Question, values: list[str]) -> bool:
    if values[0] not in ("yes", "no"):
        raise ValueError("Please choose yes or no.")
    return values[0] == "yes"


def _single(question: Question, values: list[str]) -> str:
    if values[0] not in question["options"]:
        raise ValueError("Please choose one of these.")
    return values[0]


def _multiple(question: Question, values: list[str]) -> list[str]:
    if not set(values) <= set(question["options"]):
        raise ValueError("Please choose some of these.")
    return [option for option in question["options"] if option in values]


def _amount(question: Question, values: list[str]) -> float:
    least, most = bounds(question)
    try:
        number = float(values[0][:40].strip().replace(",", "."))
    except ValueError:
        raise ValueError("Please enter a number, as 12 or 3.5.") from None
    if not least <= number <= most:
        if least == -_BIG or most == _BIG:
            side = f"at least {least:g}" if number < least else f"at most {most:g}"
            raise ValueError(f"Please enter {side}.")
        raise ValueError(f"Please choose from {least:g} to {most:g}.")
    whole = int(number)
    if question["kind"] == "likert" and whole != number:
        raise ValueError("Please choose one of these.")
    return whole if whole == number else number


def _text(question: Question, values: list[str]) -> str:
    most = MAX_TEXT if question["kind"] == "text" else MAX_LONG_TEXT
    text = values[0].replace("\r\n", "\n").strip()
    if len(text) > most:
        raise ValueError(f"Please use at most {most} characters; these are {len(text)}.")
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("There is a character in it that cannot be stored.")
    return text


_READERS: dict[str, Callable[[Question, list[str]], Any]] = {
    "yes_no": _yes_no,
    "single": _single,
    "multiple": _multiple,
    "likert": _amount,
    "slider": _amount,
    "number": _amount,
    "text": _text,
    "long_text": _text,
}
