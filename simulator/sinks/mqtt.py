"""``mqtt``: one message an event to an MQTT broker, as MQTT-XES or as DEF's JSON object."""

import json
from collections.abc import Callable

from simulator.emission.wire import five_keys, topic_level, xes_attributes
from simulator.reading.fields import Fields
from simulator.reading.problems import Place
from simulator.sinks import SINKS
from simulator.sinks.base import Overrides, Sink, SinkHead, Surroundings
from simulator.sinks.mqtt_connection import BrokerUrl, Connection
from simulator.world.event import Event
from simulator.world.ids import EventIds

MAX_TOPIC_BYTES = 65_535

Payload = Callable[[Event, str, str], dict[str, object]]
"""(event, case, event id) → JSON object."""


def _mqtt_xes(event: Event, case: str, event_id: str) -> dict[str, object]:
    return {"event": xes_attributes(event, event_id)}


def _json(event: Event, case: str, event_id: str) -> dict[str, object]:
    return {**five_keys(event, case), "id": event_id}


FORMATS: dict[str, Payload] = {"mqtt-xes": _mqtt_xes, "json": _json}


class MqttSink(Sink):
    """Sends to ``<base>/<process>/<case>/<activity>``, with an event id that is new in every run.

    ``case_prefix`` goes before every case, so that runs into one log stay apart.
    """

    def __init__(
        self, url: BrokerUrl, *, base: str, process: str, payload: Payload, qos: int, case_prefix: str
    ) -> None:
        self._connection = Connection(url, qos=qos)
        self._topic_start = f"{base}/{topic_level(process)}"
        self._payload = payload
        self._case_prefix = case_prefix
        self._ids = EventIds()

    def open(self, surroundings: Surroundings) -> None:
        self._connection.open(surroundings)

    def send(self, event: Event) -> None:
        case = self._case_prefix + event.case
        topic = f"{self._topic_start}/{topic_level(case)}/{topic_level(event.activity)}"
        payload = self._payload(event, case, self._ids.next())
        self._connection.publish(topic, json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())

    def close(self) -> None:
        self._connection.close()


@SINKS.register("mqtt")
def read(fields: Fields, head: SinkHead, overrides: Overrides) -> Sink:
    """Fields: broker, base, process; format (mqtt-xes), qos (1), casePrefix ("")."""
    case_prefix = fields.text("casePrefix", default="")
    format_name = fields.choice("format", known=FORMATS.keys(), default="mqtt-xes")
    qos = fields.whole("qos", default=1)
    if qos > 2:
        fields.error("qos", f"has a wrong value, got {qos}, expected 0, 1 or 2")
    return MqttSink(
        _broker(fields, overrides),
        base=_base(fields),
        process=fields.text("process", expected="text, the name of the log"),
        payload=FORMATS[format_name or "mqtt-xes"],
        qos=min(qos, 2),
        case_prefix=case_prefix if overrides.case_prefix is None else overrides.case_prefix,
    )


def _broker(fields: Fields, overrides: Overrides) -> BrokerUrl:
    expected = "a URL mqtt://user:password@host:port or mqtts://…"
    place = Place("--broker")
    if overrides.broker is None:
        text = fields.text("broker", expected=expected)
        entry = fields.entry("broker")
        place = entry.place if entry else fields.place
    else:
        fields.ignore("broker")
        text = overrides.broker
    try:
        return BrokerUrl.parse(text)
    except ValueError as error:
        if text:  # the value itself is not shown: it may hold a password
            fields.problems.error(place, f"is no URL of a broker: {error}, expected {expected}")
        return BrokerUrl.parse("mqtt://127.0.0.1")


def _base(fields: Fields) -> str:
    base = fields.text("base", expected="text, the first levels of the topic")
    if base.startswith(("/", "$")) or base.endswith("/") or any(character in base for character in "+#\0"):
        fields.error("base", f"has a wrong value, got {base!r}, expected levels without +, #, and $ or / at the ends")
    return base
