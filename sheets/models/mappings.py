"""Which app reports into which log, and what in its reports is the case."""

from django.core.exceptions import ValidationError
from django.db import models

from foundation.models import RegisteredRow
from streams.models import EventLog

DEFAULT_CASE = "user"


class ReportMapping(RegisteredRow):
    """How the reports of one app (``client``) become events. Without one, the client's name is the log's slug."""

    class Names(models.TextChoices):
        LENIENT = "lenient", "lenient: a property whose name begins with __ is left out"
        STRICT = "strict", "strict: an event with such a property is refused"

    client = models.CharField(max_length=100, unique=True, help_text="As its reports name it.")
    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="report_mappings")
    case = models.CharField(
        max_length=100,
        default=DEFAULT_CASE,
        help_text="The property of an event, else of the report, that is its case.",
    )
    names = models.CharField(max_length=10, choices=Names, default=Names.LENIENT)

    class Meta:
        ordering = ["client"]

    def __str__(self) -> str:
        return self.client

    def clean(self) -> None:
        if EventLog.objects.filter(slug=self.client).exclude(pk=self.log_id).exists():
            raise ValidationError({"client": "This is the slug of another log: reports of this name go there."})
