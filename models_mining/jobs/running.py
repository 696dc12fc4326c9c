"""Running jobs: one of each owner in turn, one at a time in a worker, each under a lease of its own."""

import logging
from typing import ClassVar

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from foundation.processes import leases
from foundation.processes.children import Child, Outcome, Progress
from foundation.processes.work_plugins import PolledPart
from models_mining.jobs import jobs
from models_mining.models import Job

logger = logging.getLogger(__name__)

TRIES = 3  # of a job whose worker ended under it
TOLD_S = 0.5  # between two saves of its progress, and looks whether it is cancelled
POLL_S = 0.02  # between two looks at a process under way
CLEAN_S = 60.0


class JobRunner(PolledPart):
    """Runs what is asked for, until there is nothing more."""

    subject: ClassVar[str] = "Jobs"

    def __init__(self) -> None:
        super().__init__()
        self.ended = 0  # how many it saw to their end
        self._running: tuple[Job, leases.Held, Child] | None = None
        self._told_at = self._cleaned_at = float("-inf")

    @property
    def busy(self) -> bool:
        """Whether a job runs here, or waits for any worker."""
        return self._running is not None or Job.objects.filter(state=Job.State.QUEUED).exists()

    def work(self, now: float, *, look: bool) -> float:
        """Look after the job that runs, or begin one."""
        try:
            if now - self._cleaned_at >= CLEAN_S:
                self._cleaned_at = now
                jobs.forget_expired()
            if self._running is None and look:
                self._begin_next()
            if self._running is not None:
                self._look_after(*self._running, now)
        except leases.LeaseLostError:
            logger.warning("A job has another worker now")
            self._stop()
        return now + (POLL_S if self._running else self.poll_s)

    def close(self) -> None:
        """A job that runs is left to another worker, as if it had not begun."""
        if self._running is None:
            return
        job, held, _ = self._running
        self._stop()
        Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(state=Job.State.QUEUED, tries=job.tries - 1)
        held.let_go()

    # --- One job ------------------------------------------------------------------------

    def _begin_next(self) -> None:
        for pk in jobs.in_fair_order():
            held = leases.Held(f"job:{pk}")
            if held.keep() and self._begin(pk, held):
                return

    def _begin(self, pk: int, held: leases.Held) -> bool:
        job = Job.objects.filter(pk=pk, state__in=jobs.OPEN).select_related("log").first()
        if job is None:  # another worker ended it, or it was deleted, before the lease was ours
            held.end()
            return False
        if job.tries >= TRIES:
            self._end(job, held, Outcome(None, f"Its worker ended {TRIES} times while it ran.", 0.0))
            return False
        try:
            kind = jobs.find(job.kind)
        except jobs.Refusal as refusal:
            self._end(job, held, Outcome(None, str(refusal), 0.0))
            return False
        job.tries += 1
        begun = {"state": Job.State.RUNNING, "tries": job.tries, "progress": 0.0, "started_at": timezone.now()}
        self._save(job, held, begun)

        def call(progress: Progress) -> object:
            return kind.function(jobs.Task(job.pk, job.log, job.parameters, progress))

        seconds = min(kind.seconds or settings.JOB_SECONDS, settings.JOB_SECONDS)
        self._running = job, held, Child(call, seconds=seconds, memory_mb=settings.WORK_MEMORY_MB)
        return True

    def _look_after(self, job: Job, held: leases.Held, child: Child, now: float) -> None:
        if not held.keeps():
            raise leases.LeaseLostError
        outcome = child.poll()
        if outcome is not None:
            self._running = None
            self._end(job, held, outcome)
            self.wake()
        elif now - self._told_at >= TOLD_S:
            self._told_at = now
            if not self._save(job, held, {"progress": child.progress}):
                self._stop()  # it was cancelled
                held.end()

    def _end(self, job: Job, held: leases.Held, outcome: Outcome) -> None:
        now = timezone.now()
        kept = jobs.JOBS[job.kind].kept if job.kind in jobs.JOBS else jobs.KEPT
        fields: dict[str, object] = {"finished_at": now, "expires_at": now + kept, "error": outcome.error}
        if outcome.error:
            logger.warning("Job %s (%s): %s", job.pk, job.kind, outcome.error)
            fields |= {"state": Job.State.FAILED}
        else:
            fields |= {"state": Job.State.DONE, "progress": 1.0, "result": outcome.value}
        self._save(job, held, fields)
        held.end()
        self.ended += 1

    def _save(self, job: Job, held: leases.Held, fields: dict[str, object]) -> bool:
        """Write to the row while the job is ours and still wanted."""
        rows = Job.objects.filter(pk=job.pk, state__in=jobs.OPEN)
        with transaction.atomic():
            held.check()
            return rows.update(**fields) == 1

    def _stop(self) -> None:
        if self._running is not None:
            self._running[2].kill()
        self._running = None
