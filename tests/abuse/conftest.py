"""The ingester of the tests of streams."""

from tests.streams.conftest import base, ingesting, publish, registered

__all__ = ["base", "ingesting", "publish", "registered"]
