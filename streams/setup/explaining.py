"""How a stream reads its messages, in words, with an example that it reads just so. Pure but for the row itself."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from foundation.json_pointers import path_of
from streams.brokers.listening import Heard
from streams.models import Broker, Stream
from streams.parsing import topics
from streams.parsing.payloads import ACTIVITY_KEYS, CASE_KEYS, CLOUD_EVENT, TIME_KEYS

_EXAMPLE = {"case": "order-7", "activity": "Pack", "at": "2026-01-02T10:00:00Z", "id": "e-1", "process": "orders"}
_CODE_KEYS = {"case": CASE_KEYS, "activity": ACTIVITY_KEYS, "at": (*TIME_KEYS, "at"), "id": ("id", "identity:id")}
_ROLES = (("case", "Case"), ("activity", "Activity"), ("at", "Time"), ("id", "Event id"), ("process", "Process"))


@dataclass(frozen=True)
class ExplainedField:
    """One thing that is read out of a message: what, where it is (code), and a remark."""

    what: str
    where: str
    note: str = ""


def explain(stream: Stream) -> list[ExplainedField]:
    """Where case, activity, time and the rest are read from."""
    if stream.format == Stream.Format.MQTT_XES:
        return _of_xes(stream)
    parts = []
    for role, what in _ROLES:
        pointer = stream.mapping.get(role)
        if pointer:
            parts.append(ExplainedField(what, pointer, "a JSON pointer into the payload"))
        elif stream.format == Stream.Format.CLOUDEVENTS and role in CLOUD_EVENT:
            parts.append(ExplainedField(what, CLOUD_EVENT[role], "as CloudEvents has it"))
        elif role in _CODE_KEYS:
            keys = _CODE_KEYS[role]
            others = keys[1] if len(keys) == 2 else f"the first there is of {', '.join(keys[1:])}"
            parts.append(ExplainedField(what, keys[0], f"or {others}"))
    pointer = stream.mapping.get("attributes")
    parts.append(
        ExplainedField("Attributes", pointer, "")
        if pointer
        else ExplainedField("Attributes", "", "all that is left over")
    )
    return parts


def example(stream: Stream, now: datetime) -> Heard:
    """A message that this stream reads as case order-7, activity Pack."""
    if stream.format == Stream.Format.MQTT_XES:
        escaped = stream.options.get("escapes") == "percent"
        names = [stream.options.get("process") or "orders", "order-7", "Pack"]
        base = topics.xes_base(stream.topic) if stream.broker.kind == Broker.Kind.MQTT else stream.topic
        levels = [base, *(topics.escape_level(name) if escaped else name for name in names)]
        payload: Any = {"event": {"time:timestamp": _EXAMPLE["at"], "org:resource": "Anna"}}
        return Heard("/".join(level for level in levels if level), json.dumps(payload).encode(), now)
    topic = "/".join(_plain(level) for level in stream.filter.split("/") if level != "#") or "orders"
    payload = {}
    if stream.format == Stream.Format.CLOUDEVENTS:
        payload = {"specversion": "1.0", "source": "/line/2", "data": {"weight": 21.5}}
    elif "attributes" not in stream.mapping:
        payload = {"weight": 21.5}
    for role in _EXAMPLE:
        if pointer := stream.mapping.get(role):
            _put(payload, pointer, _EXAMPLE[role])
        elif stream.format == Stream.Format.CLOUDEVENTS and role in CLOUD_EVENT:
            payload.setdefault(CLOUD_EVENT[role], _EXAMPLE[role])
        elif stream.format == Stream.Format.JSON and role in _CODE_KEYS:
            payload.setdefault(_CODE_KEYS[role][0], _EXAMPLE[role])
    if pointer := stream.mapping.get("attributes"):
        _put(payload, pointer, {"weight": 21.5})
    return Heard(topic, json.dumps(payload).encode(), now)


def _of_xes(stream: Stream) -> list[ExplainedField]:
    base = topics.xes_base(stream.topic)
    before = f"{base}/" if base else ""
    note = "" if stream.broker.kind == Broker.Kind.MQTT else "in the field or header “topic”"
    process = stream.options.get("process")
    return [
        ExplainedField(
            "Process", f"{before}{process or 'PROCESS'}/…", note or ("only this one" if process else "names the log")
        ),
        ExplainedField("Case", f"{before}…/CASE/…", "the second level behind the base"),
        ExplainedField("Activity", f"{before}…/…/ACTIVITY", "the third level behind the base"),
        ExplainedField("Time", "event.time:timestamp", "or the moment of arrival"),
        ExplainedField("Event id", "event.identity:id", "or id"),
        ExplainedField("Attributes", "", "all that is left over; those of trace begin with case:"),
    ]


def _plain(level: str) -> str:
    return "x" if level == "+" else level


def _put(payload: dict[str, Any], pointer: str, value: Any) -> None:
    """Place a value where a JSON pointer looks for it, as far as nothing else is in the way."""
    *path, last = path_of(pointer)
    for token in path:
        inner = payload.setdefault(token, {})
        if not isinstance(inner, dict):
            return
        payload = inner
    payload[last] = value
