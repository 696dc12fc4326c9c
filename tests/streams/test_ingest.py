"""From a real broker to rows, and back by acknowledgements."""

from datetime import UTC, datetime

import pytest

from streams.models import Event, EventLog, Rejection, Stream
from tests.streams.conftest import counts, stored, wait_received

pytestmark = pytest.mark.django_db(transaction=True)

LATER = b'{"event":{"time:timestamp":"2011-05-01T10:00:00Z"}}'


def test_events_of_a_process_open_its_log_and_are_stored(registered, ingesting, publish, base):
    stream = registered()
    ingesting()
    publish(f"{base}/loan/c1/Check", b"", LATER)
    assert wait_received(stream, 2) == {"received": 2, "stored": 2, "duplicates": 0, "rejected": 0, "ignored": 0}
    log = EventLog.objects.get(name="loan")
    assert (log.opened_by, log.stored, log.next_seq) == (stream, 2, 3)
    first, second = Event.objects.order_by("seq")
    assert (first.at_source, second.at_source) == ("arrival", "given")
    assert second.at == datetime(2011, 5, 1, 10, tzinfo=UTC)
