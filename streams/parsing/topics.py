"""Rules of MQTT topics and topic filters. Pure.

Source: MQTT 3.1.1 (OASIS 2014), section 4.7; the MQTT-XES convention of Burattin et al., DTU 2020.
"""

import re
from urllib.parse import quote, unquote

from foundation.errors import DomainError

MAX_BYTES = 65_535  # of a topic in UTF-8 (section 4.7.3)
_SHARED = ("$share/", "$queue/")  # MQTT 5, section 4.8.2; $queue is of EMQX
_WORDS = {"PLUS": "+", "DASH": "-", "NUMBER-SIGN": "#", "DOLLAR-SIGN": "$"}


class TopicError(DomainError):
    """A topic or filter that no broker would take; the message is a sentence for the user."""

    code, status, text = "bad-topic", 400, "{why}"

    def __init__(self, why: str) -> None:
        super().__init__(why=why)


def check_filter(filter_: str) -> None:
    """Raise TopicError unless ``filter_`` is a valid topic filter."""
    if not filter_ or "\0" in filter_ or len(filter_.encode("utf-8", "replace")) > MAX_BYTES:
        raise TopicError("A topic has 1 to 65,535 bytes and no NUL.")
    if filter_.startswith(_SHARED):
        raise TopicError("A shared subscription divides messages among its clients: a stream takes all of them.")
    levels = filter_.split("/")
    for place, level in enumerate(levels):
        if "#" in level and (level != "#" or place != len(levels) - 1):
            raise TopicError(f"In {filter_} the # must stand alone as the last level.")
        if "+" in level and level != "+":
            raise TopicError(f"In {filter_} a + must stand alone in its level.")


def check_name(kind: str, name: str) -> None:
    """Raise TopicError unless a Redis key or Kafka topic may be called so; MQTT's rules are `check_filter`'s."""
    if kind == "kafka" and not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name):
        raise TopicError("A Kafka topic has 1 to 249 of the characters A-Z a-z 0-9 . _ -")
    if kind == "redis" and set(name) & set("+#"):
        raise TopicError("A key has no + or # here: each stream follows one key, or its partitions.")


def check_topic(topic: str) -> None:
    """Raise TopicError unless messages can be published to ``topic``."""
    check_filter(topic)
    if set(topic) & set("+#"):
        raise TopicError("A topic to publish to has no + and no #.")


def xes_base(topic: str) -> str:
    """The base of an MQTT-XES stream: its topic without a final ``/#`` or ``/``."""
    return topic.removesuffix("#").rstrip("/")


def xes_filter(topic: str, process: str = "") -> str:
    """What to subscribe to for an MQTT-XES stream: all below the base, or below one process of it."""
    base = xes_base(topic)
    levels = [base] if base else []
    return "/".join([*levels, *([process] if process else []), "#"])


def matches(filter_: str, topic: str) -> bool:
    """Whether ``topic`` is one of those that ``filter_`` subscribes to.

    >>> matches("plant/+/temp", "plant/7/temp"), matches("plant/#", "plant"), matches("#", "$SYS/load")
    (True, True, False)
    """
    if topic.startswith("$") and filter_[:1] in ("+", "#"):
        return False
    wanted, given = filter_.split("/"), topic.split("/")
    for place, level in enumerate(wanted):
        if level == "#":
            return True
        if place >= len(given) or level not in ("+", given[place]):
            return False
    return len(wanted) == len(given)


def overlap(one: str, other: str) -> bool:
    """Whether some topic matches both filters.

    >>> overlap("a/+/c", "a/b/#"), overlap("a/b", "a/c")
    (True, False)
    """
    left, right = one.split("/"), other.split("/")
    for place in range(max(len(left), len(right))):
        a = left[place] if place < len(left) else None
        b = right[place] if place < len(right) else None
        if a == "#" or b == "#":
            return True  # the parent level matches too: a/# takes a
        if a is None or b is None:
            # one ended: only a "#" as the next level of the other would still match
            return False
        if a != b and "+" not in (a, b):
            return False
    return True


def escape_level(text: str) -> str:
    """One topic level of any text: ``/ + # %`` and NUL percent-encoded, all else as it is."""
    return "".join(quote(char, safe="") if char in "/+#%\0" else char for char in text)


def unescape_level(level: str, escapes: str) -> str:
    """The text of a topic level under the stream's option ``escapes``: ``none``, ``percent`` or ``words``."""
    if escapes == "percent":
        return unquote(level, errors="strict")
    if escapes == "words":
        return " ".join(_WORDS.get(word, word) for word in level.split(" "))
    return level
