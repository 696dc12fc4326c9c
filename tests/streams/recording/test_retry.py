"""Refused messages tried again: each becomes an event once, and the counts of its stream always add up."""

import json
import threading
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from streams.models import Broker, Event, EventLog, Rejection, Stream
from streams.recording.retry import retry

URL = "/api/v1/streams/line-1/rejections/"


@pytest.fixture
def orders(mqtt: Broker, log: EventLog) -> Stream:
    """A stream whose mapping does not fit yet."""
    return Stream.objects.create(
        slug="line-1", name="Line 1", broker=mqtt, topic="line1", format="json", log=log, mapping={"case": "/wrong"}
    )


def refused(stream: Stream, *payloads: dict[str, Any] | bytes, reason: str = "missing_case") -> list[Rejection]:
    """What ingestion writes for messages it refuses."""
    counted = "ignored" if reason == "ignored" else "rejected"
    stream.refresh_from_db()
    Stream.objects.filter(pk=stream.pk).update(
        received=stream.received + len(payloads), **{counted: getattr(stream, counted) + len(payloads)}
    )
    return [
        Rejection.objects.create(
            stream=stream,
            received_at=timezone.now(),
            topic="line1",
            payload=payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
            reason=reason,
            detail="No.",
        )
        for payload in payloads
    ]


def mend(stream: Stream) -> None:
    Stream.objects.filter(pk=stream.pk).update(mapping={"case": "/order"})


def counts(stream: Stream) -> tuple[int, ...]:
    """stored, duplicates, rejected, ignored, mended; the first four are what was received, always."""
    row = Stream.objects.get(pk=stream.pk)
    assert row.received == row.stored + row.duplicates + row.rejected + row.ignored
    assert row.stored == Event.objects.filter(stream=stream).count()
    return row.stored, row.duplicates, row.rejected, row.ignored, row.mended


GOOD = {"order": 7, "activity": "Pack", "id": "e1"}


def test_a_mended_message_becomes_an_event_that_arrived_when_it_did(
    api: APIClient, orders: Stream, log: EventLog
) -> None:
    (row,) = refused(orders, GOOD)
    answer = api.post(f"{URL}{row.pk}/retry/").json()
    assert (answer["status"], answer["reason"]) == ("rejected", "missing_case")
    mend(orders)
    assert api.post(f"{URL}{row.pk}/retry/").json()["seq"] == 1
    event = Event.objects.get()
    assert (event.case, event.activity, event.at_source, event.stream) == ("7", "Pack", "arrival", orders)
    assert event.at == event.received_at == row.received_at
    assert api.get(f"{URL}{row.pk}/").json()["retried_at"] is not None
    assert counts(orders) == (1, 0, 0, 0, 1)
    assert api.post(f"{URL}{row.pk}/retry/").status_code == 409
    assert counts(orders) == (1, 0, 0, 0, 1)


def test_many_are_retried_by_reason_or_id_and_the_rest_keep_their_row(
    api: APIClient, orders: Stream, log: EventLog
) -> None:
    rows = refused(orders, GOOD, GOOD, {"order": 8, "activity": ""}, b"{", b"[" * Rejection.MAX_PAYLOAD)
    (early,) = refused(orders, GOOD | {"id": "e2"}, reason="ignored")
    mend(orders)
    answer = api.post(f"{URL}retry/", {"reason": "no such"}).json()
    assert (answer["mended"], answer["left"]) == (0, 0)
    answer = api.post(f"{URL}retry/", {"reason": "missing_case"}).json()
    assert [one["status"] for one in answer["results"]] == ["mended", "mended", "rejected", "rejected", "rejected"]
    assert [one["seq"] for one in answer["results"][:2]] == [1, None]  # the same id again
    assert [one["reason"] for one in answer["results"][2:]] == ["empty_activity", "not_json", "missing_case"]
    assert "sent again" in answer["results"][4]["detail"]
    assert counts(orders) == (1, 1, 3, 1, 2)
    assert [row["reason"] for row in api.get(f"{URL}?mended=false&ordering=id").json()["results"]] == [
        *("empty_activity", "not_json", "missing_case", "ignored")
    ]
    assert api.post(f"{URL}retry/", {"ids": [early.pk, rows[0].pk]}).json()["mended"] == 1
    assert counts(orders) == (2, 1, 3, 0, 3)
    assert api.post(f"{URL}retry/", {"ids": ["x"]}).status_code == 400


def test_a_refused_message_can_be_deleted_and_stays_counted(api: APIClient, orders: Stream) -> None:
    (row,) = refused(orders, b"{")
    assert api.delete(f"{URL}{row.pk}/").status_code == 204
    assert counts(orders) == (0, 0, 1, 0, 0)


def test_who_may_not_change_streams_retries_nothing(orders: Stream, with_token: Any, user_who: Any) -> None:
    (row,) = refused(orders, GOOD)
    viewer = with_token("read", "control", user=user_who("view_stream", "view_rejection"))
    assert viewer.get(URL).status_code == 200
    assert viewer.post(f"{URL}{row.pk}/retry/").status_code == 403
    assert viewer.post(f"{URL}retry/").status_code == 403
    assert viewer.delete(f"{URL}{row.pk}/").status_code == 403


def test_the_admin_retries_what_is_chosen(api: APIClient, owner: Any, orders: Stream) -> None:
    rows = refused(orders, GOOD, b"{")
    mend(orders)
    site = Client()
    site.force_login(owner)
    form = {"action": "retry", "_selected_action": [row.pk for row in rows]}
    page = site.post("/admin/streams/rejection/", form, follow=True).content.decode()
    assert "1 mended, 1 refused again." in page
    assert counts(orders) == (1, 0, 1, 0, 1)


@pytest.mark.django_db(transaction=True)
def test_two_who_retry_the_same_at_once_mend_each_message_once(orders: Stream, log: EventLog) -> None:
    refused(orders, *({"order": n, "activity": "Pack"} for n in range(300)))
    mend(orders)
    done: list[int] = []

    def again() -> None:
        try:
            done.append(sum(one.status == "mended" for one in retry(Rejection.objects.all())))
        finally:
            connection.close()

    threads = [threading.Thread(target=again) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(done) == 300
    assert counts(orders) == (300, 0, 0, 0, 300)
