"""The log that tests of the API speak of."""

from tests.clients import log

__all__ = ["log"]
