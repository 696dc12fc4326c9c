"""People are invited at their moments, once, whatever becomes of the workers."""

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from foundation.models import Lease
from foundation.processes.leases import Held
from rules.models import Notification, Notifier
from rules.notifiers.completing import item_of
from sheets.models import Prompt, Schedule, Sheet
from sheets.prompts import scheduling
from sheets.prompts.scheduling import LATE, Schedules, run

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday


def schedule(sheet: Sheet, after: datetime = NOON, **fields: Any) -> Schedule:
    """A schedule that has dealt with everything up to ``after``."""
    made = Schedule(sheet=sheet, respondents=["ann", "bob"], **fields)
    made.full_clean()
    made.save()
    Schedule.objects.update(done_until=after)
    made.refresh_from_db()
    return made


def origins() -> list[str]:
    return [str(one).split(":", 2)[2] for one in Prompt.objects.order_by("pk").values_list("origin", flat=True)]


@pytest.mark.django_db
def test_a_restart_asks_nobody_twice_and_forgets_nobody_and_what_is_long_past_is_counted(sheet: Sheet) -> None:
    every = schedule(sheet, cron="*/10 * * * *")
    assert run(every, NOON + timedelta(minutes=9)) == 0
    assert run(every, NOON + timedelta(minutes=11)) == 2
    Schedule.objects.update(done_until=NOON)  # as if the worker had ended before it was written down
    assert run(every, NOON + timedelta(minutes=12)) == 2  # the invitations that are there
    assert len(origins()) == 2
    assert run(every, NOON + timedelta(hours=2, minutes=1)) == 4  # the last two moments; the others are over
    assert origins()[2:] == [f"2026-03-02T1{at}:00+00:00:{name}" for at in ("3:50", "4:00") for name in ("ann", "bob")]
    every.refresh_from_db()
    assert (every.missed, every.done_until) == (18, NOON + timedelta(hours=2, minutes=1))
    assert timedelta(minutes=10) < LATE < timedelta(minutes=20)


@pytest.mark.django_db
def test_random_moments_lie_in_their_hours_are_the_same_after_a_restart_and_differ_for_everybody(sheet: Sheet) -> None:
    chance = schedule(sheet, after=NOON - timedelta(days=1), days="12345", times=4, time_zone="Europe/Brussels")
    day = date(2026, 3, 2)
    moments = {name: chance.moments(day, name) for name in ("ann", "bob")}
    assert moments["ann"] != moments["bob"] != chance.moments(date(2026, 3, 3), "bob")
    assert moments["ann"] == Schedule.objects.get().moments(day, "ann")
    begin = datetime(2026, 3, 2, 8, tzinfo=UTC)  # nine in Brussels
    parts = [int((at - begin) / timedelta(hours=9) * 4) for at in moments["ann"]]
    assert parts == [0, 1, 2, 3]
    week = list(chance.due(NOON - timedelta(days=1), NOON + timedelta(days=7)))
    assert len(week) == 2 * 4 * 6 - sum(
        at > NOON + timedelta(days=7) for name in ("ann", "bob") for at in chance.moments(date(2026, 3, 9), name)
    )
    assert [at for at, _ in week] == sorted(at for at, _ in week)
    apart = [
        one
        for cut in range(0, 192, 7)
        for one in chance.due(
            NOON + timedelta(hours=cut - 24), min(NOON + timedelta(hours=cut - 17), NOON + timedelta(days=7))
        )
    ]
    assert apart == week  # however often one looks


@pytest.fixture
def worker() -> Iterator[Schedules]:
    made = Schedules()
    yield made
    made.close()


@pytest.mark.django_db
def test_one_worker_invites_and_tells_the_links_and_a_year_of_moments_ends_none(
    sheet: Sheet, worker: Schedules, monkeypatch: pytest.MonkeyPatch
) -> None:
    ops = Notifier.objects.create(name="ops", kind="slack", url="https://hooks.example.org/x")
    every = schedule(sheet, after=timezone.now() - timedelta(minutes=1, seconds=5), cron="* * * * *", via=ops)
    other = Held(every.lease)
    assert other.keep()
    Lease.objects.update(owner="elsewhere/1")
    worker.turn(time.monotonic())
    assert Prompt.objects.count() == 0
    Lease.objects.all().delete()
    worker.wake()
    worker.turn(time.monotonic())
    assert 2 <= Prompt.objects.count() <= 4
    told = Notification.objects.first()
    assert told is not None
    prompt = Prompt.objects.get(respondent=told.event["data"]["respondent"], created_at__lte=told.created_at)
    assert told.text == f"Why did it take long? ({prompt.respondent})"
    assert item_of(told).text == f"{told.text}: http://127.0.0.1:8000/sheets/p/{prompt.secret}/"
    before = Prompt.objects.count()
    Schedule.objects.update(done_until=timezone.now() - timedelta(days=365), cron="0 * * * *")
    monkeypatch.setattr(scheduling, "MOST", 50)
    every.refresh_from_db()
    run(every, timezone.now())
    every.refresh_from_db()
    assert (every.missed, Prompt.objects.count()) == (50, before)  # in pieces, of which none is halved
    again = every.done_until
    run(every, timezone.now())
    every.refresh_from_db()
    assert (every.missed, every.done_until - again) == (100, timedelta(hours=25))


@pytest.mark.django_db
def test_a_schedule_that_cannot_be_kept_is_refused_in_words(api: APIClient, sheet: Sheet) -> None:
    given = {"sheet": "delay", "respondents": ["ann"]}
    made = api.post("/api/v1/sheet-schedules/", given | {"cron": "0 9 * * 1-5"})
    assert made.status_code == 201
    for field, value in (
        ("cron", "61 * * * *"),
        ("cron", "* * * * * *"),
        ("cron", "often"),
        ("respondents", []),
        ("respondents", ["ann", "ann"]),
        ("time_zone", "Nowhere/Land"),
        ("ends", "08:00"),
        ("days", "0"),
        ("times", 0),
    ):
        answer = api.patch(f"/api/v1/sheet-schedules/{made.json()['id']}/", {field: value})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, f"/{field}"), value
