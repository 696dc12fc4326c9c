"""Inviting by schedules: a part of ``manage.py work``.

All moments up to `Schedule.done_until` are dealt with; it moves in the transaction that invites, under the schedule's
lease, and an invitation bears the moment it is for. So none is made twice, and a restart loses none, but those whose
moment is longer past than `LATE`: asking then would be about another time, so they are counted as missed.
"""

import logging
from datetime import datetime, timedelta
from itertools import islice
from typing import ClassVar

from django.db import transaction
from django.utils import timezone

from foundation.processes.leases import Held, LeaseLostError
from foundation.processes.work_plugins import PolledPart
from sheets.models import Schedule
from sheets.prompts.prompts import NotInvitedError, forget_tokens, invite
from streams.models import plus

LATE = timedelta(minutes=15)
MOST = 500  # moments of one transaction
CLEAN_S = 600.0

logger = logging.getLogger(__name__)


class Schedules(PolledPart):
    """Invites whoever is to be asked now; each schedule is one worker's at a time."""

    subject: ClassVar[str] = "Schedules"

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[int, Held] = {}
        self._cleaned_at = float("-inf")
        self.invited = 0

    def work(self, now: float, *, look: bool) -> float:
        """Invite for all moments that have come."""
        if look and now - self._cleaned_at >= CLEAN_S:
            self._cleaned_at = now
            forget_tokens()
        if look:
            self._look(timezone.now())
        return self._polled_at + self.poll_s

    def _look(self, now: datetime) -> None:
        found = {one.pk: one for one in Schedule.objects.filter(enabled=True, done_until__lt=now)}
        for gone in self._held.keys() - found.keys():
            self._held.pop(gone).let_go()
        for pk, schedule in found.items():
            held = self._held.setdefault(pk, Held(schedule.lease))
            if not held.keep():
                continue
            try:
                self.invited += run(schedule, now, held)
            except LeaseLostError:
                self._held.pop(pk)

    def close(self) -> None:
        """Another worker may go on."""
        for held in self._held.values():
            held.let_go()
        self._held.clear()


def run(schedule: Schedule, now: datetime, held: Held | None = None) -> int:
    """Deal with the moments of a schedule up to ``now``, at most `MOST`; how many were invited."""
    with transaction.atomic():
        if held is not None:
            held.check()
        rows = Schedule.objects.select_for_update(of=("self",)).select_related("sheet", "via")
        found = rows.filter(pk=schedule.pk).first()
        if found is None:
            return 0  # it was deleted meanwhile
        schedule = found
        due = list(islice(schedule.due(schedule.done_until, now), MOST + 1))
        whole = len(due) <= MOST
        if not whole:  # up to a moment that is dealt with for all respondents
            last = due[-1][0]
            due = [one for one in due if one[0] < last] or due
        invited = missed = 0
        for moment, name in due:
            if now - moment > LATE:
                missed += 1
                continue
            origin = f"schedule:{schedule.pk}:{moment.isoformat()}:{name}"[:300]
            try:
                invite(schedule.sheet, name, name, origin=origin, via=schedule.via)
                invited += 1
            except NotInvitedError as error:
                logger.info("Schedule %s: %s", schedule, error)
        Schedule.objects.filter(pk=schedule.pk).update(done_until=now if whole else due[-1][0], **plus(missed=missed))
    if missed:
        logger.warning("Schedule %s: %d invitations were missed, their moment is over", schedule, missed)
    return invited
