"""A stand-in for a load backend, or any server that takes POSTs: records what came and when, answers as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Request(NamedTuple):
    path: str
    body: bytes
    headers: Message  # names in any case
    at_s: float
    client: tuple[str, int]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class StandIn:
    """``requests`` in order; ``answer(request)`` gives the status and headers, 200 unless replaced."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.requests: list[Request] = []
        self.answer: Callable[[Request], tuple[int, dict[str, str]]] = lambda request: (200, {})

    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def of(self, ending: str) -> list[Request]:
        return [request for request in self.requests if request.path.endswith(ending)]


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """One on a free loopback port."""
    made: StandIn

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Request(self.path, body, self.headers, time.monotonic(), self.client_address)
            made.requests.append(request)
            status, headers = made.answer(request)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            text = b"" if status < 400 else b"the stand-in\nsays no"
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made = StandIn(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=5)
