"""The pages that make sheets, invite to them and show what people said, as the server makes them."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from sheets.models import Answer, Prompt, Schedule, Sheet
from sheets.prompts.prompts import invite, take
from streams.models import EventLog, LogGrant

Ask = Callable[..., str]


@pytest.fixture
def ask(client: Client, log: EventLog) -> Ask:
    """``ask(path)`` or ``ask(path, {…})``, which posts: the text that follows, as somebody who may do everything."""
    client.force_login(User.objects.create_superuser("boss"))

    def text(path: str, form: dict[str, Any] | None = None, status: int = 200) -> str:
        answer = client.get(path) if form is None else client.post(path, form, follow=True)
        assert answer.status_code == status, answer.content
        return answer.content.decode()

    return text


def sent(page: str) -> dict[str, Any]:
    """What a browser would send of the form of a sheet, but its button."""
    found: dict[str, Any] = {}
    form = page[page.index('id="sheet-form"') : page.index("</form>", page.index('id="sheet-form"'))]
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and ('type="checkbox"' not in tag or " checked" in tag):
            found.setdefault(name[1], []).append(plain(value[1]) if value else "on" if "checkbox" in tag else "")
    for name, inner in re.findall(r'<textarea[^>]*name="([^"]+)".*?>\n?(.*?)</textarea>', form, re.DOTALL):
        found[name] = [plain(inner)]
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.findall(r'value="([^"]*)" selected', inner) or re.findall(r'value="([^"]*)"', inner)[:1]
        found[name] = [plain(one) for one in chosen]
    return found


def plain(text: str) -> str:
    for mark, letter in (("&quot;", '"'), ("&#x27;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(mark, letter)
    return text


def wrong(page: str) -> dict[str, str]:
    """What is wrong, by field."""
    found = re.findall(r'id="wrong-(\w+)">(.*?)</div>', page, re.DOTALL)
    return {name: plain(re.sub(r"<[^>]+>", " ", words)).strip() for name, words in found if words}


def test_a_sheet_is_made_with_what_the_form_offers(ask: Ask) -> None:
    assert "No sheets yet" in ask("/sheets/")
    form = sent(ask("/sheets/new/"))
    assert form["row"] == ["0", "1", "2"]
    page = ask("/sheets/new/", form | {"name": "How was it?", "do": "save"})
    assert wrong(page) == {}
    assert "How was it? is saved. Version 1 is asked from now on." in page
    made = Sheet.objects.get()
    assert (made.slug, made.log.slug, made.enabled, made.ttl_s) == ("how-was-it", "factory", True, 900)
    assert [one["id"] for one in made.questions] == ["late", "why", "more"]


def test_the_form_of_a_sheet_gives_back_what_it_was_given_and_questions_are_arranged(ask: Ask, sheet: Sheet) -> None:
    before, address = sheet.questions, f"/sheets/{sheet.slug}/edit/"
    form = sent(ask(address))
    page = ask(address, form | {"do": "save"})
    assert wrong(page) == {}
    assert "It asks what it asked before." in page
    sheet.refresh_from_db()
    assert (sheet.questions, sheet.version) == (before, 1)

    page = ask(address, form | {"do": "remove:1", "q3_text": ""})
    assert "Question 2 was removed. Question 2 was only asked after it: it is always asked now." in page
    assert wrong(page) == {}  # somebody is still writing
    form = sent(page)
    assert form["row"] == ["0", "2", "3", "4", "5", "6", "7"]
    page = ask(address, form | {"do": "up:2"})
    assert re.search(r'value="down:2"[^>]* autofocus', page)  # it is the first one: up it cannot
    page = ask(address, sent(page) | {"do": "add"})
    form = sent(page)
    assert form["row"] == ["2", "0", "3", "4", "5", "6", "7", "8"]
    assert re.search(r'name="q8_text"[^>]* autofocus', page)
    assert Sheet.objects.get().questions == before  # nothing is stored before it is saved

    form |= {"q3_text": "I was calm", "q8_text": "How long, in hours?", "q8_kind": "number", "q8_max": "2,5",
             "q8_if_question": "3", "q8_if_least": "3", "q8_options": "of another\nkind", "do": "save"}  # fmt: skip
    assert "Version 2 is asked from now on." in ask(address, form)
    asked = Sheet.objects.get().questions
    assert [one["id"] for one in asked] == [
        "other",
        "late",
        "felt",
        "load",
        "with",
        "people",
        "where",
        "how_long_in_hours",
    ]
    assert asked[-1] == {"id": "how_long_in_hours", "kind": "number", "text": "How long, in hours?", "max": 2.5,
                         "show_if": {"question": "felt", "at_least": 3}}  # fmt: skip


def test_mistakes_stand_at_their_field_and_all_that_was_written_stays(ask: Ask, sheet: Sheet) -> None:
    address = f"/sheets/{sheet.slug}/edit/"
    faults = {"name": "", "ttl_s": "soon", "a_day": "many", "slug": "new", "q0_text": "", "q1_options": "<b>one</b>",
              "q4_min": "ten", "q6_id": "prompt", "q7_if_question": "0", "q7_if_answers": "perhaps"}  # fmt: skip
    form = sent(ask(address)) | faults
    page = ask(address, form | {"do": "save"})
    found = wrong(page)
    right = {"slug", "q7_if_question"}  # the first is judged once the others are right
    assert set(found) - {"all"} == faults.keys() - right | {"q2_if_answers"}  # its option is gone
    assert found["q1_options"] == "Give 2 to 20 of them."
    assert found["q7_if_answers"] == "The question late cannot be answered so."
    assert "9 fields need another look; nothing is saved yet." in found["all"]
    kept = sent(page)
    assert {name: kept[name] for name in faults} == {name: [value] for name, value in faults.items()}
    mended = kept | {"do": "preview", "q0_text": ["Was it late?"]}
    assert set(wrong(ask(address, mended))) == set(found) - {"q0_text"}  # told until they are mended
    assert wrong(ask(address, form | {"do": "preview"})) == {}
    assert "6 questions appear here once they are complete." in page
    assert wrong(ask(address, sent(ask(address)) | {"slug": "new", "do": "save"})).keys() == {"slug", "all"}
    few = ask(address, sent(ask(address)) | {"row": ["0"], "do": "save"})
    assert wrong(few)["questions"] == "A sheet has 3 to 10 questions."
    assert Sheet.objects.get().version == 1


def test_somebody_is_invited_by_hand_and_what_people_said_is_a_table_and_a_file(ask: Ask, sheet: Sheet) -> None:
    page = ask("/sheets/delay/invite/", {"respondent": "", "case": "order-7", "ttl_s": "1 s"})
    assert set(wrong(page)) == {"respondent", "ttl_s"}
    page = ask("/sheets/delay/invite/", {"respondent": "ann", "case": "order-7", "ttl_s": "2 h"})
    assert "ann is invited." in page
    prompt = Prompt.objects.get()
    assert f'data-copy="http://testserver/sheets/p/{prompt.secret}/"' in page
    assert (prompt.expires_at - prompt.created_at).total_seconds() == 7200
    take(prompt, {"late": True, "why": "=1+1", "with": ["Ann", "Eve"]})
    sheet.questions = [
        one | {"id": "late_now"} if one["id"] == "late" else one for one in sheet.questions if "show_if" not in one
    ]
    sheet.save()
    take(invite(sheet, "order-8", "<bob>"), {"late_now": False})
    page = ask("/sheets/delay/")
    table = page[page.index('id="answers"') :]
    assert len(re.findall(r'class="asked"', table)) == 6 + 2  # what is asked now, and what was answered before
    assert "&lt;bob&gt;" in table
    assert "Ann; Eve" in table
    rows = list(csv.DictReader(io.StringIO(ask("/sheets/delay/answers.csv"))))
    assert [row["answers.late"] for row in rows] == ["", "yes"]
    assert rows[1]["answers.why"] == "'=1+1"  # no formula
    assert rows[0]["seq"] == "2"
    assert Answer.objects.count() == 2

    gone = ask("/sheets/delay/invite/", {"respondent": "eve", "case": "order-9"})
    assert "1 open invitation<" in gone
    page = ask(f"/sheets/delay/invitations/{Prompt.objects.latest('pk').pk}/cancel/", {"x": ""})
    assert "The invitation of eve is withdrawn." in page
    Sheet.objects.update(enabled=False)
    refused = ask("/sheets/delay/invite/", {"respondent": "eve", "case": "order-9"})
    assert "The sheet is switched off, or its log is archived." in refused
    assert "cannot be deleted" in ask("/sheets/delay/remove/", {"x": ""})


def test_schedules_are_made_changed_and_deleted_in_words(ask: Ask, sheet: Sheet) -> None:
    given = {"respondents": "ann\nbob", "at": "random", "times": "2", "begins": "09:00", "ends": "17:30",
             "days": ["1", "5"], "time_zone": "Europe/Brussels", "enabled": "on"}  # fmt: skip
    bad = ask("/sheets/delay/schedules/new/", given | {"respondents": "", "ends": "08:00", "times": "99"})
    assert {"respondents", "times"} <= set(wrong(bad))
    assert 'value="99"' in bad
    page = ask("/sheets/delay/schedules/new/", given)
    assert "2 times a day at random, 09:00 to 17:30 on Mon, Fri, Europe/Brussels" in page
    made = Schedule.objects.get()
    assert (made.respondents, made.days, made.cron) == (["ann", "bob"], "15", "")
    cron = given | {"at": "cron", "cron": "0 9 * *"}
    assert "Expected five fields" in wrong(ask(f"/sheets/delay/schedules/{made.pk}/", cron))["cron"]
    page = ask(f"/sheets/delay/schedules/{made.pk}/", cron | {"cron": "0 9 * * 1-5"})
    assert "cron 0 9 * * 1-5, Europe/Brussels" in page
    assert "Next: <time" in page
    assert "None. A schedule asks" in ask(f"/sheets/delay/schedules/{made.pk}/remove/", {"x": ""})


def test_who_may_only_look_finds_no_buttons(client: Client, sheet: Sheet) -> None:
    guest = User.objects.create_user("guest")
    LogGrant.objects.create(log=sheet.log, user=guest)
    client.force_login(guest)
    prompt = invite(sheet, "order-7", "ann")
    page = client.get("/sheets/delay/").content.decode()
    assert prompt.secret not in page
    assert not re.search(r">(Edit|Delete|Copy|Withdraw|Invite somebody|New schedule)<", page)
    assert "Whoever may change a log" not in client.get("/sheets/").content.decode()
    assert "New sheet" not in client.get("/sheets/").content.decode()
