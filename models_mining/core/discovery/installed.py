"""Algorithms of other installed packages, found by the entry point group ``procmine.algorithms``."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points

from models_mining.core.discovery.registry import ALGORITHMS

GROUP = "procmine.algorithms"

FAILED: dict[str, str] = {}
"""What could not be loaded: ``package:entry point`` → reason."""


def load(found: Iterable[EntryPoint] | None = None) -> None:
    """Import the module of each entry point, which registers its algorithms with `miner`.

    An entry point that cannot be loaded takes none of the others with it: it is logged, and kept in `FAILED`. Half of
    its algorithms would be a surprise, so none of them stays.
    """
    for entry in sorted(entry_points(group=GROUP) if found is None else found, key=lambda entry: entry.name):
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value
        before = set(ALGORITHMS)
        try:
            entry.load()
        except Exception as error:  # noqa: BLE001  whatever the code of others raises
            for name in set(ALGORITHMS) - before:
                del ALGORITHMS[name]
            FAILED[f"{package}: {entry.name}"] = f"{type(error).__name__}: {error}"
            logging.getLogger(__name__).warning("The algorithms of %s cannot be loaded: %s", package, error)
        for name in set(ALGORITHMS) - before:
            ALGORITHMS[name] = replace(ALGORITHMS[name], package=package)
