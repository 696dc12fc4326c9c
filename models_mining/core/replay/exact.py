"""Replay that tries every silent way: what it calls unfit does not fit."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from models_mining.core.drawing.nets import Marking, Net
from models_mining.core.replay.silent import Silent, SilentMoves
from models_mining.core.replay.states import Finish, Position, Replay, State, Step, fire


class Entry(NamedTuple):
    """One explanation: where it leads, and what its silent transitions cost.

    ``silent`` transitions fired and tokens ``consumed`` so far are told as differences to the explanation shown, so
    that equal situations are equal values however long the case is.
    """

    marking: Marking
    silent: int
    consumed: int


class Moves(NamedTuple):
    """What an activity can make of one marking: all ways with the fewest ``missing`` tokens."""

    missing: int
    entries: tuple[Entry, ...]
    bound_hit: bool


class ExactReplay(Replay):
    """Every marking that explains the case with the fewest missing tokens so far, greedy from the left.

    Silent transitions are fired only when an activity wants them, so a position is the marking right after the last
    activity. Of several the one with the fewest silent transitions is shown, then the first by place names. A case
    without missing tokens is a run of the net, and one with missing tokens is none, unless a bound was hit: a search
    stops at ``max_markings``, and ``keep`` markings are kept at most.

    Only silent transitions that an activity may need are tried (:meth:`SilentMoves.needed`), and of two markings, one
    reached from the other by a silent transition, only the one before it is kept. Neither loses a run.

    Source: own; missing, consumed, remaining and produced as in Rozinat, van der Aalst: Conformance checking of
    processes based on monitoring real behavior, Information Systems 33(1), 2008.
    """

    def __init__(self, net: Net, max_markings: int = 1000, keep: int = 16) -> None:
        if max_markings < 1 or keep < 1:
            raise ValueError("at least one marking has to be tried and kept")
        self.keep = keep
        self._silent = SilentMoves(net, max_markings)
        self._moves: dict[tuple[Marking, str], Moves] = {}
        super().__init__(net)

    def _begin(self) -> Position:
        return self._stand([Entry(self.net.initial, 0, 0)])

    def _stand(self, entries: Iterable[Entry]) -> Position:
        key = tuple(entries)
        return self._position(key, tuple(entry.marking for entry in key))

    def _forget(self) -> None:
        super()._forget()
        self._moves.clear()

    def fits(self, state: State) -> bool | None:
        """Whether the net allows what was done so far; None: not known, as a bound was hit.

        A run without missing tokens is a proof, whatever was not tried beside it.
        """
        if state.deviations == 0:
            return True
        return False if state.unfit else None

    def _fits_to_the_end(self, state: State, finish: Finish) -> bool | None:
        if state.deviations == finish.lacking == finish.remaining == 0:
            return True
        return None if (state.bound_hit or finish.bound_hit) and not state.unfit else False

    # --- One activity ---------------------------------------------------------------------

    def _take(self, at: Position, activity: str) -> Step:
        best: int | None = None
        bound_hit = False
        found: dict[Marking, Entry] = {}
        for before in at.key:
            moves = self._moves.get((before.marking, activity))
            if moves is None:
                moves = self._moves[before.marking, activity] = self._moves_from(before.marking, activity)
            bound_hit |= moves.bound_hit
            if best is not None and moves.missing > best:
                continue
            if best is None or moves.missing < best:
                best = moves.missing
                found = {}
            for marking, silent, consumed in moves.entries:
                entry = Entry(marking, before.silent + silent, before.consumed + consumed)
                if marking not in found or entry < found[marking]:
                    found[marking] = entry
        entries = sorted(self._undominated(found, self._silent.all), key=self._preference)
        shown = entries[0]
        missing = best or 0
        return Step(
            self._stand(
                Entry(marking, silent - shown.silent, consumed - shown.consumed)
                for marking, silent, consumed in entries[: self.keep]
            ),
            missing,
            shown.consumed,
            _size(shown.marking) - _size(at.markings[0]) + shown.consumed - missing,
            bound_hit,
            len(entries) > self.keep,
        )

    def _preference(self, entry: Entry) -> tuple[Any, ...]:
        return entry.silent, [(self.net.places[place], n) for place, n in entry.marking], entry.marking

    def _moves_from(self, marking: Marking, activity: str) -> Moves:
        best: int | None = None
        bound_hit = False
        found: dict[Marking, Entry] = {}
        for number in self.labelled[activity]:
            takes = self.net.transitions[number].consumes
            reached, too_many = self._silent.closure(marking, self._silent.needed(number, dict(marking)))
            bound_hit |= too_many
            for before, silent, consumed in reached:
                tokens = dict(before)
                missing = sum(max(0, weight - tokens.get(place, 0)) for place, weight in takes)
                if best is not None and missing > best:
                    continue
                if best is None or missing < best:
                    best = missing
                    found = {}
                after = self._after(tokens, number)
                entry = Entry(after, silent, consumed + sum(weight for _, weight in takes))
                if after not in found or entry < found[after]:
                    found[after] = entry
        return Moves(best or 0, tuple(self._undominated(found, self._silent.all)), bound_hit)

    def _after(self, tokens: dict[int, int], number: int) -> Marking:
        """The marking after this transition, given what it lacks."""
        after = dict(tokens)
        for place, weight in self.net.transitions[number].consumes:
            if after.get(place, 0) < weight:
                after[place] = weight
        fire(self.net, number, after)
        return tuple(sorted(after.items()))

    def _undominated(self, found: dict[Marking, Entry], silent: Silent) -> list[Entry]:
        """Those that are not another one after a silent transition taken too early."""
        if len(found) == 1:
            return list(found.values())
        early = {
            after
            for entry in found.values()
            for _, after in self._silent.steps(entry.marking, silent)
            if after in found and found[after].silent > entry.silent
        }
        return [entry for entry in found.values() if entry.marking not in early]

    # --- The end of a case ----------------------------------------------------------------

    def _finish(self, at: Position) -> Finish:
        """Come as near to the final marking as silent transitions lead: fewest tokens lacking or remaining."""
        final = dict(self.net.final)
        best: Finish | None = None
        any_bound_hit = False
        for entry in at.key:
            reached, bound_hit = self._silent.closure(entry.marking, self._silent.ending)
            any_bound_hit |= bound_hit
            for marking, _, consumed in reached:
                tokens = dict(marking)
                lacking = sum(max(0, n - tokens.get(place, 0)) for place, n in final.items())
                remaining = sum(max(0, n - final.get(place, 0)) for place, n in marking)
                if best is None or lacking + remaining < best.lacking + best.remaining:
                    taken = entry.consumed + consumed
                    produced = _size(marking) - _size(at.markings[0]) + taken
                    best = Finish(marking, lacking, remaining, taken, produced)
            if best is not None and best.lacking + best.remaining == 0:
                break
        if best is None:
            raise AssertionError("a position has at least one marking")
        return best._replace(bound_hit=any_bound_hit)


def _size(marking: Marking) -> int:
    return sum(n for _, n in marking)
