"""Inviting somebody, finding an invitation by the token of its link, and taking the answer."""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from foundation.encryption import SecretUnreadableError, encrypt
from foundation.errors import DomainError
from rules.models import Notifier, RuleMatch
from rules.notifiers.completing import COMPLETED, TooLateError
from rules.notifiers.enqueue import tell
from rules.notifiers.rendering import Item
from sheets.models import Answer, Prompt, Sheet, SheetVersion
from sheets.questions.questions import Answers
from streams.events.store import NewEvent, refuse_archived, store_events

TOKEN_BYTES = 32  # 256 bits
INVITED = "org.procmine.sheet.invited.v1"
_MOST_TOKEN = 100  # characters of what is looked up


class NotInvitedError(DomainError):
    """Nobody is invited."""

    code, text = "sheet-off", "The sheet is switched off, or its log is archived."


class TooOftenError(NotInvitedError):
    """The respondent was invited as often as the sheet allows in a day."""

    code, text = "invited-too-often", "{respondent} was invited {a_day} times within a day."


class TooSoonError(NotInvitedError):
    """The respondent was invited a short time ago."""

    code, text = "invited-too-soon", "{respondent} was invited less than {gap_s} s ago."


class ClosedError(DomainError):
    """The invitation takes no answer; ``state`` says why."""

    code, text = "invitation-closed", "This invitation is {state} already."

    @property
    def state(self) -> str:
        """Return the state of the invitation."""
        return str(self.parameters["state"])


def digest(token: str) -> str:
    """What a token is found by."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def path_of(token: str) -> str:
    """Where the form is, for a path after the address of this installation."""
    return reverse("sheet-form", args=[token])


def invite(
    sheet: Sheet,
    case: str,
    respondent: str,
    *,
    origin: str | None = None,
    match: RuleMatch | None = None,
    via: Notifier | None = None,
    ttl_s: int | None = None,
) -> Prompt:
    """A new invitation; raises NotInvitedError where the sheet's limits for the respondent or its state forbid one.

    The one of the same ``origin``, where there is one already: nobody is asked twice for one reason. ``via`` is sent
    the link, which the outbox does not hold.
    """
    with transaction.atomic():
        sheet = Sheet.objects.select_for_update(of=("self",)).select_related("log").get(pk=sheet.pk)  # for the limits
        if origin is not None and (known := Prompt.objects.filter(origin=origin).first()) is not None:
            return known
        now = timezone.now()
        _refuse(sheet, respondent, now)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        made = Prompt.objects.create(
            sheet=sheet,
            version=SheetVersion.objects.get(sheet=sheet, version=sheet.version),
            log=sheet.log,
            case=case,
            respondent=respondent,
            origin=origin,
            match=match,
            seq=match.seq if match is not None else None,
            token_hash=digest(token),
            token=encrypt(token),
            created_at=now,
            expires_at=now + timedelta(seconds=ttl_s or sheet.ttl_s),
        )
        if via is not None:
            _tell(via, made)
    return made


def _refuse(sheet: Sheet, respondent: str, now: datetime) -> None:
    if not sheet.enabled or sheet.log.archived_at is not None:
        raise NotInvitedError
    before = Prompt.objects.filter(sheet=sheet, respondent=respondent)
    if before.filter(created_at__gt=now - timedelta(days=1)).count() >= sheet.a_day:
        raise TooOftenError(respondent=respondent, a_day=sheet.a_day)
    if sheet.gap_s and before.filter(created_at__gt=now - timedelta(seconds=sheet.gap_s)).exists():
        raise TooSoonError(respondent=respondent, gap_s=sheet.gap_s)


def _tell(notifier: Notifier, prompt: Prompt) -> None:
    data = {
        "prompt": prompt.pk,
        "sheet": prompt.sheet.slug,
        "log": prompt.log.slug,
        "case": prompt.case,
        "respondent": prompt.respondent,
        "expires_at": prompt.expires_at.isoformat(),
    }
    text = f"{prompt.version.content['label']} ({prompt.respondent})"
    tell(notifier, prompt.log, text, kind=INVITED, subject=prompt.case, data=data, match=prompt.match)


@COMPLETED.register(INVITED)
def with_link(item: Item) -> Item:
    """An invitation as it is sent: the link is read from the prompt, while that is open."""
    prompt = Prompt.objects.filter(pk=item.event["data"]["prompt"]).first()
    if prompt is None or prompt.state != Prompt.State.OPEN:
        raise TooLateError("The invitation ended before it was sent.")
    try:
        link = f"{settings.PUBLIC_URL}{path_of(prompt.secret)}"
    except SecretUnreadableError:
        raise TooLateError("The link cannot be read with this PROCMINE_SECRET_KEY: invite again.") from None
    text = f"{item.text}: {link}"
    return Item(text, {**item.event, "data": {**item.event["data"], "url": link, "text": text}}, private=True)


def link_of(prompt: Prompt) -> str | None:
    """Return the path of the form of an open invitation; None once it has ended, or where the key has changed."""
    try:
        return path_of(prompt.secret) if prompt.state == Prompt.State.OPEN else None
    except SecretUnreadableError:
        return None


def open_prompts(sheet: Sheet) -> "QuerySet[Prompt]":
    """The invitations to a sheet that can be answered now, the newest first."""
    now = timezone.now()
    return sheet.prompts.filter(stored_state=Prompt.State.OPEN, expires_at__gt=now).order_by("-id")


def find(token: str) -> Prompt | None:
    """The invitation whose link bears this token."""
    if len(token) > _MOST_TOKEN:
        return None
    return Prompt.objects.select_related("sheet", "version", "log").filter(token_hash=digest(token)).first()


def take(prompt: Prompt, answers: Answers) -> Answer:
    """Keep an answer and make it an event of the log, both or neither; raises ClosedError, ArchivedError."""
    with transaction.atomic():
        row = Prompt.objects.select_for_update().get(pk=prompt.pk)
        if row.state != Prompt.State.OPEN:
            raise ClosedError(state=row.state)
        refuse_archived(row.log)
        now = timezone.now()
        made = Answer.objects.create(prompt=row, log=row.log, answers=answers, at=now)
        content: Mapping[str, Any] = row.version.content
        event = NewEvent(
            log_id=row.log_id,
            case=row.case,
            activity=(content["activity"] or content["label"])[:255],
            at=now,
            received_at=now,
            event_id=f"answer-{row.key}",
            attributes={
                **answers,
                "sheet": row.sheet.slug,
                "sheet_version": row.version.version,
                "prompt": row.pk,
                "respondent": row.respondent,
            },
        )
        (made.seq,) = store_events([event])
        made.save(update_fields=["seq"])
        Prompt.objects.filter(pk=row.pk).update(stored_state=Prompt.State.ANSWERED, token="")
    return made


def cancel(prompt: Prompt) -> None:
    """Close an invitation that nobody has answered; raises ClosedError where it is closed."""
    with transaction.atomic():
        row = Prompt.objects.select_for_update().get(pk=prompt.pk)
        if row.state != Prompt.State.OPEN:
            raise ClosedError(state=row.state)
        Prompt.objects.filter(pk=row.pk).update(stored_state=Prompt.State.CANCELLED, token="")


def forget_tokens() -> int:
    """Drop the tokens of invitations that have ended: nobody needs their links any more."""
    return Prompt.objects.filter(expires_at__lt=timezone.now()).exclude(token="").update(token="")
