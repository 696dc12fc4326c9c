"""Partially ordered workflow models as plain values, and as drawings.

Source: Kourani, van Zelst: POWL: Partially Ordered Workflow Language, BPM 2023.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple

from models_mining.core.drawing.canonical import listed, ordering, unique
from models_mining.core.drawing.drawing import Drawing, Row

Type = Literal["leaf", "silent", "xor", "loop", "partial-order"]


class Block(NamedTuple):
    """A part of a model: an activity (``leaf``), a ``silent`` step, or an operator over ``children``.

    ``xor`` does one of them. ``loop`` does the first, then any number of times the second and the first again.
    ``partial-order`` does all of them; ``order`` says which must be finished before which begins, by their numbers,
    without what follows from the rest of it. Children of ``xor`` and ``partial-order`` stand in a canonical order,
    so equal models are equal values.
    """

    type: Type
    label: str = ""
    children: "tuple[Block, ...]" = ()
    order: tuple[tuple[int, int], ...] = ()

    def leaves(self) -> list[str]:
        """The activities, in the order of the children."""
        if self.type == "leaf":
            return [self.label]
        return [label for child in self.children for label in child.leaves()]


def block(
    type: Type,  # noqa: A002 as in the drawing
    children: Sequence[Block] = (),
    order: Iterable[tuple[int, int]] = (),
    label: str = "",
) -> Block:
    """A Block in canonical form; ``order`` numbers ``children`` as given, and need not be transitive or reduced."""
    if type not in ("xor", "partial-order"):
        return Block(type, label, tuple(children))
    pairs = _reduced(len(children), order)
    ranks = ordering(list(children), [(before, after, 1) for before, after in pairs])
    places = sorted(range(len(children)), key=lambda number: ranks[number])
    at = {number: place for place, number in enumerate(places)}
    return Block(
        type,
        label,
        tuple(children[number] for number in places),
        tuple(sorted((at[before], at[after]) for before, after in pairs)),
    )


def draw_powl(model: Block) -> Drawing:
    """A drawing of kind ``powl``.

    Nodes are all blocks, with their ``type``. Edges have one too: ``child`` leads from an operator to its parts, with
    ``place`` where their order counts (in a loop); ``order`` from a part to one that waits for it to be finished.
    """
    blocks = list(_walk(model))
    ids = list(unique(_name(one) for one in blocks))
    nodes: list[Row] = [
        {"id": identity, "label": one.label, "type": one.type} for identity, one in zip(ids, blocks, strict=True)
    ]
    edges: list[Row] = []
    for number, one in enumerate(blocks):
        parts = []
        below = number + 1
        for place, child in enumerate(one.children):
            parts.append(ids[below])
            edges.append(
                {"s": ids[number], "t": ids[below], "type": "child"} | ({"place": place} if one.type == "loop" else {})
            )
            below += sum(1 for _ in _walk(child))
        edges += [{"s": parts[before], "t": parts[after], "type": "order"} for before, after in one.order]
    return Drawing(kind="powl", nodes=nodes, edges=edges)


def _walk(model: Block) -> Iterator[Block]:
    yield model
    for child in model.children:
        yield from _walk(child)


def _name(one: Block) -> str:
    """A leaf by its activity; an operator by those below it, so it keeps its id while they are rearranged."""
    return f"{one.type} {listed(one.leaves())}".strip()


def _reduced(size: int, order: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same order without what follows from the rest of it."""
    later: list[set[int]] = [set() for _ in range(size)]
    for before, after in order:
        later[before].add(after)
    for middle in range(size):
        for reached in later:
            if middle in reached:
                reached |= later[middle]
    return [
        (before, after)
        for before in range(size)
        for after in sorted(later[before])
        if not any(after in later[between] for between in later[before])
    ]
