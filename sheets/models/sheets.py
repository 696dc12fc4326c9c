"""Forms, the invitations to answer them, and the answers; see also `sheets.models.mappings` and
`sheets.models.schedules`."""

import uuid
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils import timezone

from foundation.encryption import EncryptedTextField, decrypt
from foundation.errors import DomainError
from foundation.models import RegisteredRow
from foundation.placed_error import PlacedError
from rules.models import RuleMatch
from sheets.questions.questions import mistakes
from streams.models import EventLog

DAY_S = 86_400
TTL_S = (60, 30 * DAY_S)  # the least and the most that an invitation may last
RESERVED = {"new", "p"}  # what stands in place of a slug in the addresses of pages


class InvitedError(DomainError):
    """People were invited to the sheet that is to be deleted."""

    code, text = "sheet-in-use", "People were invited to this sheet: switch it off instead, what they said stays."


class Sheet(RegisteredRow):
    """A form of some questions about a case. What is asked has a version: who was invited before sees what was then."""

    CONTENT: ClassVar = ("label", "intro", "activity", "questions")

    slug = models.SlugField(max_length=100, unique=True)
    name = models.CharField(max_length=255)
    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="sheets", help_text="Answers go there.")
    label = models.CharField(max_length=200, help_text="What people read above the questions.")
    intro = models.TextField(blank=True, max_length=2000, help_text="A few words below it.")
    activity = models.CharField(max_length=255, blank=True, help_text="Of the event; empty: the label.")
    questions = models.JSONField(help_text="3 to 10 questions; see docs/sheets.md.")
    ttl_s = models.PositiveIntegerField(
        "seconds to answer", default=900, validators=[MinValueValidator(TTL_S[0]), MaxValueValidator(TTL_S[1])]
    )
    a_day = models.PositiveIntegerField(
        "invitations a day", default=10, validators=[MinValueValidator(1)], help_text="At most, of one respondent."
    )
    gap_s = models.PositiveIntegerField(
        "seconds between",
        default=0,
        validators=[MaxValueValidator(30 * DAY_S)],
        help_text="At least, of one respondent.",
    )
    enabled = models.BooleanField(default=True, help_text="Switched off, it invites nobody; open invitations stay.")
    version = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if wrong := mistakes(self.questions):
            placed = [PlacedError(one.words, one.path, placed=str(one)) for one in wrong]
            raise ValidationError({"questions": placed})
        if self.slug in RESERVED:
            raise ValidationError({"slug": f"The address of {self.slug} is taken: choose another name."})
        before = Sheet.objects.filter(pk=self.pk).values_list("log", flat=True).first()
        if before not in (None, self.log_id) and self.prompts.exists():
            raise ValidationError({"log": "People were invited: their answers belong to the log of then."})

    @property
    def content(self) -> dict[str, Any]:
        """What a version of it asks."""
        return {name: getattr(self, name) for name in self.CONTENT}

    def save(self, *args: Any, **options: Any) -> None:
        """What is asked now becomes a new version, where it is not what was asked before."""
        with transaction.atomic():
            super().save(*args, **options)
            newest = SheetVersion.objects.select_for_update().filter(sheet=self).order_by("-version").first()
            if newest is None or newest.content != self.content:
                self.version = 1 if newest is None else newest.version + 1
                SheetVersion.objects.create(sheet=self, version=self.version, content=self.content)
                Sheet.objects.filter(pk=self.pk).update(version=self.version)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        """Delete a sheet that nobody was invited to; raises InvitedError."""
        if self.prompts.exists():
            raise InvitedError
        return super().delete(*args, **options)


class SheetVersion(models.Model):
    """What a sheet asked."""

    sheet = models.ForeignKey(Sheet, on_delete=models.CASCADE, related_name="versions", db_index=False)
    version = models.PositiveIntegerField()
    content = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sheet", "version"], name="sheet_version")]

    def __str__(self) -> str:
        return f"{self.sheet} {self.version}"


class Prompt(models.Model):
    """An invitation: somebody may answer a sheet about a case, once, by a link that nobody can guess.

    The token of the link is found by its hash. Until the invitation ends it is kept, encrypted, to be handed out.
    """

    class State(models.TextChoices):
        OPEN = "open"
        ANSWERED = "answered"
        CANCELLED = "cancelled"
        EXPIRED = "expired"  # told of, never stored: the clock says so

    sheet = models.ForeignKey(Sheet, on_delete=models.RESTRICT, related_name="prompts", db_index=False)
    version = models.ForeignKey(SheetVersion, on_delete=models.RESTRICT, related_name="+", db_index=False)
    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="prompts", db_index=False)
    case = models.CharField(max_length=255)
    respondent = models.CharField(max_length=255)
    key = models.UUIDField(default=uuid.uuid4, unique=True)  # of the event that the answer becomes
    origin = models.CharField(max_length=300, null=True, unique=True)  # noqa: DJ001  what caused it, so that it is once
    match = models.ForeignKey(RuleMatch, null=True, on_delete=models.SET_NULL, related_name="prompts")
    seq = models.PositiveBigIntegerField(null=True)  # of the event a rule asks about
    token_hash = models.CharField(max_length=64, unique=True)
    token = EncryptedTextField(blank=True)
    stored_state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["log", "-id"], name="prompt_newest"),
            models.Index(fields=["log", "seq"], name="prompt_seq"),
            models.Index(fields=["sheet", "respondent", "created_at"], name="prompt_respondent"),
        ]

    def __str__(self) -> str:
        return f"{self.sheet}: {self.respondent}"

    @property
    def state(self) -> str:
        """``open``, ``answered``, ``cancelled`` or ``expired``."""
        if self.stored_state == self.State.OPEN and self.expires_at <= timezone.now():
            return self.State.EXPIRED
        return self.stored_state

    @property
    def secret(self) -> str:
        """The token itself, while the invitation is open; raises SecretUnreadableError where the key has changed."""
        return decrypt(self.token)


class Answer(models.Model):
    """What somebody answered: kept for good, and an event of the log."""

    prompt = models.OneToOneField(Prompt, on_delete=models.RESTRICT, related_name="answer")
    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="answers", db_index=False)
    answers = models.JSONField()
    at = models.DateTimeField()
    seq = models.PositiveBigIntegerField(null=True)  # of its event

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["log", "-id"], name="answer_newest")]

    def __str__(self) -> str:
        return f"{self.prompt}"
