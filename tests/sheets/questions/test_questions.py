"""Questions: what they may be, which of them are asked, and what is read from a form."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict

from sheets.questions.questions import asked, mistakes, read
from tests.sheets.conftest import QUESTIONS

ALL = "yes_no, single, multiple, likert, slider, number, text, long_text"
NOT_SO = "The question {} cannot be answered so."
TEXT: dict[str, Any] = {"id": "a", "kind": "text", "text": "A?"}
FELT: dict[str, Any] = {"id": "calm", "kind": "likert", "text": "Felt?"}
WITH: dict[str, Any] = {"id": "with", "kind": "multiple", "text": "Who?", "options": ["Ann", "Bob"]}


@pytest.mark.parametrize(
    ("condition", "answer", "expected"),
    [
        ({"is": True}, True, True),
        ({"is": True}, False, False),
        ({"is": "Ann"}, ["Ann", "Bob"], True),
        ({"is": "Eve"}, ["Ann", "Bob"], False),
        ({"in": ["Ann", "Eve"]}, "Eve", True),
        ({"in": ["Ann", "Eve"]}, ["Bob", "Ann"], True),
        ({"in": ["Ann", "Eve"]}, ["Bob"], False),
        ({"at_least": 3}, 3, True),
        ({"at_least": 3}, 2.9, False),
        ({"at_most": 3}, 3, True),
        ({"at_most": 3}, 3.1, False),
        ({"at_least": 2, "at_most": 3}, 4, False),
        ({"at_least": 0}, True, False),  # no number
        ({"at_least": 0}, "5", False),
        ({"is": False}, None, False),  # not answered
    ],
)
def test_a_question_is_asked_where_an_earlier_answer_is_as_it_says(
    condition: dict[str, Any], answer: Any, *, expected: bool
) -> None:
    question = TEXT | {"show_if": {"question": "before", **condition}}
    assert asked(question, {} if answer is None else {"before": answer}) == expected


@pytest.mark.parametrize(
    ("question", "path", "words"),
    [
        ({"kind": "essay"}, "kind", f"Choose one of {ALL}."),
        (
            {"kind": ["text"]},
            "kind",
            f"Choose one of {ALL}.",
        ),
        (TEXT | {"points": 5}, "points", "A question of the kind text has nothing of this name."),
        (
            TEXT | {"id": "9a"},
            "id",
            "Begin with a small letter, then up to 39 small letters, digits and underscores.",
        ),
        (
            TEXT | {"id": "a" * 41},
            "id",
            "Begin with a small letter, then up to 39 small letters, digits and underscores.",
        ),
        (TEXT | {"id": "respondent"}, "id", "The name respondent is taken."),
        (TEXT | {"id": "late"}, "id", "The name late is taken."),
        (TEXT | {"text": "  "}, "text", "Write 1 to 300 characters."),
        (TEXT | {"text": "x" * 301}, "text", "Write 1 to 300 characters."),
        (TEXT | {"help": "a\0b"}, "help", "Write 1 to 300 characters."),
        (FELT | {"low": 1}, "low", "Write 1 to 300 characters."),
        (TEXT | {"required": 1}, "required", "Expected true or false."),
        (WITH | {"options": ["Ann"]}, "options", "Give 2 to 20 of them."),
        (WITH | {"options": [str(n) for n in range(21)]}, "options", "Give 2 to 20 of them."),
        (WITH | {"options": ["Ann", 2]}, "options", "Each has 1 to 300 characters."),
        (WITH | {"options": ["Ann", "Bob", "Ann"]}, "options", "One stands there twice."),
        (FELT | {"points": 6}, "points", "Choose 5 or 7."),
        ({"id": "n", "kind": "number", "text": "N?", "min": "0"}, "min", "Expected a number."),
        ({"id": "n", "kind": "number", "text": "N?", "max": True}, "max", "Expected a number."),
        ({"id": "n", "kind": "number", "text": "N?", "step": 1e13}, "step", "Expected a number."),
        ({"id": "n", "kind": "number", "text": "N?", "step": 0}, "step", "A step is more than 0."),
        (
            {"id": "n", "kind": "slider", "text": "N?", "min": 100},
            "min",
            "The greatest number, 100, must be more than 100.",
        ),
        (
            {"id": "n", "kind": "slider", "text": "N?", "max": -5},
            "max",
            "The greatest number, -5, must be more than 0.",
        ),
        *(
            (
                TEXT | {"show_if": condition},
                "show_if",
                "Say which `question`, and its answer by `is`, `in`, `at_least` or `at_most`.",
            )
            for condition in ("late", {"question": "late"}, {"question": "late", "is": True, "not": 1})
        ),
        (
            TEXT | {"show_if": {"question": "later", "is": True}},
            "show_if.question",
            "Name a question that comes before this one.",
        ),
        (
            TEXT | {"show_if": {"question": "late", "is": "yes"}},
            "show_if.is",
            NOT_SO.format("late"),
        ),
        (
            TEXT | {"show_if": {"question": "why", "in": ["Other", "Rain"]}},
            "show_if.in",
            NOT_SO.format("why"),
        ),
        (
            TEXT | {"show_if": {"question": "why", "in": "Other"}},
            "show_if.in",
            NOT_SO.format("why"),
        ),
        (TEXT | {"show_if": {"question": "other", "is": 3}}, "show_if.is", NOT_SO.format("other")),
        (TEXT | {"show_if": {"question": "load", "is": "3"}}, "show_if.is", NOT_SO.format("load")),
        (
            TEXT | {"show_if": {"question": "why", "at_least": 3}},
            "show_if.at_least",
            "The question why is not answered by a number.",
        ),
        (TEXT | {"show_if": {"question": "load", "at_most": "3"}}, "show_if.at_most", "Expected a number."),
    ],
)
def test_a_mistake_of_a_question_is_said_at_its_place(question: dict[str, Any], path: str, words: str) -> None:
    (found,) = mistakes([*QUESTIONS[:5], question])
    assert (found.path, found.words) == ((5, *path.split(".")), words)
    assert str(found) == f"Question 6, {path}: {words}"


@pytest.mark.parametrize(
    "condition",
    [
        {"question": "late", "is": False},
        {"question": "why", "in": ["Other"]},
        {"question": "other", "is": "no"},
        {"question": "load", "at_least": 2, "at_most": 5},
        {"question": "felt", "is": 4},
    ],
)
def test_a_question_may_ask_after_an_answer_that_can_be_given(condition: dict[str, Any]) -> None:
    assert mistakes([*QUESTIONS[:5], TEXT | {"show_if": condition}]) == []


@pytest.mark.parametrize(
    ("questions", "words"),
    [
        ("none", "Expected a list of questions."),
        (QUESTIONS[:2], "A sheet has 3 to 10 questions."),
        ([TEXT | {"id": f"a{n}"} for n in range(11)], "A sheet has 3 to 10 questions."),
    ],
)
def test_a_sheet_has_some_questions_and_not_too_many(questions: Any, words: str) -> None:
    assert [(found.path, str(found)) for found in mistakes(questions)] == [((), words)]


def sent(**values: list[str]) -> QueryDict:
    made = QueryDict(mutable=True)
    made.update(MultiValueDict(values))
    return made


def answered(question: Mapping[str, Any], *values: str) -> Any:
    """The answer that is read from a form, or what is wrong with it."""
    answers, wrong = read([question], sent(**{question["id"]: list(values)}))
    assert len(answers) + len(wrong) <= 1
    return answers.get(question["id"], wrong.get(question["id"]))


@pytest.mark.parametrize(
    ("question", "values", "expected"),
    [
        (QUESTIONS[0], ["yes"], True),
        (QUESTIONS[0], ["no"], False),
        (QUESTIONS[0], ["maybe"], "Please choose yes or no."),
        (QUESTIONS[0], [" "], "Please answer this question."),
        (TEXT, [" "], None),
        (QUESTIONS[1] | {"show_if": None}, ["Rain"], "Please choose one of these."),
        (WITH, ["Bob", "Ann", "Bob"], ["Ann", "Bob"]),  # in the order of the options
        (WITH, ["Bob", "Eve"], "Please choose some of these."),
        (FELT, ["5"], 5),
        (FELT, ["6"], "Please choose from 1 to 5."),
        (FELT | {"points": 7}, ["7"], 7),
        (FELT, ["2.5"], "Please choose one of these."),
        (QUESTIONS[4], ["10"], 10),
        (QUESTIONS[4], ["10.5"], "Please choose from 0 to 10."),
        ({"id": "n", "kind": "number"}, ["3,5"], 3.5),
        ({"id": "n", "kind": "number"}, ["many"], "Please enter a number, as 12 or 3.5."),
        ({"id": "n", "kind": "number", "min": 5}, ["4"], "Please enter at least 5."),
        ({"id": "n", "kind": "number", "max": 5}, ["6"], "Please enter at most 5."),
        ({"id": "n", "kind": "number", "max": 5}, ["-inf"], "Please enter at least -1e+12."),
        (TEXT, ["  a\r\nb "], "a\nb"),
        (TEXT, ["x" * 256], "Please use at most 255 characters; these are 256."),
        (TEXT | {"kind": "long_text"}, ["x" * 5000], "x" * 5000),
        (TEXT | {"kind": "long_text"}, ["x" * 5001], "Please use at most 5000 characters; these are 5001."),
        (TEXT, ["a\0b"], "There is a character in it that cannot be stored."),
        (TEXT, ["a\ud800b"], "There is a character in it that cannot be stored."),
    ],
)
def test_an_answer_is_read_or_refused_in_words(question: dict[str, Any], values: list[str], expected: Any) -> None:
    assert answered({"text": "?", **question}, *values) == expected


def test_what_is_not_asked_has_no_answer_and_asks_for_none() -> None:
    form = sent(late=["no"], why=["Other"], other=["more"])
    assert read(QUESTIONS[:3], form) == ({"late": False}, {})
    assert read(QUESTIONS[:3], sent(late=["yes"], other=["more"])) == (
        {"late": True},
        {"why": "Please answer this question."},
    )
