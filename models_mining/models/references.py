"""What is kept of conformance: reference models, how cases agree with the active one, figures over time."""

from django.db import models

from streams.models import EventLog


class ReferenceModel(models.Model):
    """A model that the cases of a log are checked against: a file, or a mined model as it once was."""

    class Kind(models.TextChoices):
        PNML = "pnml"
        BPMN = "bpmn"
        PTML = "ptml"
        FROZEN = "frozen"

    class State(models.TextChoices):
        CHECKING = "checking"
        READY = "ready"
        REFUSED = "refused"

    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="references")
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=10, choices=Kind)
    active = models.BooleanField(default=False)  # at most one of a log: it is followed
    created_at = models.DateTimeField(auto_now_add=True)
    source = models.TextField(blank=True, editable=False)  # of a file
    algorithm = models.CharField(max_length=50, blank=True, editable=False)  # of a frozen one, as its parameters …
    parameters = models.JSONField(default=dict, editable=False)
    derived_seq = models.PositiveBigIntegerField(null=True, editable=False)  # … and the last event it stands for
    drawing = models.JSONField(null=True, editable=False)  # what cases are judged by
    verdict = models.CharField(max_length=10, choices=State, default=State.CHECKING, editable=False)
    complaint = models.TextField(blank=True, editable=False)  # what is wrong, and where
    check_job = models.ForeignKey("Job", null=True, on_delete=models.SET_NULL, editable=False, related_name="+")
    epoch = models.CharField(max_length=12, blank=True, editable=False)  # of the log, that its cases' rows are of
    seq = models.PositiveBigIntegerField(default=0, editable=False)  # what they stand for
    complete = models.BooleanField(default=False, editable=False)  # every case has one

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["log"], condition=models.Q(active=True), name="one_active_reference")
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.log}"

    @property
    def state(self) -> str:
        """``checking``, ``ready`` or ``refused``. A check that came to no end has found nothing good."""
        return self.State.REFUSED if self._unfinished else self.verdict

    @property
    def error(self) -> str:
        """Why it is refused; empty if it is not."""
        if not self._unfinished:
            return self.complaint
        reason = self.check_job.error if self.check_job is not None else ""
        return f"It could not be checked. {reason or 'The check was cancelled.'}"

    @property
    def _unfinished(self) -> bool:
        """Whether nobody checks it any more, and nobody has come to a verdict."""
        ended = self.check_job is None or self.check_job.state in ("failed", "cancelled")
        return self.verdict == self.State.CHECKING and ended


class CaseConformance(models.Model):
    """How a case agrees with the active reference model of its log. See `models_mining.core.conformance.checker`."""

    reference = models.ForeignKey(ReferenceModel, on_delete=models.CASCADE, db_index=False, related_name="cases")
    case = models.CharField(max_length=255)
    seq = models.PositiveBigIntegerField()  # of its newest event
    length = models.PositiveIntegerField()
    closed = models.BooleanField()
    fits = models.BooleanField(null=True)  # exact; null: not known
    fitness = models.FloatField(null=True)  # exact; null: judged by rules
    exact = models.JSONField(null=True)  # of both replays: fits, fitness, missing, remaining
    pm4py = models.JSONField(null=True)
    count = models.PositiveIntegerField()  # of deviations, or broken rules
    deviations = models.JSONField(default=list)  # the first ones
    breaches = models.JSONField(default=list)  # rules that are broken or pending
    unknown = models.JSONField(default=list)  # activities that the net lacks
    deviating = models.TextField(blank=True)  # every activity that does not fit, each between separators

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reference", "case"], name="case_conformance_key")]
        indexes = [models.Index(fields=["reference", "closed", "fitness"], name="case_conformance_fitness")]

    def __str__(self) -> str:
        return self.case


class ConformancePoint(models.Model):
    """The figures of a log and a reference model as of event ``seq``."""

    reference = models.ForeignKey(ReferenceModel, on_delete=models.CASCADE, db_index=False, related_name="points")
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()  # when the newest event arrived
    values = models.JSONField()

    class Meta:
        ordering = ["seq"]
        constraints = [models.UniqueConstraint(fields=["reference", "seq"], name="conformance_point_key")]

    def __str__(self) -> str:
        return f"{self.reference} at {self.seq}"
