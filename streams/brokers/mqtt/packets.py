"""Bytes of a connection → messages. Pure.

Only PUBLISH is read here, since it is all but a few of the packets; the others are handed to the MQTT client as they
came. Source: MQTT 3.1.1 (OASIS 2014) and 5.0 (OASIS 2019), sections 2 and 3.3.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from streams.parsing.payloads import MAX_PAYLOAD

_TOO_LONG = MAX_PAYLOAD + 1
MAX_PACKET = _TOO_LONG + 64 * 1024 + 64  # bytes that are kept of one: the longest topic, and a payload too long to take
PUBLISH, PUBACK, PUBREC = 0x30, 0x40, 0x50
_LENGTH_BYTES = 4  # at most, of a variable byte integer
_ANSWER = struct.Struct(">BBH").pack


class MalformedError(ValueError):
    """These bytes are no MQTT; the message is a sentence for the user."""


@dataclass(slots=True)
class MqttMessage:
    """One PUBLISH as it came. ``connection`` numbers the connection: only there ``mid`` may be acknowledged."""

    topic: str
    payload: bytes
    qos: int
    mid: int
    dup: bool
    retain: bool
    received_at: datetime
    connection: int


class Cutter:
    """Cuts what one connection brings into packets, wherever the network has split them.

    At most `MAX_PACKET` bytes wait here for their packet's end. Of a longer PUBLISH the rest is passed over; what is
    left is still too long for an event, so that it is refused like any other and blocks nobody.
    """

    def __init__(self, connection: int, *, v5: bool) -> None:
        self.connection = connection
        self.v5 = v5
        self.others = bytearray()  # whole packets of other kinds; whoever reads them takes them out
        self._parts: list[bytes] = []
        self._size = 0
        self._need = 2  # bytes before there is anything to cut
        self._skip = 0  # bytes of a packet that was cut

    def cut(self, data: bytes, received_at: datetime) -> list[MqttMessage]:
        """The messages that ``data`` completes; raises MalformedError, after which the connection is of no use."""
        if self._skip:
            skipped = min(self._skip, len(data))
            self._skip -= skipped
            data = data[skipped:]
        self._parts.append(data)
        self._size += len(data)
        if self._size < self._need:
            return []
        data = b"".join(self._parts)
        messages: list[MqttMessage] = []
        try:
            begin = self._cut(data, received_at, messages)
        except IndexError:
            raise MalformedError("A packet is shorter than what it should hold.") from None
        self._parts = [data[begin:]]
        self._size = len(data) - begin
        return messages

    def _cut(self, data: bytes, received_at: datetime, messages: list[MqttMessage]) -> int:
        """Append what is whole to ``messages`` and to `others`; where the first packet begins that is not."""
        begin, end = 0, len(data)
        while end - begin >= 2:
            first, length, body = data[begin], data[begin + 1], begin + 2
            if length > 0x7F:
                if end - begin <= _LENGTH_BYTES and data[end - 1] > 0x7F:
                    break  # the length itself is not here yet
                length, body = _variable(data, begin + 1)
            stop = body + length
            if stop - begin > MAX_PACKET:
                if first & 0xF0 != PUBLISH:
                    raise MalformedError(f"A packet of {length} bytes that is no message.")
                if end - begin < MAX_PACKET:
                    self._need = MAX_PACKET
                    return begin
                messages.append(self._message(first, data, body, min(stop, end), received_at, least=_TOO_LONG))
                self._skip = max(0, stop - end)
                begin = min(stop, end)
                continue
            if stop > end:
                self._need = stop - begin
                return begin
            if first & 0xF0 == PUBLISH:
                messages.append(self._message(first, data, body, stop, received_at))
            else:
                self.others += data[begin:stop]
            begin = stop
        self._need = end - begin + 1 if begin < end else 2
        return begin

    def _message(
        self, first: int, data: bytes, body: int, stop: int, received_at: datetime, *, least: int = 0
    ) -> MqttMessage:
        at = body + 2 + (data[body] << 8 | data[body + 1])
        qos, mid = first >> 1 & 3, 0
        try:
            topic = data[body + 2 : at].decode()
        except UnicodeDecodeError:
            topic = "\N{REPLACEMENT CHARACTER}"  # no broker should pass it on; it belongs to no stream
        if qos:
            mid = data[at] << 8 | data[at + 1]
            at += 2
        if self.v5:
            length, at = _variable(data, at)
            at += length
        if at > stop and not least:
            raise MalformedError("A message is shorter than what it should hold.")
        if not topic or qos == 3 or (qos and not mid):
            raise MalformedError("A message without topic or packet id, or of QoS 3.")  # no alias was ever allowed
        return MqttMessage(
            topic,
            data[at:stop].ljust(least, b"\0") if least else data[at:stop],  # MQTT 5 may fill a packet with properties
            qos,
            mid,
            first & 0x08 != 0,
            first & 0x01 != 0,
            received_at,
            self.connection,
        )


def _variable(data: bytes, at: int) -> tuple[int, int]:
    """A variable byte integer (MQTT 5, section 1.5.5), and where it ends."""
    value = 0
    for place in range(_LENGTH_BYTES):
        byte = data[at + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value, at + place + 1
    raise MalformedError("A length of more than four bytes.")


def answers(messages: Iterable[MqttMessage]) -> bytes:
    """The packets that acknowledge these: PUBACK, or PUBREC for QoS 2; none for QoS 0."""
    return b"".join(
        [_ANSWER(PUBACK if message.qos == 1 else PUBREC, 2, message.mid) for message in messages if message.qos]
    )
