"""The link of an invitation reaches whoever is told, and is read nowhere on its way."""

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.contrib.auth.models import Group, User
from django.core import serializers
from django.test import Client
from django.utils import timezone

from rules.models import Notification, Notifier
from rules.notifiers.outbox import Outbox
from sheets.models import Prompt, Sheet
from sheets.prompts.prompts import cancel, invite
from tests.conftest import free_port, wait_for
from tests.rules.receiver import SECRET, Receiver, receiving

pytestmark = pytest.mark.django_db(transaction=True)
FORMS = "/sheets/p/"


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.NOTIFY_HOSTS = ["127.0.0.1"]
    with receiving() as made:
        yield made


@pytest.fixture
def sender() -> Iterator[Outbox]:
    made = Outbox()
    yield made
    made.close()


@pytest.fixture
def ops(receiver: Receiver) -> Notifier:
    made = Notifier(name="ops", kind="webhook", url=receiver.url, secret=SECRET)
    made.full_clean()
    made.save()
    return made


def send(sender: Outbox, states: list[str]) -> None:
    """Let the outbox take turns until its rows are in these states; pauses are not waited for."""

    def turned() -> bool:
        Notifier.objects.update(not_before=None)
        sender.wake()
        sender.turn(time.monotonic())
        return (
            not sender._sending and list(Notification.objects.order_by("pk").values_list("state", flat=True)) == states
        )

    wait_for(turned, 20, f"notifications that are {states}")


def outbox() -> str:
    """All that the tables of notifications hold."""
    text: str = serializers.serialize("json", [*Notification.objects.all(), *Notifier.objects.all()])
    return text


@pytest.mark.parametrize("group", ["Viewer", "Analyst"])
def test_who_may_not_send_events_reads_no_link_and_forges_no_answer(
    sheet: Sheet, ops: Notifier, receiver: Receiver, sender: Outbox, group: str
) -> None:
    user = User.objects.create_user("vera")
    user.groups.add(Group.objects.get(name=group))
    vera = Client()
    vera.force_login(user)
    invite(sheet, "c1", "ann", via=ops)
    receiver.answers = [(500, {}, b"later")]
    wait_for(lambda: sender.turn(time.monotonic()) and receiver.taken and not sender._sending, 20, "the first attempt")
    for answer in (vera.get("/api/v1/notifications/"), vera.get("/rules/notifiers/"), vera.get("/sheets/delay/")):
        assert answer.status_code == 200
        assert "ann" in answer.content.decode() or "ops" in answer.content.decode()
        assert FORMS not in answer.content.decode()
    send(sender, ["sent"])
    assert FORMS not in outbox()
    assert [event["data"]["url"].partition(FORMS)[2].rstrip("/") for event in receiver.events] == 2 * [
        Prompt.objects.get().secret
    ]
    assert receiver.events[1]["data"]["text"] == f"Why did it take long? (ann): {receiver.events[1]['data']['url']}"
    assert receiver.signed()


def test_a_receiver_that_repeats_what_it_was_sent_publishes_nothing(
    sheet: Sheet, ops: Notifier, receiver: Receiver, sender: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    prompt = invite(sheet, "c1", "ann", via=ops)
    receiver.answers = [(500, {}, prompt.secret.encode()), (410, {}, prompt.secret.encode())]
    send(sender, ["failed"])
    assert Notification.objects.get().why == "410"
    ops.refresh_from_db()
    assert ops.last_status == "410"
    assert prompt.secret not in outbox() + caplog.text


def test_chats_and_mails_hold_the_link_and_a_mail_server_that_repeats_it_is_not_quoted(
    sheet: Sheet, ops: Notifier, receiver: Receiver, sender: Outbox, settings: Any
) -> None:
    Notifier.objects.update(kind="slack")
    ops.refresh_from_db()
    link = f"http://127.0.0.1:8000{FORMS}{invite(sheet, 'c1', 'ann', via=ops).secret}/"
    send(sender, ["sent"])
    assert json.loads(receiver.taken[0][1])["text"] == f"Why did it take long? (ann): {link}"
    mails: list[str] = []

    class Inbox:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd calls it so
            mails.append(envelope.content.decode())
            return f"451 not now: {secret}" if len(mails) == 1 else "250 OK"

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    Notifier.objects.all().delete()
    mailbox = Notifier(name="mail", kind="email", url="mailto:ann@example.org")
    mailbox.full_clean()
    mailbox.save()
    server = Controller(Inbox(), hostname="127.0.0.1", port=settings.EMAIL_PORT)
    secret = invite(sheet, "c2", "ann", via=mailbox).secret
    server.start()
    try:
        wait_for(lambda: sender.turn(time.monotonic()) and mails and not sender._sending, 20, "the first attempt")
        assert Notification.objects.get().why == "The mail server: 451"
        send(sender, ["sent"])
    finally:
        server.stop()
    assert all(secret in mail.replace("=\r\n", "") for mail in mails)
    assert secret not in outbox()


def test_an_invitation_that_ended_is_not_sent_and_the_others_are(
    sheet: Sheet, ops: Notifier, receiver: Receiver, sender: Outbox, settings: Any
) -> None:
    withdrawn, late, lost, asked = [invite(sheet, "c1", name, via=ops) for name in ("ann", "bob", "cay", "dan")]
    cancel(withdrawn)
    Prompt.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    Prompt.objects.filter(pk=lost.pk).update(token="gAAAA of another key")
    send(sender, ["failed", "failed", "failed", "sent"])
    assert [event["data"]["respondent"] for event in receiver.events] == ["dan"]
    assert receiver.events[0]["data"]["prompt"] == asked.pk
    assert list(Notification.objects.order_by("pk").values_list("why", flat=True)) == [
        "The invitation ended before it was sent.",
        "The invitation ended before it was sent.",
        "The link cannot be read with this PROCMINE_SECRET_KEY: invite again.",
        "",
    ]
