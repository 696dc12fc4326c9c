"""Inviting by schedules: a part of ``manage.py work``.

All moments up to `Schedule.done_until` are dealt with; it moves in the transaction that invites, under the schedule's
lease, and an invitation bears the moment it is for. So none is made twice, and a restart loses none, but those whose
moment is longer past than `LATE`: asking then would be about another time, so they are counted as missed.
"""

import logging
from datetime import datetime, timedelta
from itertools import islice

from django.db import Error as DatabaseError
from django.db import connection, transaction
from django.utils import timezone

from foundation.processes.leases import Held, LeaseLostError
from sheets.models import Schedule
from sheets.prompts.prompts import NotInvitedError, forget_tokens, invite
from streams.models import plus

LATE = timedelta(minutes=15)
POLL_INTERVAL_S = 1.0
MOST = 500  # moments of one transaction
CLEAN_S = 600.0

logger = logging.getLogger(__name__)


class Schedules:
    """Invites whoever is to be asked now; each schedule is one worker's at a time."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}
        self._polled_at = self._cleaned_at = float("-inf")
        self.invited = 0

    @property
    def busy(self) -> bool:
        """Never: what is due is done at once."""
        return False

    def wake(self) -> None:
        """Look with the next turn."""
        self._polled_at = float("-inf")

    def turn(self, now: float) -> float:
        """Invite for all moments that have come; when to come back at the latest (monotonic seconds)."""
        if now - self._polled_at < POLL_INTERVAL_S:
            return self._polled_at + POLL_INTERVAL_S
        self._polled_at = now
        try:
            if now - self._cleaned_at >= CLEAN_S:
                self._cleaned_at = now
                forget_tokens()
            self._look(timezone.now())
        except DatabaseError as error:
            logger.warning("Schedules wait for the database: %s", error)
            connection.close()
        return now + POLL_INTERVAL_S

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
        schedule = Schedule.objects.select_for_update(of=("self",)).select_related("sheet", "via").get(pk=schedule.pk)
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
