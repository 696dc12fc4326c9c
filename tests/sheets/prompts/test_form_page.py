"""The form behind a link: who may answer, once; what it takes; what it never gives away."""

import re
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from sheets.models import Answer, Prompt, Sheet
from sheets.prompts import form_page
from sheets.prompts.prompts import ClosedError, invite, path_of, take
from sheets.questions.questions import mistakes
from streams.models import Event
from tests.sheets.conftest import QUESTIONS

GOOD = {"late": "yes", "why": "Other", "other": "<script>alert(1)</script>", "felt": "4", "with": ["Eve", "Ann"]}


def link(sheet: Sheet, respondent: str = "ann", **options: Any) -> tuple[Prompt, str]:
    prompt = invite(sheet, "order-7", respondent, **options)
    return prompt, path_of(prompt.secret)


def said(answer: Any) -> str:
    (heading,) = re.findall(r"<h1>(.*?)</h1>", answer.content.decode())
    return str(heading)


def test_an_answer_is_kept_once_and_is_an_event_of_the_case(sheet: Sheet) -> None:
    prompt, path = link(sheet)
    browser = Client()
    page = browser.get(path)
    headers = ("Cache-Control", "Referrer-Policy", "X-Robots-Tag")
    assert [page[name] for name in headers] == ["no-store", "no-referrer", "noindex, nofollow"]
    assert page.content.decode().count("<fieldset") == len(QUESTIONS) == page.content.decode().count("<legend")
    assert "procmine_session" not in page.cookies
    done = browser.post(path, GOOD | {"load": "", "people": "3,5", "where": " "})
    assert (done.status_code, done["Location"]) == (302, path)
    assert said(browser.get(path)) == "Thank you"
    event = Event.objects.get()
    answers = {"late": True, "why": "Other", "other": GOOD["other"], "felt": 4, "with": ["Ann", "Eve"], "people": 3.5}
    own = {"sheet": "delay", "sheet_version": 1, "prompt": prompt.pk, "respondent": "ann"}
    assert (event.case, event.activity, event.attributes) == ("order-7", "Why did it take long?", answers | own)
    row = Answer.objects.get()
    assert (row.answers, row.seq, row.prompt.state) == (answers, event.seq, "answered")
    assert said(browser.post(path, GOOD)) == "Thank you"  # sent again: nothing more
    assert (Answer.objects.count(), Event.objects.count()) == (1, 1)
    prompt.refresh_from_db()
    assert prompt.token == ""  # nobody needs it any more


def test_what_is_not_asked_is_not_looked_at_and_what_is_wrong_is_said_at_its_question(sheet: Sheet) -> None:
    _, path = link(sheet)
    browser = Client()
    wrong = browser.post(
        path,
        {
            "late": "no",
            "why": "anything at all",
            "felt": "9",
            "load": "many",
            "with": ["Mallory"],
            "people": "1e400",
            "where": '"><script>alert(2)</script>' + "x" * 300,
        },
    )
    text = wrong.content.decode()
    assert wrong.status_code == 422
    assert re.findall(r'id="e-(\w+)"', text) == ["felt", "load", "with", "people", "where"]
    assert "<script>alert" not in text
    assert "&quot;&gt;&lt;script&gt;alert(2)" in text  # what was typed is still there
    assert Event.objects.count() == 0
    assert browser.post(path, {"late": "no", "why": "x", "other": "y"}).status_code == 302
    assert Answer.objects.get().answers == {"late": False}


def test_guessed_links_look_the_same_as_gone_ones_and_are_slowed_down(sheet: Sheet, monkeypatch: Any) -> None:
    _, path = link(sheet)
    browser = Client()
    token = path.split("/")[-2]
    guesses = [
        path_of(guess) for guess in (f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}", "x", "é" * 30, "y" * 999)
    ]
    answers = [browser.get(guess) for guess in guesses] + [browser.post(guesses[0], GOOD)]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers} | {browser.get(path_of("a" * 43)).content}) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT token_hash, token FROM sheets_prompt")
        assert token not in str(cursor.fetchall())
    Prompt.objects.update(expires_at="2026-01-01T00:00:00Z")
    assert (browser.get(path).status_code, said(browser.post(path, GOOD))) == (410, "This invitation has ended")
    assert Event.objects.count() == 0
    monkeypatch.setattr(form_page, "LOOKS_AT_ONCE", 1.0)
    slowed = [browser.get(path_of(f"guess-{number}")) for number in range(5)]
    assert slowed[-1].status_code == 429
    assert int(slowed[-1]["Retry-After"]) > 0


def test_another_site_cannot_answer_for_anybody_and_a_large_body_is_refused(sheet: Sheet) -> None:
    _, path = link(sheet)
    browser = Client(enforce_csrf_checks=True)
    assert browser.post(path, GOOD, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert browser.post(path, {"other": "x" * (6 * 1024 * 1024)}).status_code in (400, 413)
    assert browser.post(path, {f"field-{number}": "" for number in range(2000)}).status_code == 400
    assert browser.put(path).status_code == 405
    assert Event.objects.count() == 0
    assert browser.post(path, GOOD, headers={"Sec-Fetch-Site": "same-origin", "Origin": "null"}).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_many_answers_at_once_one_is_kept(sheet: Sheet) -> None:
    prompt, _ = link(sheet)
    outcomes: list[str] = []
    begin = threading.Barrier(6)

    def answer(number: int) -> None:
        try:
            begin.wait(10)
            take(prompt, {"late": bool(number % 2)})
            outcomes.append("taken")
        except ClosedError as closed:
            outcomes.append(closed.state)
        finally:
            connection.close()

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(outcomes) == ["answered"] * 5 + ["taken"]
    assert (Answer.objects.count(), Event.objects.count()) == (1, 1)


def test_a_changed_sheet_is_a_new_version_and_who_was_invited_before_sees_the_old_one(sheet: Sheet) -> None:
    _, path = link(sheet)
    sheet.name = "Delays"
    sheet.save()
    assert sheet.version == 1  # nothing else is asked
    sheet.label = "What went wrong?"
    sheet.save()
    _, newer = link(sheet, "bob")
    assert [said(Client().get(one)) for one in (path, newer)] == ["Why did it take long?", "What went wrong?"]


def test_nobody_is_asked_too_often_nor_twice_for_one_reason(sheet: Sheet, api: APIClient) -> None:
    sheet.a_day, sheet.gap_s = 2, 3600
    sheet.save()
    first = invite(sheet, "c", "ann", origin="match:1")
    assert invite(sheet, "c", "ann", origin="match:1") == first
    refused = api.post("/api/v1/prompts/", {"sheet": "delay", "case": "c", "respondent": "ann"})
    assert (refused.status_code, refused.json()["detail"]) == (409, "ann was invited less than 3600 s ago.")
    Sheet.objects.update(gap_s=0)
    made = api.post("/api/v1/prompts/", {"sheet": "delay", "case": "c", "respondent": "ann"})
    assert made.status_code == 201
    assert Client().get(made.json()["url"]).status_code == 200
    again = api.post("/api/v1/prompts/", {"sheet": "delay", "case": "c", "respondent": "ann"})
    assert again.json()["detail"] == "ann was invited 2 times within a day."
    gone = api.post(f"/api/v1/prompts/{made.json()['id']}/cancel/")
    assert (gone.json()["state"], gone.json()["url"]) == ("cancelled", None)
    assert Client().get(made.json()["url"]).status_code == 410
    assert api.post(f"/api/v1/prompts/{made.json()['id']}/cancel/").status_code == 409
    assert [one["id"] for one in api.get("/api/v1/prompts/?state=open").json()["results"]] == [first.pk]
    assert api.delete("/api/v1/sheets/delay/").status_code == 409


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": "Late!"}, "id: Begin with a small letter"),
        ({"id": "prompt"}, "is taken"),
        ({"id": "late"}, "is taken"),
        ({"kind": "colour"}, "kind: Choose one of"),
        ({"text": ""}, "text: Write 1 to 300"),
        ({"colour": 1}, "colour: A question of the kind text has nothing"),
        ({"kind": "single", "options": ["a"]}, "options: Give 2 to 20"),
        ({"kind": "single", "options": ["a", "a"]}, "twice"),
        ({"kind": "slider", "min": 5, "max": 5}, "max: The greatest number, 5, must be more than 5"),
        ({"kind": "slider", "max": float("nan")}, "max: Expected a number"),
        ({"kind": "likert", "points": 40}, "points: Choose 5 or 7"),
        ({"show_if": {"question": "last", "is": True}}, "show_if.question: Name a question that comes before"),
        ({"show_if": {"question": "late", "is": "yes"}}, "show_if.is: The question late cannot be answered so"),
        ({"show_if": {"question": "late", "at_least": 1}}, "show_if.at_least: The question late is not answered by"),
        ({"show_if": []}, "show_if: Say which `question`"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_in_words(change: dict[str, Any], words: str) -> None:
    question = {"id": "new", "kind": "text", "text": "New?"} | change
    (found,) = [str(one) for one in mistakes([QUESTIONS[0], QUESTIONS[3], question]) if words in str(one)]
    assert found.startswith("Question 3, ")


def test_questions_of_any_form_are_refused_without_failing(api: APIClient, sheet: Sheet) -> None:
    assert mistakes(QUESTIONS) == []
    for junk in (None, 3, "x", {}, [], [1, 2, 3], [{}] * 3, [{"id": [], "kind": [], "show_if": 7}] * 11):
        assert mistakes(junk), junk
        answer = api.patch("/api/v1/sheets/delay/", {"questions": junk})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"][:10]) == (400, "/questions"), junk
