"""Which hosts this server connects to because somebody wrote them down: checked when that is saved, and again on the
address that is connected to.

Whoever may register brokers makes this server open connections, and the answers tell what listens where (server-side
request forgery, CWE-918). So an administrator says by ``PROCMINE_BROKER_HOSTS`` where brokers are, and by
``PROCMINE_NOTIFY_HOSTS`` where notifications may go beside the public internet. A name is looked up once, every address
of it is checked, and the connection goes to a checked address, not to the name: a name that answers differently the
second time (DNS rebinding) gains nothing.

Whatever the setting says, some addresses are never connected to: link-local ones, under which clouds offer the
credentials of a machine, and what is no address of one host (multicast, unspecified, reserved).
"""

import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings

IpAddress = IPv4Address | IPv6Address
_NAME = re.compile(r"[\w.-]+")
_NEVER = [  # clouds' own services that are not link-local
    ip_network("fd00:ec2::/32"),  # Amazon
    ip_network("100.100.100.200/32"),  # Alibaba
    ip_network("168.63.129.16/32"),  # Azure
]
_NAT64 = ip_network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an address of IPv4


class HostRefusedError(ConnectionError):
    """No connection goes there; the message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Entries of the allow-list: host names, addresses and networks (CIDR). None at all: every host.

    ``public``: the entries come in addition to what anybody on the internet can reach, so none at all: nothing else.
    """

    entries: Sequence[str]
    setting: str = "PROCMINE_BROKER_HOSTS"
    public: bool = False

    def refuses_unseen(self, host: str) -> str:
        """Why a host is refused, as far as can be said without looking its name up; empty where it is not."""
        literal = _literal(host)
        if literal is not None:
            return self.refuses(host, literal)
        if not _NAME.fullmatch(host):
            return "Expected a host name or an address, without a port."
        if host.rstrip(".").rpartition(".")[2].lower().removeprefix("0x").isdigit():
            return "Expected a host name, or an address in its usual form."  # 0x7f.1 and 2130706433 are 127.0.0.1
        closed = self.entries and not self.public
        if closed and not self._named(host) and all(_network(entry) is None for entry in self.entries):
            return f"{self.setting} does not name the host {host}."
        return ""

    def refuses(self, host: str, address: IpAddress) -> str:
        """Why an address of a host is refused; empty where it is not."""
        inner = _inner(address)
        if (
            inner.is_link_local
            or inner.is_multicast
            or inner.is_unspecified
            or (inner.is_reserved and not inner.is_loopback)
            or any(inner in network for network in _NEVER)
        ):
            return f"{address} is link-local or no host's: no connection goes there."
        if self._named(host) or (inner.is_global if self.public else not self.entries):
            return ""
        networks = [found for entry in self.entries if (found := _network(entry)) is not None]
        if any(inner in network for network in networks):
            return ""
        return f"{self.setting} names neither the host {host} nor a network that holds {address}."

    def _named(self, host: str) -> bool:
        return any(_plain(entry) == _plain(host) for entry in self.entries)


def check_entry(entry: str) -> None:
    """Raises ValueError where an entry of the setting is neither a name nor an address or network."""
    if "/" in entry:
        ip_network(entry)  # raises ValueError, also where bits of a host are set
    elif _literal(entry) is None and not _NAME.fullmatch(entry):
        raise ValueError(f"{entry!r} is no host name, address or network.")


def brokers() -> Allowed:
    """Where brokers may be."""
    return Allowed(settings.BROKER_HOSTS)


def receivers() -> Allowed:
    """Where notifications may go."""
    return Allowed(settings.NOTIFY_HOSTS, "PROCMINE_NOTIFY_HOSTS", public=True)


def refused_host(host: str) -> str:
    """`Allowed.refuses_unseen` of a broker's host."""
    return brokers().refuses_unseen(host)


def addresses_of(host: str, port: int, allowed: Allowed | None = None) -> Iterator[str]:
    """The addresses of a host that may be connected to, looked up now; a broker's unless ``allowed`` is given.

    Raises HostRefusedError where there are addresses and all are refused, socket.gaierror where there is none.
    """
    allowed = allowed or brokers()
    refused = ""
    any_allowed = False
    for *_, place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        text = str(place[0])
        reason = allowed.refuses(host, ip_address(text))
        if not reason:
            any_allowed = True
            yield text
        refused = refused or reason
    if not any_allowed:
        raise HostRefusedError(refused)


def connect(host: str, port: int, timeout_s: float | None) -> socket.socket:
    """An open TCP connection to the first checked address that answers; raises OSError (HostRefusedError is one)."""
    failed: OSError = HostRefusedError(f"{host} has no address.")
    for address in addresses_of(host, port):
        try:
            return socket.create_connection((address, port), timeout_s)
        except OSError as error:
            failed = error
    raise failed


def _inner(address: IpAddress) -> IpAddress:
    """What an address leads to: IPv6 can carry an IPv4 one in several ways."""
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address


def _literal(host: str) -> IpAddress | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(entry.strip("[]"))
    except ValueError:
        return None


def _plain(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
