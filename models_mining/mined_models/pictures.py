"""Pictures of a model, and the difference between two of them. Pure.

A picture is the JSON form of a model at ``seq``. Each node and edge carries ``v``, the version that first showed its
present value, and what went is listed with the version that no longer showed it. So the delta since any version is a
filter over the newest picture: new values, never increments, and applying one twice does no harm.

Its nodes and edges are as derived from the events up to ``derived_seq``. Where that is less than ``seq``, only where
the cases stand is newer.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from models_mining.core.drawing.drawing import Drawing

Picture = dict[str, Any]
Row = dict[str, Any]  # a node {id, label, …} or an edge {s, t, …}
Move = tuple[str, int | None, int, str]  # case, from node or None, to node, at (ISO 8601)

MOVES = 200  # the newest moves a picture keeps; they are for the eye
REMOVALS = 10_000  # of nodes and edges that are remembered
TRAIL = 100  # versions whose number of moves is remembered, to tell how many a delta leaves out

_TOLD = ("epoch", "version", "seq", "structure", "at", "kind", "remarks", "derived_seq", "derived_at")


def next_picture(
    previous: Picture | None,
    drawing: Drawing,
    *,
    epoch: str,
    version: int,
    seq: int,
    at: str,
    derived_seq: int | None = None,
    derived_at: str | None = None,
    moves: Iterable[Move] = (),
    moved: int = 0,
) -> Picture:
    """The picture of a drawing as ``version``, compared with the one before of the same epoch.

    ``moves`` are the newest since then, ``moved`` how many there were in all. ``structure`` rises when nodes or
    edges appear or go. A drawing was derived at ``seq`` and ``at`` unless something else is said.

    Nodes whose id is a ``str`` get a number of their own for as long as the epoch lasts, and keep the ``str`` as
    their ``key``: one that stays or comes back has the same number, and no other is given it.
    """
    if previous is not None and previous["epoch"] != epoch:
        previous = None
    old: Picture = previous or {"nodes": [], "edges": [], "structure": 0, "moved": 0, "moves": [], "trail": []}
    removed = old.get("removed", {"nodes": [], "edges": [], "forgotten": 0})
    nodes, edges, next_id = _numbered(old, drawing)
    new_nodes, gone_nodes, more_nodes = _dated(old["nodes"], nodes, ("id",), version)
    new_edges, gone_edges, more_edges = _dated(old["edges"], edges, ("s", "t"), version)
    all_moved = old["moved"] + moved
    return {
        "epoch": epoch,
        "version": version,
        "seq": seq,
        "at": at,
        "structure": old["structure"] + bool(gone_nodes or gone_edges or more_nodes or more_edges),
        "kind": drawing["kind"],
        "remarks": drawing.get("remarks", []),
        "derived_seq": seq if derived_seq is None else derived_seq,
        "derived_at": derived_at or at,
        "nodes": new_nodes,
        "edges": new_edges,
        "next_id": next_id,
        "removed": _remember(removed, gone_nodes, gone_edges, {row["id"] for row in new_nodes}, new_edges),
        "moved": all_moved,
        "moves": [*old["moves"], *([*move, version] for move in moves)][-MOVES:],
        "trail": [*old["trail"], [version, all_moved]][-TRAIL:],
    }


def numbers(picture: Picture) -> dict[str, int]:
    """The number of each node that has a key."""
    return {row["key"]: row["id"] for row in picture["nodes"] if "key" in row}


def _numbered(old: Picture, drawing: Drawing) -> tuple[list[Row], list[Row], int]:
    """Nodes and edges with numbers for ids, and the next number that is free."""
    next_id = old.get("next_id", 0)
    if not (drawing["nodes"] and isinstance(drawing["nodes"][0]["id"], str)):
        return drawing["nodes"], drawing["edges"], next_id
    known = {key: number for number, *key_, _ in old.get("removed", {}).get("nodes", []) for key in key_} | numbers(old)
    nodes = []
    for row in drawing["nodes"]:
        if row["id"] not in known:
            known[row["id"]], next_id = next_id, next_id + 1
        nodes.append({**row, "id": known[row["id"]], "key": row["id"]})
    return nodes, [{**row, "s": known[row["s"]], "t": known[row["t"]]} for row in drawing["edges"]], next_id


def _dated(
    old: Iterable[Row], new: Iterable[Row], key: tuple[str, ...], version: int
) -> tuple[list[Row], list[list[Any]], bool]:
    """The rows of ``new`` with their ``v``; the keys that went, each with ``version``; whether some appeared."""
    before = {tuple(row[name] for name in key): row for row in old}
    dated: list[Row] = []
    appeared = False
    for row in new:
        known = before.pop(tuple(row[name] for name in key), None)
        appeared = appeared or known is None
        if known is not None and len(known) == len(row) + 1 and all(known.get(name) == row[name] for name in row):
            dated.append(known)
        else:
            dated.append({**row, "v": version})
    gone = [[*key, *([row["key"]] if "key" in row else []), version] for key, row in before.items()]
    return dated, gone, appeared


def _remember(
    removed: Mapping[str, Any],
    nodes: list[list[Any]],
    edges: list[list[Any]],
    present_nodes: set[int],
    present_edges: list[Row],
) -> Row:
    """The removals with the new ones; those that came back are no removals any more."""
    edge_keys = {(row["s"], row["t"]) for row in present_edges}
    all_nodes = [row for row in [*removed["nodes"], *nodes] if row[0] not in present_nodes]
    all_edges = [row for row in [*removed["edges"], *edges] if (row[0], row[1]) not in edge_keys]
    lost = [row[-1] for row in [*all_nodes[:-REMOVALS], *all_edges[:-REMOVALS]]]
    return {
        "nodes": all_nodes[-REMOVALS:],  # [number, key where there is one, version]
        "edges": all_edges[-REMOVALS:],  # [s, t, version]
        "forgotten": max([removed["forgotten"], *lost]),  # a delta since an earlier version is not possible
    }


def snapshot(picture: Picture) -> Picture:
    """The whole picture as a client gets it."""
    return {
        **{name: picture[name] for name in _TOLD},
        "nodes": [_plain(row) for row in picture["nodes"]],
        "edges": [_plain(row) for row in picture["edges"]],
    }


def delta(picture: Picture, since: int) -> Picture | None:
    """All that changed in (``since``, version]; None where only a snapshot can tell (too old, or unknown)."""
    if not picture["removed"]["forgotten"] <= since <= picture["version"]:
        return None
    moves = [move[:4] for move in picture["moves"] if move[4] > since]
    before = next((moved for version, moved in reversed(picture["trail"]) if version <= since), None)
    if before is None:  # longer ago than the trail reaches: at least so many
        before = picture["trail"][0][1]
    return {
        **{name: picture[name] for name in _TOLD},
        "from": since,
        "nodes": [_plain(row) for row in picture["nodes"] if row["v"] > since],
        "edges": [_plain(row) for row in picture["edges"] if row["v"] > since],
        "removed": {
            "nodes": [row[0] for row in picture["removed"]["nodes"] if row[-1] > since],
            "edges": [row[:2] for row in picture["removed"]["edges"] if row[-1] > since],
        },
        "moves": moves,
        "moves_omitted": max(0, picture["moved"] - before - len(moves)),
    }


def apply(shown: Picture, change: Picture) -> Picture:
    """What a client shows after a delta: the reference for every client, in a few lines."""
    if change["epoch"] != shown["epoch"] or change["from"] > shown["version"]:
        raise ValueError("This delta does not continue what is shown: ask for a resync.")
    nodes = {row["id"]: row for row in shown["nodes"]} | {row["id"]: row for row in change["nodes"]}
    edges = {(row["s"], row["t"]): row for row in [*shown["edges"], *change["edges"]]}
    for gone in change["removed"]["nodes"]:
        nodes.pop(gone, None)
    for s, t in change["removed"]["edges"]:
        edges.pop((s, t), None)
    kept = {name: change[name] for name in _TOLD}
    return {**kept, "nodes": list(nodes.values()), "edges": list(edges.values())}


def _plain(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "v"}
