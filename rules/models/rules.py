"""Rules of logs, what they were before, how far they are, and what they matched."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.utils import timezone

from foundation.placed_error import PlacedError
from rules.core.specs import YEAR_S, SpecError, read
from streams.models import EventLog


class Rule(models.Model):
    """Something to watch for in a log, and what then happens.

    It begins at its log's present end whenever it is saved: new, changed or switched on again, it knows nothing of what
    was before. Each time it is another ``version``.
    """

    class Kind(models.TextChoices):
        EVENT = "event"
        SEQUENCE = "sequence"
        TIMEOUT = "timeout"
        CASE = "case"
        DEVIATION = "deviation"
        NOVELTY = "novelty"
        LOG = "log"

    class Severity(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        CRITICAL = "critical"

    CONTENT: ClassVar = ("name", "kind", "spec", "severity", "enabled", "cooldown_s", "then")

    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="rules")
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, choices=Kind)
    spec = models.JSONField(default=dict, help_text="What it watches for; see docs/rules.md.")  # see `rules.core.specs`
    severity = models.CharField(max_length=10, choices=Severity, default=Severity.WARNING)
    enabled = models.BooleanField(default=True)
    cooldown_s = models.PositiveIntegerField(
        default=0,
        validators=[MaxValueValidator(YEAR_S)],
        help_text="After a match, the same case does not match again for so many seconds of arrival.",
    )
    then = models.JSONField(default=list, blank=True, help_text='As [{"notify": "ops", "text": "{case} is late"}].')

    version = models.PositiveIntegerField(default=0, editable=False)
    from_seq = models.PositiveBigIntegerField(default=0, editable=False)  # it knows the events after this one
    changed_at = models.DateTimeField(null=True, editable=False)
    notice = models.TextField(blank=True, editable=False)  # why it was switched off
    archived_at = models.DateTimeField(null=True, editable=False)  # removed: its row stays for its matches

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["log", "enabled"], name="rule_enabled")]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **options: Any) -> None:
        """Save what people may edit as a new version; with ``update_fields`` only these, as they are."""
        if options.get("update_fields") is not None:
            super().save(*args, **options)
            return
        with transaction.atomic():
            log = EventLog.objects.select_for_update().get(pk=self.log_id)  # no event comes between
            before = Rule.objects.filter(pk=self.pk).values_list("version", flat=True).first() if self.pk else None
            self.version = (before or 0) + 1
            self.from_seq, self.changed_at, self.notice = log.next_seq - 1, timezone.now(), ""
            super().save(*args, **options)
            RuleVersion.objects.create(rule=self, version=self.version, from_seq=self.from_seq, content=self.content)
            for table in (RuleState, RuleTimer, RuleKnown):
                table.objects.filter(rule=self).delete()

    def archive(self) -> None:
        """Remove it: it stops, and its row stays for its matches; without any it goes."""
        if not self.matches.exists():
            self.delete()
            return
        self.enabled, self.archived_at = False, timezone.now()
        self.save(update_fields=["enabled", "archived_at"])

    def clean(self) -> None:
        if Rule.objects.filter(pk=self.pk).exclude(log=self.log_id).exists():
            raise ValidationError({"log": "A rule stays with its log: make another one there."})
        try:
            read(self.kind, self.spec)
        except SpecError as error:
            placed = PlacedError(str(error), error.path, line=error.line, column=error.column)
            raise ValidationError({"spec": placed}) from error
        except KeyError:
            return  # no such kind: the field says so

    @property
    def summary(self) -> str:
        """What it does, in a sentence; empty where that cannot be read any more."""
        try:
            return read(self.kind, self.spec).summary()
        except (SpecError, KeyError):
            return ""

    @property
    def content(self) -> dict[str, Any]:
        """What a version of it says."""
        return {name: getattr(self, name) for name in self.CONTENT}


class RuleVersion(models.Model):
    """What a rule said for the events after ``from_seq``."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="versions", db_index=False)
    version = models.PositiveIntegerField()
    from_seq = models.PositiveBigIntegerField()
    content = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-version"]
        constraints = [models.UniqueConstraint(fields=["rule", "version"], name="rule_version")]

    def __str__(self) -> str:
        return f"{self.rule} {self.version}"


class MatchRows(models.QuerySet["RuleMatch"]):
    """Matches."""

    def unseen(self) -> "MatchRows":
        """Those that nobody has acknowledged."""
        return self.filter(acknowledged_at=None)

    def acknowledge(self, user: AbstractBaseUser | AnonymousUser) -> int:
        """Somebody has seen them: the first one who says so is kept; how many that were."""
        return self.unseen().order_by().update(acknowledged_at=timezone.now(), acknowledged_by=user)


class RuleMatch(models.Model):
    """A rule matched: once for each case and event. Kept as it was told, whatever comes later."""

    class State(models.TextChoices):
        NEW = "new"
        ACKNOWLEDGED = "acknowledged"

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="matches", db_index=False)
    rule_version = models.PositiveIntegerField()
    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="rule_matches", db_index=False)
    severity = models.CharField(max_length=10, choices=Rule.Severity)
    case = models.CharField(max_length=255, blank=True)  # empty: of the log as a whole
    seq = models.PositiveBigIntegerField()  # of the event it is about
    activity = models.CharField(max_length=255, blank=True)  # of that event
    at = models.DateTimeField(null=True)  # of that event; null: the log has none yet
    matched_at = models.DateTimeField()
    reason = models.TextField()
    context = models.JSONField(default=dict)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )

    objects = MatchRows.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["rule", "case", "seq"], name="rule_match_key")]
        indexes = [
            models.Index(fields=["log", "-id"], name="rule_match_newest"),
            models.Index(fields=["log", "case"], name="rule_match_case"),
            models.Index(fields=["rule", "matched_at"], name="rule_match_when"),
            models.Index(
                fields=["log", "rule"], condition=models.Q(acknowledged_at=None), name="rule_match_unseen"
            ),  # counted on every page
        ]

    def __str__(self) -> str:
        return f"{self.rule}: {self.case or self.log}"

    @property
    def state(self) -> str:
        """``new`` until somebody has acknowledged it."""
        return self.State.NEW if self.acknowledged_at is None else self.State.ACKNOWLEDGED


class RuleCursor(models.Model):
    """How far the rules of a log are: their states, timers and matches are of the events up to ``seq``."""

    log = models.OneToOneField(EventLog, primary_key=True, on_delete=models.CASCADE, related_name="ruled")
    seq = models.PositiveBigIntegerField(default=0)
    judged_seq = models.PositiveBigIntegerField(default=0)  # how far verdicts on cases were looked at

    def __str__(self) -> str:
        return f"{self.log} up to {self.seq}"


class RuleState(models.Model):
    """What a rule remembers of a case (empty: of its log as a whole)."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="+", db_index=False)
    case = models.CharField(max_length=255, blank=True)
    seq = models.PositiveBigIntegerField()  # of the newest event it knows; the oldest are let go first
    state = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "case"], name="rule_state_key")]
        indexes = [models.Index(fields=["rule", "seq"], name="rule_state_oldest")]


class RuleTimer(models.Model):
    """When a rule is to look at a case again, should nothing come: a moment of arrival."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="+", db_index=False)
    case = models.CharField(max_length=255)
    due_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "case"], name="rule_timer_key")]
        indexes = [models.Index(fields=["rule", "due_at"], name="rule_timer_due")]


class RuleKnown(models.Model):
    """What a rule of the kind ``novelty`` has seen before, as a digest."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.CharField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "digest"], name="rule_known_key")]
