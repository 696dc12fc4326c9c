"""What an event may hold so that every database can keep it; what it may not is refused with a reason. Pure."""

from math import isfinite
from typing import Any

MAX_TEXT = 255  # characters of case, activity, id and process: the table's columns
MAX_DEPTH = 64  # objects and arrays inside each other
_TOO_LARGE = 1 << 64  # no JSON reader agrees with another about larger integers


class PayloadError(ValueError):
    """A message that is not an event: a machine's ``reason`` and a sentence of ``detail``."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def required(name: str, value: Any) -> str:
    """`as_text` of a value that must be there."""
    if value is None:
        raise PayloadError(f"missing_{name}", f"`{name}` is missing.")
    return as_text(name, value)


def optional_id(value: Any) -> str | None:
    """An event's id as text, or None."""
    return None if value is None else as_text("id", value)


def as_text(name: str, value: Any) -> str:
    """A text or number as the text of a column: case ``0`` is "0"."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not abs(value) < _TOO_LARGE:  # infinite, no number, or too many digits to write down
            raise PayloadError(f"bad_{name}", f"`{name}` is too large a number.")
        value = str(value)
    if not isinstance(value, str):
        raise PayloadError(f"bad_{name}", f"`{name}` must be a text, not {kind(value)}.")
    check_text(name, value)
    return value


def check_text(name: str, text: str) -> None:
    """Refuse what the column of ``name`` cannot hold."""
    if not text:
        raise PayloadError(f"empty_{name}", f"`{name}` must have 1 to {MAX_TEXT} characters.")
    if len(text) > MAX_TEXT:
        raise PayloadError("too_long", f"`{name}` has {len(text)} characters; at most {MAX_TEXT} are taken.")
    _check_characters(name, text)


def _check_characters(name: str, text: str) -> None:
    if "\0" in text:
        raise PayloadError("nul", f"`{name}` contains the character NUL.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise PayloadError("not_unicode", f"`{name}` contains half a surrogate pair.") from None


def check_value(value: Any, depth: int = 1, name: str = "attributes") -> None:
    """Refuse what a JSON column cannot hold: NUL, lone surrogates, NaN, huge integers, great depth."""
    if isinstance(value, str):
        _check_characters(name, value)
    elif isinstance(value, float):
        if not isfinite(value):
            raise PayloadError("bad_number", f"`{name}` is not a finite number.")
    elif isinstance(value, int):
        if abs(value) >= _TOO_LARGE:
            raise PayloadError("bad_number", f"`{name}` is too large a number.")
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            raise PayloadError("too_deep", f"More than {MAX_DEPTH} objects and arrays inside each other.")
        if isinstance(value, list):
            for item in value:
                check_value(item, depth + 1, name)
            return
        for key, item in value.items():
            _check_characters(name, key)
            check_value(item, depth + 1, key[:100])
    elif value is not None:
        raise PayloadError("bad_attributes", f"`{name}` is no JSON value.")


def kind(value: Any) -> str:
    """A JSON value's type in words."""
    if value is None:
        return "null"
    names = {dict: "an object", list: "an array", str: "a text", bool: "true or false", int: "a number"}
    return names.get(type(value), "a number")
