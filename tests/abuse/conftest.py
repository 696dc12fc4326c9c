"""The clients of the API's tests, and the ingester of those of streams."""

from tests.api.conftest import anyone, api, log, mqtt, owner, stream, user_who, with_token
from tests.streams.conftest import base, ingesting, publish, registered

__all__ = ["anyone", "api", "base", "ingesting", "log", "mqtt", "owner", "publish"]
__all__ += ["registered", "stream", "user_who", "with_token"]
