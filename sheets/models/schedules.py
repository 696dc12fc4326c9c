"""When people are invited without a rule: at moments of a cron expression, or at random ones within hours of a day."""

import random
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone

from foundation.models import RegisteredRow
from rules.models import Notifier
from sheets.models.sheets import Sheet

MAX_RESPONDENTS = 200
YEAR = timedelta(days=366)


def _salt() -> str:
    return secrets.token_hex(16)


def _nine() -> time:
    return time(9)


def _six() -> time:
    return time(18)


class Schedule(RegisteredRow):
    """Invites respondents of a sheet, each about the case that is called like them.

    Either ``cron`` says when, or ``times`` a day at random moments between ``begins`` and ``ends``, other ones for
    everybody and every day. Saved, it begins from now.
    """

    sheet = models.ForeignKey(Sheet, on_delete=models.CASCADE, related_name="schedules")
    respondents = models.JSONField(help_text='As ["ann", "bob"], at most 200.')
    cron = models.CharField(max_length=100, blank=True, help_text="As 0 9 * * 1-5. Empty: at random.")
    times = models.PositiveSmallIntegerField(
        "times a day", default=3, validators=[MinValueValidator(1), MaxValueValidator(24)], help_text="At random."
    )
    begins = models.TimeField(default=_nine, help_text="The hours of random moments.")
    ends = models.TimeField(default=_six)
    days = models.CharField(max_length=7, default="1234567", help_text="Of random moments: 1 is Monday.")
    time_zone = models.CharField(max_length=64, default="UTC")
    via = models.ForeignKey(
        Notifier, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Who is told the links."
    )
    enabled = models.BooleanField(default=True)

    salt = models.CharField(max_length=32, default=_salt, editable=False)
    done_until = models.DateTimeField(default=timezone.now, editable=False)  # all moments up to here are dealt with
    missed = models.PositiveBigIntegerField(
        default=0, editable=False
    )  # invitations whose moment passed without a worker

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.sheet}: {self.cron or f'{self.times} times a day'}"

    @property
    def when(self) -> str:
        """In words."""
        if self.cron:
            return f"cron {self.cron}, {self.time_zone}"
        names = dict(zip("1234567", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))
        days = "every day" if len(set(self.days)) == 7 else "on " + ", ".join(names[day] for day in sorted(self.days))
        often = "once" if self.times == 1 else f"{self.times} times"
        return f"{often} a day at random, {self.begins:%H:%M} to {self.ends:%H:%M} {days}, {self.time_zone}"

    @property
    def next_at(self) -> datetime | None:
        """The next moment of a cron expression, within a year; random ones nobody is told before."""
        now = timezone.now()
        return next((at for at, _ in self.due(now, now + YEAR)), None) if self.cron and self.enabled else None

    @property
    def lease(self) -> str:
        """The name of the lease of whoever invites by it."""
        return f"schedule:{self.pk}"

    def save(self, *args: Any, **options: Any) -> None:
        """What people save begins from now."""
        super().save(*args, **options)
        Schedule.objects.filter(pk=self.pk).update(done_until=timezone.now())

    def clean(self) -> None:
        names = self.respondents
        if (
            not isinstance(names, list)
            or not 1 <= len(names) <= MAX_RESPONDENTS
            or not all(isinstance(name, str) and 0 < len(name) <= 255 and "\0" not in name for name in names)
            or len(set(names)) < len(names)
        ):
            raise ValidationError(
                {"respondents": f'Expected 1 to {MAX_RESPONDENTS} different names, as ["ann", "bob"].'}
            )
        if self.time_zone not in available_timezones():
            raise ValidationError({"time_zone": "Expected the name of a time zone, as Europe/Brussels."})
        if self.cron:
            if len(self.cron.split()) != 5:
                raise ValidationError({"cron": "Expected five fields: minute, hour, day, month, day of the week."})
            try:
                CronSim(self.cron, datetime(2026, 1, 1, tzinfo=UTC))
            except CronSimError as error:
                raise ValidationError({"cron": f"{error}."}) from error
        if self.begins >= self.ends:
            raise ValidationError({"ends": "The hours end after they begin, on the same day."})
        if not self.days or set(self.days) - set("1234567"):
            raise ValidationError({"days": "Expected digits from 1, Monday, to 7, as 12345."})

    def due(self, after: datetime, upto: datetime) -> Iterator[tuple[datetime, str]]:
        """The moments in (after, upto], in order, each with a respondent. The same ones whenever it is asked."""
        zone = ZoneInfo(self.time_zone)
        if not self.cron:
            yield from sorted(self._random(after, upto, zone))
            return
        try:
            for moment in CronSim(self.cron, after.astimezone(zone)):
                if moment > upto:
                    return
                for name in self.respondents:
                    yield moment.astimezone(UTC), name
        except CronSimError:  # it has no moment in 50 years
            return

    def _random(self, after: datetime, upto: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, str]]:
        day = after.astimezone(zone).date()
        while day <= upto.astimezone(zone).date():
            if str(day.isoweekday()) in self.days:
                for name in self.respondents:
                    yield from ((at, name) for at in self.moments(day, name) if after < at <= upto)
            day += timedelta(days=1)

    def moments(self, day: date, name: str) -> list[datetime]:
        """The random moments of a day for one respondent: one in each of ``times`` equal parts of the hours."""
        zone = ZoneInfo(self.time_zone)
        begin = datetime.combine(day, self.begins, zone).astimezone(UTC)
        end = datetime.combine(day, self.ends, zone).astimezone(UTC)
        part = (end - begin) / self.times
        chance = random.Random(f"{self.salt}:{day}:{name}")
        return [begin + part * (number + chance.random()) for number in range(self.times)]
