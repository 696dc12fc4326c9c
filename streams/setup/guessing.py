"""How a stream should read messages of which some were seen: format, topic and mapping, each with its reason. Pure.

A guess is a proposal: a person sees what it reads out of the messages, and changes it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from foundation.json_pointers import step
from streams.brokers.base import BrokerMessage
from streams.parsing import topics
from streams.parsing.moments import MomentError, parse_moment
from streams.parsing.payloads import ACTIVITY_KEYS, CASE_KEYS, TIME_KEYS

XES_LEVELS = 3  # process, case, activity
MAX_FIELDS = 200  # of a payload that are looked at
MAX_DEPTH = 4
_SPEAKING = {  # names that speak for a role, the strongest first; compared without case, _, - and :
    "case": "caseid case orderid ordernumber order traceid trace ticketid ticket processid instanceid batchid batch "
    "patientid shipmentid jobid workorder serial serialnumber correlationid sessionid subject",
    "activity": "activity activityname conceptname step task action operation eventtype eventname event stage state "
    "status type name",
    "at": "timetimestamp timestamp time at eventtime occurredat createdat datetime date ts datestamp created updatedat",
    "id": "eventid messageid id uuid identityid msgid",
}
_NAMES = {role: names.split() for role, names in _SPEAKING.items()}
_DEFAULTS = {"case": CASE_KEYS, "activity": ACTIVITY_KEYS, "at": (*TIME_KEYS, "at"), "id": ("id", "identity:id")}
_WORDS = {"case": "The case", "activity": "The activity", "at": "The time"}
_XES_KEYS = {"event", "trace", "concept:name", "time:timestamp", "lifecycle:transition", "org:resource"}


@dataclass(frozen=True, slots=True)
class Guess:
    """What to set a stream up with, and why, in sentences."""

    format: str
    topic: str
    mapping: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    why: list[str] = field(default_factory=list)


def guess(topic: str, messages: Sequence[BrokerMessage]) -> Guess:
    """By messages that came on ``topic``; without any, MQTT-XES with the topic as it is."""
    if not messages:
        return Guess("mqtt-xes", topic, why=["No message came, so nothing can be guessed from one."])
    objects = [found for message in messages if (found := _object(message.payload)) is not None]
    if objects and sum("specversion" in one and "type" in one for one in objects) * 2 > len(messages):
        return _cloud_events(topic, objects)
    base = _base(messages)
    like_xes = sum(not message.payload for message in messages) + sum(bool(_XES_KEYS & set(one)) for one in objects)
    if base is not None and like_xes * 2 > len(messages) and _default(objects, "case") is None:
        return _mqtt_xes(base or "#", messages)
    return _json(topic, objects)


def pointers(messages: Sequence[BrokerMessage]) -> dict[str, str]:
    """Every field seen, as a JSON pointer, with an example of what it holds."""
    found: dict[str, str] = {}
    for message in messages:
        for pointer, value in _fields(_object(message.payload) or {}):
            if value is not None and len(found) < MAX_FIELDS:
                found.setdefault(pointer, str(value)[:60])
    return found


def _mqtt_xes(base: str, messages: Sequence[BrokerMessage]) -> Guess:
    names = " ".join(message.topic for message in messages)
    options = {}
    if "%" in names:
        options["escapes"] = "percent"
    elif any(f"{word} " in f"{names} " for word in ("PLUS", "DASH", "NUMBER-SIGN", "DOLLAR-SIGN")):
        options["escapes"] = "words"
    why = [
        "The topics end in three levels that read as process, case and activity, as MQTT-XES has them.",
        *(["Names in them are escaped."] if options else []),
    ]
    return Guess("mqtt-xes", base, options=options, why=why)


def _cloud_events(topic: str, objects: Sequence[Mapping[str, Any]]) -> Guess:
    why = ["The payloads say by “specversion” that they are CloudEvents."]
    mapping = {}
    if not all(one.get("subject") for one in objects):
        mapping = _mapped(objects, ("case",))
        why.append("They name no subject, which would be the case: see whether the field chosen is right.")
    return Guess("cloudevents", topic, mapping, why=why)


def _json(topic: str, objects: Sequence[Mapping[str, Any]]) -> Guess:
    if not objects:
        return Guess("json", topic, why=["None of these payloads is a JSON object: nothing can be read out of them."])
    mapping = _mapped(objects, ("case", "activity", "at", "id"))
    why = ["The payloads are JSON objects."]
    known = {role: _default(objects, role) for role in ("case", "activity", "at")}
    found = [role for role in known if _has(mapping, known, role)]
    why += [f"{_WORDS[role]} is found in {mapping.get(role) or f'/{known[role]}'}." for role in found]
    missing = [role for role in ("case", "activity") if not _has(mapping, known, role)]
    why += [f"Nothing looks like the {role}: say which field it is." for role in missing]
    if not _has(mapping, known, "at"):
        why.append("No field holds a time: the moment of arrival is taken.")
    return Guess("json", topic, mapping, why=why)


def _has(mapping: Mapping[str, str], known: Mapping[str, str | None], role: str) -> bool:
    return role in mapping or known[role] is not None


def _mapped(objects: Sequence[Mapping[str, Any]], roles: Sequence[str]) -> dict[str, str]:
    """A pointer for each role that the format does not find by itself and some field looks like."""
    values: dict[str, list[Any]] = {}
    for one in objects:
        for pointer, value in _fields(one):
            if value is not None:
                values.setdefault(pointer, []).append(value)
    mapping: dict[str, str] = {}
    for role in roles:
        if _default(objects, role) is not None:
            continue
        scored = [
            (score, pointer)
            for pointer, seen in values.items()
            if pointer not in mapping.values() and (score := _score(role, pointer, seen, len(objects)))
        ]
        if scored:
            mapping[role] = max(scored, key=lambda pair: (pair[0], -len(pair[1])))[1]
    return mapping


def _default(objects: Sequence[Mapping[str, Any]], role: str) -> str | None:
    """The name by which most payloads are read without a mapping."""
    found = Counter(key for one in objects for key in _DEFAULTS[role] if one.get(key) is not None)
    key, count = next(iter(found.most_common(1)), ("", 0))
    return key if count * 2 > len(objects) else None


def _score(role: str, pointer: str, seen: Sequence[Any], of: int) -> float:
    """How much a field looks like a role; 0 where it does not."""
    if len(seen) * 2 <= of or not all(isinstance(value, str | int) and value != "" for value in seen):
        return 0
    name = _plain(pointer.rpartition("/")[2])
    path = _plain(pointer)
    places = [place for place, known in enumerate(_NAMES[role]) if known in (name, path)]
    if not places:
        if role in ("case", "id") and name.endswith("id") and len(name) > 2:
            return 1
        return 1 if role == "at" and _moments(seen) and not name.endswith("id") else 0
    if role == "at" and not _moments(seen):
        return 0
    if role == "id" and len(set(seen)) < len(seen):
        return 0  # an id that comes twice would be a duplicate
    return 100 - places[0]


def _moments(seen: Sequence[Any]) -> bool:
    for value in seen:
        if isinstance(value, int) and value < 10**8:
            return False  # 1973, or rather a count
        try:
            parse_moment(value)
        except MomentError:
            return False
    return True


def _plain(name: str) -> str:
    return "".join(char for char in name.lower() if char.isalnum())


def _base(messages: Sequence[BrokerMessage]) -> str | None:
    """The levels before process, case and activity, where all topics have the same."""
    bases = {tuple(message.topic.split("/")[:-XES_LEVELS]) for message in messages}
    enough = all(message.topic.count("/") >= XES_LEVELS - 1 for message in messages)
    return "/".join(bases.pop()) if enough and len(bases) == 1 else None


def _object(payload: bytes) -> dict[str, Any] | None:
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _fields(value: Mapping[str, Any], before: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    """Each field that holds no object, with its pointer."""
    for name, inner in list(value.items())[:MAX_FIELDS]:
        pointer = before + step(name)
        if isinstance(inner, dict) and depth < MAX_DEPTH:
            yield from _fields(inner, pointer, depth + 1)
        elif not isinstance(inner, list | dict):
            yield pointer, inner


def filter_of(kind: str, topic: str) -> str:
    """What to listen to before the format is known: a topic filter as it is, a name without wildcards and all below.

    >>> filter_of("mqtt", "factory"), filter_of("mqtt", "a/+/b"), filter_of("redis", "orders")
    ('factory/#', 'a/+/b', 'orders')
    """
    if kind != "mqtt" or set(topic) & set("+#"):
        return topic
    return topics.xes_filter(topic)
