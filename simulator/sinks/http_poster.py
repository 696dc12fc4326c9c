"""POST requests to one server over one kept connection: status checked, failures tried again with growing delay."""

import json
import math
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from foundation.moments import retry_after_s
from simulator.errors import SinkError, StoppedError
from simulator.sinks.base import Surroundings

CONNECT_S = 5.0
ANSWER_S = 30.0  # how long a server may think about one request
MAX_ANSWER_BYTES = 1024 * 1024  # nobody reads more of an answer
SHOWN_CHARACTERS = 200
COMPLAIN_S = 10.0  # at most one complaint in this time
NAP_S = 0.1  # longest sleep before looking whether to stop


@dataclass(frozen=True)
class Patience:
    """What is tried again, and for how long; times in seconds.

    ``statuses`` may be gone at the next try, as connection errors may; ``delays_s`` come before each further try, and
    after the last one no more. No try of a post begins later than ``first_s`` after its first, or ``then_s`` once the
    server has answered anything. Without ``first_s`` a server that refuses the first connection is an error at once.
    A server that asks for more than ``longest_s`` (Retry-After) gets ``longest_s``.
    """

    statuses: frozenset[int]
    delays_s: tuple[float, ...]
    first_s: float | None = None
    then_s: float = math.inf
    longest_s: float = math.inf


class _Failure(NamedTuple):
    problem: str
    again: bool  # whether another try may help
    asked_s: float = 0.0  # how long the server asks to wait


class Poster:
    """Posts below ``url``. Whoever asks for a URL may show ``str(poster)``: it names no password."""

    def __init__(
        self, url: str, *, patience: Patience, name: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        """``name`` is what messages call it (the URL); ``headers`` win over a login in the URL.

        Raises ValueError, with what is wrong, where ``url`` is not ``http(s)://[user:password@]host[:port][/path]``.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https"):
            raise ValueError("the scheme is neither http:// nor https://")
        if not parts.hostname:
            raise ValueError("there is no host")
        if parts.fragment or any(character <= " " for character in url):
            raise ValueError("it holds a blank or a #")
        try:
            port = parts.port
        except ValueError:
            port = 0
        if port == 0:
            raise ValueError("the port is not a number from 1 to 65535")
        self._shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        self._path, self._query = parts.path, parts.query
        self._headers = {"Content-Type": "application/json", "User-Agent": "procmine-simulate"}
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers["Authorization"] = urllib3.make_headers(basic_auth=login)["authorization"]
        self._headers |= headers or {}
        self._name, self._patience = name, patience
        self._pool: urllib3.HTTPConnectionPool | None = None
        self._surroundings = Surroundings(say=lambda text: None, stopped=lambda: False)
        self._reached = False
        self._complained_s = float("-inf")

    def __str__(self) -> str:
        return self._shown

    def open(self, surroundings: Surroundings) -> None:
        """Get ready; the connection is made by the first request."""
        self._surroundings, self._reached = surroundings, False
        timeout = urllib3.Timeout(connect=CONNECT_S, read=ANSWER_S)
        self._pool = urllib3.connection_from_url(self._shown, timeout=timeout, retries=False)

    def close(self) -> None:
        """Hang up."""
        if self._pool is not None:
            self._pool.close()
            self._pool = None

    def post(self, body: bytes, *, below: str = "", headers: Mapping[str, str] | None = None) -> bytes:
        """Post to the URL, or to a path ``below`` it (``/start``), until a 2xx answers; gives what it says.

        Of an answer longer than MAX_ANSWER_BYTES it gives one byte more than these: whoever reads answers must refuse
        it. Raises SinkError with name and status: at once where another try cannot help, else when the patience ends.
        """
        path = self._path.rstrip("/") + below if below else self._path or "/"
        where = self._name or (urlsplit(self._shown)._replace(path=path).geturl() if below else self._shown)
        if self._pool is None:
            raise SinkError(f"{where}: not connected")
        target = f"{path}?{self._query}" if self._query else path
        patience, began_s = self._patience, time.monotonic()
        for tries, delay_s in enumerate((*patience.delays_s, None), start=1):
            answer = self._try(self._pool, target, body, headers or {})
            if isinstance(answer, bytes):
                return answer
            problem, again, asked_s = answer
            if not again:
                raise SinkError(f"{where}: {problem}")
            if delay_s is None:
                raise SinkError(f"{where}: {problem}, {tries} times in a row")
            wait_s = max(delay_s, min(asked_s, patience.longest_s))
            limit_s = patience.then_s if self._reached or patience.first_s is None else patience.first_s
            if time.monotonic() + wait_s > began_s + limit_s:
                raise SinkError(f"{where}: {problem}; given up after {limit_s:g} s")
            self._complain(f"{where}: {problem}; trying again")
            self._sleep(wait_s)
        raise AssertionError("the last try returns or raises")

    def _try(
        self, pool: urllib3.HTTPConnectionPool, target: str, body: bytes, headers: Mapping[str, str]
    ) -> bytes | _Failure:
        try:
            answer = pool.urlopen(
                "POST", target, body=body, headers={**self._headers, **headers}, redirect=False, preload_content=False
            )
            self._reached = True
            text = answer.read(MAX_ANSWER_BYTES + 1)
        except HTTPError as error:
            refused = isinstance(error, NewConnectionError | NameResolutionError)
            return _Failure(_reason(error), self._reached or not refused or self._patience.first_s is not None)
        if len(text) > MAX_ANSWER_BYTES:
            answer.close()  # longer than anyone reads: rather a new connection than the rest
        answer.release_conn()
        if 200 <= answer.status < 300:
            return text
        said = _said(text)
        problem = f"status {answer.status}{': ' if said else ''}{said}"
        asked_s = retry_after_s(answer.headers.get("Retry-After"))
        return _Failure(problem, answer.status in self._patience.statuses, asked_s or 0.0)

    def _complain(self, text: str) -> None:
        now_s = time.monotonic()
        if now_s - self._complained_s >= COMPLAIN_S:
            self._complained_s = now_s
            self._surroundings.say(text)

    def _sleep(self, seconds: float) -> None:
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            if self._surroundings.stopped():
                raise StoppedError
            time.sleep(min(left_s, NAP_S))


def _reason(error: HTTPError) -> str:
    """One line without addresses of objects in memory."""
    cause = error.__cause__ or error
    text = getattr(cause, "strerror", None) or str(cause)
    return "cannot connect: " + text if isinstance(error, NewConnectionError | NameResolutionError) else text


def _said(text: bytes) -> str:
    """One line of an answer: the ``detail`` of a problem (RFC 9457), else how the text begins."""
    said = text.decode(errors="replace")
    with suppress(ValueError, RecursionError):
        answer = json.loads(text)
        if isinstance(answer, dict) and isinstance(answer.get("detail"), str):
            said = answer["detail"].rstrip(".")
    return " ".join(said.split())[:SHOWN_CHARACTERS]
