"""The counts of a live log as algorithms take them: plain, and in one order, so that ties always break alike."""

from collections.abc import Mapping
from typing import TypeVar

from models_mining.core.counting.abstraction import Abstraction
from models_mining.core.counting.pairs import Pair

Key = TypeVar("Key", str, Pair)


def follows(counts: Abstraction) -> dict[Pair, int]:
    """How often one activity directly followed another."""
    return {pair: counts.directly_follows[pair].count for pair in sorted(counts.directly_follows)}


def in_order(counts: Mapping[Key, int]) -> dict[Key, int]:
    """The same counts, sorted by what is counted."""
    return {key: counts[key] for key in sorted(counts)}
