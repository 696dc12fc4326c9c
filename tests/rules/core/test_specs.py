"""What a spec says it does, and what it refuses at which place."""

from typing import Any

import pytest

from rules.core.specs import SpecError, read

CUT, TEST = "event.activity == 'Cut'", 'event.activity == "Test"'
LONG = "event.attributes.temp > 20 && " * 10 + "true"


@pytest.mark.parametrize(
    ("kind", "given", "summary"),
    [
        ("event", {"when": CUT}, "Tells of each “Cut”."),
        (
            "event",
            {"when": "event.attributes.temp\n  > 20"},
            "Tells of each event where event.attributes.temp > 20.",
        ),
        ("event", {"when": LONG}, f"Tells of each event where {LONG[:199]}…."),
        ("sequence", {"steps": [CUT, TEST]}, "Tells when in one case “Cut”, then “Test”."),
        (
            "sequence",
            {
                "steps": [
                    CUT,
                    {"when": "event.activity == 'Paint'", "absent": True},
                    {"when": "event.activity == 'Glue'", "absent": True},
                    {"when": TEST, "within_s": 15},
                ]
            },
            "Tells when in one case “Cut”, without “Paint” in between and “Glue” in between, then within 15 s “Test”.",
        ),
        (
            "timeout",
            {"after": CUT, "until": TEST, "within_s": 900},
            "Warns when 15 min after “Cut” no “Test” came.",
        ),
        ("case", {"duration_s": 86_400}, "Warns when a case lasts longer than 1 d."),
        (
            "case",
            {"duration_s": 9, "length": 2, "repetitions": 3},
            "Warns when a case lasts longer than 9 s or has more than 2 events or does an activity more than 3 times.",
        ),
        (
            "case",
            {"repetitions": 2, "activity": "Cut"},
            "Warns when a case does “Cut” more than 2 times.",
        ),
        ("deviation", {}, "Warns when a case leaves the reference model."),
        (
            "deviation",
            {"activities": list("abcdef")},
            "Warns when a case leaves the reference model at “a” or “b” or “c” or “d” or “e” or others.",
        ),
        ("deviation", {"fitness_below": 0.8}, "Warns when a case fits the reference model by less than 80%."),
        (
            "deviation",
            {"fitness_below": 0.5, "activities": ["Cut"]},
            "Warns when a case deviates at “Cut” and fits the reference model by less than 50%.",
        ),
        (
            "novelty",
            {},
            "Tells when an activity comes that was never seen before (after 1000 events of getting to know).",
        ),
        (
            "novelty",
            {"of": "edge", "warm_up": 0},
            "Tells when an activity follows another that it never followed before (after 0 events of getting to know).",
        ),
        (
            "novelty",
            {"of": "variant", "warm_up": 5},
            "Tells when a case goes a way that none went before (after 5 events of getting to know).",
        ),
        ("log", {"measure": "silence", "within_s": 3600}, "Warns when nothing arrives for 1 h."),
        (
            "log",
            {"measure": "rejections", "within_s": 60, "above": 0.05},
            "Warns when over 1 min more than 5% of what arrives is refused.",
        ),
        (
            "log",
            {"measure": "rate", "within_s": 60, "above": 10, "below": 0.5},
            "Warns when over 1 min the rate is above 10 or below 0.5 events a second.",
        ),
    ],
)
def test_a_rule_says_in_words_what_it_does(kind: str, given: dict[str, Any], summary: str) -> None:
    assert read(kind, given).summary() == summary


@pytest.mark.parametrize(
    ("kind", "given", "path", "words"),
    [
        ("event", {}, ("when",), "This is needed."),
        ("event", {"when": CUT, "colour": 1}, ("colour",), "This is not known here."),
        ("event", {"when": 3}, ("when",), "Expected `str`, got `int`."),
        ("sequence", {"steps": [CUT]}, ("steps",), "Expected `array` of length >= 2."),
        ("sequence", {"steps": [CUT] * 11}, ("steps",), "Expected `array` of length <= 10."),
        (
            "sequence",
            {"steps": [{"when": CUT, "absent": True}, TEST]},
            ("steps", 0),
            "Only a step between two others can be absent; the kind timeout waits.",
        ),
        (
            "sequence",
            {"steps": [{"when": CUT, "within_s": 9}, TEST]},
            ("steps", 0, "within_s"),
            "Only a step that comes after another has within_s.",
        ),
        (
            "sequence",
            {"steps": [CUT, {"when": TEST, "absent": True, "within_s": 9}, CUT]},
            ("steps", 1, "within_s"),
            "Only a step that comes after another has within_s.",
        ),
        ("sequence", {"steps": [CUT, {"within_s": 9}]}, ("steps", 1, "when"), "This is needed."),
        (
            "timeout",
            {"after": CUT, "until": TEST, "within_s": 366 * 86_400 + 1},
            ("within_s",),
            "Expected `int` <= 31622400.",
        ),
        ("case", {"activity": "Cut", "length": 3}, ("activity",), "Only with repetitions."),
        ("case", {}, ("duration_s",), "Expected a bound: duration_s, length or repetitions."),
        ("deviation", {"activities": []}, ("activities",), "Expected `array` of length >= 1."),
        ("deviation", {"fitness_below": 1.5}, ("fitness_below",), "Expected `float` <= 1.0."),
        ("log", {"measure": "silence", "within_s": 9, "below": 1}, ("below",), "Silence has no bound but within_s."),
        (
            "log",
            {"measure": "rate", "within_s": 9},
            ("above",),
            "Expected a bound, above or below: events a second.",
        ),
        *(
            (
                "log",
                {"measure": "rejections", "within_s": 9, **bounds},
                ("above",),
                "Expected the share of rejections, from 0 up to 1, that it warns above.",
            )
            for bounds in ({}, {"below": 0.5}, {"above": 0.5, "below": 0.1}, {"above": 1})
        ),
        (
            "log",
            {"measure": "rate", "within_s": 86_401, "above": 1},
            ("within_s",),
            "A rate or share is taken over at most 86400 s, a day.",
        ),
    ],
)
def test_a_mistake_of_a_spec_is_said_at_its_place(
    kind: str, given: dict[str, Any], path: tuple[str | int, ...], words: str
) -> None:
    with pytest.raises(SpecError) as caught:
        read(kind, given)
    assert (caught.value.path, str(caught.value)) == (path, words)


def test_a_mistake_in_an_expression_is_said_with_line_and_column() -> None:
    with pytest.raises(SpecError) as caught:
        read("sequence", {"steps": [CUT, {"when": "true &&\n event.colour"}]})
    assert (caught.value.path, caught.value.line, caught.value.column) == (("steps", 1, "when"), 2, 7)
