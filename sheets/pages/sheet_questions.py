"""The questions of a sheet as rows of a form: as a person writes them, and as the API takes them.

A row has a key that stays with it however the rows are arranged: its fields are ``q<key>_text``, ``q<key>_kind`` …, and
the field ``row``, once for each row, says in which order they stand. Nothing is judged here: what is wrong with a
question `sheets.questions.questions` says, through the API's serializer.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.text import slugify

from foundation.numbers import whole_number
from foundation.pages.form_fields import LinesField
from sheets.questions.questions import KINDS, LIKERT_POINTS, MOST, NUMBERS, RESERVED

KIND_WORDS = [
    ("yes_no", "Yes or no"),
    ("single", "Choose one"),
    ("multiple", "Choose any"),
    ("likert", "A scale, from 1 to 5 or 7"),
    ("slider", "A slider"),
    ("number", "A number"),
    ("text", "A short text"),
    ("long_text", "A long text"),
]
OF_SHOW_IF = {"question": "if_question", "at_least": "if_least", "at_most": "if_most"}  # part → field
NAMES = (
    *("text", "kind", "required", "options", "points", "min", "max", "step", "low", "high"),
    *("help", "id", "if_question", "if_answers", "if_least", "if_most"),
)
_ID_LENGTH = 24  # characters of a name that is made from a question

Given = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One question in the form; ``fields`` by the names of `NAMES`."""

    key: str
    place: int
    fields: Mapping[str, forms.BoundField]

    def __getitem__(self, name: str) -> forms.BoundField:
        return self.fields[name]

    @property
    def seldom(self) -> bool:
        """Whether what is seldom needed is used, or wrong."""
        names = ("help", "if_question", "id", "if_answers", "if_least", "if_most")
        return any(self[name].value() for name in names[:2]) or any(self[name].errors for name in names)


def keys_of(data: QueryDict) -> list[str]:
    """The keys of the rows, in their order."""
    return [key for key in dict.fromkeys(data.getlist("row")) if whole_number(key, 999) is not None][: MOST + 1]


def fields_of(key: str, others: Sequence[tuple[str, str]]) -> dict[str, forms.Field]:
    """The fields of a row; ``others`` are the rows its condition may be about, each with its question."""

    def line(label: str, **attrs: Any) -> forms.Field:
        return forms.CharField(
            label=label, required=False, widget=forms.TextInput(attrs={"autocomplete": "off", **attrs})
        )

    number = {"inputmode": "decimal", "size": 8}
    found = {
        "text": line("Question"),
        "kind": forms.ChoiceField(label="Answered by", choices=KIND_WORDS),
        "required": forms.BooleanField(label="Must be answered", required=False),
        "options": LinesField(label="Options, one a line", required=False),
        "points": forms.ChoiceField(
            label="Steps", required=False, choices=[(str(points), str(points)) for points in LIKERT_POINTS]
        ),
        "min": line("Least", **number),
        "max": line("Greatest", **number),
        "step": line("In steps of", **number),
        "low": line("Words at the low end"),
        "high": line("Words at the high end"),
        "help": line("A line of help below it"),
        "id": line("Attribute of the event", spellcheck="false"),
        "if_question": forms.ChoiceField(
            label="Asked",
            required=False,
            choices=[("", "always"), *((key, f"only after {words}") for key, words in others)],
        ),
        "if_answers": LinesField(
            label="if that was answered by",
            required=False,
            widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
        ),
        "if_least": line("or with at least", **number),
        "if_most": line("and at most", **number),
    }
    return {f"q{key}_{name}": found[name] for name in NAMES}


# --- From the API's form to fields ----------------------------------------------------


def initial_of(questions: Sequence[Any]) -> dict[str, Any]:
    """What the fields of stored questions hold; their keys are their places."""
    known = [question for question in questions if isinstance(question, dict)]
    keys = {question.get("id"): str(place) for place, question in enumerate(known)}
    found: dict[str, Any] = {}
    for place, question in enumerate(known):
        condition = question.get("show_if") or {}
        wanted = condition["in"] if "in" in condition else [condition["is"]] if "is" in condition else []
        row = {name: question[name] for name in NAMES if name in question} | {
            "if_question": keys.get(condition.get("question"), ""),
            "if_answers": [_written(answer) for answer in wanted],
            "if_least": condition.get("at_least"),
            "if_most": condition.get("at_most"),
        }
        found |= {f"q{place}_{name}": value for name, value in row.items()}
    return found


def _written(answer: Any) -> str:
    return ("yes" if answer else "no") if isinstance(answer, bool) else str(answer)


# --- From fields to the API's form ----------------------------------------------------


def questions_of(keys: Sequence[str], given: Given) -> list[dict[str, Any]]:
    """The questions as the API takes them; what belongs to another kind of question is left out."""
    rows = {key: {name: given.get(f"q{key}_{name}") or "" for name in NAMES} for key in keys}
    ids = _ids(rows)
    kinds = {key: row["kind"] for key, row in rows.items()}
    found = []
    for key, row in rows.items():
        question: dict[str, Any] = {"id": ids[key], "kind": row["kind"], "text": row["text"]}
        question |= {name: row[name] for name in ("help", "required") if row[name]}
        for name in KINDS.get(row["kind"], ()):
            if name == "options":
                question[name] = row[name] or []
            elif row[name] and (name, row[name]) != ("points", str(LIKERT_POINTS[0])):
                question[name] = row[name] if name in ("low", "high") else _number(row[name])
        if row["if_question"]:
            question["show_if"] = _condition(row, ids, kinds)
        found.append(question)
    return found


def _condition(row: Given, ids: Mapping[str, str], kinds: Mapping[str, str]) -> dict[str, Any]:
    of = row["if_question"]
    answers = [_answer(kinds.get(of, ""), text) for text in row["if_answers"] or []]
    condition: dict[str, Any] = {"question": ids.get(of, "")}
    if answers:
        condition |= {"in": answers} if len(answers) > 1 else {"is": answers[0]}
    parts = {"at_least": row["if_least"], "at_most": row["if_most"]}
    return condition | {name: _number(text) for name, text in parts.items() if text}


def _answer(kind: str, text: str) -> Any:
    if kind == "yes_no":
        return {"yes": True, "no": False}.get(text.lower(), text)
    return _number(text) if kind in NUMBERS else text


def _number(text: str) -> Any:
    """The number that is written; what is none as it is, so that it is said what is wrong."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return text
    return int(number) if math.isfinite(number) and number == int(number) else number


def _ids(rows: Mapping[str, Given]) -> dict[str, str]:
    """The attribute that each answer becomes: as it is written, else made from the question."""
    written = {key: row["id"] for key, row in rows.items() if row["id"]}
    taken = {*RESERVED, *written.values()}
    found = dict(written)
    for place, (key, row) in enumerate(rows.items(), 1):
        if key not in written:
            name = first = _name(row["text"]) or f"question_{place}"
            for again in range(2, len(rows) + len(RESERVED) + 2):
                if name not in taken:
                    break
                name = f"{first}_{again}"
            taken.add(name)
            found[key] = name
    return found


def _name(text: str) -> str:
    """A short name of a question.

    >>> _name("How long did it take to find the missing parts?")
    'how_long_did_it_take_to'
    """
    words = re.sub(r"^[^a-z]+", "", slugify(text).replace("-", "_"))
    return words if len(words) <= _ID_LENGTH else words[: _ID_LENGTH + 1].rpartition("_")[0] or words[:_ID_LENGTH]


# --- Arranging ------------------------------------------------------------------------


def arrange(data: QueryDict, do: str) -> tuple[str, str]:
    """Do what a button asks for: ``add``, ``remove:3``, ``up:3``, ``down:3``; where to go on, and what to say.

    Where: the name of a field (``q4_text``), or a button that now stands there (``up:3``, ``add``).
    """
    keys = keys_of(data)
    what, _, key = do.partition(":")
    if what == "add" and len(keys) < MOST:
        key = str(max((int(one) for one in keys), default=-1) + 1)
        data.setlist("row", [*keys, key])
        return f"q{key}_text", f"Question {len(keys) + 1} was added."
    if key not in keys:
        return "", ""
    place = keys.index(key)
    said = ""
    if what == "remove":
        keys.remove(key)
        said = f"Question {place + 1} was removed.{_free(data, key, keys)}"
    else:
        new = max(0, place - 1) if what == "up" else min(len(keys) - 1, place + 1)
        keys.insert(new, keys.pop(place))
        said = f"It is question {new + 1} now."
    data.setlist("row", keys)
    if what == "remove":
        return (f"remove:{keys[min(place, len(keys) - 1)]}" if keys else "add"), said
    ends = {0: "down", len(keys) - 1: "up"}
    return f"{ends.get(keys.index(key), what)}:{key}", said


def _free(data: QueryDict, gone: str, keys: Iterable[str]) -> str:
    """Conditions about a question that is gone go with it; what to say of that."""
    free = [place for place, key in enumerate(keys, 1) if data.get(f"q{key}_if_question") == gone]
    for place, key in enumerate(keys, 1):
        if place in free:
            data[f"q{key}_if_question"] = ""
    return "".join(f" Question {place} was only asked after it: it is always asked now." for place in free)
