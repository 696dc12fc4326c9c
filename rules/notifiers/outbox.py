"""The outbox: notifications are written with what caused them, and sent by a worker after the commit, at least once.

What waits for a notifier goes as one message. The first goes at once; what comes while the notifier must wait (after a
failure, or for the pause its kind asks for) is grouped. After a failure the pause doubles, with jitter, up to an hour
(Brooker, "Exponential backoff and jitter", 2015), or is what ``Retry-After`` says; after a day it is given up. Each
message is sent by a forked process, so that no receiver, resolver or mail server keeps a worker waiting.
"""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from foundation.processes.children import Child
from foundation.processes.leases import Held, LeaseLostError
from foundation.processes.work_plugins import PolledPart
from rules.models import Notification, Notifier
from rules.notifiers.completing import TooLateError, item_of
from rules.notifiers.rendering import Item
from rules.notifiers.sending import Attempt, deliver

KEEP_TRYING = timedelta(days=1)
MOST_WAIT = timedelta(hours=6)  # of what a receiver may ask for
FIRST_WAIT_S, LONGEST_WAIT_S = 2.0, 3600.0
GROUP: dict[str, int] = {Notifier.Kind.SLACK: 500, Notifier.Kind.WEBHOOK: 100, Notifier.Kind.EMAIL: 500}
# between two messages
PAUSE_S: dict[str, float] = {Notifier.Kind.SLACK: 1.0, Notifier.Kind.WEBHOOK: 0.0, Notifier.Kind.EMAIL: 60.0}
AT_ONCE = 4  # messages that a worker sends beside each other
SECONDS, MEMORY_MB = 30.0, 256  # of one attempt, names looked up and all
POLL_S = 0.02

logger = logging.getLogger(__name__)


def pause_s(failures: int) -> float:
    """How long to wait after so many failures in a row: doubling, between half of it and all of it."""
    whole = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures - 1, 20))
    return whole * random.uniform(0.5, 1.0)


@dataclass(slots=True)
class _Sending:
    notifier: Notifier
    rows: list[int]
    held: Held
    child: Child


class Outbox(PolledPart):
    """Sends what waits, with other workers beside it: each notifier has one sender at a time, by its lease."""

    subject: ClassVar[str] = "Notifications"
    poll_s: ClassVar[float] = 0.5

    def __init__(self) -> None:
        super().__init__()
        self._sending: dict[int, _Sending] = {}
        self.sent = 0

    @property
    def busy(self) -> bool:
        """Whether something is under way, or could be sent now."""
        return bool(self._sending) or self._due().exists()

    def work(self, now: float, *, look: bool) -> float:
        """Look after what is under way and begin what is due."""
        for one in list(self._sending.values()):
            self._look_after(one)
        if look and len(self._sending) < AT_ONCE:
            self._begin_due()
        return now + (POLL_S if self._sending else self.poll_s)

    def close(self) -> None:
        """What is under way is left as if it had not begun: it may arrive twice, and bears the same id."""
        for one in self._sending.values():
            one.child.kill()
            one.held.end()
        self._sending.clear()

    # --- One message --------------------------------------------------------------------

    def _due(self) -> "QuerySet[Notifier]":
        now = timezone.now()
        waiting = Notification.objects.filter(state=Notification.State.PENDING)
        old = waiting.filter(created_at__lt=now - KEEP_TRYING)
        free = Q(not_before=None) | Q(not_before__lte=now) | Q(not_before__gt=now + MOST_WAIT)  # the clock was set back
        ready = Q(enabled=True, pk__in=waiting.values("notifier")) & free
        return Notifier.objects.filter(ready | Q(pk__in=old.values("notifier")))

    def _begin_due(self) -> None:
        for notifier in self._due().order_by("not_before"):
            if len(self._sending) >= AT_ONCE:
                return
            if notifier.pk in self._sending:
                continue
            held = Held(notifier.lease)
            if held.keep():
                self._begin(notifier.pk, held)

    def _begin(self, pk: int, held: Held) -> None:
        notifier = Notifier.objects.filter(pk=pk).first()  # another worker may have sent before the lease was ours
        if notifier is None:
            held.end()
            return
        give_up_old(notifier)
        rows = list(
            notifier.notifications.filter(state=Notification.State.PENDING).order_by("pk")[: GROUP[notifier.kind]]
        )
        if rows and rows[0].pk <= notifier.alone_upto:
            rows = rows[:1]
        wait = notifier.not_before is not None and timezone.now() < notifier.not_before <= timezone.now() + MOST_WAIT
        if not rows or wait or not notifier.enabled:
            held.end()
            return
        sent, items = _completed(rows)
        if not items:
            held.end()
            self.wake()
            return

        def call(_: Any) -> dict[str, Any]:
            return deliver(notifier, items).as_dict()

        child = Child(call, seconds=SECONDS, memory_mb=MEMORY_MB)
        self._sending[notifier.pk] = _Sending(notifier, sent, held, child)

    def _look_after(self, one: _Sending) -> None:
        if not one.held.keeps():
            self._lost(one)
            return
        outcome = one.child.poll()
        if outcome is None:
            return
        del self._sending[one.notifier.pk]
        attempt = Attempt(sent=False, said=outcome.error) if outcome.value is None else Attempt(**outcome.value)
        try:
            with transaction.atomic():
                one.held.check()
                note(one.notifier, one.rows, attempt)
        except LeaseLostError:
            logger.warning("Notifier %s has another worker now", one.notifier)
            return
        self.sent += len(one.rows) if attempt.sent else 0
        one.held.end()
        self.wake()

    def _lost(self, one: _Sending) -> None:
        logger.warning("Notifier %s has another worker now", one.notifier)
        del self._sending[one.notifier.pk]
        one.child.kill()


def _completed(rows: Sequence[Notification]) -> tuple[list[int], list[Item]]:
    """What is sent of these rows, and their keys; what it is too late for has failed."""
    sent, items = [], []
    for row in rows:
        try:
            items.append(item_of(row))
        except TooLateError as error:
            Notification.objects.filter(pk=row.pk).update(state=Notification.State.FAILED, why=str(error))
        else:
            sent.append(row.pk)
    return sent, items


def give_up_old(notifier: Notifier) -> None:
    """What was not delivered within a day has failed."""
    old = notifier.notifications.filter(state=Notification.State.PENDING, created_at__lt=timezone.now() - KEEP_TRYING)
    last = notifier.last_status if notifier.enabled else "The notifier was switched off."
    if count := old.update(state=Notification.State.FAILED, why=f"Not delivered within a day. {last}".strip()):
        logger.warning("Notifier %s: %d notifications were given up after a day", notifier, count)


def note(notifier: Notifier, rows: Sequence[int], attempt: Attempt) -> None:
    """Write down what became of an attempt: at the rows, and when the notifier's next one is due."""
    now = timezone.now()
    tried = Notification.objects.filter(pk__in=rows)
    mine = Notifier.objects.filter(pk=notifier.pk)
    if attempt.sent:
        tried.update(state=Notification.State.SENT, why="", sent_at=now, attempts=F("attempts") + 1)
        mine.update(last_status=attempt.said, last_at=now, failures=0, not_before=_after(now, PAUSE_S[notifier.kind]))
        return
    logger.warning("Notifier %s: %s", notifier, attempt.said)
    said = {"last_status": attempt.said, "last_at": now, "failures": F("failures") + 1}
    tried.update(why=attempt.said, attempts=F("attempts") + 1)
    if attempt.final and len(rows) > 1:  # perhaps for one of them: each is tried alone
        mine.update(**said, alone_upto=max(rows), not_before=_after(now, PAUSE_S[notifier.kind]))
    elif attempt.final:
        tried.update(state=Notification.State.FAILED)
        mine.update(**said, not_before=_after(now, PAUSE_S[notifier.kind]))
    else:
        wait_s = max(attempt.wait_s, 0.0 if attempt.wait_s else pause_s(notifier.failures + 1))
        mine.update(**said, not_before=_after(now, min(wait_s, MOST_WAIT.total_seconds())))


def _after(now: datetime, seconds: float) -> datetime | None:
    return now + timedelta(seconds=seconds) if seconds else None
