"""Token-based replay as pm4py does it, so that the numbers shown under its name are its numbers."""

from collections.abc import Iterable, Iterator, Sequence

from models_mining.core.drawing.nets import Net
from models_mining.core.replay.states import Finish, Position, Replay, State, Step, fire, is_enabled

Tokens = dict[int, int]

MAX_PATH = 50  # silent transitions in a row, between two places
MAX_NESTING = 2  # silent transitions enabled by silent transitions
MAX_ROUNDS = 5  # attempts to reach the final marking


class TokenReplay(Replay):
    """pm4py's token-based replay with default parameters (2.7.23), over integers.

    Equal to pm4py on the same net in the same order, where each label has one transition; of several it takes the
    first of a set, we the first in order. Its silent transitions are a heuristic: a case that does not fit here may
    fit all the same, see :class:`ExactReplay`. Activities the net lacks are passed over, as there. A marking keeps
    the order in which its places were filled, for that decides ties at the end of a case.

    Source: Berti, van der Aalst: A novel token-based replay technique to speed up conformance checking and process
    enhancement, ToPNoC XV, 2021; ``pm4py.algo.conformance.tokenreplay.variants.token_replay``.
    """

    def __init__(self, net: Net) -> None:
        self._name_order = {
            place: rank for rank, place in enumerate(sorted(range(len(net.places)), key=net.places.__getitem__))
        }
        self._after: dict[int, list[tuple[int, int]]] = {}  # silent transitions after a place, and where they lead
        for number, (label, takes, gives) in enumerate(net.transitions):
            if label is None:
                for place, _ in takes:
                    self._after.setdefault(place, []).extend((number, target) for target, _ in gives)
        self._paths: dict[int, dict[int, tuple[int, ...]]] = {}
        super().__init__(net)

    def _begin(self) -> Position:
        return self._at(dict(self.net.initial))

    def _at(self, tokens: Tokens) -> Position:
        return self._position(tuple(tokens.items()), (tuple(sorted(tokens.items())),))

    def fits(self, state: State) -> bool:
        """Whether no token was missing so far, as this replay goes; unknown activities are passed over."""
        return state.missing == 0

    def _fits_to_the_end(self, state: State, finish: Finish) -> bool:
        return state.missing == 0 and finish.remaining == 0  # as there: lacking final tokens come later

    def _enabled(self, transition: int, tokens: Tokens) -> bool:
        return is_enabled(self.net.transitions[transition].consumes, tokens)

    def _take(self, at: Position, activity: str) -> Step:
        tokens: Tokens = dict(at.key)
        fired: list[int] = []
        labelled = self.labelled[activity]
        chosen = next((number for number in labelled if self._enabled(number, tokens)), labelled[-1])
        if not self._enabled(chosen, tokens):
            self._enable(chosen, tokens, fired, set(), 0)
        missing = 0
        if not self._enabled(chosen, tokens):
            for place, weight in self.net.transitions[chosen].consumes:
                there = tokens.get(place, 0)
                if there < weight:
                    missing += weight - there
                    tokens[place] = there + weight
        fire(self.net, chosen, tokens)
        fired.append(chosen)
        consumed, produced = self._flow(fired)
        return Step(self._at(tokens), missing, consumed, produced, fired=tuple(fired))

    def _flow(self, fired: Iterable[int]) -> tuple[int, int]:
        """Tokens consumed and produced by these transitions."""
        consumed = produced = 0
        for number in fired:
            _, takes, gives = self.net.transitions[number]
            consumed += sum(weight for _, weight in takes)
            produced += sum(weight for _, weight in gives)
        return consumed, produced

    # --- Silent transitions that may enable one -------------------------------------------

    def _enable(self, goal: int, tokens: Tokens, fired: list[int], visited: set[int], nesting: int) -> None:
        """Fire silent transitions on the shortest ways from marked places to those where ``goal`` lacks tokens."""
        if nesting >= MAX_NESTING or goal in visited:
            return
        visited.add(goal)
        lacking = [place for place, weight in self.net.transitions[goal].consumes if tokens.get(place, 0) < weight]
        ways = self._ways(tokens, lacking)
        if not ways:
            return
        self._fire_in_turn(ways, goal, tokens, fired, visited)
        if self._enabled(goal, tokens):
            return
        for way in self._ways(tokens, lacking):
            for number in way:
                if number != goal and number not in visited:
                    if not self._enabled(number, tokens):
                        self._enable(number, tokens, fired, visited, nesting + 1)
                    if self._enabled(number, tokens):
                        self._fire(number, tokens, fired)
                        visited.add(number)

    def _fire_in_turn(
        self, ways: Sequence[Sequence[int]], goal: int, tokens: Tokens, fired: list[int], visited: set[int]
    ) -> None:
        """One way after the other, until ``goal`` is enabled or a way brings nothing."""
        done = [0] * len(ways)
        turn = 0
        while True:
            way = turn % len(ways)
            changed = False
            while done[way] < len(ways[way]):
                number = ways[way][done[way]]
                if number != goal and number not in visited and self._enabled(number, tokens):
                    self._fire(number, tokens, fired)
                    visited.add(number)
                    changed = True
                done[way] += 1
                if self._enabled(goal, tokens):
                    return
            if not changed or self._enabled(goal, tokens):
                return
            turn += 1

    def _fire(self, number: int, tokens: Tokens, fired: list[int]) -> None:
        fire(self.net, number, tokens)
        fired.append(number)

    def _ways(self, sources: Iterable[int], targets: Iterable[int]) -> list[tuple[int, ...]]:
        """Silent ways from any of the places to any of the others, the shortest first, then by place names."""
        targets = sorted(targets, key=self._name_order.__getitem__)
        ways = []
        for source in sorted(sources, key=self._name_order.__getitem__):
            paths = self._paths_from(source)
            ways += [paths[target] for target in targets if target in paths]
        ways.sort(key=len)
        return ways

    def _paths_from(self, origin: int) -> dict[int, tuple[int, ...]]:
        """The shortest silent way to each place; of equal ones the first that a search into the depth finds."""
        found = self._paths.get(origin)
        if found is None:
            found = self._paths[origin] = {}
            trail: list[tuple[Iterator[tuple[int, int]], tuple[int, ...]]] = [(iter(self._after.get(origin, ())), ())]
            while trail:
                ahead, path = trail[-1]
                for number, target in ahead:
                    if target not in found or len(path) + 1 < len(found[target]):
                        found[target] = longer = (*path, number)
                        if len(trail) <= MAX_PATH:
                            trail.append((iter(self._after.get(target, ())), longer))
                            break
                else:
                    trail.pop()
        return found

    # --- The end of a case ----------------------------------------------------------------

    def _finish(self, at: Position) -> Finish:
        tokens: Tokens = dict(at.key)
        final = dict(self.net.final)
        fired: list[int] = []
        for _ in range(MAX_ROUNDS):
            if final.keys() <= tokens.keys():
                break
            for way in self._ways(tokens, final):
                for number in way:
                    if self._enabled(number, tokens):
                        self._fire(number, tokens, fired)
                if final.keys() <= tokens.keys():
                    break
        if not final.keys() <= tokens.keys() and len(final) == 1:
            self._run_to_sink(next(iter(final)), tokens, fired)
        lacking = sum(max(0, n - tokens.get(place, 0)) for place, n in final.items())
        remaining = sum(max(0, n - final.get(place, 0)) for place, n in tokens.items())
        consumed, produced = self._flow(fired)
        return Finish(tuple(sorted(tokens.items())), lacking, remaining, consumed, produced, fired=tuple(fired))

    def _run_to_sink(self, sink: int, tokens: Tokens, fired: list[int]) -> None:
        """The last attempt: walk each way to the only final place as far as it goes."""
        ways = [paths[sink] for place in tokens if sink in (paths := self._paths_from(place))]
        ways.sort(key=len)
        for _ in range(MAX_ROUNDS):
            for way in ways:
                for number in way:
                    if not self._enabled(number, tokens):
                        break
                    self._fire(number, tokens, fired)
