"""The rules of sheets, invitations and schedules hold alike for API, pages and admin."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from rules.models import Notifier
from sheets.models import Prompt, Schedule, Sheet
from sheets.models.sheets import InvitedError
from sheets.prompts.prompts import invite
from streams.models import EventLog, LogGrant
from tests.sheets.conftest import QUESTIONS
from tests.sheets.pages.test_sheets import Ask, ask, sent, wrong

__all__ = ["ask"]  # a fixture


@pytest.mark.parametrize(
    ("field", "value", "written"),
    [
        ("slug", "new", "new"),
        ("slug", "two words", "two words"),
        ("name", "", ""),
        ("label", "a\0b", "a\0b"),
        ("activity", "x" * 256, "x" * 256),
        ("ttl_s", 59, "59 s"),
        ("ttl_s", 31 * 86_400, "31 d"),
        ("gap_s", 31 * 86_400, "31 d"),
        ("a_day", 0, "0"),
        ("log", "nowhere", "nowhere"),
    ],
)
def test_a_value_is_refused_by_the_api_and_the_page(
    ask: Ask, api: APIClient, sheet: Sheet, field: str, value: Any, written: str
) -> None:
    answer = api.patch("/api/v1/sheets/delay/", {field: value})
    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (400, [f"/{field}"])
    form = sent(ask("/sheets/delay/edit/"))
    assert field in wrong(ask("/sheets/delay/edit/", form | {field: written, "do": "save"}))
    assert Sheet.objects.get().version == 1


def test_a_mistake_in_a_question_is_told_at_its_place(api: APIClient, sheet: Sheet) -> None:
    late, why, other, felt, *more = QUESTIONS
    asked = [late, why | {"show_if": {"question": "where", "is": True}}, other, felt | {"points": 9}, *more]
    answer = api.patch("/api/v1/sheets/delay/", {"questions": asked})
    found = {one["pointer"]: one["detail"] for one in answer.json()["errors"]}
    assert found == {
        "/questions/1/show_if/question": "Name a question that comes before this one.",
        "/questions/3/points": "Choose 5 or 7.",
    }


def test_a_sheet_that_people_were_invited_to_is_deleted_nowhere(
    api: APIClient, client: Client, sheet: Sheet, log: EventLog
) -> None:
    invite(sheet, "order-7", "ann")
    refused = api.delete("/api/v1/sheets/delay/")
    assert (refused.status_code, refused.json()["code"]) == (409, "sheet-in-use")
    client.force_login(User.objects.create_superuser("root"))
    assert client.post(f"/admin/sheets/sheet/{sheet.pk}/delete/", {"post": "yes"}).status_code == 403
    with pytest.raises(InvitedError):
        sheet.delete()
    log.delete()
    assert not Sheet.objects.exists()


def test_a_notifier_is_named_only_by_those_who_may_use_it(client: Client, sheet: Sheet) -> None:
    ops = Notifier.objects.create(name="ops", kind="slack", url="https://hooks.example.org/x")
    user = User.objects.create_user("vera")
    LogGrant.objects.create(log=sheet.log, user=user, can_change=True)
    client.force_login(user)
    asked = {"sheet": "delay", "case": "c", "respondent": "ann", "via": "ops"}
    refused = client.post("/api/v1/prompts/", asked, content_type="application/json")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/via")
    page = client.post("/sheets/delay/invite/", asked).content.decode()
    assert set(wrong(page)) == {"via"}
    assert not Prompt.objects.exists()
    kept = Schedule.objects.create(sheet=sheet, respondents=["ann"], via=ops)
    form = {"respondents": "ann\nbob", "at": "cron", "cron": "0 9 * * *", "time_zone": "UTC", "via": "ops"}
    assert client.post(f"/sheets/delay/schedules/{kept.pk}/", form).status_code == 302
    kept.refresh_from_db()
    assert (kept.respondents, kept.via) == (["ann", "bob"], ops)


def test_a_schedule_keeps_what_the_other_way_to_say_when_holds(ask: Ask, sheet: Sheet) -> None:
    kept = Schedule.objects.create(sheet=sheet, respondents=["ann"], times=2, days="15")
    form = {"respondents": "ann", "at": "cron", "cron": "0 9 * * *", "time_zone": "UTC", "times": "many", "ends": "x"}
    assert "The schedule is saved" in ask(f"/sheets/delay/schedules/{kept.pk}/", form)
    kept.refresh_from_db()
    assert (kept.cron, kept.times, kept.days, f"{kept.ends:%H:%M}") == ("0 9 * * *", 2, "15", "18:00")
    empty = ask(f"/sheets/delay/schedules/{kept.pk}/", form | {"cron": ""})
    assert wrong(empty)["cron"].startswith("Write when")
