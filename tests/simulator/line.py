"""A wire to a broker that a test can cut."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress

from simulator.sinks.mqtt_connection import BrokerUrl


class Line:
    """Forwards TCP connections to a broker. ``cut`` breaks those there are, ``close`` lets no new one in either."""

    def __init__(self, broker: str) -> None:
        where = BrokerUrl.parse(broker)
        self._target = where.host, where.port
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.url = f"mqtt://127.0.0.1:{self._server.getsockname()[1]}"
        self._start(self._accept)

    def _start(self, target: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(self._target)
                self._sockets += [near, far]
                self._start(self._forward, near, far)
                self._start(self._forward, far, near)

    @staticmethod
    def _forward(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Break all connections; new ones are accepted."""
        broken, self._sockets = self._sockets, []
        for end in broken:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def close(self) -> None:
        """Break all connections and take no new one; twice is harmless."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self._threads[0].join(timeout=5)
        self.cut()
