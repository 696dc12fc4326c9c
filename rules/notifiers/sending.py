"""One attempt to deliver a group of notifications: knows no table, so that it can run in a process of its own."""

import smtplib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from foundation.encryption import SecretUnreadableError, decrypt
from foundation.http.pinned_client import NoAnswerError, post
from foundation.moments import retry_after_s
from rules.models import Notifier
from rules.models.notifiers import recipients
from rules.notifiers import rendering
from rules.notifiers.rendering import Item

USER_AGENT = f"procmine/{settings.VERSION}"
_NOT_OURS = {400, 410, 413, 414, 415, 422}  # the same message will never be taken


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of it. ``final``: it will not help to try the same again."""

    sent: bool
    said: str
    final: bool = False
    wait_s: float = 0.0  # that the receiver asks for (Retry-After)

    def as_dict(self) -> dict[str, Any]:
        """For the way out of a child process."""
        return asdict(self)


def deliver(notifier: Notifier, items: Sequence[Item]) -> Attempt:
    """Send a group as one message; never raises for what a receiver does."""
    try:
        if notifier.kind == Notifier.Kind.EMAIL:
            return _mail(notifier.address, items)
        if notifier.kind == Notifier.Kind.SLACK:
            body, headers = rendering.slack(items)
        else:
            body, headers = rendering.webhook(items, decrypt(notifier.secret))
        answer = post(notifier.address, body, {"User-Agent": USER_AGENT, **headers})
    except NoAnswerError as error:
        return Attempt(sent=False, said=str(error), final=error.refused)
    except SecretUnreadableError as error:
        return Attempt(sent=False, said=str(error))
    if 200 <= answer.status < 300:
        return Attempt(sent=True, said=f"{answer.status}")
    said = f"{answer.status}" if _private(items) else " ".join(f"{answer.status} {answer.text}".split())
    if 300 <= answer.status < 400:
        return Attempt(sent=False, said=f"{answer.status}: it leads elsewhere, which is not followed.", final=True)
    return Attempt(False, said, answer.status in _NOT_OURS, retry_after_s(answer.retry_after) or 0.0)


def send_test(notifier: Notifier) -> Attempt:
    """Send a message that only shows that it arrives, now and past the outbox."""
    text = "A test of procmine: notifications arrive here."
    event = {
        "specversion": "1.0",
        "id": f"test-{timezone.now().timestamp()}",
        "source": "procmine",
        "type": "org.procmine.notifier.test.v1",
        "data": {"text": text},
    }
    return deliver(notifier, [Item(text, event)])


def _mail(address: str, items: Sequence[Item]) -> Attempt:
    if not settings.EMAIL_HOST:
        return Attempt(sent=False, said="No mail server is set: PROCMINE_EMAIL_HOST names it.")
    subject, text = rendering.mail(items)
    headers = {"Auto-Submitted": "auto-generated"}  # RFC 3834: no automatic answers
    try:
        EmailMessage(subject, text, to=recipients(address), headers=headers).send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        return Attempt(sent=False, said=f"The mail server refuses the recipients: {codes}.", final=min(codes) >= 500)
    except smtplib.SMTPResponseException as error:
        said = error.smtp_code if _private(items) else error
        return Attempt(sent=False, said=f"The mail server: {said}"[:300])
    except (smtplib.SMTPException, OSError) as error:
        return Attempt(sent=False, said=f"The mail server: {error}"[:300])
    return Attempt(sent=True, said="given to the mail server")


def _private(items: Sequence[Item]) -> bool:
    """Whether a receiver that repeats what it was sent would publish it: reasons of failures are shown to many."""
    return any(item.private for item in items)
