"""POST requests to one server over one kept connection: status checked, failures tried again with growing delay."""

import time
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NameResolutionError, NewConnectionError

from simulator.errors import SinkError, StoppedError
from simulator.sinks.base import Surroundings

CONNECT_S = 5.0
ANSWER_S = 30.0  # how long a server may think about one request
DELAYS_S = (0.1, 0.5, 1.0, 2.0, 4.0)  # before each further try
MAX_DELAY_S = 30.0  # a server that asks for more patience (Retry-After) does not get it
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # statuses that may be gone at the next try
MAX_ANSWER_BYTES = 65_536  # nobody reads more of an answer
SHOWN_CHARACTERS = 200
COMPLAIN_S = 10.0  # at most one complaint in this time
NAP_S = 0.1  # longest sleep before looking whether to stop


class Poster:
    """Posts below ``url``. Whoever asks for a URL may show ``str(poster)``: it names no password."""

    def __init__(self, url: str, *, headers: Mapping[str, str] | None = None) -> None:
        """Raises ValueError, with what is wrong, where ``url`` is not ``http(s)://[user:password@]host[:port][/path]``."""
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
        self._headers = {"Content-Type": "application/json", "User-Agent": "procmine-simulate", **(headers or {})}
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            self._headers |= urllib3.make_headers(basic_auth=login)
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

    def post(self, body: bytes, *, below: str = "", headers: Mapping[str, str] | None = None) -> None:
        """Post to the URL, or to a path ``below`` it (``/start``), until a 2xx answers.

        Raises SinkError with URL and status: at once where another try cannot help (a status 4xx, a server that has
        never been reached), else after the last of some tries.
        """
        if self._pool is None:
            raise SinkError(f"{self._shown}: not connected")
        path = self._path.rstrip("/") + below if below else self._path or "/"
        where = urlsplit(self._shown)._replace(path=path).geturl() if below else self._shown
        target = f"{path}?{self._query}" if self._query else path
        for tries, delay_s in enumerate((*DELAYS_S, None), start=1):
            try:
                problem, again, asked_s = self._try(self._pool, target, body, headers or {})
            except HTTPError as error:
                never = not self._reached and isinstance(error, NewConnectionError | NameResolutionError)
                problem, again, asked_s = _reason(error), not never, 0.0
            if not problem:
                return
            if not again:
                raise SinkError(f"{where}: {problem}")
            if delay_s is None:
                raise SinkError(f"{where}: {problem}, {tries} times in a row")
            self._complain(f"{where}: {problem}; trying again")
            self._sleep(max(delay_s, min(asked_s, MAX_DELAY_S)))

    def _try(
        self, pool: urllib3.HTTPConnectionPool, target: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[str, bool, float]:
        """What went wrong (empty: nothing), whether another try may help, and the seconds the server asks for."""
        answer = pool.urlopen(
            "POST", target, body=body, headers={**self._headers, **headers}, redirect=False, preload_content=False
        )
        self._reached = True
        text = answer.read(MAX_ANSWER_BYTES)
        if answer.read(1):
            answer.close()  # longer than anyone reads: rather a new connection than the rest
        answer.release_conn()
        if 200 <= answer.status < 300:
            return "", False, 0.0
        said = " ".join(text.decode(errors="replace").split())[:SHOWN_CHARACTERS]
        wait = answer.headers.get("Retry-After", "")
        problem = f"status {answer.status}{': ' if said else ''}{said}"
        return problem, answer.status in AGAIN, float(wait) if wait.isdecimal() else 0.0

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
