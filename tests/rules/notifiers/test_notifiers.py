"""Notifications reach a real receiver at least once, whatever it answers meanwhile."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from foundation.models import Lease
from foundation.moments import retry_after_s
from foundation.processes.leases import Held
from rules.models import Notification, Notifier, Rule, RuleMatch
from rules.notifiers import outbox
from rules.notifiers.actions import Notify
from rules.notifiers.outbox import Outbox, pause_s
from streams.models import EventLog
from tests.conftest import free_port, wait_for
from tests.rules.receiver import SECRET, Receiver, receiving

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.NOTIFY_HOSTS = ["127.0.0.1"]
    with receiving() as made:
        yield made


@pytest.fixture
def log(db: None) -> EventLog:
    return EventLog.objects.create(slug="factory", name="Factory")


@pytest.fixture
def sender() -> Iterator[Outbox]:
    made = Outbox()
    yield made
    made.close()


def webhook(receiver: Receiver, **fields: Any) -> Notifier:
    made = Notifier(name="ops", kind="webhook", url=receiver.url, secret=SECRET, **fields)
    made.full_clean()
    made.save()
    return made


def match(log: EventLog, case: str = "order-7", seq: int = 1) -> RuleMatch:
    """A match of a rule that notifies ``ops``, and what it plans."""
    then = [{"notify": "ops", "text": "{case} waits at <{activity}> & {unknown}"}]
    rule, _ = Rule.objects.get_or_create(log=log, name="Late", kind="event", defaults={"then": then})
    now = timezone.now()
    made = RuleMatch.objects.create(
        rule=rule,
        rule_version=1,
        log=log,
        severity="warning",
        case=case,
        seq=seq,
        activity="Pack",
        at=now,
        matched_at=now,
        reason="Too long.",
        context={"waited": 7},
    )
    Notify().plan(made, then[0])
    return made


def run(sender: Outbox, met: Any, what: str) -> Any:
    """Let the outbox take turns until ``met``; what the pauses say is not waited for."""

    def turned() -> Any:
        Notifier.objects.update(not_before=None)
        sender.wake()
        sender.turn(time.monotonic())
        return met()

    return wait_for(turned, 20, what)


def states() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("state", flat=True))


def test_a_match_arrives_signed_after_failures_and_what_waited_meanwhile_comes_as_one(
    log: EventLog, receiver: Receiver, sender: Outbox
) -> None:
    ops = webhook(receiver)
    receiver.answers = [(500, {}, b"<b>broken</b>"), (429, {"Retry-After": "120"}, b""), (302, {"Location": "/x"}, b"")]
    first = match(log)
    run(sender, lambda: len(receiver.taken) == 1 and not sender._sending, "the first attempt")
    ops.refresh_from_db()
    assert (ops.failures, ops.last_status) == (1, "500 <b>broken</b>")
    assert ops.not_before is not None
    assert timezone.now() - timedelta(seconds=2) < ops.not_before < timezone.now() + timedelta(seconds=2)
    assert Notify().statuses([first.pk])[first.pk] == [
        {"to": "ops", "status": "pending", "detail": "500 <b>broken</b>"}
    ]
    run(sender, lambda: len(receiver.taken) == 2 and not sender._sending, "the second attempt")
    ops.refresh_from_db()
    assert ops.not_before is not None
    assert ops.not_before > timezone.now() + timedelta(seconds=110)  # as Retry-After asks
    assert not sender.busy  # and it is kept to
    second = match(log, "order-8", 2)
    run(sender, lambda: states() == ["sent", "sent"], "both: the group is refused, perhaps for one of them; so alone")
    assert [event["subject"] for event in receiver.events] == ["order-7"] * 2 + ["order-7", "order-8"] * 2
    assert len({event["id"] for event in receiver.events}) == 2  # the same ids at each attempt
    assert receiver.signed()
    event = receiver.events[-1]
    assert (event["type"], event["source"]) == ("org.procmine.rule.matched.v1", "http://127.0.0.1:8000/logs/factory/")
    assert event["data"]["text"] == "order-8 waits at <Pack> & {unknown}"
    assert (event["data"]["id"], event["data"]["context"]) == (second.pk, {"waited": 7})
    ops.refresh_from_db()
    assert (ops.failures, ops.last_status) == (0, "200")
    for number in range(3, 6):
        match(log, f"order-{number}", number)
    ops.alone_upto = 0
    ops.save(update_fields=["alone_upto"])
    before = len(receiver.taken)
    run(sender, lambda: states() == ["sent"] * 5, "three more")
    headers, _ = receiver.taken[-1]
    assert len(receiver.taken) == before + 1
    assert headers["Content-Type"].startswith("application/cloudevents-batch+json")


def test_a_worker_that_dies_sends_again_and_another_one_never_at_the_same_time(
    log: EventLog, receiver: Receiver, sender: Outbox
) -> None:
    ops = webhook(receiver)
    match(log)
    sender.turn(time.monotonic())
    assert sender.busy
    sender.close()  # as if killed between the answer and the row: nothing is noted
    assert states() == ["pending"]
    other = Held(ops.lease)
    assert other.keep()
    Lease.objects.update(owner="elsewhere/1")  # another machine's worker holds it
    sender.wake()
    sender.turn(time.monotonic())
    assert not sender._sending
    Lease.objects.all().delete()
    run(sender, lambda: states() == ["sent"], "the notification")
    assert len({event["id"] for event in receiver.events}) == 1


def test_what_is_a_day_old_or_refused_for_good_has_failed_and_says_why(
    log: EventLog, receiver: Receiver, sender: Outbox
) -> None:
    ops = webhook(receiver, enabled=False)
    match(log)
    Notification.objects.update(created_at=timezone.now() - timedelta(hours=25))
    run(sender, lambda: states() == ["failed"], "giving up")
    assert Notification.objects.get().why == "Not delivered within a day. The notifier was switched off."
    Notifier.objects.update(enabled=True)
    receiver.answers = [(410, {}, b"gone")]
    match(log, seq=2)
    run(sender, lambda: states() == ["failed", "failed"], "a refusal for good")
    assert Notification.objects.latest("pk").why == "410 gone"
    assert len(receiver.taken) == 1
    ops.refresh_from_db()
    assert ops.last_status == "410 gone"


def test_a_chat_gets_one_readable_text_and_the_mailboxes_a_mail(
    log: EventLog, receiver: Receiver, sender: Outbox, settings: Any
) -> None:
    mails: list[Any] = []

    class Inbox:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  aiosmtpd calls it so
            mails.append(envelope)
            return "250 OK"

    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    chat = Notifier(name="ops", kind="slack", url=receiver.url)
    chat.full_clean()
    chat.save()
    for number in range(25):
        match(log, f"order-{number}", number)
    run(sender, lambda: set(states()) == {"sent"}, "the chat's message")
    ((_, body),) = receiver.taken
    assert body.startswith(b'{"text":"order-0 waits at &lt;Pack&gt; &amp; {unknown}\\n')
    assert b"and 5 more" in body
    Notifier.objects.update(name="chat")
    mail = Notifier(name="ops", kind="email", url="mailto:ann@example.org,bob@example.org")
    mail.full_clean()
    mail.save()
    server = Controller(Inbox(), hostname="127.0.0.1", port=settings.EMAIL_PORT)
    server.start()
    try:
        match(log, "order-1\r\nBcc: eve@example.org", 30)
        run(sender, lambda: set(states()) == {"sent"}, "the mail")
    finally:
        server.stop()
    (envelope,) = mails
    read = message_from_bytes(envelope.content, policy=default)
    assert envelope.rcpt_tos == ["ann@example.org", "bob@example.org"]
    assert (read["Bcc"], read["Auto-Submitted"]) == (None, "auto-generated")
    assert read["Subject"] == "order-1 Bcc: eve@example.org waits at <Pack> & {unknown}"


def test_a_notifier_keeps_its_address_and_secret_to_itself(api: APIClient, receiver: Receiver) -> None:
    given = {"name": "ops", "kind": "webhook", "url": receiver.url, "secret": SECRET}
    made = api.post("/api/v1/notifiers/", given)
    assert made.status_code == 201, made.json()
    path = f"/api/v1/notifiers/{made.json()['id']}/"
    assert api.post(f"{path}test/").json() == {"ok": True, "detail": "200"}
    assert receiver.signed()
    assert made.json()["has_secret"]
    assert api.patch(path, {"secret": "short"}).json()["errors"][0]["pointer"] == "/secret"
    told = api.get(path).content + made.content + api.get("/api/v1/history/").content
    told += api.get(f"/admin/rules/notifier/{made.json()['id']}/change/").content
    assert b"team=a" not in told
    assert SECRET.encode() not in told
    with connection.cursor() as cursor:
        cursor.execute("SELECT url, secret FROM rules_notifier")
        assert all(value.startswith("gAAAA") for value in cursor.fetchone())
    for wrong in ("http://169.254.169.254/", "ftp://a.example", "http://u:p@a.example/", "mailto:a@example.org", "x"):
        answer = api.patch(path, {"url": wrong})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/url"), wrong
    assert api.patch(path, {"kind": "email", "url": "mailto:nobody"}).status_code == 400


def test_the_pauses_double_up_to_an_hour_and_a_date_in_retry_after_is_read() -> None:
    assert all(1 <= pause_s(1) <= 2 and 4 <= pause_s(3) <= 8 for _ in range(50))
    assert outbox.LONGEST_WAIT_S / 2 <= pause_s(10**6) <= outbox.LONGEST_WAIT_S
    now = datetime(2026, 1, 2, 10, tzinfo=UTC)
    asked = ["Fri, 02 Jan 2026 10:01:00 GMT", "7", "-1", "soon", "Fri, 02 Jan 2026 09:00:00 GMT"]
    assert [retry_after_s(text, now) for text in asked] == [60, 7, None, None, 0]


def test_a_notifier_that_was_changed_tries_at_once_wherever_it_was_changed(api: APIClient, receiver: Receiver) -> None:
    ops = webhook(receiver)
    form = {"name": "ops", "kind": "webhook", "url": "", "secret": "", "enabled": "on"}
    for path in (f"/rules/notifiers/{ops.pk}/", f"/admin/rules/notifier/{ops.pk}/change/"):
        Notifier.objects.update(not_before=timezone.now() + timedelta(hours=1), failures=5)
        assert api.post(path, form, format="multipart").status_code == 302
        ops.refresh_from_db()
        assert (ops.not_before, ops.failures, ops.address) == (None, 5, receiver.url), path
    Notifier.objects.update(not_before=timezone.now() + timedelta(hours=1))
    assert api.patch(f"/api/v1/notifiers/{ops.pk}/", {"enabled": False}).json()["not_before"] is None
