"""Streams are set up by the same functions, and refused by the same rules, wherever somebody asks for it."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from streams.models import EventLog, Rejection, Stream
from streams.setup.registration import save_stream

ADMIN = "/admin/streams/stream/"


def press(site: Client, action: str, stream: Stream) -> str:
    form = {"action": action, "_selected_action": [stream.pk]}
    return site.post(ADMIN, form, follow=True).content.decode()


def test_an_archived_stream_is_refused_at_every_edge(api: APIClient, owner: User, stream: Stream) -> None:
    Stream.objects.update(enabled=False, archived_at=timezone.now())
    site = Client()
    site.force_login(owner)
    for action in ("start", "stop"):
        answer = api.post(f"/api/v1/streams/{stream.slug}/{action}/")
        assert (answer.status_code, answer.json()["code"]) == (409, "stream-archived")
        assert "This stream is archived" in press(site, action, stream)
        page = site.post(f"/streams/{stream.slug}/switch/", {"do": action})
        assert (page.status_code, b"This stream is archived" in page.content) == (409, True)
    assert site.get(f"/streams/{stream.slug}/edit/").status_code == 409
    assert site.post(f"{ADMIN}{stream.pk}/change/", {}).status_code == 409


def test_who_may_not_send_to_every_log_starts_no_stream_into_logs_of_any_name(user_who: Any, stream: Stream) -> None:
    Stream.objects.update(enabled=False, log=None)
    user = user_who("view_stream", "change_stream")
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client, site = APIClient(), Client()
    client.force_login(user)
    site.force_login(user)
    answer = client.post(f"/api/v1/streams/{stream.slug}/start/")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/log")
    page = site.post(f"/streams/{stream.slug}/switch/", {"do": "start"}, follow=True).content.decode()
    assert "cannot be started. Name a log" in page
    assert "Name a log" in press(site, "start", stream)
    assert not Stream.objects.get().enabled


def test_a_stream_that_is_refused_opens_no_log(owner: User, stream: Stream) -> None:
    wanted = {"name": "Other", "broker": stream.broker, "topic": stream.topic}
    before = EventLog.objects.count()
    with pytest.raises(ValidationError, match="overlaps"):
        save_stream(Stream(), owner, new_log="Of another", **wanted)
    assert EventLog.objects.count() == before
    made = save_stream(Stream(), owner, new_log="Of another", **wanted | {"topic": "elsewhere", "name": stream.slug})
    assert (made.slug, made.log and made.log.name) == (f"{stream.slug}-2", "Of another")


def test_a_change_takes_back_nothing_that_was_changed_meanwhile(owner: User, stream: Stream) -> None:
    old = Stream.objects.get()
    Stream.objects.update(enabled=False, received=7)
    save_stream(old, owner, name="New")
    now = Stream.objects.get()
    assert (now.name, now.enabled, now.received) == ("New", False, 7)


def test_the_admin_changes_a_stream_under_the_same_rules(owner: User, stream: Stream, log: EventLog) -> None:
    site = Client()
    site.force_login(owner)
    given = {"name": "Line 1b", "slug": stream.slug, "broker": stream.broker_id, "topic": "line1", "qos": 1}
    given |= {"format": "mqtt-xes", "mapping": "{}", "options": "{}", "log": log.pk, "enabled": "on"}
    assert site.post(f"{ADMIN}{stream.pk}/change/", given).status_code == 302
    stream.refresh_from_db()
    assert (stream.name, stream.log) == ("Line 1b", log)


def test_a_message_is_mended_once(api: APIClient, stream: Stream) -> None:
    now = timezone.now()
    row = Rejection.objects.create(
        stream=stream, received_at=now, topic="line1/p/c/a", payload=b"", reason="x", detail="", retried_at=now
    )
    answer = api.post(f"/api/v1/streams/{stream.slug}/rejections/{row.pk}/retry/")
    assert (answer.status_code, answer.json()["code"]) == (409, "message-mended")
