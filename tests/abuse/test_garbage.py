"""A device that sends garbage for a year fills no disk, and the counters tell of all of it."""

from typing import Any

from rest_framework.test import APIClient

from streams.files import LogFile
from streams.files.imports import import_file
from streams.models import EventLog, Import, Rejection, Stream
from tests.streams.conftest import wait_received


def test_the_newest_refused_messages_are_kept_and_all_are_counted(
    registered: Any, ingesting: Any, publish: Any, base: str, settings: Any, api: APIClient
) -> None:
    settings.REJECTIONS, settings.INGEST_BATCH = 30, 7
    stream: Stream = registered()
    other: Stream = registered(slug="other", topic=f"{base}-other")
    publish_to = f"{base}/p/c/a"
    run = ingesting()
    publish(f"{base}-other/p/c/a", b"garbage")
    publish(publish_to, *(b"garbage %d" % number for number in range(200)))
    assert wait_received(stream, 200)["rejected"] == 200
    wait_received(other, 1)
    run.end()  # what follows the commit is done
    rows = Rejection.objects.filter(stream=stream).order_by("-id")
    assert 30 <= rows.count() <= 33 + 7
    assert bytes(rows[0].payload) == b"garbage 199"
    assert other.rejections.count() == 1
    health = api.get(f"/api/v1/streams/{stream.slug}/health/").json()
    assert (health["received"], health["rejected"], health["refused_kept"]) == (200, 200, rows.count())
    page = api.get(f"/admin/streams/stream/{stream.pk}/change/").content.decode()
    assert f"200 refused</a> (older ones were dropped, {rows.count()} are kept)" in page


def test_a_file_of_garbage_keeps_the_newest_rows_too(
    transactional_db: None, log: EventLog, tmp_path: Any, settings: Any
) -> None:
    settings.REJECTIONS = 20
    path = tmp_path / "bad.csv"
    path.write_text("case,activity,timestamp\n" + "c,a,never\n" * 500)
    [*_] = import_file(log, LogFile(path), batch=50)
    done = Import.objects.get()
    assert done.rejected == 500
    assert 20 <= done.rejections.count() <= 20 + 50
