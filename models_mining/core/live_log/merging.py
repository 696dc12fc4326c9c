"""Adding one live log to another over other cases."""

from typing import TYPE_CHECKING

from models_mining.core.counting.abstraction import change
from models_mining.core.counting.prefix_tree import Node, PrefixTree
from models_mining.core.live_log.cases import Beyond, Case

if TYPE_CHECKING:
    from models_mining.core.live_log.live_log import LiveLog


def merge(log: "LiveLog", other: "LiveLog") -> None:
    """Let ``log`` have learnt what ``other`` has; see :meth:`LiveLog.merge`. Idle cases are not closed here."""
    _check_mergeable(log, other)
    for name in other.numbers:
        log.numbers.setdefault(name, len(log.numbers))
    log.all.merge(other.all)
    if log.closed is not None and other.closed is not None:
        log.closed.merge(other.closed)
    for activity, count in other.standing.closed_at.items():
        change(log.standing.closed_at, activity, count)
    nodes = _graft(log.tree, other.tree)
    for name, case in other.cases.items():
        _move(log, case, nodes)
        log.cases[name] = case
        log.memory.watch(name, case)
        if not case.closed:
            log.idle.add(name, case)
    log.memory.left += other.memory.left
    for epsilon, counts in log.lossy.items():
        counts.merge(other.lossy[epsilon])
    log.seq = max(log.seq, other.seq)
    log.newest_received_us = max(log.newest_received_us, other.newest_received_us)


def _check_mergeable(log: "LiveLog", other: "LiveLog") -> None:
    settings = [
        (
            one.end_activities,
            one.idle.idle_us,
            one.closed is not None,
            one.track_pairs,
            str(one.memory),
            one.tree.max_depth,
        )
        for one in (log, other)
    ]
    if settings[0] != settings[1]:
        raise ValueError(f"logs of different settings cannot be merged: {settings[0]} and {settings[1]}")
    if log.lossy.keys() != other.lossy.keys():
        raise ValueError(f"lossy counts of ε {set(log.lossy)} and {set(other.lossy)} cannot be merged")
    if other.forgotten:
        raise ValueError(f"a log that has forgotten {other.forgotten} cases cannot be merged into another")
    both = log.cases.keys() & other.cases.keys()
    if both:
        raise ValueError(f"{len(both)} cases are in both logs, {min(both)!r} is one")


def _graft(tree: PrefixTree, other: PrefixTree) -> dict[Node, Node]:
    """Give ``tree`` the nodes of ``other``, as far as its budget goes. Answers which became which."""
    nodes = {other.root: tree.root}
    for node in other.walk():
        parent = nodes.get(node.parent) if node.parent is not None else None
        if parent is None:
            continue  # no room for the parent, hence none here
        child = parent.children.get(node.activity)
        if child is None:
            if tree.size >= tree.max_nodes:
                continue
            child = tree.grow(parent, node.activity)
        child.passes += node.passes
        child.closed += node.closed
        nodes[node] = child
    return nodes


def _move(log: "LiveLog", case: Case, nodes: dict[Node, Node]) -> None:
    """Let a case of the other log stand in this one's tree, or beyond it."""
    if case.node is None:
        log.standing.beyond += 1
        return
    node = nodes.get(case.node)
    if node is not None:
        case.node = node
        return
    case.beyond = Beyond(case.before, case.activity, case.length)
    reached: Node | None = case.node
    while reached is not None and reached not in nodes:
        reached = reached.parent
    if reached is not None:
        log.tree.leave(nodes[reached])
    case.node = None
    case.times = None
    log.standing.beyond += 1
