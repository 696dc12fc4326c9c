"""Simulations that people start from the page or the API."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from streams.models import EventLog

SILENT_S = 20.0  # a run says every half second that it lives; one silent for so long is gone


class SimulationRows(models.QuerySet["Simulation"]):
    """Runs."""

    def active(self) -> "SimulationRows":
        """Those that run or are about to."""
        return self.filter(state__in=Simulation.ACTIVE)

    def give_up_lost(self) -> None:
        """What has not been heard of for long was killed, or its machine went down: say so."""
        now = timezone.now()
        lost = self.active().filter(heard_at__lt=now - timedelta(seconds=SILENT_S))
        if lost.exists():  # a page that only looks takes no lock
            error = "The run ended without a word: its process is gone."
            lost.update(state=Simulation.State.FAILED, ended_at=now, error=error)


class Simulation(models.Model):
    """One run of a simulator configuration into a log, by a process of its own."""

    class State(models.TextChoices):
        STARTING = "starting", "starting"
        RUNNING = "running", "running"
        STOPPED = "stopped", "stopped"  # asked to
        FINISHED = "finished", "finished"  # all events sent
        FAILED = "failed", "failed"  # ``error`` says why

    ACTIVE = (State.STARTING, State.RUNNING)

    config = models.TextField(help_text="Documents of a simulator configuration, YAML. Their sinks are not used.")
    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="simulations")
    seed = models.BigIntegerField(null=True, blank=True, help_text="The same seed gives the same events.")
    count = models.PositiveIntegerField(help_text="The run ends after so many events.")
    rate = models.FloatField(null=True, blank=True, help_text="Events per second; empty: as the configuration says.")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    state = models.CharField(max_length=10, choices=State, default=State.STARTING)
    stop_asked = models.BooleanField(default=False)
    sent = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)  # of the sent ones; the log did not take them
    per_second = models.FloatField(default=0.0)
    output = models.TextField(blank=True)  # remarks and the newest events, a line each
    error = models.TextField(blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    heard_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = SimulationRows.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Simulation {self.pk} into {self.log}"

    @property
    def active(self) -> bool:
        """Whether it runs or is about to."""
        return self.state in self.ACTIVE
