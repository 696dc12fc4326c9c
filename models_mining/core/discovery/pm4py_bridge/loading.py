"""Loading pm4py when it is first needed (that takes two seconds and 200 MB), and what becomes of its errors."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from models_mining.core.discovery.registry import NotDerivableError


def load() -> Any:
    """The package ``pm4py``, without progress bars and advertisements."""
    import pm4py
    from pm4py.util import constants

    constants.SHOW_PROGRESS_BAR = False
    constants.SHOW_INTERNAL_WARNINGS = False  # advertises optional packages
    return pm4py


_background: threading.Thread | None = None


def ready() -> bool:
    """Whether `load` answers at once: if not, pm4py is being loaded in the background from now on; ask again.

    Also true when that failed: `load` then says why.
    """
    global _background
    if _background is None:
        _background = threading.Thread(target=load, name="pm4py", daemon=True)
        _background.start()
    return not _background.is_alive()


def settle() -> None:
    """Wait for what is being loaded in the background: a process may not be forked meanwhile."""
    if _background is not None:
        _background.join()


@contextmanager
def pm4py_errors(algorithm: str) -> Iterator[None]:
    """Whatever pm4py raises in here becomes a NotDerivableError: on odd logs its algorithms fail in many ways."""
    try:
        yield
    except MemoryError:
        raise  # of this process, not of this log
    except Exception as error:
        raise NotDerivableError(f"{algorithm} finds no model of this log ({type(error).__name__}: {error})") from error
