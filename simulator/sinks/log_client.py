"""Posting to one URL until it is taken: over one connection, again after 429 and 503 as the answer asks."""

import json
import time
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from simulator.errors import SinkError, StoppedError
from simulator.sinks.base import Surroundings

ANSWER_S = 30.0  # how long one answer may take
GONE_S = 120.0  # nothing was taken for so long: the run ends
CONNECT_S = 10.0  # the same for the first request: the installation may be starting
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 10.0
NAP_S = 0.1  # longest wait before looking whether to stop
AGAIN = (429, 502, 503, 504)


class Poster:
    """Posts JSON bodies to ``url`` with a token; ``name`` is what messages call it."""

    def __init__(self, url: str, name: str, token: str, surroundings: Surroundings) -> None:
        parts = urlsplit(url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_S)
        self._target = f"{parts.path}?{parts.query}"
        self._headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        self._name, self._surroundings = name, surroundings
        self._patience_s = CONNECT_S

    def post(self, body: bytes) -> dict[str, Any]:
        """The JSON object of the answer 200. Anything that will not pass raises SinkError."""
        deadline = time.monotonic() + self._patience_s
        pause_s, told = FIRST_PAUSE_S, False
        while True:
            problem, wait_s, answer = self._try(body)
            if answer is not None:
                self._patience_s = GONE_S
                return answer
            wait_s = pause_s if wait_s is None else wait_s
            if time.monotonic() + wait_s > deadline:
                raise SinkError(f"{self._name}: {problem}; given up after {self._patience_s:g} s")
            if not told:
                told = True
                self._surroundings.say(f"{self._name}: {problem}; trying again")
            self._nap(wait_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def _try(self, body: bytes) -> tuple[str, float | None, dict[str, Any] | None]:
        """(what is wrong, seconds the answer asks to wait, the answer if it is 200)."""
        try:
            self._connection.request("POST", self._target, body, self._headers)
            response = self._connection.getresponse()
            data = response.read()
        except (OSError, HTTPException) as error:
            self._connection.close()
            return str(error) or type(error).__name__, None, None
        if response.status in AGAIN:
            return f"answers {response.status}", retry_after_s(response.headers.get("Retry-After")), None
        answer = None
        with suppress(ValueError):
            answer = json.loads(data)
        if response.status != 200 or not isinstance(answer, dict) or "results" not in answer:
            detail = answer.get("detail", "") if isinstance(answer, dict) else "not as a procmine installation does"
            raise SinkError(f"{self._name}: answers {response.status}{': ' if detail else ''}{detail}")
        return "", None, answer

    def _nap(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left_s := until - time.monotonic()) > 0:
            if self._surroundings.stopped():
                raise StoppedError
            time.sleep(min(left_s, NAP_S))

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def retry_after_s(header: str | None) -> float | None:
    """The seconds a ``Retry-After`` asks for, as a number or a date; None where it says nothing we can read.

    Source: RFC 9110, 10.2.3.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    with suppress(ValueError, TypeError):
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return None
