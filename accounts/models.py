"""API tokens."""

from typing import ClassVar

from django.db import models
from knox.models import AbstractAuthToken

from streams.models import EventLog


class Token(AbstractAuthToken):  # type: ignore[misc]  # knox has no types
    """A bearer token ``pm_<prefix>_<secret>``: hashed, shown once, with scopes and, if any, the only logs it opens."""

    PREFIX: ClassVar = 8  # characters that name a token

    scopes = models.JSONField(default=list)  # of read, ingest, control
    limited = models.BooleanField(default=False)  # to `logs`, also when these are deleted
    logs = models.ManyToManyField(EventLog, blank=True)
    last_used_at = models.DateTimeField(null=True)  # to some minutes

    def __str__(self) -> str:
        return f"pm_{self.name}_… of {self.user}"

    @property
    def name(self) -> str:
        """The part of it that may be shown: ``<prefix>``."""
        return str(self.token_key).removeprefix("pm_")[: self.PREFIX]
