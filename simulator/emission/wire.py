"""The event as others read it: DEF's five keys, MQTT-XES, MQTT topics."""

from datetime import date
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quoted

from foundation.moments import EPOCH
from simulator.errors import SimulatorError
from simulator.world.event import Event

_ESCAPES = str.maketrans({"/": "%2F", "+": "%2B", "#": "%23", "%": "%25", "\0": "%00"})

_DAY_US, _EPOCH_DAY = 86_400_000_000, EPOCH.toordinal()
_MINUTES = [f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60)]
_SECONDS = [f":{second:02}" for second in range(60)]


@lru_cache(maxsize=64)  # open cases are rarely further apart
def _day(number: int) -> str:
    try:
        return f"{date.fromordinal(_EPOCH_DAY + number).isoformat()} "
    except (ValueError, OverflowError):
        raise SimulatorError("simulated time has left the years 1 to 9999: the durations are too long") from None


def timestamp(at_us: int) -> str:
    """``YYYY-MM-DD HH:MM:SS`` in UTC, cut to whole seconds: put together from tables, as every event needs one."""
    day, rest_us = divmod(at_us, _DAY_US)
    minute, second = divmod(rest_us // 1_000_000, 60)
    return _day(day) + _MINUTES[minute] + _SECONDS[second]


def five_keys(event: Event, case: str | None = None) -> dict[str, str]:
    """DEF's object, in its order. ``case`` replaces the event's own.

    Source: Distributed Event Factory 0.2.2 (process-mining-core 0.1.3).
    """
    return {
        "timestamp": timestamp(event.at_us),
        "activity": event.activity,
        "caseid": event.case if case is None else case,
        "node": event.node,
        "group": event.group,
    }


def five_keys_json(event: Event) -> str:
    """``json.dumps(five_keys(event))``, in a third of the time."""
    case, activity, node, group, at_us, _ = event
    return (
        f'{{"timestamp": "{timestamp(at_us)}", "activity": {quoted(activity)}, "caseid": {quoted(case)}, '
        f'"node": {quoted(node)}, "group": {quoted(group)}}}'
    )


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
