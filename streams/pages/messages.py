"""Messages as pages show them: what came, and what was read out of it. Pure."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streams.parsing.payloads import ParsedEvent
from streams.recording.previews import Preview
from streams.rejections.reasons import Reason, explain

MAX_TEXT = 4000  # characters of a payload on a page; the API gives all of it
MAX_DUMP = 512  # bytes of one that is no text
ATTRIBUTES = 6  # named on a line
_ROW = 16
_AT_SOURCES = {"given": "", "arrival": "of arrival: it names none", "clamped": "of arrival: its own was not taken"}


@dataclass(frozen=True)
class Payload:
    """A payload as text: JSON laid out, text as it is, bytes in hexadecimal. ``left`` says what is not shown."""

    kind: str
    text: str
    left: str
    size: int


@dataclass(frozen=True)
class Shown:
    """A message and what is read out of it: an event, or why not."""

    topic: str
    payload: Payload
    received_at: Any
    event: ParsedEvent | None
    at_words: str
    attributes: list[tuple[str, str]]
    more: int  # attributes that are not among them
    why: Reason | None
    detail: str


def payload_of(data: bytes) -> Payload:
    """How a payload is shown."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if data and (not text or any(char < " " and char not in "\n\r\t" for char in text)):
        left = f"{len(data) - MAX_DUMP} more bytes" if len(data) > MAX_DUMP else ""
        return Payload("bytes", _dump(data[:MAX_DUMP]), left, len(data))
    kind = "text"
    try:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
        kind = "JSON"
    except (ValueError, RecursionError):
        pass  # shown as it is
    left = f"{len(text) - MAX_TEXT} more characters" if len(text) > MAX_TEXT else ""
    return Payload(kind if data else "empty", text[:MAX_TEXT], left, len(data))


def shown(previews: Sequence[Preview]) -> list[Shown]:
    """Each message with what would become of it."""
    return [_shown(one) for one in previews]


def _shown(preview: Preview) -> Shown:
    message, event = preview.message, preview.event
    attributes = list(event.attributes.items()) if event else []
    return Shown(
        message.topic,
        payload_of(message.payload),
        message.received_at,
        event,
        _AT_SOURCES.get(event.at_source, "") if event else "",
        [(name, value_text(value)) for name, value in attributes[:ATTRIBUTES]],
        max(0, len(attributes) - ATTRIBUTES),
        explain(preview.reason) if preview.reason else None,
        preview.detail,
    )


def value_text(value: Any) -> str:
    """An attribute's value on a line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _dump(data: bytes) -> str:
    """Offset, bytes, and those that are letters: as ``hexdump -C``."""
    rows = []
    for at in range(0, len(data), _ROW):
        row = data[at : at + _ROW]
        letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        rows.append(f"{at:04x}  {row.hex(' '):<{3 * _ROW - 1}}  {letters}")
    return "\n".join(rows)
