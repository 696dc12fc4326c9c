"""A connection from which messages are taken before the MQTT client sees them.

The client (paho) connects, subscribes, keeps the connection alive and speaks TLS. It needs some 50 µs for a message,
most of it locks and callbacks that a single thread has no use for; cut out of the byte stream in larger pieces, and
acknowledged in one write, they cost a tenth.
"""

import socket
import ssl
from typing import Any

from streams.brokers.mqtt.address import CheckedClient
from streams.brokers.mqtt.packets import Cutter

_CHUNK = 256 * 1024  # bytes read at once
_CLOSE_S = 1.0  # for what is still to be sent at the end
_LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Sieve:
    """A socket as the client expects one: it reads what is no message, and everything it sends is taken at once."""

    def __init__(self, sock: socket.socket, cutter: Cutter) -> None:
        self._sock = sock
        self.cutter = cutter
        self._unsent = bytearray()
        self._end: OSError | None = None
        self.heard = False  # something came since whoever reads this took it back

    # --- For whoever takes the messages -------------------------------------------------

    def read(self) -> bytes:
        """What has arrived, at most so much at once; empty if nothing has, or at the end (then see `for_client`)."""
        try:
            data = self._sock.recv(_CHUNK)
        except _LATER:
            return b""
        except OSError as error:
            self._end = error
            return b""
        if not data:
            self._end = ConnectionResetError("The other side closed the connection.")
        self.heard = True
        return data

    @property
    def pending(self) -> bool:
        """Whether something was read from the network already, so that waiting for it would be in vain (TLS)."""
        return isinstance(self._sock, ssl.SSLSocket) and self._sock.pending() > 0

    @property
    def for_client(self) -> bool:
        """Whether there is something for the client to read: packets that are no messages, or the end."""
        return bool(self.cutter.others) or self._end is not None

    @property
    def unsent(self) -> bool:
        """Whether the network has not taken everything yet: call `flush` when it can."""
        return bool(self._unsent)

    def flush(self) -> None:
        """Send what the network takes now; raises OSError where the connection is gone."""
        try:
            while self._unsent:
                del self._unsent[: self._sock.send(self._unsent)]
        except _LATER:
            pass

    # --- For the client -----------------------------------------------------------------

    def recv(self, size: int) -> bytes:
        others = self.cutter.others
        if others:
            taken = bytes(others[:size])
            del others[:size]
            return taken
        if self._end is not None:
            raise self._end
        raise BlockingIOError

    def send(self, data: bytes | bytearray) -> int:
        self._unsent += data
        self.flush()
        return len(data)

    def fileno(self) -> int:
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        self._sock.setblocking(flag)

    def setsockopt(self, *option: Any) -> None:
        self._sock.setsockopt(*option)

    def close(self) -> None:
        try:
            self._sock.settimeout(_CLOSE_S)
            self._sock.sendall(self._unsent)
        except OSError:
            pass  # what it did not learn, the broker sends again
        self._sock.close()


class SievedClient(CheckedClient):
    """The client over a `Sieve`; set ``cutter`` before it connects."""

    cutter: Cutter
    sieve: Sieve | None = None

    def _create_socket(self) -> Any:
        """paho's own place for a socket of another kind (it puts WebSockets there)."""
        self.sieve = Sieve(super()._create_socket(), self.cutter)  # type: ignore[arg-type]
        return self.sieve

    def _check_keepalive(self) -> None:
        """Whatever comes shows that the broker lives: the answer to a ping may lie behind megabytes of messages."""
        if self.sieve is not None and self.sieve.heard:
            self.sieve.heard = False
            self._ping_t = 0.0
        super()._check_keepalive()
