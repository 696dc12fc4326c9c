"""What comes over the wire, cut into messages: any split, both versions, no packet that ends or fools us."""

import contextlib
import struct
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.brokers.mqtt.packets import MAX_PACKET, Cutter, MalformedError, MqttMessage, answers
from streams.parsing.payloads import MAX_PAYLOAD

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PINGRESP = b"\xd0\x00"
CONTENT_TYPE = b"\x03\x00\x04json"  # an MQTT 5 property


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + varint(len(body)) + body


def published(
    topic: bytes, payload: bytes, qos: int = 1, mid: int = 7, flags: int = 0, properties: bytes | None = None
) -> bytes:
    body = struct.pack(">H", len(topic)) + topic + (struct.pack(">H", mid) if qos else b"")
    if properties is not None:
        body += varint(len(properties)) + properties
    return packet(0x30 | qos << 1 | flags, body + payload)


def seen(message: MqttMessage) -> tuple[object, ...]:
    return (message.topic, message.payload, message.qos, message.mid, message.dup, message.retain)


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8"), min_size=1, max_size=300),
            st.binary(max_size=300),
            st.integers(0, 2),
            st.integers(1, 65535),
            st.sampled_from([0, 0x01, 0x08, 0x09]),
        ),
        max_size=8,
    ),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_messages_are_read_as_they_were_sent_however_the_network_splits_them(sent, v5, chance):
    stream = PINGRESP
    for topic, payload, qos, mid, flags in sent:
        properties = chance.choice([b"", CONTENT_TYPE, CONTENT_TYPE * 40]) if v5 else None
        stream += published(topic.encode(), payload, qos, mid, flags, properties) + PINGRESP
    cutter = Cutter(3, v5=v5)
    read: list[MqttMessage] = []
    while stream:
        size = chance.choice([1, 2, 3, 50, 1000])
        read += cutter.cut(stream[:size], NOW)
        stream = stream[size:]
    assert [seen(message) for message in read] == [
        (topic, payload, qos, mid if qos else 0, bool(flags & 8), bool(flags & 1))
        for topic, payload, qos, mid, flags in sent
    ]
    assert cutter.others == PINGRESP * (len(sent) + 1)
    assert {(message.received_at, message.connection) for message in read} <= {(NOW, 3)}


@pytest.mark.parametrize("piece", [4096, 1 << 30])
@pytest.mark.parametrize(("v5", "properties"), [(False, None), (True, b""), (True, CONTENT_TYPE * 200_000)])
def test_a_message_longer_than_any_event_is_cut_and_the_next_is_whole(piece, v5, properties):
    stream = published(b"t/big", b"x" * 1_200_000, properties=properties) + published(
        b"t/next", b"{}", mid=8, properties=properties and b""
    )
    cutter = Cutter(1, v5=v5)
    read = [m for at in range(0, len(stream), piece) for m in cutter.cut(stream[at : at + piece], NOW)]
    assert [(message.topic, message.mid) for message in read] == [("t/big", 7), ("t/next", 8)]
    assert MAX_PAYLOAD < len(read[0].payload) <= (MAX_PACKET + piece if piece == 4096 else 1_200_000)
    assert read[1].payload == b"{}"


@pytest.mark.parametrize(
    ("stream", "v5"),
    [
        pytest.param(packet(0x32, b""), False, id="an empty message"),
        pytest.param(packet(0x32, b"\x00\x09abc\x00\x01"), False, id="a topic longer than its packet"),
        pytest.param(packet(0x32, b"\x00\x01a\x00"), False, id="half a packet id"),
        pytest.param(published(b"t", b"", mid=0), False, id="a packet id that is none"),
        pytest.param(published(b"t", b"", qos=3), False, id="a QoS that is none"),
        pytest.param(published(b"", b""), False, id="no topic"),
        pytest.param(published(b"", b"", properties=b"\x23\x00\x01"), True, id="an alias that nobody allowed"),
        pytest.param(packet(0x32, b"\x00\x01a\x00\x01\x7f"), True, id="properties longer than their packet"),
        pytest.param(packet(0x32, b"\x00\x01a\x00\x01\xff\xff\xff\xff\x01"), True, id="a length without end"),
        pytest.param(b"\x30\xff\xff\xff\xff\x01", False, id="a packet length without end"),
        pytest.param(packet(0x90, bytes(MAX_PACKET)), False, id="a huge packet that is no message"),
    ],
)
def test_what_is_no_mqtt_is_refused(stream, v5):
    with pytest.raises(MalformedError):
        Cutter(1, v5=v5).cut(stream + PINGRESP, NOW)


@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_do_anything_else_than_be_read_or_refused(data, v5):
    with contextlib.suppress(MalformedError):
        Cutter(1, v5=v5).cut(data, NOW)


def test_messages_are_acknowledged_in_one_piece_by_their_qos():
    messages = Cutter(1, v5=False).cut(b"".join(published(b"t", b"", qos, 300 + qos) for qos in range(3)), NOW)
    assert answers(messages) == b"\x40\x02\x01\x2d\x50\x02\x01\x2e"
