"""What a check of a broker found out."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that matters for losing nothing: well, a danger, or not to be seen from outside."""

    level: Literal["ok", "warning", "unknown"]
    about: str
    detail: str
    advice: str = ""


def ok(about: str, detail: str) -> Finding:
    return Finding("ok", about, detail)


def warning(about: str, detail: str, advice: str) -> Finding:
    return Finding("warning", about, detail, advice)


def unknown(about: str, detail: str, advice: str = "") -> Finding:
    return Finding("unknown", about, detail, advice)
