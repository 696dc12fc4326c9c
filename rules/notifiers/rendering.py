"""Notifications → what each kind of notifier is sent: a payload with its headers, or a mail. Pure."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

SHOWN = 20  # texts of a group that a person is shown; the rest is a number
SIGNATURE = "X-Signature-256"
_SUBJECT = 150  # characters


@dataclass(frozen=True, slots=True)
class Item:
    """One notification: a text for people, a CloudEvent for programs.

    ``private``: it holds what only the receiver may know, so nothing that the receiver says of it is kept.
    """

    text: str
    event: Mapping[str, Any]
    private: bool = False


def slack(items: Sequence[Item]) -> tuple[bytes, dict[str, str]]:
    """A message of Slack's incoming webhooks, with its three escapes."""
    text = _lines(items).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return orjson.dumps({"text": text}), {"Content-Type": "application/json"}


def webhook(items: Sequence[Item], secret: str) -> tuple[bytes, dict[str, str]]:
    """One CloudEvent, or a batch of them, and the HMAC-SHA256 of the body.

    Source: CloudEvents 1.0.2, HTTP protocol binding, structured and batched content mode.
    """
    if len(items) == 1:
        body, form = orjson.dumps(items[0].event), "cloudevents"
    else:
        body, form = orjson.dumps([item.event for item in items]), "cloudevents-batch"
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return body, {"Content-Type": f"application/{form}+json; charset=utf-8", SIGNATURE: f"sha256={digest}"}


def mail(items: Sequence[Item]) -> tuple[str, str]:
    """Subject and text."""
    first = " ".join(items[0].text.split())
    subject = first if len(first) <= _SUBJECT else f"{first[: _SUBJECT - 1]}…"
    return subject if len(items) == 1 else f"{len(items)} notifications: {subject}", _lines(items)


def _lines(items: Sequence[Item]) -> str:
    texts = [item.text for item in items[:SHOWN]]
    if len(items) > SHOWN:
        texts.append(f"… and {len(items) - SHOWN} more.")
    return "\n".join(texts)
