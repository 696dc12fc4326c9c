"""Pages of streams and of what was refused, and the guided form, as the server makes them, without scripts."""

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from streams.brokers.listening import Heard
from streams.brokers.mqtt import Address
from streams.models import Broker, Event, EventLog, LogGrant, Rejection, Stream
from streams.pages.messages import payload_of
from streams.pages.samples import packed, unpacked
from streams.setup.guessing import guess
from tests.streams.conftest import Talk

EVIL = '<script>alert("x")</script>'
NOW = timezone.now()


@pytest.fixture
def boss(client: Client, db: None) -> Client:
    """Signed in, may do everything."""
    client.force_login(User.objects.create_superuser("boss"))
    return client


@pytest.fixture
def stream(db: None) -> Stream:
    """Of JSON messages, on a broker that is well, with a log of its own."""
    broker = Broker.objects.create(name="plant", host="127.0.0.1", port=1, state="connected", seen_at=timezone.now())
    log = EventLog.objects.create(slug="orders", name="Orders")
    return Stream.objects.create(
        slug="line", name="Line", broker=broker, topic="line/#", format="json", log=log, received=9, rejected=3
    )


@pytest.fixture
def refused(stream: Stream) -> Callable[..., Rejection]:
    def refuse(payload: bytes, reason: str = "missing_case", detail: str = "`case` is missing.") -> Rejection:
        columns = {"received_at": timezone.now(), "topic": f"line/{EVIL}", "reason": reason, "detail": detail}
        return Rejection.objects.create(stream=stream, payload=payload, **columns)

    return refuse


@pytest.fixture
def shop(broker: str) -> Broker:
    """The Mosquitto of the tests."""
    address = Address.from_url(broker)
    return Broker.objects.create(name="shop", host=address.host, port=address.port)


def text(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def said(answer: Any) -> str:
    """What the next page says was done."""
    page: str = answer.content.decode()
    found = re.search(r'<div class="said".*?</div>', page, re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[0]).strip() if found else ""


def form(page: str) -> dict[str, str]:
    """The values of a page's inputs and selects, as a browser without scripts would send them."""
    values = {}
    for tag in re.findall(r"<input [^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and not re.search(r'type="(radio|checkbox)"(?!.* checked)', tag):
            values[name[1]] = html.unescape(value[1]) if value else ""
    for name, options in re.findall(r'<select name="(\w+)".*?>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options) or re.search(r'value="([^"]*)"', options)
        values[name] = chosen[1] if chosen else ""
    return values


def test_every_state_of_a_stream_is_said_with_what_to_do(boss: Client, stream: Stream) -> None:
    assert "Connect a broker" not in text(boss, "/streams/")
    for columns, words, advice in (
        ({}, "connected", "3 messages refused"),
        (
            {"state": "failed", "last_error": "The broker refused the sign-in.", "last_error_code": "sign-in"},
            "cannot connect",
            "Mend user name and password here, or at the broker; then it goes on.",
        ),
        ({"state": "stopped", "last_error": ""}, "stopped", "No process records it: start python manage.py ingest"),
    ):
        Broker.objects.filter(pk=stream.broker_id).update(**columns)
        for path in ("/streams/", "/streams/line/"):
            page = text(boss, path)
            assert re.search(rf'class="badge[^"]*"[^>]*><i class="state \w+"></i>{words}', page)
            assert advice in html.unescape(page)
    assert said(boss.post("/streams/line/switch/", {"do": "stop"}, follow=True)) == "Line is stopped. Its events stay."
    assert "It is switched off." in text(boss, "/streams/line/")
    Stream.objects.create(slug="rival", name="Rival", broker=stream.broker, topic="#", format="json", log=stream.log)
    assert "overlaps" in said(boss.post("/streams/line/switch/", {"do": "start"}, follow=True))
    text(boss, "/streams/line/archive/")
    assert said(boss.post("/streams/line/archive/", follow=True)) == "Line is archived."
    assert "Line" not in text(boss, "/streams/")
    assert "Line" in text(boss, "/streams/?archived=1")


def test_a_newcomer_is_led_to_the_guided_form(boss: Client) -> None:
    assert 'href="/connect/"' in text(boss, "/streams/")
    assert "Your broker" in text(boss, "/connect/")


def test_somebody_of_another_log_sees_the_stream_but_nothing_that_was_meant_for_its_log(
    client: Client, stream: Stream, refused: Callable[..., Rejection]
) -> None:
    refused(b"confidential")
    log = EventLog.objects.get()
    Event.objects.create(log=log, seq=1, stream=stream, case="confidential", activity="A", at=NOW, received_at=NOW)
    EventLog.objects.update(next_seq=2)
    guest = User.objects.create_user("guest")
    guest.user_permissions.set(Permission.objects.filter(codename__in=["view_stream", "view_rejection"]))
    client.force_login(guest)
    assert "Line" in text(client, "/streams/")
    assert "You may not see the events of its log." in text(client, "/streams/line/")
    for path in ("/streams/line/", "/streams/line/rejections/"):
        assert "confidential" not in text(client, path)
    LogGrant.objects.create(log=log, user=guest)
    assert "confidential" in text(client, "/streams/line/")
    assert "confidential" in text(client, "/streams/line/rejections/")
    guest.user_permissions.clear()  # lost while the page is open: its next look is refused
    text(client, "/streams/line/", status=403)
    assert 'href="/streams/"' not in text(client, "/")


def test_what_was_refused_is_grouped_and_shown_whatever_its_bytes(
    boss: Client, stream: Stream, refused: Callable[..., Rejection]
) -> None:
    for payload in (EVIL.encode(), b"\x00\xff\x00", b'{"a": {"b": 1}}'):
        refused(payload)
    refused(b"[1]", "not_object", "It is an array.")
    page = text(boss, "/streams/line/rejections/")
    groups = re.findall(r'class="number" title="(\d+)">[^<]*</span><span>([^<]+)<', page)
    assert groups == [("3", "The case is missing"), ("1", "Not a JSON object")]
    assert EVIL not in page
    assert html.escape(EVIL) in page
    assert "0000  00 ff 00" in page
    assert html.escape('"a": {\n    "b": 1') in page
    chosen = text(boss, "/streams/line/rejections/?reason=not_object")
    assert "It is an array." in chosen
    assert html.escape(EVIL) not in chosen.partition('class="payload"')[2]
    assert payload_of(b"9" * 5000).left == "1000 more characters"
    assert payload_of(b"[" * 60_000).kind == "text"


def test_a_mapping_is_mended_with_a_preview_and_what_it_mends_is_stored(
    boss: Client, stream: Stream, refused: Callable[..., Rejection]
) -> None:
    for number in range(2):
        refused(json.dumps({"order": {"no": f"o-{number}"}, "activity": "Pack"}).encode())
    refused(b'{"activity": "Pack"}')
    path = "/streams/line/edit/?reason=missing_case"
    page = text(boss, path)
    assert "<strong>0 of 3</strong>" in page
    given = form(page) | {"into": "log"}
    wrong = boss.post(path, given | {"map_case": "order", "do": "retry"}).content.decode()
    assert re.search(r'id="wrong-map_case"><p class="wrong"[^>]*>.*?Expected a JSON pointer', wrong, re.DOTALL)
    preview = boss.post(path, given | {"map_case": "/order/no", "do": "preview"}).content.decode()
    assert "<strong>2 of 3</strong>" in preview
    assert "o-1" in preview
    stream.refresh_from_db()
    assert stream.mapping == {}
    assert Event.objects.count() == 0
    done = said(boss.post(path, given | {"map_case": "/order/no", "do": "retry"}, follow=True))
    assert "2 of 3 are stored. Still refused: 1 (the case is missing)." in done
    assert sorted(Event.objects.values_list("case", flat=True)) == ["o-0", "o-1"]
    stream.refresh_from_db()
    assert (stream.mapping, stream.rejected, stream.mended) == ({"case": "/order/no"}, 1, 2)

    (left,) = Rejection.objects.filter(retried_at=None)
    assert "Still refused: 1" in said(
        boss.post("/streams/line/rejections/", {"do": "retry", "id": left.pk}, follow=True)
    )
    ask = boss.post("/streams/line/rejections/", {"do": "discard", "id": left.pk}).content.decode()
    assert "Discard 1 refused message?" in ask
    assert Rejection.objects.filter(retried_at=None).count() == 1
    gone = boss.post("/streams/line/rejections/", form(ask) | {"do": "discard"}, follow=True)
    assert said(gone).startswith("1 refused message is discarded.")
    assert not Rejection.objects.filter(retried_at=None).exists()


def test_a_broker_is_tested_before_it_is_saved_and_its_password_is_never_given_back(
    boss: Client, broker: str, settings: Any
) -> None:
    address = Address.from_url(broker)
    given = {"name": "b", "kind": "mqtt", "host": address.host, "port": 1, "password": "secret-word", "username": "u"}
    given |= {"protocol": "3.1.1", "database": 0, "sasl": "PLAIN"}
    refused = boss.post("/connect/", given | {"do": "save"}).content.decode()
    assert "Nobody listens at 127.0.0.1:1." in refused
    assert "secret-word" not in refused
    assert (
        "Connected and signed in"
        in boss.post("/connect/", given | {"port": address.port, "do": "test"}).content.decode()
    )
    metadata = boss.post("/connect/", given | {"host": "169.254.169.254", "do": "test"}).content.decode()
    assert re.search(r'id="wrong-host"><p class="wrong".*?link-local', metadata, re.DOTALL)
    assert not Broker.objects.exists()
    saved = boss.post("/connect/", given | {"port": address.port, "do": "save"})
    row = Broker.objects.get()
    assert saved["Location"] == f"/connect/{row.pk}/"
    assert row.secret == "secret-word"
    assert "secret-word" not in text(boss, f"/brokers/{row.pk}/") + text(boss, "/streams/")
    kept = boss.post(f"/brokers/{row.pk}/", given | {"port": address.port, "name": "renamed", "password": ""})
    assert kept.status_code == 302
    row.refresh_from_db()
    assert (row.name, row.secret) == ("renamed", "secret-word")
    answers = [boss.post(f"/brokers/{row.pk}/", {"do": "test"}).content.decode() for _ in range(6)]
    assert "wait" in answers[-1]  # nobody keeps the server busy with connections


@pytest.mark.django_db(transaction=True)
def test_the_guided_form_hears_messages_guesses_how_to_read_them_and_records(
    boss: Client, shop: Broker, base: str, talking: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.brokers.listening.MAX_MESSAGES", 3)
    talking(f"{base}/till", b'{"order": {"orderId": "o-1"}, "step": "Pack", "occurredAt": "2026-01-02T10:00:00Z"}')
    path = f"/connect/{shop.pk}/"
    assert "must stand alone" in boss.post(path, {"topic": "a#", "do": "listen"}).content.decode()
    page = boss.post(path, {"topic": f"{base}/#", "do": "listen"}).content.decode()
    given = form(page)
    assert (given["format"], given["map_case"], given["map_activity"]) == ("json", "/order/orderId", "/step")
    assert given["map_at"] == "/occurredAt"
    assert "<strong>3 of 3</strong>" in page
    given |= {"into": "new", "new_log": "Shop", "name": "Till"}
    other = boss.post(path, given | {"map_case": "/nothing", "do": "preview"}).content.decode()
    assert "<strong>0 of 3</strong>" in other
    unnamed = boss.post(path, given | {"new_log": "", "do": "save"}).content.decode()
    assert "Give the new log a name." in unnamed
    assert not Stream.objects.exists()
    assert boss.post(path, given | {"do": "save"})["Location"] == "/streams/till/"
    row = Stream.objects.get()
    assert row.log is not None
    assert (row.log.name, row.topic, row.enabled) == ("Shop", f"{base}/#", True)
    assert row.mapping == {"case": "/order/orderId", "activity": "/step", "at": "/occurredAt"}
    heard = boss.post("/streams/till/listen/").content.decode()
    assert "o-1" in heard
    assert not Event.objects.exists()  # to listen stores nothing


def test_messages_in_the_form_are_those_that_were_heard(db: None) -> None:
    heard = [Heard("a", b"\xff", NOW, retain=True)]
    assert unpacked(packed(heard, 1), 1) == heard
    assert unpacked(packed(heard, 1), 2) == unpacked("forged", 1) == []


@pytest.mark.parametrize(
    ("topic", "payload", "expected"),
    [
        ("plant/orders/o%2F1/Pack", b'{"event": {"org:resource": "x"}}', ("mqtt-xes", "plant", {})),
        ("a/b", b'{"case": "1", "activity": "A", "time": 1767348000}', ("json", "#", {})),
        (
            "a/b",
            b'{"ticket": 7, "status": "open", "id": "e"}',
            ("json", "#", {"case": "/ticket", "activity": "/status"}),
        ),
        (
            "a",
            b'{"specversion": "1.0", "type": "A", "source": "/", "id": "1", "subject": "s"}',
            ("cloudevents", "#", {}),
        ),
        ("a", b"\xff", ("json", "#", {})),
    ],
)
def test_a_guess_fits_the_messages(topic: str, payload: bytes, expected: tuple[str, str, dict[str, str]]) -> None:
    found = guess("#", [Heard(topic, payload, NOW)])
    assert (found.format, found.topic, found.mapping) == expected
    assert found.options == ({"escapes": "percent"} if "%" in topic else {})
