"""Connecting to Redis, with what goes wrong in words."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.connection import Connection, ConnectionPool, SSLConnection
from redis.retry import Retry

from foundation.http import addresses
from streams.brokers.base import BrokerError, secret_of
from streams.brokers.faults import Fault
from streams.models import Broker

CONNECT_S = 5.0


def keys(topic: str, partitions: int) -> list[str]:
    """The keys of a topic, in the order of their numbers."""
    return [topic] if partitions == 1 else [f"{topic}:{number}" for number in range(partitions)]


class _Checked(Connection):
    """Connects to hosts that a broker may be on, and to no others."""

    def _connect(self) -> socket.socket:
        sock = addresses.connect(self.host, self.port, self.socket_connect_timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(self.socket_timeout)
        return sock


class _CheckedTls(SSLConnection, _Checked):
    """The same, then TLS with the host by its name."""


def client_of(broker: Broker, timeout_s: float) -> "redis.Redis":
    """A client that is set up but not connected; raises BrokerError where the password cannot be read."""
    password = secret_of(broker)
    tls: dict[str, Any] = {"ssl_ca_data": broker.ca or None} if broker.tls else {}
    pool = ConnectionPool(
        connection_class=_CheckedTls if broker.tls else _Checked,
        host=broker.host,
        port=broker.port,
        db=broker.database,
        username=broker.username or None,
        password=password or None,
        protocol=2,
        retry=Retry(NoBackoff(), 0),  # whoever calls tries again, and says so
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        **tls,
    )
    return redis.Redis.from_pool(pool)


def probe(broker: Broker, timeout_s: float) -> None:
    """Sign in once; raises BrokerError."""
    with in_words():
        client = client_of(broker, timeout_s)
        try:
            client.ping()
        finally:
            client.close()


@contextmanager
def in_words() -> Iterator[None]:
    """What goes wrong with Redis becomes a BrokerError."""
    try:
        yield
    except redis.AuthenticationError as error:
        raise BrokerError(Fault.SIGN_IN, "Redis refused the user name or password.") from error
    except redis.TimeoutError as error:
        raise BrokerError(Fault.UNANSWERED, "Redis did not answer in time.") from error
    except (redis.RedisError, OSError, ssl.SSLError) as error:
        fault = Fault.KEY_DELETED if "NOGROUP" in str(error) else Fault.UNUSABLE
        raise BrokerError(fault, f"Redis cannot be used: {error}") from error


def text(value: bytes | str) -> str:
    """A name or id as Redis gives it."""
    return value.decode() if isinstance(value, bytes) else value
