"""API tokens."""

from django.db import models
from knox.models import AbstractAuthToken

from streams.models import EventLog


class Token(AbstractAuthToken):  # type: ignore[misc]  # knox has no types
    """A bearer token ``pm_<prefix>_<secret>``: hashed, shown once, with scopes and, if any, the only logs it opens."""

    scopes = models.JSONField(default=list)  # of read, ingest, control
    logs = models.ManyToManyField(EventLog, blank=True)

    def __str__(self) -> str:
        return f"{self.token_key}… of {self.user}"
