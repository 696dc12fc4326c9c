"""What takes long and is asked for: a person gets a job to look at, `manage.py work` runs it in a child process.

A kind of job is one function, registered by name::

    @job("align", check=checked, seconds=60)
    def align(task: Task) -> dict[str, Any]:
        '''Align one case with the reference model of its log.'''
        ...
        task.progress(0.5)
        return {"cost": 0}  # JSON, what the job answers as its result

Its module is named in `KINDS` below. It runs with a database connection of its own; what is too big for a result it
writes into ``task.folder()``. It raises `Refusal` with a sentence where the request cannot be met. It may be run again
after the worker was killed, so it does nothing twice.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from foundation.errors import DomainError
from foundation.processes import hints
from foundation.processes.children import Progress, Refusal
from foundation.registry import Registry
from models_mining.models import Job
from streams.models import EventLog

__all__ = ["HINT", "JOBS", "JobKind", "Refusal", "Task", "cancel", "find", "folder", "forget_expired", "job", "start"]

HINT = "jobs"  # a job waits, or is cancelled
OPEN = (Job.State.QUEUED, Job.State.RUNNING)
MOST_OPEN = 20  # jobs of one owner that wait or run
KEPT = timedelta(days=1)  # a finished job, with its result
KINDS: tuple[str, ...] = (
    "models_mining.conformance.alignment_job",
    "models_mining.logs.jobs",
    "models_mining.past.past_jobs",
    "models_mining.conformance.reference_job",
    "models_mining.past.replay_job",
    "models_mining.past.selection_job",
)  # modules that register kinds of jobs; loaded when a kind is looked for


class TooManyJobsError(DomainError):
    """As many jobs of one owner wait or run as may."""

    code, status, wait_s = "too-many-jobs", 429, 5.0
    text = "{most} jobs of yours wait or run already. Wait until one is done, or cancel one: they are at /api/v1/jobs/."


@dataclass(frozen=True, slots=True)
class Task:
    """A job as its function sees it."""

    pk: int
    log: EventLog | None
    parameters: dict[str, Any]
    progress: Progress

    def folder(self) -> Path:
        """A folder for its files; it goes when the job expires."""
        made = folder(self.pk)
        made.mkdir(parents=True, exist_ok=True)
        return made


@dataclass(frozen=True, slots=True)
class JobKind:
    """How jobs of one name run. ``check`` takes parameters as given and returns them complete, or raises Refusal.

    A finished one is an answer to whoever asks for the same as long as it is ``kept``.
    """

    name: str
    function: Callable[[Task], Any]
    check: Callable[[dict[str, Any]], dict[str, Any]]
    seconds: float | None  # at most, less than `PROCMINE_JOB_SECONDS`
    kept: timedelta = KEPT


JOBS: Registry[JobKind] = Registry("kind of job", lambda: KINDS)


def job(
    name: str,
    *,
    check: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    seconds: float | None = None,
    kept: timedelta = KEPT,
) -> Callable[[Callable[[Task], Any]], Callable[[Task], Any]]:
    """Register the decorated function as the kind ``name``."""

    def register(function: Callable[[Task], Any]) -> Callable[[Task], Any]:
        JOBS.register(name)(JobKind(name, function, check, seconds, kept))
        return function

    return register


def find(name: str) -> JobKind:
    """The kind ``name``; Refusal if there is none."""
    try:
        return JOBS.find(name)
    except LookupError as error:
        raise Refusal(str(error)) from error


def start(
    kind: str,
    log: EventLog | None,
    parameters: dict[str, Any],
    owner: AbstractBaseUser,
    *,
    before_new: Callable[[], None] | None = None,
) -> Job:
    """Make a job for ``owner``, or give them an equal one that waits, runs or is done already.

    Who calls it has checked that ``owner`` may do this. What the result depends on beside the parameters (as how far
    the log has grown) belongs into them. ``before_new`` is called before a new job is made, and may refuse it. Bad
    parameters raise Refusal, more than `MOST_OPEN` jobs of an owner TooManyJobsError.
    """
    checked = find(kind).check(parameters)
    same = json.dumps([kind, log and log.pk, checked], sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(same.encode()).hexdigest()
    forget_expired()
    equal = Job.objects.filter(digest=digest, state__in=[*OPEN, Job.State.DONE])
    if not equal.exists():
        if before_new is not None:
            before_new()
        if Job.objects.filter(owners=owner.pk, state__in=OPEN).count() >= MOST_OPEN:
            raise TooManyJobsError(most=MOST_OPEN)
    with transaction.atomic():
        made, _ = equal.get_or_create(
            defaults={"digest": digest, "kind": kind, "log": log, "parameters": checked},
        )
        made.owners.add(owner.pk)
    transaction.on_commit(lambda: hints.send(HINT, made.pk))
    return made


def in_fair_order() -> list[int]:
    """Return the keys of the open jobs: one of each owner in turn, first of who was served longest ago.

    So nobody waits for all jobs of somebody else. A job that runs takes its owner's turn.
    """
    queues: dict[int | None, list[int]] = {}
    for pk, owner in Job.objects.filter(state__in=OPEN).order_by("pk").values_list("pk", "owners"):
        queues.setdefault(owner, []).append(pk)
    begun = Job.objects.filter(owners__in=[owner for owner in queues if owner is not None], started_at__isnull=False)
    served = dict(begun.order_by().values_list("owners").annotate(Max("started_at")))
    never = datetime.min.replace(tzinfo=UTC)
    turns = sorted(
        (place, served.get(owner, never), pk) for owner, queue in queues.items() for place, pk in enumerate(queue)
    )
    return list(dict.fromkeys(pk for *_, pk in turns))  # a job of several owners has the first of their turns


def cancel(job: Job, owner: AbstractBaseUser) -> None:
    """``owner`` does not need it any more; nobody else does: it ends, if it has not yet."""
    with transaction.atomic():
        row = Job.objects.select_for_update().get(pk=job.pk)
        if row.owners.exclude(pk=owner.pk).exists():
            row.owners.remove(owner.pk)
            return
        open_ = Job.objects.filter(pk=job.pk, state__in=OPEN)
        now = timezone.now()
        open_.update(state=Job.State.CANCELLED, finished_at=now, expires_at=now + KEPT)
    hints.send(HINT, job.pk)


def folder(pk: int) -> Path:
    """Where the files of a job are, if it has any."""
    return Path(settings.VAR) / "jobs" / str(pk)


def forget_expired() -> None:
    """Remove what has been finished for so long that nobody comes back for it."""
    for pk in list(Job.objects.filter(expires_at__lt=timezone.now()).values_list("pk", flat=True)):
        shutil.rmtree(folder(pk), ignore_errors=True)
        Job.objects.filter(pk=pk).delete()
