"""The event as others read it: DEF's five keys, MQTT-XES, MQTT topics."""

from simulator.event import Event

_ESCAPES = str.maketrans({"/": "%2F", "+": "%2B", "#": "%23", "%": "%25", "\0": "%00"})


def five_keys(event: Event, case: str | None = None) -> dict[str, str]:
    """DEF's object, in its order; the time in UTC, whole seconds, cut. ``case`` replaces the event's own.

    Source: Distributed Event Factory 0.2.2 (process-mining-core 0.1.3).
    """
    return {
        "timestamp": event.at.isoformat(" ", "seconds")[:19],
        "activity": event.activity,
        "caseid": event.case if case is None else case,
        "node": event.node,
        "group": event.group,
    }


def xes_attributes(event: Event, event_id: str) -> dict[str, str]:
    """The event's own attributes for MQTT-XES; case and activity stand in the topic.

    Source: XES, IEEE 1849-2016, extensions Time (``time:timestamp``) and Identity (``identity:id``).
    """
    return {
        "time:timestamp": event.at.isoformat("T", "milliseconds"),
        "identity:id": event_id,
        "node": event.node,
        "group": event.group,
    }


def topic_level(text: str) -> str:
    """``text`` as one level of an MQTT topic: what MQTT forbids or splits at is percent-encoded, the rest stays."""
    return text.translate(_ESCAPES)
