"""The HTTP side of a load backend: a small WSGI application in a server with limits."""

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from waitress import wasyncore
from waitress.server import create_server

from simulator.errors import SimulatorError
from simulator.loadbackend.backend import Backend, NoRoomError, TooLargeError

BASE = "/loadgenerator"
CALLS = {f"{BASE}/register": "POST", f"{BASE}/start": "POST", f"{BASE}/status": "GET"}
MAX_BODY_BYTES = 32 * 2**20
CONNECTIONS = 20
SILENCE_S = 60  # a connection on which nothing moves is closed
LOOK_S = 0.2  # how often to look whether to stop

StartResponse = Callable[[str, list[tuple[str, str]]], object]
Answer = tuple[HTTPStatus, dict[str, object], dict[str, str]]


class Application:
    """``POST register`` and ``start``, ``GET status``, as WSGI. Every answer is a JSON object."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        status, content, headers = self._answer(environ)
        body = json.dumps(content).encode() + b"\n"
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))} | headers
        start_response(f"{status.value} {status.phrase}", list(headers.items()))
        return [body]

    def _answer(self, environ: dict[str, Any]) -> Answer:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        expected = CALLS.get(path)
        if expected is None:
            return _problem(HTTPStatus.NOT_FOUND, f"expected one of {', '.join(CALLS)}")
        if method != expected and not (method == "HEAD" and expected == "GET"):
            return _problem(HTTPStatus.METHOD_NOT_ALLOWED, f"expected {expected}", Allow=expected)
        if path.endswith("/status"):
            return HTTPStatus.OK, self._backend.status(), {}
        if path.endswith("/start"):
            self._backend.start()
            return HTTPStatus.OK, {"started": True}, {}
        return self._register(environ["wsgi.input"].read(), environ.get("HTTP_IDEMPOTENCY_KEY", ""))

    def _register(self, body: bytes, key: str) -> Answer:
        try:
            self._backend.register(body, key=key)
        except ValueError as error:
            return _problem(HTTPStatus.BAD_REQUEST, str(error))
        except TooLargeError as error:
            return _problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(error))
        except NoRoomError as error:
            return _problem(HTTPStatus.SERVICE_UNAVAILABLE, str(error), **{"Retry-After": str(error.retry_s)})
        return HTTPStatus.OK, {"registered": True}, {}


def _problem(status: HTTPStatus, text: str, **headers: str) -> Answer:
    return status, {"error": text}, headers


@contextmanager
def serving(backend: Backend, host: str, port: int) -> Iterator[str]:
    """Serve ``backend`` from threads of its own; gives the URL. ``port`` 0: a free one."""
    logging.getLogger("waitress").setLevel(logging.ERROR)  # a full room is told by the backend, not by its queue
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listening = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = str(error.strerror or error).partition(" (")[0]  # Python adds the address once more
        raise SimulatorError(f"cannot listen on {host}:{port}: {reason}") from error
    connections: dict[int, Any] = {}
    server: Any = create_server(
        Application(backend),
        map=connections,
        sockets=[listening],
        threads=2,
        max_request_body_size=MAX_BODY_BYTES,
        connection_limit=CONNECTIONS,
        channel_timeout=SILENCE_S,
        ident="procmine",
    )
    done = threading.Event()

    def loop() -> None:  # the server's own has no end but an exception in its thread
        while not done.is_set():
            wasyncore.loop(timeout=LOOK_S, use_poll=True, map=connections, count=1)
        wasyncore.close_all(connections, ignore_all=True)

    thread = threading.Thread(target=loop, name="http", daemon=True)
    thread.start()
    shown = f"[{host}]" if ":" in host else host
    try:
        yield f"http://{shown}:{listening.getsockname()[1]}{BASE}"
    finally:
        done.set()
        server.task_dispatcher.shutdown()
        thread.join(timeout=5)
