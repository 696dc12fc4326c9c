"""The same clients as the tests of the API, and a web process of its own."""

from tests.api.conftest import anyone, api, log, mqtt, owner, stream, user_who, with_token

__all__ = ["anyone", "api", "log", "mqtt", "owner", "stream", "user_who", "with_token"]
