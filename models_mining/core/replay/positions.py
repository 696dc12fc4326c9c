"""Where the open cases of a log stand in a model: worked out per node of the prefix tree, kept as the log goes on."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from models_mining.core.counting.prefix_tree import Node
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.nets import Net
from models_mining.core.drawing.states_net import states_net
from models_mining.core.live_log import LiveLog
from models_mining.core.replay import Position, ReplayKind, State, replay_of

Clock = Callable[[], float]


class Tokens(NamedTuple):
    """What to draw. ``solid`` counts for each place of the net the tokens that open cases surely have there,
    ``hollow`` those they have in one of several ways; ``activities`` counts open cases by their last activity."""

    solid: dict[int, int]
    hollow: dict[int, int]
    activities: dict[str, int]


class Positions:
    """The replay states of all nodes at which open cases stand, and of the nodes before them.

    A state follows from its parent's, so nothing is ever replayed twice on one net; make a new object when the model
    changes to another net, and keep it when it does not. ``net`` is None for models whose positions are activities
    (graphs, trees). ``clock`` tells seconds, of any origin; it is needed for a budget.

    Cases beyond the tree have no node: they carry a state of their own. Tell each further event of one, as long as
    events come in order, with :meth:`step_case`. :meth:`unread` names those whose state is not up to date (the case
    has just left the tree, an event came late or was not told, the model is new); read their activities back and give
    them to :meth:`replay_case`.
    """

    def __init__(self, net: Net | None, kind: ReplayKind = "exact", *, clock: Clock | None = None) -> None:
        self.replay = None if net is None else replay_of(kind, net)
        self._clock = clock
        self._root: Node | None = None
        self._states: dict[Node, State] = {}
        self._counted: dict[Node, int] = {}  # open cases at a node, as they are in the sums
        self._waiting: dict[Node, None] = {}  # nodes where cases stand, still without a state
        self._beyond: dict[str, tuple[int, State]] = {}  # length of a case beyond the tree, and its state
        self._outside: dict[str, None] = {}  # cases seen beyond the tree
        self._solid: dict[int, int] = {}
        self._hollow: dict[int, int] = {}
        self._swept = 0

    @classmethod
    def of_drawing(cls, drawing: Drawing, kind: ReplayKind = "exact", *, clock: Clock | None = None) -> "Positions":
        """Positions in a drawing: tokens in a net or diagram, the state in a transition system, else activities."""
        return cls(replayed_net(drawing), kind, clock=clock)

    # --- Following the log ----------------------------------------------------------------

    def advance(self, log: LiveLog, budget_s: float | None = None, touched: Iterable[str] | None = None) -> bool:
        """Take in what the log has learnt since; True when all of it is. The rest waits for the next call.

        ``touched`` names the cases that had events since the last call (:class:`Journal` knows them); None looks at
        every case in memory. With a budget it stops after the step that uses it up; the first step is always made.
        """
        if self.replay is None:
            return True
        if log.tree.root is not self._root:
            self._begin(log)
            touched = None
        is_over = self._alarm(budget_s)
        self._notice(log, touched)
        while self._waiting:
            node = next(iter(self._waiting))
            if node.open:
                if not self._place(node, is_over):
                    return False
                self._count(node)
            del self._waiting[node]
            if self._waiting and is_over():
                return False
        if len(self._states) > 2 * self._swept + 1024:
            self._sweep()
        return True

    @property
    def waiting(self) -> int:
        """At how many nodes cases stand that are not placed yet."""
        return len(self._waiting)

    def _alarm(self, budget_s: float | None) -> Callable[[], bool]:
        """Tells whether the budget is used up."""
        if budget_s is None:
            return lambda: False
        clock = self._clock
        if clock is None:
            raise ValueError("a budget needs a clock")
        due = clock() + budget_s
        return lambda: clock() >= due

    def _begin(self, log: LiveLog) -> None:
        if self.replay is None:
            return
        self._root = log.tree.root
        self._states = {self._root: self.replay.start}
        for kept in (self._counted, self._waiting, self._outside, self._solid, self._hollow):
            kept.clear()

    def _notice(self, log: LiveLog, touched: Iterable[str] | None) -> None:
        for node in [node for node, counted in self._counted.items() if node.open != counted]:
            self._count(node)
        for name in log.cases if touched is None else touched:
            case = log.cases.get(name)
            if case is None or case.closed:
                continue
            if case.node is None:
                self._outside[name] = None
            elif case.node not in self._counted:
                self._waiting[case.node] = None

    def _place(self, node: Node, is_over: Callable[[], bool] = lambda: False) -> bool:
        """Work out the states up to that of ``node``, at least one; False when the time is over before that."""
        if self.replay is None or node in self._states:
            return True
        trail = [node]
        while (parent := trail[-1].parent) is not None and parent not in self._states:
            trail.append(parent)
        if parent is None:
            raise LookupError("this node is not in the tree that was followed")
        state = self._states[parent]
        for one in reversed(trail):
            state = self._states[one] = self.replay.step(state, one.activity)
            if is_over():
                break
        return node in self._states

    def _count(self, node: Node) -> None:
        """Bring what the open cases at a placed node add to the sums up to date."""
        more = node.open - self._counted.get(node, 0)
        if node.open:
            self._counted[node] = node.open
        else:
            del self._counted[node]
        _add(self._states[node].at, more, self._solid, self._hollow)

    def _sweep(self) -> None:
        """Let go of states nobody stands at or behind, those of nodes that have left the tree among them."""
        kept: dict[Node, State] = {}
        for standing in (self._counted, self._waiting):
            for node in standing:
                at: Node | None = node
                while at is not None and at not in kept:
                    if at in self._states:
                        kept[at] = self._states[at]
                    at = at.parent
        if self._root is not None:
            kept[self._root] = self._states[self._root]
        self._states = kept
        self._swept = len(kept)

    # --- Cases beyond the tree --------------------------------------------------------------

    def step_case(self, case: str, activity: str) -> State | None:
        """One more event, in order, of a case beyond the tree. None: its state is not known; see :meth:`unread`."""
        if self.replay is None or case not in self._beyond:
            return None
        length, state = self._beyond[case]
        state = self.replay.step(state, activity)
        self._beyond[case] = length + 1, state
        return state

    def replay_case(self, case: str, activities: Iterable[str]) -> None:
        """All events of a case beyond the tree, in order."""
        if self.replay is not None:
            done = list(activities)
            self._beyond[case] = len(done), self.replay.replay(done)

    def unread(self, log: LiveLog) -> list[str]:
        """The open cases beyond the tree whose events have to be read back; others are forgotten here."""
        names = []
        for name in [*self._outside]:
            case = log.cases.get(name)
            if case is None or case.closed or case.node is not None:
                del self._outside[name]
                self._beyond.pop(name, None)
            elif name not in self._beyond or self._beyond[name][0] != case.length:
                names.append(name)
        return names

    # --- Reading ----------------------------------------------------------------------------

    def tokens(self, log: LiveLog) -> Tokens:
        """The tokens of all open cases that are placed. Without a net there are activities only."""
        solid, hollow = self._solid.copy(), self._hollow.copy()
        for name, (length, state) in self._beyond.items():
            case = log.cases.get(name)
            if case is not None and not case.closed and case.node is None and case.length == length:
                _add(state.at, 1, solid, hollow)
        activities = {activity: n for activity in log.numbers if (n := log.open_at(activity))}
        return Tokens(
            {place: n for place, n in sorted(solid.items()) if n},
            {place: n for place, n in sorted(hollow.items()) if n},
            activities,
        )

    def state_of(self, log: LiveLog, case: str) -> State | None:
        """The state of an open case; None without a net, or for a case beyond the tree that is :meth:`unread`."""
        known = log.cases.get(case)
        if self.replay is None or known is None:
            return None
        if known.node is None:
            length, state = self._beyond.get(case, (-1, None))
            return state if length == known.length else None
        if log.tree.root is not self._root:
            self._begin(log)
        self._place(known.node)
        return self._states[known.node]

    def of_case(self, log: LiveLog, case: str, drawing: Drawing) -> dict[str, Any] | None:
        """Where a case stands in a drawing: ``sure`` lists ids of nodes, and edges as ``[s, t]``; ``maybe`` has
        first those of which it is one of several ways, then how many ways there are. None: not known."""
        at = places_at(drawing)
        if at is None:
            known = log.cases.get(case)
            if known is None:
                return None
            found = [node["id"] for node in drawing["nodes"] if _holds(node, known.activity)]
            return {"sure": found, "maybe": [[], 1]} if len(found) == 1 else {"sure": [], "maybe": [found, len(found)]}
        state = self.state_of(log, case)
        if state is None:
            return None
        sure, maybe = (
            list(dict.fromkeys(tuple(at[place]) for place, _ in part if at[place]))
            for part in (state.at.sure, state.at.maybe)
        )
        return {"sure": [_id(one) for one in sure], "maybe": [[_id(one) for one in maybe], len(state.at.markings)]}


def replayed_net(drawing: Drawing) -> Net | None:
    """The net whose markings are the positions in this drawing; None: positions are activities."""
    if drawing["kind"] == "states":
        return states_net(drawing)
    if drawing["kind"] in ("petri-net", "bpmn") and "net" in drawing:
        return Net.from_data(drawing["net"])
    return None


def places_at(drawing: Drawing) -> list[list[int | str]] | None:
    """Where the places of :func:`replayed_net` are drawn."""
    if drawing["kind"] == "states":
        return [[], *([node["id"]] for node in drawing["nodes"])]
    if drawing["kind"] in ("petri-net", "bpmn"):
        return drawing.get("at")
    return None


def draw(drawing: Drawing, tokens: Tokens) -> Drawing:
    """The drawing with ``open`` and ``maybe`` on the nodes and edges that hold tokens; what holds none has neither.

    ``open`` counts tokens that open cases surely have there, ``maybe`` those they have in one of several ways. Where
    nodes stand for activities, a token is an open case at its last activity, and is a maybe if several nodes stand
    for that.
    """
    held: dict[tuple[int | str, ...], dict[str, int]] = {}
    at = places_at(drawing)
    if at is None:
        holders: dict[str, list[int | str]] = {}
        for node in drawing["nodes"]:
            if node["label"] in tokens.activities and _holds(node, node["label"]):
                holders.setdefault(node["label"], []).append(node["id"])
        for activity, ids in holders.items():
            for one in ids:
                held[one,] = {"open" if len(ids) == 1 else "maybe": tokens.activities[activity]}
    else:
        for name, part in (("open", tokens.solid), ("maybe", tokens.hollow)):
            for place, n in part.items():
                if at[place]:
                    row = held.setdefault(tuple(at[place]), {})
                    row[name] = row.get(name, 0) + n
    drawn = drawing.copy()
    drawn["nodes"] = [_without(node) | held.get((node["id"],), {}) for node in drawing["nodes"]]
    drawn["edges"] = [_without(edge) | held.get((edge["s"], edge["t"]), {}) for edge in drawing["edges"]]
    return drawn


def _add(at: Position, cases: int, solid: dict[int, int], hollow: dict[int, int]) -> None:
    for tokens, sums in ((at.sure, solid), (at.maybe, hollow)):
        for place, n in tokens:
            sums[place] = sums.get(place, 0) + n * cases


def _holds(node: dict[str, Any], activity: str) -> bool:
    """Whether a node stands for an activity: nodes of a graph have no type, those of a tree are leaves."""
    return node["label"] == activity and node.get("type", "leaf") in ("leaf", "activity", "task")


def _without(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("open", "maybe")}


def _id(at: tuple[int | str, ...]) -> Any:
    return at[0] if len(at) == 1 else list(at)
