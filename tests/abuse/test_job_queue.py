"""Somebody who may only look asks for many long answers: others wait no longer for theirs than a turn."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.test import APIClient

from models_mining.jobs import jobs
from models_mining.jobs.running import JobRunner
from models_mining.mining.miner import LogMiners
from models_mining.models import Job, MinedModel
from streams.models import EventLog
from tests.conftest import wait_for

EVENTS = 80
OPEN = ("queued", "running")


@pytest.fixture
def model(api: APIClient, log: EventLog) -> MinedModel:
    events = [{"case": f"c{place % 5}", "activity": f"a{place % 3}"} for place in range(EVENTS)]
    assert api.post("/api/v1/logs/factory/events/", events).json()["stored"] == EVENTS
    LogMiners().drain()
    return MinedModel.objects.get(log=log, algorithm="dfg")


@pytest.fixture
def vera(db: None) -> User:
    return User.objects.create_superuser("vera")


def client(user: User) -> APIClient:
    made = APIClient()
    made.force_authenticate(user)
    return made


def asked(user: User, model: MinedModel, seq: int) -> Any:
    return client(user).get(f"/api/v1/models/{model.pk}/picture/", {"as_of": seq})


def test_who_asks_for_much_has_a_bound(model: MinedModel, vera: User) -> None:
    answers = [asked(vera, model, seq) for seq in range(1, jobs.MOST_OPEN + 1)]
    assert {answer.status_code for answer in answers} == {202}
    refused = asked(vera, model, EVENTS)
    assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (429, "too-many-jobs", "5")
    assert "20 jobs of yours wait or run already" in refused.json()["detail"]
    assert asked(vera, model, 1).status_code == 202  # the one that waits already
    assert Job.objects.filter(state__in=OPEN).count() == jobs.MOST_OPEN
    assert client(vera).post(f"/api/v1/jobs/{answers[3].json()['id']}/cancel/").json()["state"] == "cancelled"
    assert asked(vera, model, EVENTS).status_code == 202


def test_looking_that_starts_jobs_counts_as_changing(model: MinedModel, vera: User, settings: Any) -> None:
    settings.LIMIT_CONTROL = 3
    assert [asked(vera, model, seq).status_code for seq in (1, 2, 3, 3, 3, 4)] == [202, 202, 202, 202, 202, 429]
    assert "More than 3 new jobs a minute." in asked(vera, model, 4).json()["detail"]
    assert Job.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_somebody_elses_jobs_take_turns_with_many(model: MinedModel, vera: User) -> None:
    many = [asked(vera, model, seq).json()["id"] for seq in range(1, 9)]
    root = User.objects.create_superuser("root")
    few = [asked(root, model, seq).json()["id"] for seq in (40, 41)]
    assert jobs.in_fair_order()[:4] == [many[0], few[0], many[1], few[1]]

    runner = JobRunner()

    def four_ended() -> bool:
        runner.turn(float("inf"))
        runner.wake()
        return runner.ended >= 4

    try:
        wait_for(four_ended, 30, "four jobs")
    finally:
        runner.close()
    done = Job.objects.filter(state="done").order_by("started_at").values_list("pk", flat=True)
    assert list(done)[:4] == [many[0], few[0], many[1], few[1]]


def test_a_job_of_two_people_has_the_first_of_their_turns(model: MinedModel, vera: User) -> None:
    many = [asked(vera, model, seq).json()["id"] for seq in range(1, 5)]
    root = User.objects.create_superuser("root")
    assert asked(root, model, 4).json()["id"] == many[3]
    assert jobs.in_fair_order() == [many[0], many[3], many[1], many[2]]


def test_looking_back_ends_after_a_minute() -> None:
    assert {name: jobs.find(name).seconds for name in ("picture", "compare")} == {"picture": 60.0, "compare": 60.0}
