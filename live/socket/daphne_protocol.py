"""Daphne's WebSocket protocol, with what a crowd of watchers needs.

- A text that many are sent is framed once (autobahn's prepared messages).
- autobahn dresses up two lines for its debug log, which is off, for each frame in and out; that took a third of the
  time of a delivery.
- An acknowledgement is one small frame, and comes alone: it is read in one step.
- Twisted asks the system whether a socket can be written to before it writes, and again not to be told any more. A
  socket mostly can: what fits is written at once.
- An application may close with 1012 and 1013, which are registered for servers (IANA, WebSocket Close Code Number
  Registry); autobahn lets it use 1000 and 3000 to 4999 only.
"""

from functools import lru_cache

from autobahn.websocket.protocol import PreparedMessage
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet.tcp import Connection


@lru_cache(maxsize=32)
def framed(text: str) -> PreparedMessage:
    """A text as a frame of a server."""
    return PreparedMessage(text.encode(), isBinary=False, applyMask=False, doNotCompress=False)


def small_text(data: bytes) -> bytes | None:
    """The payload, where ``data`` is one whole masked text frame of at most 125 bytes of UTF-8; else None.

    Source: RFC 6455, section 5.2.
    """
    if len(data) <= 6 or data[0] != 0x81 or not 0x81 <= data[1] <= 0xFD or data[1] - 0x80 != len(data) - 6:
        return None
    length = len(data) - 6
    mask = (data[2:6] * (length // 4 + 1))[:length]
    text = (int.from_bytes(data[6:]) ^ int.from_bytes(mask)).to_bytes(length)
    try:
        text.decode()
    except UnicodeDecodeError:
        return None  # autobahn closes with 1007
    return text


class CrowdProtocol(WebSocketProtocol):  # type: ignore[misc]  # daphne has no types
    def serverSend(self, content: str | bytes, binary: bool = False) -> None:  # noqa: N802  its names
        if self.state == self.STATE_OPEN and isinstance(content, str):
            self.sendPreparedMessage(framed(content))
        else:
            super().serverSend(content, binary)

    def serverClose(self, code: int | None = None) -> None:  # noqa: N802
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=1000 if code is None else code, isReply=False)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        between = self.state == self.STATE_OPEN and self.current_frame is None
        text = small_text(data) if between and not self.data and not self.inside_message else None
        if text is None:
            self._dataReceived(data)
        else:
            self.onMessage(text, isBinary=False)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:  # noqa: N802
        if sync or chopsize or self.send_queue:
            super().sendData(data, sync, chopsize)
            return
        transport = self.transport
        if isinstance(transport, Connection) and not (transport.dataBuffer or transport._tempDataBuffer):  # noqa: SLF001
            sent = transport.writeSomeData(data)
            data = data[sent:] if isinstance(sent, int) else data  # else the connection is lost: write() sees to it
        if data:
            transport.write(data)


def install() -> None:
    """From now on daphne's connections speak it."""
    WebSocketFactory.protocol = CrowdProtocol
