"""Logs as files over the API: in by a job, out as a stream; archived and deleted."""

import asyncio
import json
from io import BytesIO
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.db import connections
from django.test import AsyncClient
from rest_framework.test import APIClient

from models_mining.models import Job
from models_mining.work import Work
from streams.models import Event, EventLog, Stream
from tests.clients import EVENT
from tests.streams.files.logs import XES, csv_log

pytestmark = pytest.mark.django_db(transaction=True)

LOG = "/api/v1/logs/factory/"
EVENTS = f"{LOG}events/"


def upload(api: APIClient, name: str, text: str, **columns: str) -> Any:
    file = BytesIO(text.encode())
    file.name = name
    return api.post(f"{LOG}import/", {"file": file, **columns}, format="multipart")


def worked(api: APIClient, job: dict[str, Any]) -> Any:
    """The job after a worker has run."""
    Work().drain()
    return api.get(f"/api/v1/jobs/{job['id']}/").json()


def test_an_uploaded_file_is_read_by_a_job(api: APIClient, log: EventLog) -> None:
    answer = upload(api, "l.xes", XES)
    assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/jobs/{answer.json()['id']}/")
    done = worked(api, answer.json())
    assert (done["state"], done["progress"], done["error"]) == ("done", 1.0, "")
    assert {name: done["result"][name] for name in ("read", "stored", "rejected")} == {
        "read": 3,
        "stored": 3,
        "rejected": 0,
    }
    assert Event.objects.filter(log=log).count() == 3
    assert upload(api, "l.xes", XES).json()["id"] == done["id"]  # it is done already


def test_bad_rows_are_shown_and_a_bad_file_says_what_is_wrong(api: APIClient, log: EventLog) -> None:
    text = "who,what,when\nc,A,2026-01-01\nc,A,soon\n"
    job = upload(api, "l.csv", text, case="who", activity="what", timestamp="when").json()
    assert worked(api, job)["result"]["rejected"] == 1
    assert [row["topic"] for row in api.get(f"{LOG}rejections/").json()["results"]] == ["l.csv, line 3"]
    assert api.get(f"{LOG}import/").json()["results"][0]["stored"] == 1
    failed = worked(api, upload(api, "m.csv", text).json())
    assert failed["state"] == "failed"
    assert "no column is known to hold the case" in failed["error"]
    refused = upload(api, "l.pdf", "%PDF")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/file")
    assert api.post(f"{LOG}import/", {}, format="multipart").status_code == 400


def test_who_may_not_send_events_reads_no_file_in(log: EventLog, user_who: Any, with_token: Any) -> None:
    viewer = with_token("read", "ingest", user=user_who("view_eventlog"))
    assert upload(viewer, "l.csv", csv_log(1)).status_code == 403
    assert viewer.get(f"{LOG}export/?as=csv").status_code == 200
    stranger = with_token("read", "ingest", user=user_who(name="stranger"))
    for path in ("import/", "export/?as=csv", "rejections/"):
        assert stranger.get(f"{LOG}{path}").status_code == 404
    assert not Job.objects.exists()


def test_too_large_a_file_is_refused(api: APIClient, log: EventLog, settings: Any) -> None:
    settings.MAX_UPLOAD_MB = 0
    assert upload(api, "l.csv", csv_log(1)).status_code == 413


def lines(answer: Any) -> list[Any]:
    return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]


def test_lines_of_json_are_what_the_api_gives_with_the_same_filters(
    api: APIClient, log: EventLog, stream: Stream
) -> None:
    api.post(EVENTS, [EVENT, {"case": "c", "activity": "B"}, {"case": "c", "activity": "A", "at": "2026-01-01"}])
    answer = api.get(f"{LOG}export/?as=ndjson")
    assert answer["Content-Disposition"] == 'attachment; filename="factory.ndjson"'
    assert lines(answer) == api.get(EVENTS).json()["results"]
    assert [row["seq"] for row in lines(api.get(f"{LOG}export/?as=ndjson&case=c&seq_after=2"))] == [3]
    assert [row["seq"] for row in lines(api.get(f"{LOG}export/?as=ndjson&attribute.temp=21.5"))] == [1]
    csv = b"".join(api.get(f"{LOG}export/?as=csv&case=c").streaming_content).decode().split("\r\n")
    assert csv[1] == "c,A,2026-01-01T00:00:00.000000+00:00"
    for query in ("", "as=pdf", "as=csv&colour=red", "as=csv&at_after=x"):
        assert api.get(f"{LOG}export/?{query}").status_code == 400, query


def test_an_export_is_streamed_where_the_web_runs_asynchronously(api: APIClient, owner: User, log: EventLog) -> None:
    api.post(EVENTS, [{"case": f"c{n}", "activity": "A", "attributes": {"x": "y" * 999}} for n in range(200)])
    client = AsyncClient()
    client.force_login(owner)

    async def pieces() -> list[bytes]:
        answer = await client.get(f"{LOG}export/?as=xes", headers={"Accept": "application/xml"})
        assert (answer.status_code, answer.is_async) == (200, True)
        found = [piece async for piece in answer.streaming_content]
        await sync_to_async(connections.close_all)()  # of the thread that made them
        return found

    found = asyncio.run(pieces())
    assert len(found) > 2
    assert b"".join(found).count(b"<event>") == 200


def test_a_log_is_archived_then_deleted(api: APIClient, log: EventLog, stream: Stream) -> None:
    api.post(EVENTS, EVENT)
    Stream.objects.filter(pk=stream.pk).update(log=log)
    assert "Archive it first" in api.delete(LOG).json()["detail"]
    assert "stop line-1 first" in api.post(f"{LOG}archive/").json()["detail"]
    api.post("/api/v1/streams/line-1/stop/")
    assert api.post(f"{LOG}archive/").json()["archived_at"] is not None
    assert api.post(EVENTS, EVENT | {"id": "e2"}).status_code == 409
    assert upload(api, "l.csv", csv_log(1)).status_code == 409
    assert "archived: it takes no events" in api.post("/api/v1/streams/line-1/start/").json()["errors"][0]["detail"]
    assert len(api.get(EVENTS).json()["results"]) == 1
    assert api.post(f"{LOG}unarchive/").json()["archived_at"] is None
    assert api.post(EVENTS, EVENT | {"id": "e2"}).json()["stored"] == 1
    api.post(f"{LOG}archive/")
    answer = api.delete(LOG)
    assert answer.status_code == 202
    assert worked(api, answer.json())["result"] == {"deleted": 2}
    assert not EventLog.objects.exists()
    assert not Event.objects.exists()


def test_days_of_retention_are_set_by_who_may_change_the_log(api: APIClient, log: EventLog) -> None:
    assert api.patch(LOG, {"retention_days": 365}).json()["retention_days"] == 365
    assert api.patch(LOG, {"retention_days": 0}).status_code == 400
