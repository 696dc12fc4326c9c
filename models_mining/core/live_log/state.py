"""The format of saved live logs: its version, and the error for anything that is not in it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from models_mining.core.counting.bulk import collector_paused

VERSION = 3


class StateError(ValueError):
    """Not the saved state of a live log, or one of an unknown version."""


@contextmanager
def reading(data: Mapping[str, Any]) -> Iterator[None]:
    """Check the version of ``data``; raise a StateError for whatever is wrong with the rest while it is read."""
    version = data.get("version") if isinstance(data, Mapping) else None
    if version != VERSION:
        raise StateError(f"version {version!r} of a state is unknown, {VERSION} is known")
    try:
        with collector_paused():
            yield
    except (AttributeError, LookupError, StopIteration, TypeError, ValueError) as error:
        raise StateError(f"this is not the state of a live log: {error!r}") from error
