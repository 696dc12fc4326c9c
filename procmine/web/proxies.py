"""Who a request is from, behind proxies: their ``X-Forwarded-*`` headers count, those of anybody else do not.

One place for HTTP and WebSocket: what follows sees the client's address as ``REMOTE_ADDR``, and forwarding headers only
where a trusted proxy has set them. So the lock-out, the limits and the log need no rule of their own, and nobody picks
an address to be counted under, or claims to have come by TLS.
"""

from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

App = Callable[[dict[str, Any], Any, Any], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
_FORWARDING = {b"forwarded", b"x-real-ip"}
_FOR = b"x-forwarded-for"


class TrustedProxies:
    """Around an ASGI application; ``proxies`` are their addresses and networks (none: nobody is in front)."""

    def __init__(self, app: App, proxies: Sequence[str]) -> None:
        self.app = app
        self.networks = [ip_network(proxy) for proxy in proxies]

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await self.app(self.seen(scope), receive, send)

    def seen(self, scope: dict[str, Any]) -> dict[str, Any]:
        """The scope as it is to be believed."""
        peer = (scope.get("client") or ("",))[0]
        headers: Headers = scope.get("headers", [])
        trusted = self._is_proxy(peer)
        kept = [(name, value) for name, value in headers if trusted or not _is_forwarding(name)]
        scope = {**scope, "headers": kept}
        if trusted and (client := self._first_stranger(kept)):
            scope["client"] = [client, 0]  # its port is not told
        return scope

    def _first_stranger(self, headers: Headers) -> str:
        """Return the first address from the right that is no proxy of ours: each proxy adds the client it saw.

        Addresses left of it were sent by the client and may be anything. Where all are proxies by the settings, return
        the rightmost, which the last proxy saw: so clients stay apart even if the settings name a network that they are
        in. Empty where there is no address. Source: RFC 7239, section 8.1.
        """
        given = b",".join(value for name, value in headers if name == _FOR).decode("latin-1")
        seen = [_address(text) for text in reversed(given.split(","))]
        for address in seen:
            if not address or not self._is_proxy(address):
                return address or seen[0]
        return seen[0]

    def _is_proxy(self, text: str) -> bool:
        address = _address(text)
        return bool(address) and any(ip_address(address) in network for network in self.networks)


def _is_forwarding(name: bytes) -> bool:
    return name.startswith(b"x-forwarded-") or name in _FORWARDING


def _address(text: str) -> str:
    """An IP address in its usual form; empty where it is none."""
    try:
        address = ip_address(text.strip().strip("[]"))
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)
