"""Events read and sent over HTTP."""

import gzip
import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from streams.events.store import NewEvent, store_events
from streams.models import Event, EventLog
from tests.clients import EVENT

EVENTS = "/api/v1/logs/factory/events/"


def fill(log: EventLog, count: int, **values: Any) -> None:
    now = timezone.now()
    store_events(
        [
            NewEvent(log.pk, case=f"c{n % 3}", activity="AB"[n % 2], at=now, received_at=now, **values)
            for n in range(count)
        ]
    )


def get(api: APIClient, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(f"{EVENTS}?{urlencode(query)}")
    assert answer.status_code == 200, answer.json()
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def test_a_process_that_runs_ahead_of_the_clock_is_accepted_and_its_freshness_told_by_arrival(
    api: APIClient, log: EventLog
) -> None:
    before = timezone.now()
    ahead = before + timedelta(days=4000)
    assert api.post(EVENTS, EVENT | {"at": ahead.isoformat()}).status_code == 200
    told = api.get("/api/v1/logs/factory/").json()
    assert datetime.fromisoformat(told["last_at"]) == ahead
    assert before <= datetime.fromisoformat(told["last_received_at"]) <= timezone.now()


def test_each_event_of_a_batch_is_answered_for(api: APIClient, log: EventLog) -> None:
    answer = api.post(EVENTS, [EVENT, EVENT, {"case": "order-7", "activity": ""}, 5, {"case": "c", "activity": "A"}])
    assert answer.status_code == 200
    body = answer.json()
    assert [body[name] for name in ("stored", "duplicates", "rejected", "last_seq")] == [2, 1, 2, 2]
    assert body["results"] == [
        {"index": 0, "status": "stored", "seq": 1},
        {"index": 1, "status": "duplicate"},
        {
            "index": 2,
            "status": "rejected",
            "reason": "empty_activity",
            "detail": "`activity` must have 1 to 255 characters.",
        },
        {"index": 3, "status": "rejected", "reason": "not_object", "detail": "An event is a JSON object."},
        {"index": 4, "status": "stored", "seq": 2},
    ]
    stored = api.get(EVENTS).json()["results"]
    assert stored[0] == {
        "seq": 1,
        "id": "e1",
        "case": "order-7",
        "activity": "Pack",
        "at": "2026-01-02T10:00:00Z",
        "at_source": "given",
        "stream": None,
        "attributes": {"temp": 21.5},
        "received_at": stored[0]["received_at"],
    }
    assert stored[1]["at_source"] == "arrival"
    assert stored[1]["at"] == stored[1]["received_at"]


def test_one_object_is_a_batch_of_one(api: APIClient, log: EventLog) -> None:
    assert api.post(EVENTS, EVENT).json()["results"] == [{"index": 0, "status": "stored", "seq": 1}]
    assert api.post(EVENTS, EVENT).json()["duplicates"] == 1


def test_stored_events_can_be_left_out_of_the_answer(api: APIClient, log: EventLog) -> None:
    body = api.post(f"{EVENTS}?results=errors", [EVENT, EVENT, {}]).json()
    assert body["stored"] == 1
    assert [row["status"] for row in body["results"]] == ["duplicate", "rejected"]


def test_one_event_that_is_no_unicode_spoils_no_other(api: APIClient, log: EventLog) -> None:
    batch = rb"""[{"case": "\ud800", "activity": "A"}, {"case": "c", "activity": "A", "attributes": {"x": 1e999}},
        {"case": "c\u0000", "activity": "A"}, {"case": "c", "activity": "A"}]"""
    body = api.post(EVENTS, batch, content_type="application/json").json()
    assert [row.get("reason") for row in body["results"]] == ["not_unicode", "bad_number", "nul", None]


@pytest.mark.parametrize("body", [b"", b"{not json", b"\xff\xfe", b"[" * 100_000, b"9" * 5000])
def test_a_body_that_cannot_be_read_is_a_400(api: APIClient, log: EventLog, body: bytes) -> None:
    answer = api.post(EVENTS, body, content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/unreadable")


def test_too_many_events_or_bytes_are_refused_whole(api: APIClient, log: EventLog) -> None:
    assert api.post(EVENTS, [{}] * 5001).status_code == 413
    huge = b'[{"case": "c", "activity": "' + b"A" * (5 * 1024 * 1024) + b'"}]'
    answer = api.post(EVENTS, huge, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (413, "application/problem+json")
    assert not Event.objects.exists()


def test_an_empty_array_stores_nothing(api: APIClient, log: EventLog) -> None:
    assert api.post(EVENTS, []).json() == {"stored": 0, "duplicates": 0, "rejected": 0, "last_seq": 0, "results": []}


def test_pages_hold_still_while_events_arrive(api: APIClient, log: EventLog) -> None:
    fill(log, 7)
    first = api.get(f"{EVENTS}?page_size=3").json()
    assert [row["seq"] for row in first["results"]] == [1, 2, 3]
    assert first["previous"] is None
    fill(log, 2)
    second = api.get(first["next"]).json()
    assert [row["seq"] for row in second["results"]] == [4, 5, 6]
    third = api.get(second["next"]).json()
    assert [row["seq"] for row in third["results"]] == [7, 8, 9]
    assert third["next"] is None
    assert [row["seq"] for row in api.get(third["previous"]).json()["results"]] == [4, 5, 6]


def test_the_newest_come_first_when_asked(api: APIClient, log: EventLog) -> None:
    fill(log, 5)
    page = api.get(f"{EVENTS}?ordering=-seq&page_size=2").json()
    assert [row["seq"] for row in page["results"]] == [5, 4]
    assert [row["seq"] for row in api.get(page["next"]).json()["results"]] == [3, 2]


def test_events_are_filtered(api: APIClient, log: EventLog) -> None:
    api.post(
        EVENTS,
        [
            {"case": "c1", "activity": "A", "at": "2026-01-01T00:00:00Z", "attributes": {"colour": "red", "n": 21.5}},
            {"case": "c1", "activity": "B", "at": "2026-01-02T00:00:00Z", "attributes": {"ok": True, "a__b": "x"}},
            {
                "case": "c2",
                "activity": "A",
                "at": "2026-01-03T00:00:00Z",
                "attributes": {"näme, it's. 100%": "x y", "n": 3},
            },
        ],
    )

    def seqs(**query: Any) -> list[int]:
        return [row["seq"] for row in get(api, **query)]

    assert seqs(case="c1") == [1, 2]
    assert seqs(activity="A") == [1, 3]
    assert seqs(at_after="2026-01-01T00:00:00Z") == [2, 3]
    assert seqs(at_before="2026-01-02T00:00:00+00:00", case="c1") == [1]
    assert seqs(seq_after=2) == [3]
    assert seqs(**{"attribute.colour": "red"}) == [1]
    assert seqs(**{"attribute.n": "21.5"}) == [1]
    assert seqs(**{"attribute.n": "3"}) == [3]
    assert seqs(**{"attribute.ok": "true"}) == [2]
    assert seqs(**{"attribute.a__b": "x"}) == [2]
    assert seqs(**{"attribute.näme, it's. 100%": "x y"}) == [3]
    assert seqs(**{"attribute.n": "3", "activity": "B"}) == []


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("colour=red", "colour"),
        ("token=pm_secret", "token"),
        ("at_after=yesterday", "at_after"),
        ("seq_after=x", "seq_after"),
        ("seq_after=1e400", "seq_after"),
        ("seq_after=99999999999999999999", "seq_after"),
        ("case=%00", "case"),
        ("attribute.=1", "attribute."),
        ("attribute.a=%00", "attribute.a"),
        ("page_size=x", "page_size"),
        ("page_size=0", "page_size"),
        ("ordering=activity", "ordering"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(api: APIClient, log: EventLog, query: str, parameter: str) -> None:
    answer = api.get(f"{EVENTS}?{query}")
    assert answer.status_code == 400
    assert {error["parameter"] for error in answer.json()["errors"]} == {parameter}


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM=", "bz0xMDAwMDAwMDAwMA==", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk="])
def test_a_forged_cursor_is_no_error_of_ours(api: APIClient, log: EventLog, cursor: str) -> None:
    fill(log, 2)
    assert api.get(f"{EVENTS}?cursor={cursor}").status_code in (200, 404)


def test_a_log_that_nobody_opened_takes_nothing(api: APIClient, log: EventLog) -> None:
    answer = api.post("/api/v1/logs/other/events/", EVENT)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no log called other.")


LINES = b'{"case": "c", "activity": "A", "id": "1"}\n\n{"case": "c"\r\n{"case": "c", "activity": "B"}\r\n'
CLOUD_EVENT = {"specversion": "1.0", "id": "x", "source": "/s", "type": "T", "subject": "c", "data": {"n": 1}}


def post(api: APIClient, body: bytes, kind: str = "application/json", encoding: str | None = None) -> tuple[int, Any]:
    headers = {} if encoding is None else {"Content-Encoding": encoding}
    answer = api.post(EVENTS, body, content_type=kind, headers=headers)
    return answer.status_code, answer.json()


def test_lines_of_json_are_taken_one_by_one(api: APIClient, log: EventLog) -> None:
    status, body = post(api, LINES, "application/x-ndjson")
    assert (status, [row["status"] for row in body["results"]]) == (200, ["stored", "rejected", "stored"])
    assert body["results"][1]["reason"] == "not_json"
    assert post(api, b"1\n" * 5001, "application/x-ndjson")[0] == 413


def test_cloud_events_are_taken_alone_and_in_batches(api: APIClient, log: EventLog) -> None:
    kind = "application/cloudevents+json"
    assert post(api, json.dumps(CLOUD_EVENT).encode(), kind)[1]["stored"] == 1
    batch = [CLOUD_EVENT, CLOUD_EVENT | {"id": "y"}, {"case": "c", "activity": "A"}]
    body = post(api, json.dumps(batch).encode(), kind.replace("+", "-batch+"))[1]
    assert [row["status"] for row in body["results"]] == ["duplicate", "stored", "rejected"]
    assert get(api, case="c")[0]["attributes"] == {"source": "/s", "n": 1}
    assert post(api, b"{}", kind.replace("+", "-batch+"))[0] == 400
    assert post(api, json.dumps([CLOUD_EVENT]).encode(), kind)[1]["results"][0]["reason"] == "not_object"


def test_a_gzipped_body_is_unpacked_up_to_the_limit(api: APIClient, log: EventLog) -> None:
    packed = gzip.compress(LINES)
    assert post(api, packed, "application/x-ndjson", "gzip")[1]["stored"] == 2
    bomb = gzip.compress(b" " * (6 * 1024 * 1024))
    assert len(bomb) < 10_000
    assert post(api, bomb, encoding="gzip")[0] == 413
    assert post(api, packed[:-9], encoding="gzip")[0] == 400
    assert post(api, b"[]", encoding="gzip")[0] == 400
    assert post(api, b"[]", encoding="br")[0] == 415
