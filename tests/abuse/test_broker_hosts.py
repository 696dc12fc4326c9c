"""A broker's host is somebody's wish: what this server opens connections to (CWE-918)."""

import socket
from ipaddress import ip_address
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from rest_framework.test import APIClient

from foundation.http import addresses
from foundation.http.addresses import Allowed
from streams.brokers import registry
from streams.models import Broker
from tests.installation import ROOT


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "fe80::1", "::ffff:169.254.169.254", "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe"),
        *("fd00:ec2::254", "100.100.100.200", "168.63.129.16", "::", "224.0.0.1", "255.255.255.255"),
        "0.0.0.0",  # noqa: S104  never bound
    ],
)
@pytest.mark.parametrize("entries", [[], ["0.0.0.0/0", "::/0"], ["cloud"]])
def test_metadata_and_hostless_addresses_are_refused_whatever_is_allowed(address: str, entries: list[str]) -> None:
    assert Allowed(entries).refuses("cloud", ip_address(address))


@pytest.mark.parametrize(
    ("entries", "host", "address", "refused"),
    [
        ([], "anywhere", "10.1.2.3", False),
        ([], "here", "::1", False),
        (["10.1.0.0/16"], "plant", "10.1.2.3", False),
        (["10.1.0.0/16"], "plant", "::ffff:10.1.2.3", False),
        (["10.1.0.0/16"], "plant", "10.2.2.3", True),
        (["10.1.0.0/16"], "localhost", "127.0.0.1", True),
        (["Plant."], "plant", "10.2.2.3", False),
        (["plant"], "plant.evil.example", "10.2.2.3", True),
        (["[fd12::1]"], "plant", "fd12::1", False),
    ],
)
def test_the_list_allows_names_and_networks(entries: list[str], host: str, address: str, refused: bool) -> None:
    assert bool(Allowed(entries).refuses(host, ip_address(address))) is refused


@pytest.mark.parametrize("host", ["a,b", "a:9092", "a b", "user@host", "http://a", "", "169.254.169.254", "[::]"])
def test_what_is_no_host_is_refused_when_saved(api: APIClient, host: str) -> None:
    answer = api.post("/api/v1/brokers/", {"name": "b", "host": host, "port": 1})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/host"


def test_a_host_off_the_list_is_refused_when_saved_and_when_connected_to(settings: Any, mqtt: Broker) -> None:
    settings.BROKER_HOSTS = ["plant", "10.0.0.0/8"]
    with pytest.raises(ValidationError, match="PROCMINE_BROKER_HOSTS"):
        mqtt.clean()  # it is 127.0.0.1
    for kind in Broker.Kind:
        mqtt.kind = kind
        assert "PROCMINE_BROKER_HOSTS" in str(registry.test_connection(mqtt, 2.0)), kind


@pytest.fixture
def rebinding(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A name that leads to this machine at the first look and elsewhere at every further one; the looks."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def lookup(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
        if host == "rebinding.example":
            asked.append(host)
            host = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return real(host, port, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    return asked


@pytest.mark.parametrize("kind", [Broker.Kind.MQTT, Broker.Kind.REDIS])
def test_the_connection_goes_to_the_address_that_was_checked(
    kind: str, rebinding: list[str], broker: str, redis_url: str, db: None
) -> None:
    url = broker if kind == Broker.Kind.MQTT else redis_url.removesuffix("/0")
    row = Broker(name="b", kind=kind, host="rebinding.example", port=int(url.rpartition(":")[2]))
    assert registry.test_connection(row, 5.0) is None
    assert len(rebinding) == 1
    assert "link-local" in str(registry.test_connection(row, 5.0))  # looked up anew, checked anew


def test_every_address_of_a_name_is_checked(settings: Any) -> None:
    settings.BROKER_HOSTS = ["127.0.0.0/8"]
    assert set(addresses.addresses_of("localhost", 1)) == {"127.0.0.1"}  # never ::1
    settings.BROKER_HOSTS = ["10.0.0.0/8"]
    with pytest.raises(addresses.HostRefusedError):
        list(addresses.addresses_of("localhost", 1))


CLIENTS = ("mqtt/address.py", "redis_streams/client.py", "kafka/client.py")


def test_no_connection_is_made_past_the_list() -> None:
    """Every client of a broker is set up in a module that checks; whoever adds one adds it here."""
    found = {
        str(path.relative_to(ROOT))
        for app in ("foundation", "streams")
        for path in (ROOT / app).rglob("*.py")
        if any(
            word in path.read_text()
            for word in ("create_connection(", "Redis.from_pool(", "ConnectionPool(", "bootstrap.servers", "(Client)")
        )
    }
    assert found == {"foundation/http/addresses.py", *(f"streams/brokers/{name}" for name in CLIENTS)}
