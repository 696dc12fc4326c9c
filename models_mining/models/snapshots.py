"""The table of pictures that somebody kept."""

from django.conf import settings
from django.db import models

from streams.models import EventLog


class Snapshot(models.Model):
    """A model as it was when somebody kept it."""

    model = models.ForeignKey("MinedModel", on_delete=models.CASCADE, related_name="snapshots")
    name = models.CharField(max_length=100, blank=True)
    algorithm = models.CharField(max_length=50)  # what the model was then, as its parameters and cases
    parameters = models.JSONField(default=dict)
    cases = models.CharField(max_length=10)
    picture = models.JSONField()
    seq = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.name or self.pk} of {self.model}"

    @property
    def log(self) -> EventLog:
        """Who may do what with it is a matter of its log."""
        return self.model.log
