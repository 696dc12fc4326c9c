"""Interfaces and errors that all kinds of brokers share."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings

from foundation.encryption import SecretUnreadableError
from foundation.errors import DomainError
from streams.brokers.faults import Fault
from streams.models import Broker, Stream


class BrokerError(DomainError):
    """The broker cannot be used now, or not as it should: a code, and a sentence for the user."""

    status, text = 503, "{why}"

    def __init__(self, fault: Fault, why: str) -> None:
        super().__init__(why=why)
        self.code = fault


class BrokerMessage(Protocol):
    """One message as it came: what it says and where it was said."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def received_at(self) -> datetime: ...
    @property
    def retain(self) -> bool: ...


class Ledger(Protocol):
    """What makes a batch ours, and stored once."""

    def is_redelivery(self, message: Any) -> bool:
        """Whether this is the redelivery of a message that was stored."""

    def remember(self, messages: Sequence[Any], without_id: Sequence[Any]) -> None:
        """Write what was taken, in the transaction that stores it; ``without_id`` brought no event id to know them by.

        Raises LeaseLostError where another process takes these messages now.
        """


class Source(Ledger, Protocol):
    """A broker's messages for its streams, taken by one thread. Every method may raise BrokerError.

    Several processes may take messages of one broker; which share of them is ours is the source's own matter, and a
    case is in one share only.
    """

    note: BrokerError | None  # what to know of a connection that works

    def own(self) -> None:
        """Take or renew our share; raises LeaseLostError where it is none. Called at least every second."""

    def connect(self) -> None:
        """Connect and sign in."""

    def follow(self, streams: Sequence[Stream]) -> None:
        """Ask for the messages of these streams, and for no others any more."""

    def receive(self, limit: int, timeout_s: float) -> Sequence[BrokerMessage]:
        """At most ``limit`` messages that wait, as soon as there is one; none after ``timeout_s``."""

    def acknowledge(self, messages: Sequence[Any]) -> None:
        """Tell the broker that these are stored."""

    def keep_alive(self, timeout_s: float) -> None:
        """Stay connected for a while without taking messages."""

    @property
    def settled(self) -> bool:
        """Whether what waits at the broker would be on its way by now."""

    def close(self) -> None:
        """Disconnect; what was not acknowledged comes again."""

    def release(self) -> None:
        """Leave our share to others."""


class Target(Protocol):
    """Where events are sent, while it is connected. May raise BrokerError."""

    def send(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send payloads, each with the case it belongs to, and return when the broker has confirmed all."""


def client_id(broker_id: int) -> str:
    """Under which a broker keeps our session."""
    return f"procmine-{settings.INSTALLATION}-{broker_id}"


def secret_of(broker: Broker) -> str:
    """Return the password itself; raise BrokerError where it cannot be read."""
    try:
        return broker.secret
    except SecretUnreadableError as error:
        raise BrokerError(Fault.SECRET, str(error)) from error
