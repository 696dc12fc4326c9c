"""Where notifications go, and the outbox: what is to be told, and what became of it."""

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import models

from foundation.access import User, holds
from foundation.encryption import EncryptedTextField, SecretUnreadableError, decrypt
from foundation.models import RegisteredRow
from streams.models import EventLog

MAIL = "mailto:"
MAX_RECIPIENTS = 20
MIN_SECRET = 16  # characters: of a signature's key, which is guessed offline


class NotifierRows(models.QuerySet["Notifier"]):
    """Notifiers."""

    def usable_by(self, user: User) -> "NotifierRows":
        """Return those that the user may name in rules, schedules and invitations: all of them, or none."""
        return self if holds(user, "rules.view_notifier") else self.none()


class Notifier(RegisteredRow):
    """A chat, a program or mailboxes that are told of matches. Address and secret are taken and never given."""

    class Kind(models.TextChoices):
        SLACK = "slack", "Slack, or a chat that takes the same"
        WEBHOOK = "webhook", "Webhook (signed CloudEvents)"
        EMAIL = "email", "E-mail"

    name = models.SlugField(max_length=100, unique=True, help_text='Rules name it so: {"notify": "ops"}.')
    kind = models.CharField(max_length=10, choices=Kind)
    url = EncryptedTextField("address", help_text="https://…, or mailto:a@example.org,b@example.org")
    secret = EncryptedTextField(
        blank=True, help_text=f"Webhook: signs what is sent. At least {MIN_SECRET} characters, long random ones."
    )
    enabled = models.BooleanField(default=True, help_text="Switched off, notifications wait, for a day at most.")

    last_status = models.TextField(default="", blank=True, editable=False)
    last_at = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)  # attempts since it last went well
    not_before = models.DateTimeField(null=True, editable=False)  # the next attempt
    alone_upto = models.BigIntegerField(default=0, editable=False)  # a group was refused: up to here one by one

    objects = NotifierRows.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """Where to; raises SecretUnreadableError where the key has changed."""
        return decrypt(self.url)

    @property
    def lease(self) -> str:
        """The name of the lease of whoever sends what waits for it."""
        return f"notifier:{self.pk}"

    def save(self, *args: Any, **options: Any) -> None:
        """Save what people edit; what waits for it is tried at once."""
        super().save(*args, **options)
        self.not_before = None
        Notifier.objects.filter(pk=self.pk).update(not_before=None)

    def clean(self) -> None:
        try:
            address, secret = _plain(self.url), _plain(self.secret)
        except SecretUnreadableError as error:
            raise ValidationError({"url": str(error)}) from error
        if self.kind == self.Kind.EMAIL:
            _check_mail(address)
        else:
            from foundation.http.pinned_client import BadUrlError, check_url

            try:
                check_url(address)
            except BadUrlError as error:
                raise ValidationError({"url": str(error)}) from error
        if self.kind == self.Kind.WEBHOOK and len(secret) < MIN_SECRET:
            raise ValidationError(
                {"secret": f"A webhook is signed: give a secret of at least {MIN_SECRET} characters."}
            )


def recipients(address: str) -> list[str]:
    """The mailboxes of a ``mailto:`` address (RFC 6068, without header fields)."""
    return [box.strip() for box in address.removeprefix(MAIL).split(",")]


def _check_mail(address: str) -> None:
    boxes = recipients(address)
    if not address.startswith(MAIL) or len(boxes) > MAX_RECIPIENTS:
        raise ValidationError({"url": f"Expected {MAIL}a@example.org, with at most {MAX_RECIPIENTS} mailboxes."})
    for box in boxes:
        try:
            validate_email(box)
        except ValidationError as error:
            raise ValidationError({"url": f"{box[:100]!r} is no mailbox."}) from error


def _plain(value: str) -> str:
    """The text of a column that holds it encrypted, or as it was just entered in a form."""
    return decrypt(value) if value.startswith("gAAAA") else value


class Notification(models.Model):
    """One thing to tell by one notifier: written with what caused it, sent after the commit, at least once."""

    class State(models.TextChoices):
        PENDING = "pending"
        SENT = "sent"
        FAILED = "failed"

    notifier = models.ForeignKey(Notifier, on_delete=models.CASCADE, related_name="notifications", db_index=False)
    log = models.ForeignKey(EventLog, on_delete=models.CASCADE, related_name="notifications", db_index=False)
    match = models.ForeignKey("rules.RuleMatch", null=True, on_delete=models.CASCADE, related_name="notifications")
    key = models.UUIDField(default=uuid.uuid4, unique=True)  # of the CloudEvent: receivers know a repetition by it
    text = models.TextField()
    event = models.JSONField()  # the CloudEvent
    created_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    why = models.TextField(blank=True)  # it is not sent (yet)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["notifier", "state", "id"], name="notification_waiting"),
            models.Index(fields=["log", "-id"], name="notification_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.notifier}: {self.text[:50]}"

    @property
    def told(self) -> dict[str, Any]:
        """How far it is, for people."""
        return {"status": self.state} | ({"detail": self.why} if self.why else {})
