"""What an MQTT broker will lose, as far as it can be seen from outside: by what it says, and by trying.

What is tried happens on a topic of its own below ``procmine/check/``, with a session of its own that is removed again;
nothing of a user's is touched. Source: MQTT 5.0 (OASIS 2019), sections 3.2.2.3 and 4.4; mosquitto(8), "Broker Status".
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from streams.brokers.base import BrokerError, client_id
from streams.brokers.findings import Finding, ok, unknown, warning
from streams.brokers.mqtt.address import SESSION_EXPIRY_S, Address
from streams.brokers.mqtt.packets import MqttMessage
from streams.brokers.mqtt.publisher import Publisher
from streams.brokers.mqtt.source import Source
from streams.models import Broker
from streams.parsing.payloads import MAX_PAYLOAD

PUBLISHED = 1200  # messages: more than the 1,000 that a mosquitto keeps unless told otherwise
FEW_UNDER_WAY = 100  # below this the round trip sets the pace
CONF = "docs/mosquitto.conf has the settings for a mosquitto."
_ANSWER_S = 5.0
_QUIET_S = 1.0  # after so long nothing more comes
_VERSION = "$SYS/broker/version"
_UPTIME = "$SYS/broker/uptime"
_DROPPED = "$SYS/broker/publish/messages/dropped"


def check(broker: Broker, *, quick: bool) -> Iterator[Finding]:
    """Findings one by one; with ``quick`` nothing is published. Where the broker cannot be used, that is the last."""
    try:
        address = Address.of(broker)
        name = f"{client_id(broker.pk)}-check-{secrets.token_hex(4)}"
        with _session(address, name, keep_session=False) as source:
            yield ok("connection", f"{address} lets us in.")
            yield from _told(source)
        yield from _properties(address, name)
        if quick:
            yield unknown(
                "queue", "Not tried.", "Check without --quick to see what it keeps for a client that is away."
            )
        else:
            yield from _tried(address, name)
    except BrokerError as error:
        yield warning("connection", str(error), "Nothing more can be said before the broker can be used.")
    yield unknown(
        "persistence",
        "Whether sessions and what waits in them survive a restart of the broker cannot be seen from outside.",
        f"Set it there (persistence true, and a place for it). {CONF}",
    )


@contextmanager
def _session(address: Address, name: str, *, keep_session: bool) -> Iterator[Source]:
    source = Source(address, name, keep_session=keep_session)
    try:
        source.connect()
        yield source
    finally:
        source.close()


# --- What it says -------------------------------------------------------------------------


def _told(source: Source) -> Iterator[Finding]:
    """By ``$SYS``, which mosquitto and some others have."""
    told: dict[str, str] = {}
    deadline = time.monotonic() + _QUIET_S
    try:
        source.subscribe({_VERSION: 0, _UPTIME: 0, _DROPPED: 0})
        while time.monotonic() < deadline and len(told) < 3:
            for message in source.receive(10, 0.1):
                told[message.topic] = message.payload.decode(errors="replace")
    except BrokerError:
        pass  # some hang up on whoever asks
    if not told:
        yield unknown("figures", "It has no $SYS topics, or not for us: what it dropped so far is not known.")
        return
    about = ", up for ".join(told[topic] for topic in (_VERSION, _UPTIME) if topic in told)
    dropped = told.get(_DROPPED, "")
    if dropped.isdigit() and int(dropped):
        yield warning(
            "dropped",
            f"{about}: it has dropped {dropped} messages, of whatever client (or of an earlier check).",
            f"Raise its limits, max_queued_messages above all. {CONF}",
        )
    elif dropped:
        yield ok("dropped", f"{about}: it has dropped nothing.")
    else:
        yield unknown("dropped", f"{about}: it does not tell how much it dropped.")


def _properties(address: Address, name: str) -> Iterator[Finding]:
    """What it grants in CONNACK; MQTT 5 alone has a word for that."""
    v5 = replace(address, protocol=Broker.Protocol.V5)
    try:
        with _session(v5, name, keep_session=True) as source:
            granted = source.granted
    except BrokerError as error:
        yield unknown("limits", f"It does not speak MQTT 5 here, so its limits cannot be asked for: {error}")
        return
    finally:
        _forget(v5, name)
    if granted.get("MaximumQoS", 2) == 0:
        yield warning("QoS", "It delivers at QoS 0 only: what is under way at a failure is lost.", "Take another one.")
    expiry_s = granted.get("SessionExpiryInterval", SESSION_EXPIRY_S)
    if expiry_s < SESSION_EXPIRY_S:
        yield warning(
            "session",
            f"It keeps a session for {expiry_s} s only; a longer absence loses all that came meanwhile.",
            f"Let sessions live for {SESSION_EXPIRY_S // 86400} days (persistent_client_expiration).",
        )
    largest = granted.get("MaximumPacketSize", MAX_PAYLOAD)
    if largest < MAX_PAYLOAD:
        yield warning("size", f"It takes no packet above {largest} bytes.", "Keep events smaller, or raise its limit.")
    alive = f", keep-alive {granted['ServerKeepAlive']} s" if "ServerKeepAlive" in granted else ""
    yield ok(
        "limits",
        f"QoS up to {granted.get('MaximumQoS', 2)}, "
        f"retained messages {'yes' if granted.get('RetainAvailable', 1) else 'no'}, "
        f"{granted.get('ReceiveMaximum', 65535)} messages under way to it, session kept for {expiry_s} s{alive}.",
    )


# --- What it does -------------------------------------------------------------------------


def _tried(address: Address, name: str) -> Iterator[Finding]:
    """Go away, have messages published, come back and count; twice, to see how it delivers again."""
    topic = f"procmine/check/{secrets.token_hex(8)}"
    try:
        with _session(address, name, keep_session=True) as source, Publisher(address, stalled_s=_ANSWER_S) as publisher:
            if (refused := _subscribe(source, topic)) or not _arrives(source, publisher, topic):
                yield unknown(
                    "queue",
                    f"What it keeps could not be tried on {topic}: {refused or 'nothing published there arrives'}.",
                    "Let the user publish and read procmine/check/#.",
                )
                return
            source.close()
            for number in range(PUBLISHED):
                publisher.publish(topic, b"%d" % number)
            publisher.finish()
            source.connect()
            if not source.session_present:
                yield warning(
                    "session", "It forgets our session as soon as we are away.", f"Let it keep sessions. {CONF}"
                )
                return
            first = _receive(source, PUBLISHED)
            source.close()
            source.connect()
            second = _receive(source, len(first))
            yield _redelivery(first, second)
            yield _window(len(first))
            yield _queue({message.payload for message in _drain(source, second)})
    finally:
        _forget(address, name)


def _subscribe(source: Source, topic: str) -> str:
    """Why the subscription was refused; empty where it was not."""
    source.subscribe({topic: 1})
    deadline = time.monotonic() + _ANSWER_S
    while not source.settled and time.monotonic() < deadline:
        source.keep_alive(0.1)
    return source.refused.get(topic, "" if source.settled else "no answer to the subscription")


def _arrives(source: Source, publisher: Publisher, topic: str) -> bool:
    publisher.publish(topic, b"-")
    messages = source.receive(1, _ANSWER_S)
    source.acknowledge(messages)
    return bool(messages)


def _receive(source: Source, most: int) -> list[MqttMessage]:
    """What comes without being acknowledged."""
    messages = list(source.receive(most, _ANSWER_S))
    while len(messages) < most and (more := source.receive(most - len(messages), _QUIET_S)):
        messages += more
    return messages


def _drain(source: Source, messages: list[MqttMessage]) -> Iterator[MqttMessage]:
    """These and all that come after them, acknowledged."""
    while messages:
        yield from messages
        source.acknowledge(messages)
        messages = source.receive(PUBLISHED, _QUIET_S)


def _redelivery(first: list[MqttMessage], second: list[MqttMessage]) -> Finding:
    """P2: an event without an id is known again by packet id, DUP and content."""
    before = {message.payload: message.mid for message in first}
    if second and all(message.dup and before.get(message.payload) == message.mid for message in second):
        return ok("redelivery", "What it delivers again keeps packet id and DUP, so that it is recognised.")
    return warning(
        "redelivery",
        "What it delivers again after a lost connection cannot be told from a new message.",
        "Give every event an id (identity:id, or the mapping's id); without, a few may be stored twice.",
    )


def _window(under_way: int) -> Finding:
    if under_way >= FEW_UNDER_WAY:
        return ok("under way", f"At least {under_way} messages may be under way to us.")
    return warning(
        "under way",
        f"Only {under_way} messages may be under way to us: the network sets the pace, and more has to wait.",
        f"Raise max_inflight_messages. {CONF}",
    )


def _queue(came: set[bytes]) -> Finding:
    kept = len(came - {b"-"})
    if kept >= PUBLISHED:
        return ok(
            "queue", f"All {PUBLISHED} messages published while we were away came. Its limit, if any, lies above."
        )
    return warning(
        "queue",
        f"Of {PUBLISHED} messages published and confirmed while we were away only {kept} came: it drops the others.",
        f"Set max_queued_messages 0, with a limit in bytes. {CONF}",
    )


def _forget(address: Address, name: str) -> None:
    """Remove the session, whatever happened."""
    try:
        with _session(address, name, keep_session=False):
            pass
    except BrokerError:
        pass  # it was said before, or the session runs out by itself
