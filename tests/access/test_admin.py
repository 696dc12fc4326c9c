"""The admin's pages: they open, they keep secrets, they do what they say."""

from typing import Any

import pytest
from auditlog.models import LogEntry
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Token
from accounts.tokens import create_token
from models_mining.models import Analysis, Job, MinedModel, ReferenceModel
from rules.models import Notification, Notifier, Rule, RuleMatch
from sheets.models import Answer, Prompt, ReportMapping, Schedule, Sheet
from sheets.prompts.prompts import invite
from simulations.models import Simulation
from streams.models import Broker, Event, EventLog, LogGrant, Rejection, Republish, Stream
from tests.clients import EVENT
from tests.conftest import free_port

SECRET = "hunter2 is no password"
ADDRESS = "http://hooks.invalid/T01"


@pytest.fixture
def site(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def everything(log: EventLog, stream: Stream, mqtt: Broker, owner: User) -> dict[type, Any]:
    """One row of every table the admin shows."""
    client = Client()
    client.force_login(owner)
    client.post("/api/v1/logs/factory/events/", EVENT, content_type="application/json")
    mqtt.password = SECRET
    mqtt.save()
    refused = Rejection.objects.create(
        stream=stream, received_at=timezone.now(), topic="a", payload=b"<b>\xff", reason="not_json", detail="No JSON."
    )
    token, _ = create_token(owner, ["read"])
    Group.objects.create(name="viewers")
    simulation = Simulation.objects.create(config="", log=log, count=1, owner=owner)
    job = Job.objects.create(kind="export", log=log)
    Analysis.objects.create(log=log)
    rows = [log, stream, mqtt, refused, token, Event.objects.get(), MinedModel.objects.get(), simulation, job]
    rows.append(Republish.objects.create(log=log, broker=mqtt, topic="out"))
    rows.append(ReferenceModel.objects.create(log=log, name="norm", kind="pnml", source="<pnml/>"))
    rows.append(LogGrant.objects.create(log=log, user=owner))
    ops = Notifier.objects.create(name="ops", kind="webhook", url=ADDRESS, secret=SECRET)
    rule = Rule.objects.create(log=log, name="Taken", kind="event", spec={"when": "event.activity == 'Take'"})
    sheet = Sheet.objects.create(slug="delay", name="Delay", log=log, label="Why?", questions=[])
    asked = invite(sheet, "order-7", "ann")
    now = timezone.now()
    rows += [
        *(ops, rule, sheet, asked),
        RuleMatch.objects.create(rule=rule, rule_version=1, log=log, case="order-7", seq=1, matched_at=now, reason="x"),
        Notification.objects.create(notifier=ops, log=log, text="Taken", event={}, created_at=now),
        Answer.objects.create(prompt=asked, log=log, answers={}, at=now),
        Schedule.objects.create(sheet=sheet, respondents=["ann"]),
        ReportMapping.objects.create(client="playground", log=log),
    ]
    return {type(row): row for row in rows}


def pages() -> list[tuple[str, str]]:
    admin.autodiscover()  # nothing may have asked for the routes yet
    return [
        (model._meta.label_lower, kind)
        for model in admin.site._registry
        for kind in ("changelist", "add", "change")
        if not (model is Token and kind == "change")
    ]


BY_HAND = {  # none of these is made by hand
    **dict.fromkeys((Analysis, Answer, Event, Job, LogEntry, Notification, Prompt, Rejection, RuleMatch), 403),
    Simulation: 302,
}


def test_every_page_opens_and_shows_no_secret(site: Client, everything: dict[type, Any]) -> None:
    broker, notifier = Broker.objects.get(), Notifier.objects.get()  # as they are stored: encrypted
    asked, token = everything[Prompt], everything[Token]
    secrets = (SECRET, ADDRESS, broker.password, notifier.secret, notifier.url, asked.secret, asked.token_hash)
    wrong = []
    for label, kind in pages():
        model = apps.get_model(label)
        row = everything.get(model) or model._default_manager.first()
        args = [row.pk] if kind == "change" else []
        answer = site.get(reverse(f"admin:{label.replace('.', '_')}_{kind}", args=args))
        expected = BY_HAND.get(model, 200) if kind == "add" else 200
        text = answer.content.decode()
        told = [secret for secret in (*secrets, token.digest) if secret in text]
        named = label in ("accounts.token", "auditlog.logentry") and kind == "changelist"
        if answer.status_code != expected or told or (token.name in text) != named:
            wrong.append((label, kind, answer.status_code, told))
    assert not wrong


def test_the_index_opens(site: Client) -> None:
    assert site.get("/admin/").status_code == 200


def test_nobody_sees_the_admin_without_signing_in(db: None) -> None:
    for label, kind in pages():
        if kind != "change":
            answer = Client().get(reverse(f"admin:{label.replace('.', '_')}_{kind}"))
            assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/admin/login/"), label


def broker_form(**values: Any) -> dict[str, Any]:
    form = {"name": "plant", "kind": "mqtt", "host": "127.0.0.1", "port": 1, "ca": "", "username": "", "password": ""}
    return {**form, "protocol": "3.1.1", "database": 0, "sasl": "PLAIN", **values}


def test_a_broker_s_password_stays_until_the_broker_moves(site: Client) -> None:
    def stored() -> str:
        return Broker.objects.get().secret

    def change(**values: Any) -> None:
        answer = site.post(f"/admin/streams/broker/{Broker.objects.get().pk}/change/", broker_form(**values))
        assert answer.status_code == 302

    assert site.post("/admin/streams/broker/add/", broker_form(password=SECRET)).status_code == 302
    assert stored() == SECRET
    change(username="me")
    assert stored() == SECRET
    change(password="another", host="127.0.0.2")
    assert stored() == "another"
    change(host="127.0.0.2", port=2)
    assert stored() == ""
    change(password=SECRET)
    change(tls="on")
    assert stored() == ""
    change(tls="on", password=SECRET)
    change(tls="on", forget_password="on")
    assert stored() == ""


def test_a_connection_is_tested_at_the_press_of_a_button(site: Client, broker: str, mqtt: Broker) -> None:
    url = f"/admin/streams/broker/{mqtt.pk}/change/"
    port = int(broker.rpartition(":")[2])
    answer = site.post(url, broker_form(port=port, _test="1"), follow=True)
    assert [str(message) for message in answer.context["messages"]][-1:] == ["plant: connected and signed in."]
    site.post(url, broker_form(port=free_port()))
    chosen = {"action": "test", "_selected_action": [mqtt.pk]}
    answer = site.post("/admin/streams/broker/", chosen, follow=True)
    assert answer.context["messages"]
    assert "connected and signed in" not in answer.content.decode()
    answer = site.post("/admin/streams/broker/", chosen | {"action": "find_losses"}, follow=True)
    said = [str(message) for message in answer.context["messages"]]
    assert [words.split(": ")[1] for words in said] == ["connection", "persistence"]


def test_streams_are_started_and_stopped_in_the_list(site: Client, stream: Stream) -> None:
    def press(action: str, *chosen: Stream) -> str:
        form = {"action": action, "_selected_action": [row.pk for row in chosen]}
        return site.post("/admin/streams/stream/", form, follow=True).content.decode()

    assert "Line 1 is stopped." in press("stop", stream)
    stream.refresh_from_db()
    assert not stream.enabled
    other = Stream.objects.create(slug="all", name="All", broker=stream.broker, topic="line1")
    assert "line1/# overlaps line1/# of stream all" in press("start", stream)
    press("stop", other)
    assert "Line 1 records." in press("start", stream)


def test_a_stream_that_recorded_is_archived_and_another_deleted(site: Client, stream: Stream) -> None:
    Stream.objects.filter(pk=stream.pk).update(received=1)
    idle = Stream.objects.create(slug="idle", name="Idle", broker=stream.broker, topic="idle")
    form = {"action": "delete_selected", "_selected_action": [stream.pk, idle.pk], "post": "yes"}
    assert site.post("/admin/streams/stream/", form).status_code == 302
    left = Stream.objects.get()
    assert (left.slug, left.enabled, left.archived_at is not None) == ("line-1", False, True)
    assert site.get(f"/admin/streams/stream/{left.pk}/change/").status_code == 200
    form = {"action": "start", "_selected_action": [left.pk]}
    assert "This stream is archived" in site.post("/admin/streams/stream/", form, follow=True).content.decode()


def test_a_log_with_events_cannot_be_deleted(site: Client, everything: dict[type, Any]) -> None:
    log = everything[EventLog]
    assert site.post(f"/admin/streams/eventlog/{log.pk}/delete/", {"post": "yes"}).status_code == 403
    empty = EventLog.objects.create(slug="empty", name="Empty")
    assert site.post(f"/admin/streams/eventlog/{empty.pk}/delete/", {"post": "yes"}).status_code == 302
    assert EventLog.objects.get() == log


def test_a_log_is_archived_once_no_stream_writes_into_it(site: Client, stream: Stream, log: EventLog) -> None:
    Stream.objects.filter(pk=stream.pk).update(log=log)
    form = {"action": "archive", "_selected_action": [log.pk]}
    assert "stop line-1 first" in site.post("/admin/streams/eventlog/", form, follow=True).content.decode()
    Stream.objects.update(enabled=False)
    assert "Factory is archived." in site.post("/admin/streams/eventlog/", form, follow=True).content.decode()
    assert EventLog.objects.get().archived_at is not None


def test_a_refused_message_is_shown_as_text(site: Client, everything: dict[type, Any]) -> None:
    page = site.get(f"/admin/streams/rejection/{everything[Rejection].pk}/change/").content.decode()
    assert r"&lt;b&gt;\xff" in page


def test_a_token_is_shown_once_and_revoked(site: Client, owner: User, log: EventLog) -> None:
    form = {"user": owner.pk, "scopes": ["read", "ingest"], "logs": [log.pk], "days": 7}
    answer = site.post("/admin/accounts/token/add/", form)
    text = answer.content.decode().partition('<pre id="token">')[2].partition("</pre>")[0]
    assert "no-store" in answer["Cache-Control"]
    assert Client().get("/api/v1/me/", headers={"authorization": f"Token {text}"}).json()["logs"] == ["factory"]
    name = text.split("_")[1]
    listed = site.get("/admin/accounts/token/").content.decode()
    assert f"pm_{name}_…" in listed
    assert text not in listed
    assert text not in site.get("/admin/").content.decode()
    assert site.get(f"/admin/accounts/token/{name}/revoke/").status_code == 200
    assert site.post(f"/admin/accounts/token/{name}/revoke/").status_code == 302
    assert Client().get("/api/v1/me/", headers={"authorization": f"Token {text}"}).status_code == 401


def test_only_a_superuser_makes_tokens_of_others(owner: User, user_who: Any) -> None:
    staff = user_who("add_token", "view_token")
    staff.is_staff = True
    staff.save()
    client = Client()
    client.force_login(staff)
    form = {"user": owner.pk, "scopes": ["control"], "days": 7}
    assert client.post("/admin/accounts/token/add/", form).status_code == 403
    assert not Token.objects.exists()


def test_events_and_refused_messages_cannot_be_touched(site: Client, everything: dict[type, Any]) -> None:
    for model in (Event, Rejection):
        row = everything[model]
        url = reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_change", args=[row.pk])
        assert site.post(url, {"case": "other"}).status_code == 403
        assert site.post(url.replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_a_reference_model_is_uploaded_and_chosen(site: Client, log: EventLog) -> None:
    def add(data: bytes) -> Any:
        form = {"log": log.pk, "name": "norm", "kind": "pnml", "file": SimpleUploadedFile("norm.pnml", data)}
        return site.post("/admin/models_mining/referencemodel/add/", form)

    assert "not UTF-8" in add(b"\xff").content.decode()
    assert add(b"<pnml/>").status_code == 302
    made = ReferenceModel.objects.get()
    assert (made.source, made.state, made.active) == ("<pnml/>", "checking", False)
    for action, active in (("activate", True), ("deactivate", False)):
        site.post("/admin/models_mining/referencemodel/", {"action": action, "_selected_action": [made.pk]})
        made.refresh_from_db()
        assert made.active is active
    site.post(f"/admin/models_mining/referencemodel/{made.pk}/change/", {"name": "another", "kind": "bpmn"})
    made.refresh_from_db()
    assert (made.name, made.kind) == ("another", "pnml")
