"""Jobs: asked for through services, run by a worker in a process of their own, looked at through the API."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import F
from rest_framework.test import APIClient

from foundation.models import Lease
from models_mining.jobs import jobs
from models_mining.jobs.jobs import Refusal, Task
from models_mining.mining.miner import LogMiners
from models_mining.models import Job, MinedModel
from models_mining.work import Work
from streams.models import Event, EventLog
from tests.conftest import wait_for
from tests.models_mining.conftest import Store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def work() -> Iterator[Work]:
    working = Work()
    yield working
    working.close()


@pytest.fixture
def kind(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Register a function as the kind ``read``: forked processes know it too."""

    def register(function: Callable[[Task], Any], **fields: Any) -> str:
        options: dict[str, Any] = {"check": dict, "seconds": None} | fields
        monkeypatch.setitem(jobs.JOBS, "read", jobs.JobKind("read", function, **options))
        return "read"

    return register


def person(name: str, *permissions: str) -> User:
    user = User.objects.create_user(name)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


@pytest.fixture
def ann(db: None) -> User:
    return person("ann", "view_eventlog")


@pytest.fixture
def bob(db: None) -> User:
    return person("bob", "view_eventlog")


def api_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(User.objects.get(pk=user.pk))  # whose permissions are not remembered from before
    return client


def until(work: Work, job: Job, *states: str) -> Job:
    def turned() -> bool:
        work.turn()
        job.refresh_from_db()
        return job.state in states

    wait_for(turned, 30, f"{states} of {job}")
    return job


def count(task: Task) -> dict[str, Any]:
    """Reads the tables as a job does: from its own process."""
    task.progress(0.5)
    (task.folder() / "cases.txt").write_text("a\nb\n")
    return {"events": Event.objects.filter(log=task.log).count(), "pid": os.getpid()}


def test_a_job_is_run_once_for_all_who_ask_and_removed_in_time(
    log: EventLog, store: Store, work: Work, kind: Any, ann: User, bob: User
) -> None:
    store("a Take 0", "b Take 1")
    job = jobs.start(kind(count), log, {"upto": 2}, ann)
    assert jobs.start("read", log, {"upto": 2}, bob) == job
    until(work, job, "done")
    assert jobs.start("read", log, {"upto": 2}, bob) == job
    assert job.result is not None
    assert job.result["events"] == 2
    assert job.result["pid"] != os.getpid()

    told = api_of(ann).get(f"/api/v1/jobs/{job.pk}/").json()
    assert [told[name] for name in ("state", "progress", "log", "files")] == ["done", 1.0, "orders", ["cases.txt"]]
    file: Any = api_of(bob).get(f"/api/v1/jobs/{job.pk}/files/cases.txt/")
    assert b"".join(file.streaming_content) == b"a\nb\n"
    for name in ("../secret_key", "secret_key", ".."):
        assert api_of(bob).get(f"/api/v1/jobs/{job.pk}/files/{name}/").status_code == 404
    eve = person("eve", "view_eventlog")
    assert api_of(eve).get(f"/api/v1/jobs/{job.pk}/").status_code == 404
    assert api_of(eve).get("/api/v1/jobs/").json()["results"] == []
    bob.user_permissions.clear()
    assert api_of(bob).get(f"/api/v1/jobs/{job.pk}/").status_code == 404

    Job.objects.update(expires_at=F("created_at"))
    assert jobs.folder(job.pk).exists()
    jobs.forget_expired()
    assert not Job.objects.exists()
    assert not jobs.folder(job.pk).exists()


def refuse(task: Task) -> None:
    raise Refusal("There is no case of this name.")


def crash(task: Task) -> None:
    os._exit(3)


def test_what_a_job_cannot_do_it_says(log: EventLog, work: Work, kind: Any, ann: User) -> None:
    job = until(work, jobs.start(kind(refuse), log, {}, ann), "failed")
    assert job.error == "There is no case of this name."
    again = jobs.start(kind(crash), log, {}, ann)
    assert again != job  # a failed one is no answer to who asks anew
    assert "ended without an answer" in until(work, again, "failed").error
    slow = jobs.start(kind(lambda _: time.sleep(60), seconds=0.2), log, {}, ann)
    assert "longer than 0.2 s" in until(work, slow, "failed").error
    with pytest.raises(Refusal, match="no kind of job tarot"):
        jobs.start("tarot", log, {}, ann)


def test_cancelling_ends_a_job_when_nobody_else_waits_for_it(
    log: EventLog, work: Work, kind: Any, ann: User, bob: User, tmp_path: Path
) -> None:
    def sleep(task: Task) -> None:
        (tmp_path / "pid").write_text(str(os.getpid()))
        time.sleep(60)

    job = jobs.start(kind(sleep), log, {}, ann)
    jobs.start("read", log, {}, bob)
    until(work, job, "running")
    pid = wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), 10)
    assert api_of(bob).post(f"/api/v1/jobs/{job.pk}/cancel/").json()["state"] == "running"  # ann waits for it
    assert api_of(bob).get(f"/api/v1/jobs/{job.pk}/").status_code == 404
    assert api_of(ann).post(f"/api/v1/jobs/{job.pk}/cancel/").json()["state"] == "cancelled"
    wait_for(lambda: work.turn() and not Path(f"/proc/{pid}").exists(), 10, "the end of its process")
    assert not Lease.objects.filter(name=f"job:{job.pk}").exists()


def test_a_job_whose_worker_is_killed_is_taken_up_again_but_not_for_ever(
    log: EventLog, work: Work, kind: Any, ann: User, tmp_path: Path
) -> None:
    def deadly(task: Task) -> str:
        tries = len(list(tmp_path.iterdir()))
        (tmp_path / str(tries)).touch()
        if tries < task.parameters["tries"]:
            os.kill(os.getppid(), 9)
            time.sleep(60)
        return f"after {tries}"

    def work_forever() -> int:
        pid = os.fork()
        if not pid:
            try:
                Work().run(lambda: False)
            finally:
                os._exit(0)
        return pid

    job = jobs.start(kind(deadly), log, {"tries": 2}, ann)
    for _ in range(2):
        os.waitpid(work_forever(), 0)
    until(work, job, "done")
    assert (job.result, job.tries) == ("after 2", 3)
    hopeless = jobs.start("read", log, {"tries": 9}, ann)
    for _ in range(3):
        os.waitpid(work_forever(), 0)
    assert "ended 3 times" in until(work, hopeless, "failed").error


def test_a_case_is_aligned_with_the_net_of_a_model(log: EventLog, store: Store, work: Work, ann: User) -> None:
    """The net allows what two cases did; the third did something else in between."""
    store("a Take 0", "a Pack 1", "a Ship 2", "b Take 3", "b Pack 4", "b Ship 5")
    LogMiners().drain()
    model = MinedModel.objects.create(log=log, algorithm="im", parameters={"view": "petri-net"})
    ask = f"/api/v1/models/{model.pk}/alignment/?case="
    assert api_of(ann).get(f"{ask}a").status_code == 409  # there is no net yet
    wait_for(lambda: work.turn() and MinedModel.objects.exclude(definition=None).filter(pk=model.pk), 30, "a net")
    store("c Take 6", "c Weigh 7", "c Ship 8")
    LogMiners().drain()
    assert api_of(ann).get(f"{ask}d").status_code == 400

    asked = api_of(ann).get(f"{ask}c")
    assert asked.status_code == 202
    until(work, Job.objects.get(), "done")
    told = api_of(ann).get(f"{ask}c").json()
    assert (told["deviations"], told["closed"]) == (2, True)
    assert [(move["kind"], move["activity"]) for move in told["moves"] if move["kind"] in ("log", "model")] in (
        [("log", "Weigh"), ("model", "Pack")],
        [("model", "Pack"), ("log", "Weigh")],
    )
    assert api_of(ann).get(asked.headers["Location"]).json()["result"] == told
