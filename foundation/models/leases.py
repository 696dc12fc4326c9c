"""Who owns which piece of work."""

from django.db import models


class Lease(models.Model):
    """Who owns a piece of work (a broker's connection, a log's mining) and until when. See
    `foundation.processes.leases`."""

    name = models.CharField(max_length=100, primary_key=True)
    owner = models.CharField(max_length=200)
    fence = models.PositiveBigIntegerField(default=1)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.owner}"
