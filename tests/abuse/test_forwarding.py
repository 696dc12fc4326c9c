"""Forwarding headers count where a trusted proxy sent them; anybody else's are as if they were not there."""

from typing import Any

import pytest

from procmine.web.proxies import TrustedProxies

PROXIES = ["10.0.0.5", "172.16.0.0/12", "fd00::/8"]


def seen(client: str | None, proxies: list[str], **headers: str) -> tuple[Any, dict[str, str]]:
    """Client and remaining headers as the application sees them."""

    async def application(scope: Any, receive: Any, send: Any) -> None: ...

    given = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {"type": "http", "client": client and [client, 4711], "headers": given}
    told = TrustedProxies(application, proxies).seen(scope)
    left = {name.decode(): value.decode("latin-1") for name, value in told["headers"]}
    return told["client"] and told["client"][0], left


SPOOFED = {
    "x_forwarded_for": "1.2.3.4",
    "x_forwarded_proto": "https",
    "forwarded": "for=1.2.3.4",
    "x_real_ip": "1.2.3.4",
}


@pytest.mark.parametrize("proxies", [[], PROXIES])
def test_a_stranger_cannot_say_who_it_is_nor_how_it_came(proxies: list[str]) -> None:
    client, headers = seen("9.9.9.9", proxies, accept="*/*", **SPOOFED)
    assert (client, headers) == ("9.9.9.9", {"accept": "*/*"})


@pytest.mark.parametrize(
    ("told", "client"),
    [
        ("8.8.8.8", "8.8.8.8"),
        ("1.2.3.4, 8.8.8.8", "8.8.8.8"),  # what stands before was sent by the client itself
        ("1.2.3.4, 8.8.8.8, 172.20.0.3", "8.8.8.8"),  # two proxies of ours
        ("::ffff:8.8.8.8", "8.8.8.8"),
        ("2001:DB8::1", "2001:db8::1"),
        ("8.8.8.8, nonsense", "10.0.0.5"),  # nothing to go by: the proxy itself
        ("nonsense", "10.0.0.5"),
        ("172.20.0.3", "172.20.0.3"),  # a network of proxies that clients are in too: they stay apart
        ("172.20.0.9, 172.20.0.3", "172.20.0.3"),
        ("", "10.0.0.5"),
    ],
)
def test_behind_a_proxy_the_client_is_the_first_that_is_no_proxy_of_ours(told: str, client: str) -> None:
    got, headers = seen("10.0.0.5", PROXIES, x_forwarded_for=told, x_forwarded_proto="https")
    assert got == client
    assert headers["x-forwarded-proto"] == "https"


def test_a_socket_without_an_address_is_nobodys_proxy() -> None:
    assert seen(None, PROXIES, **SPOOFED)[0] is None
