"""Rules in ``manage.py work``: each log that has rules is followed by one worker."""

from collections.abc import Iterable
from typing import ClassVar

from foundation.processes.leases import Held
from rules.engine.follow import RuleWorker
from rules.models import Rule
from streams.events.log_pool import LogPool
from streams.models import EventLog


class Rules(LogPool[RuleWorker]):
    """A part of the working process, see `foundation.processes.work_plugins`."""

    prefix: ClassVar[str] = "rules"
    group: ClassVar[str] = "rulers"
    subject: ClassVar[str] = "Rules of log"

    def __init__(self) -> None:
        super().__init__()
        self._logs: dict[int, EventLog] = {}  # as they were read with the last look
        self._behind: set[int] = set()

    def wanted(self) -> Iterable[int]:
        logs = EventLog.objects.filter(pk__in=Rule.objects.filter(enabled=True).values("log"))
        self._logs = {log.pk: log for log in logs}
        return self._logs

    def begin(self, log: int, held: Held) -> RuleWorker:
        return RuleWorker(self._logs[log], held)

    def refresh(self, follower: RuleWorker) -> bool:
        log = self._logs[follower.log.pk]
        follower.log.name, follower.log.slug = log.name, log.slug
        return bool(log.end_activities == follower.log.end_activities)

    def logs_behind(self) -> set[int]:
        self._behind = super().logs_behind()
        return self._behind

    def advance(self, follower: RuleWorker, now: float, *, behind: bool) -> float:
        """Let the log's rules see a chunk of events, or the clock."""
        if behind and follower.tick():
            return now
        self._behind.discard(follower.log.pk)
        return follower.look(now)

    @property
    def busy(self) -> bool:
        """Whether a log of ours has events that its rules have not seen."""
        return bool(self._behind)
