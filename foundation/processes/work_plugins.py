"""What else ``manage.py work`` does: apps above register their part of it when they are ready.

A part is made once for each worker, and takes turns with the others in one thread: what would take long it does in a
`foundation.processes.children.Child`. It shares its work with other workers through leases, and begins from its tables.
"""

from typing import Protocol


class WorkPlugin(Protocol):
    """One kind of work, piece by piece."""

    @property
    def busy(self) -> bool:
        """Whether something is left to do now."""

    def turn(self, now: float) -> float:
        """Do what is due, and tell when to come back at the latest (monotonic seconds). Survives the database."""

    def wake(self) -> None:
        """Look with the next turn: something was stored or changed."""

    def close(self) -> None:
        """A clean end."""


WORK_PLUGINS: list[str] = []


def register(path: str) -> None:
    """Let every worker have such a part; ``path`` names its class, as ``app.module.Class``: only workers import it."""
    if path not in WORK_PLUGINS:
        WORK_PLUGINS.append(path)
