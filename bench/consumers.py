"""What bench/ingest.py measures, each in a process of its own: a drain of what waits at the broker for it.

``python bench/consumers.py KIND PORT EVENTS`` prints CPU seconds and wall seconds; with 0 events it makes its database
and its session. ``sqlite`` is our recording; ``bare`` a subscriber that only counts; ``save`` and ``tuned_save``
consumers that call save() for every event, on Django's default settings of SQLite and on ours.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

TOPICS = {"sqlite": "bench", "bare": "bench", "save": "saved", "tuned_save": "saved"}


def prepare(kind: str, port: int) -> None:
    """Tables, and what is registered in them."""
    import django
    from django.conf import settings

    if kind == "save":
        settings.DATABASES["default"]["OPTIONS"] = {}
    django.setup()
    from django.core.management import call_command

    from streams.models import Broker, EventLog, Stream

    call_command("migrate", verbosity=0)
    broker, _ = Broker.objects.get_or_create(name="bench", host="127.0.0.1", port=port)
    Stream.objects.get_or_create(slug="bench", name="bench", broker=broker, topic="bench")
    EventLog.objects.get_or_create(slug="saved", name="saved")


def drain(kind: str, port: int, events: int) -> Callable[[], None]:
    """What is measured."""
    if kind != "bare":
        prepare(kind, port)
    if kind == "sqlite":
        return record
    return subscriber(kind, port, events, count if kind == "bare" else saver())


def record() -> None:
    from streams.models import Broker
    from streams.recording.broker_ingest import BrokerIngest

    ingest = BrokerIngest(Broker.objects.get().pk, threading.Event(), once=True)
    ingest.run()
    if ingest.failed:
        raise SystemExit(ingest.failed)


def subscriber(kind: str, port: int, events: int, take: Callable[[Any], bool]) -> Callable[[], None]:
    """paho with its automatic acknowledgement; ends after so many messages."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    client = Client(CallbackAPIVersion.VERSION2, client_id=f"bench-{kind}", clean_session=False)
    left = events or 1

    def on_message(_: Any, __: Any, message: Any) -> None:
        nonlocal left
        left -= take(message)

    def on_subscribe(*_: Any) -> None:
        nonlocal left
        left = events

    def run() -> None:
        while left > 0:
            client.loop()  # as loop_forever does; but the last message is acknowledged before we go
        client.disconnect()

    client.on_message = on_message
    client.on_connect = lambda *_: client.subscribe(f"{TOPICS[kind]}/#", 1)
    client.on_subscribe = on_subscribe if not events else None
    client.connect("127.0.0.1", port)
    return run


def count(message: Any) -> bool:
    """The subscriber counts already."""
    return True


def saver() -> Callable[[Any], bool]:
    """A row for each message, as most consumers are written: parse, save(), let it be acknowledged.

    A redelivery from the round before is passed over.
    """
    from django.utils import timezone

    from streams.models import Event, EventLog

    log = EventLog.objects.get(slug="saved")
    known = set(Event.objects.values_list("event_id", flat=True))

    def take(message: Any) -> bool:
        _, _, case, activity = message.topic.split("/")
        attributes = json.loads(message.payload)["event"]
        at = datetime.fromisoformat(attributes.pop("time:timestamp"))
        event_id = attributes.pop("identity:id")
        if event_id in known:
            return False
        known.add(event_id)
        Event(
            log=log,
            seq=len(known),
            case=case,
            activity=activity,
            at=at,
            received_at=timezone.now(),
            event_id=event_id,
            attributes=attributes,
        ).save()
        return True

    return take


if __name__ == "__main__":
    words = sys.argv[1:]
    work = drain(words[0], int(words[1]), int(words[2]))
    began = time.process_time(), time.perf_counter()
    work()
    print(time.process_time() - began[0], time.perf_counter() - began[1])
