"""What is kept of mining: checkpoints of live logs, models and their newest pictures, cases, minutes; and jobs."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models

from streams.models import EventLog


class Checkpoint(models.Model):
    """A live log's state at ``seq``: after a restart only what came later is read."""

    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, db_index=False)
    seq = models.PositiveBigIntegerField()
    settings_key = models.CharField(max_length=64)  # of the log's settings it was made under; others: rediscover
    state = models.BinaryField()  # see models_mining.store.checkpoints
    saved_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["log", "-seq"], name="checkpoint_newest")]


class LogState(models.Model):
    """How far the mining of a log is: it stands for the events up to ``seq``."""

    log = models.OneToOneField(EventLog, primary_key=True, on_delete=models.CASCADE, related_name="mined")
    epoch = models.CharField(max_length=12)
    settings_key = models.CharField(max_length=64)  # of the settings the rows were made under; others: mine anew
    seq = models.PositiveBigIntegerField(default=0)
    cases = models.PositiveBigIntegerField(default=0)
    open_cases = models.PositiveBigIntegerField(default=0)
    beyond = models.PositiveBigIntegerField(default=0)  # cases beyond the prefix tree's budget
    saved_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.log} up to {self.seq}"


class MinedModel(models.Model):
    """An algorithm with parameters over a log, and its newest picture."""

    class Cases(models.TextChoices):
        ALL = "all", "all cases"
        CLOSED = "closed", "closed cases only"

    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="models")
    algorithm = models.CharField(max_length=50, default="dfg")
    parameters = models.JSONField(default=dict, blank=True)
    cases = models.CharField(max_length=10, choices=Cases, default=Cases.ALL)

    epoch = models.CharField(max_length=12, editable=False, blank=True)
    version = models.PositiveBigIntegerField(default=0, editable=False)
    seq = models.PositiveBigIntegerField(default=0, editable=False)
    picture = models.JSONField(null=True, editable=False)
    definition = models.JSONField(
        null=True, editable=False
    )  # the net, and where its tokens are drawn; see `PicturePublisher`
    derived_at = models.DateTimeField(null=True, editable=False)
    took_ms = models.FloatField(null=True, editable=False)
    moved_out = models.BooleanField(default=False, editable=False)  # of the live class, but takes too long on this log
    watched_until = models.DateTimeField(null=True, editable=False)
    error = models.TextField(blank=True, editable=False)  # of the newest derivation; the picture is the last good one

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.algorithm} of {self.log}"

    @property
    def home(self) -> str:
        """The process that derives it: ``mine``, or ``work`` if it is slow, or slow on this log, or unknown."""
        from models_mining.core.discovery import ALGORITHMS  # not by each process that only knows there are models

        live = self.algorithm in ALGORITHMS and ALGORITHMS[self.algorithm].cost == "live"
        return "mine" if live and not self.moved_out else "work"

    def clean(self) -> None:
        from models_mining.core.discovery import ALGORITHMS, ParameterError

        if self.algorithm not in ALGORITHMS:
            raise ValidationError(
                {"algorithm": f"There is no {self.algorithm}; known: {', '.join(sorted(ALGORITHMS))}."}
            )
        if not isinstance(self.parameters, dict):
            raise ValidationError({"parameters": 'Expected an object, as {"name": 1}.'})
        try:
            ALGORITHMS[self.algorithm].check(self.parameters)
        except ParameterError as error:
            raise ValidationError({"parameters": str(error)}) from error
        if self.cases not in (sets := ALGORITHMS[self.algorithm].case_sets):
            raise ValidationError({"cases": f"{self.algorithm} counts {' or '.join(sets)} cases only."})


class Case(models.Model):
    """Where a case of a log now stands; rows of the cases touched since the last save are written."""

    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, db_index=False)
    case = models.CharField(max_length=255)
    node = models.PositiveIntegerField()  # number of its last activity, as in the pictures
    activity = models.CharField(max_length=255, default="")  # the last one
    variant = models.CharField(max_length=20, default="")  # see `models_mining.mining.rows`; "": beyond the prefix tree
    length = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    last_at = models.DateTimeField()
    seq = models.PositiveBigIntegerField()  # of the newest event that this row knows
    closed_at = models.DateTimeField(null=True)
    attributes = models.JSONField(default=dict)  # of the trace, last value wins

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "case"], name="case_key")]
        indexes = [
            models.Index(fields=["log", "closed_at", "last_at"], name="case_open"),
            models.Index(fields=["log", "-last_at"], name="case_newest"),
            models.Index(fields=["log", "variant"], name="case_variant"),
        ]

    def __str__(self) -> str:
        return self.case


class Minute(models.Model):
    """Throughput of a log by the minute of arrival."""

    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, db_index=False)
    minute = models.DateTimeField()
    events = models.PositiveIntegerField(default=0)
    started = models.PositiveIntegerField(default=0)
    closed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "minute"], name="minute_key")]


class Job(models.Model):
    """Something that takes long, asked for by one or more people, done once. See `models_mining.jobs.jobs`."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    kind = models.CharField(max_length=50)
    log = models.ForeignKey(EventLog, null=True, on_delete=models.CASCADE, related_name="jobs")
    parameters = models.JSONField(default=dict)
    digest = models.CharField(max_length=64)  # of kind, log and parameters: equal jobs share one row
    owners = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="jobs")
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    progress = models.FloatField(default=0.0)  # from 0 to 1
    result = models.JSONField(null=True)
    error = models.TextField(blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)  # then the row and its files go

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["digest"], condition=models.Q(state__in=["queued", "running", "done"]), name="job_shared"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class Analysis(models.Model):
    """What a worker learns of a log from its first event on: changes of the process, and how open cases go on."""

    log = models.OneToOneField(EventLog, primary_key=True, on_delete=models.CASCADE, related_name="analysis")
    enabled = models.BooleanField(default=True)  # off: it stops where it is, and goes on from there
    seq = models.PositiveBigIntegerField(default=0, editable=False)  # how far it is
    told_seq = models.PositiveBigIntegerField(default=0, editable=False)  # changes up to here have been told
    settings_key = models.CharField(max_length=64, editable=False)  # of the log's; others: from the first event again
    state = models.BinaryField(null=True, editable=False)  # see models_mining.analysis.log_analyzer
    score = models.JSONField(default=dict, editable=False)  # of the predictions
    saved_at = models.DateTimeField(null=True, editable=False)
    watched_until = models.DateTimeField(null=True, editable=False)  # somebody looks at the predictions
    predicted_seq = models.PositiveBigIntegerField(default=0, editable=False)  # what their rows stand for

    class Meta:
        verbose_name_plural = "analyses"

    def __str__(self) -> str:
        return f"{self.log} up to {self.seq}"

    def switch(self, *, on: bool) -> None:
        """Switch it on or off; only this, as the rest of the row is the worker's."""
        self.enabled = on
        self.save(update_fields=["enabled"])


class DriftChange(models.Model):
    """A change of the process that was certain with event ``seq``. See `models_mining.core.drift.detector`."""

    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, db_index=False, related_name="changes")
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    received_at = models.DateTimeField()
    began_seq = models.PositiveBigIntegerField()  # the last event before it began, as far as one can tell
    began_at = models.DateTimeField()
    began_received_at = models.DateTimeField()
    since_seq = models.PositiveBigIntegerField()  # the last event before nothing changed for so long
    edges = models.JSONField(default=list)
    duration = models.JSONField(null=True)
    before = models.JSONField()  # drawings of both regimes
    after = models.JSONField()

    class Meta:
        ordering = ["-seq"]
        constraints = [models.UniqueConstraint(fields=["log", "seq"], name="change_key")]

    def __str__(self) -> str:
        return f"{self.log} at {self.seq}"


class Prediction(models.Model):
    """How an open case is expected to go on: kept while somebody looks."""

    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, db_index=False)
    case = models.CharField(max_length=255)
    activity = models.CharField(max_length=255)  # where it stands
    seq = models.PositiveBigIntegerField()  # of its newest event
    last_at = models.DateTimeField()
    as_of = models.DateTimeField()  # event time of the log: until then nothing more had come
    next = models.JSONField()
    remaining_s = models.FloatField(null=True)  # median, from `as_of` on; null: no closed case took so long
    low_s = models.FloatField(null=True)
    high_s = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "case"], name="prediction_key")]
        indexes = [models.Index(fields=["log", "remaining_s"], name="prediction_remaining")]

    def __str__(self) -> str:
        return self.case
