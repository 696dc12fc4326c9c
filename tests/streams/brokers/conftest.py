"""The ingester of the stream tests. Here nothing depends on the kind of database, so this folder runs once."""

from tests.streams.conftest import ingesting

__all__ = ["ingesting"]
