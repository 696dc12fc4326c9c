"""Why a message was refused, as a person says it, and what to do about it. The reasons are those of
`streams.parsing.payloads`.

Pure.
"""

from dataclasses import dataclass

FIELDS = {
    "case": "the case",
    "activity": "the activity",
    "id": "the event's id",
    "process": "the process",
    "trace": "the trace",
    "event": "the event",
    "attributes": "the attributes",
    "source": "the source",
    "specversion": "the version of CloudEvents",
}
_POINT = "Say where it is (mapping), or choose the format these messages have."
_SENDER = "Mend it where it is sent; this message cannot become an event."


@dataclass(frozen=True, slots=True)
class Reason:
    """A few words, and a sentence on what to do."""

    words: str
    advice: str


_KNOWN = {
    "topic_levels": Reason(
        "Too many topic levels",
        "A name with a / in it must be escaped by its sender. Or mend the stream's topic: exactly process, case and "
        "activity come behind it.",
    ),
    "bad_escape": Reason("Escapes that cannot be read", "Choose how names in topics are escaped; perhaps not at all."),
    "not_utf8": Reason("Not text", "These are bytes that no format here reads. Leave their topic out of the stream."),
    "not_json": Reason("Not JSON", "Mend the sender, or leave their topic out of the stream."),
    "not_object": Reason("Not a JSON object", "An event is a JSON object: mend the sender, or leave their topic out."),
    "too_long": Reason("Too long", "Names have at most 255 characters, a payload 1 MiB. Point to a shorter field."),
    "too_deep": Reason("Too deep", _SENDER),
    "nul": Reason("Holds the character NUL", _SENDER),
    "not_unicode": Reason("Holds broken characters", _SENDER),
    "bad_number": Reason("Holds a number that is none", _SENDER),
    "bad_time": Reason(
        "A time that cannot be read",
        "Point to the field that holds the time, as ISO 8601 or as a number of seconds since 1970.",
    ),
    "future": Reason(
        "From the future", "A clock is ahead. Let the stream accept such times, or set them to the time of arrival."
    ),
    "ancient": Reason(
        "From long ago",
        "A clock was never set. Let the stream accept such times, or set them to the time of arrival.",
    ),
    "archived": Reason("The log is archived", "It takes no more events: choose another log for this stream."),
    "too_many_logs": Reason(
        "Too many new logs", "The process names differ from message to message: choose one log for all of them."
    ),
    "not_storable": Reason("Refused by the database", "The detail says what it could not hold."),
    "ignored": Reason(
        "Passed over", "The convention says that it is no event. An option of the stream, or its format, may differ."
    ),
    "other_topic": Reason("Of another topic", "The topic of the stream does not take it."),
    "unknown_field": Reason("A field nobody knows", _SENDER),
}


def explain(reason: str) -> Reason:
    """What a reason means.

    >>> explain("missing_case").words
    'The case is missing'
    """
    if reason in _KNOWN:
        return _KNOWN[reason]
    kind, _, field = reason.partition("_")
    name = FIELDS.get(field, f"“{field}”").capitalize()
    match kind:
        case "missing":
            return Reason(f"{name} is missing", _POINT)
        case "empty":
            return Reason(f"{name} is empty", _POINT)
        case "bad":
            return Reason(f"{name} is no text", f"It is of another type. {_POINT}")
    return Reason(reason.replace("_", " ").capitalize(), "The detail tells more.")
