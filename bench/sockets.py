"""Many WebSocket clients in one thread: they count what comes and acknowledge it, and parse nothing else."""

import asyncio
import base64
import re
import struct
import time
from collections.abc import Callable

VERSION = re.compile(rb'^\{"type":"(?:snapshot|delta)","sub":1,"epoch":"[^"]*","version":(\d+)')
MASK = b"\0\0\0\0"  # a mask of zeros leaves the payload as it is


def frame(text: bytes) -> bytes:
    """A client's text frame."""
    length = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0x80 | 126]) + struct.pack(">H", len(text))
    return b"\x81" + length + MASK + text


class Socket(asyncio.Protocol):
    """One client. ``heard(payload)`` is called for each text frame and answers what to send, or nothing."""

    def __init__(self, port: int, headers: str, first: bytes, heard: Callable[[bytes], bytes | None]) -> None:
        self.port, self.headers, self.first, self.heard = port, headers, first, heard
        self.buffer = b""
        self.open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        key = base64.b64encode(b"0123456789abcdef").decode()
        self.transport.write(
            f"GET /ws/live/ HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n{self.headers}\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if not self.open:
            head, end, rest = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if b" 101 " not in head.split(b"\r\n")[0]:
                raise SystemExit(f"The server refused a socket: {head.decode()}")
            self.open, self.buffer = True, rest
            if self.first:
                self.transport.write(frame(self.first))
        while (payload := self._next()) is not None:
            answer = self.heard(payload)
            if answer is not None:
                self.transport.write(frame(answer))

    def _next(self) -> bytes | None:
        """The payload of the next whole text frame; pings are answered."""
        while len(self.buffer) >= 2:
            opcode, length, at = self.buffer[0] & 15, self.buffer[1] & 127, 2
            if length == 126:
                if len(self.buffer) < 4:
                    return None
                (length,), at = struct.unpack_from(">H", self.buffer, 2), 4
            elif length == 127:
                if len(self.buffer) < 10:
                    return None
                (length,), at = struct.unpack_from(">Q", self.buffer, 2), 10
            if len(self.buffer) < at + length:
                return None
            payload, self.buffer = self.buffer[at : at + length], self.buffer[at + length :]
            if opcode == 1:
                return payload
            if opcode == 9:
                self.transport.write(b"\x8a" + bytes([0x80 | len(payload)]) + MASK + payload)
            if opcode == 8:
                raise SystemExit(f"The server closed a socket: {payload!r}")
        return None


class Crowd:
    """Clients of one server, and what they were delivered."""

    def __init__(self) -> None:
        self.delivered = 0
        self.size = 0  # of the last message
        self.clients: list[Socket] = []

    def hearer(self) -> Callable[[bytes], bytes | None]:
        """Of one client: counts messages, acknowledges every second picture, as the credit of two allows."""
        pictures = 0

        def heard(payload: bytes) -> bytes | None:
            nonlocal pictures
            found = VERSION.match(payload)
            if found is None and not payload.startswith(b'{"version"'):
                return None
            self.delivered += 1
            self.size = len(payload)
            pictures += found is not None
            if found is None or pictures % 2:
                return None
            return b'{"type":"ack","sub":1,"version":' + found[1] + b"}"

        return heard

    async def join(self, count: int, port: int, headers: str = "", first: bytes = b"") -> None:
        """Connect, a few at a time."""
        loop = asyncio.get_running_loop()
        for _ in range(count):
            _, client = await loop.create_connection(
                lambda: Socket(port, headers, first, self.hearer()), "127.0.0.1", port
            )
            self.clients.append(client)
            deadline = time.monotonic() + 20
            while not client.open:
                if time.monotonic() > deadline:
                    raise SystemExit("A socket did not open within 20 s.")
                await asyncio.sleep(0.001)

    def leave(self) -> None:
        """Hang up."""
        for client in self.clients:
            client.transport.abort()
