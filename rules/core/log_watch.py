"""A log as a whole: silence, rates, and the share of what is refused, all by arrival."""

from collections.abc import Callable
from datetime import datetime, timedelta

from foundation.moments import duration, microseconds
from rules.core.case_event import Event
from rules.core.specs import LogSpec
from rules.core.watches import Found, MatchCandidate, State

PIECES = 60  # a window is counted in so many: what it shows is that much too old at most


class LogWatch:
    """A rule at work on a log. It knows nothing of before ``begun_at``."""

    def __init__(self, rule: int, from_seq: int, spec: LogSpec, begun_at: datetime) -> None:
        self.rule, self.from_seq, self.spec, self.begun_at = rule, from_seq, spec, begun_at
        self.within = timedelta(seconds=spec.within_s)
        self.counts = spec.measure != "silence"
        self._piece_us = max(1_000_000, spec.within_s * 1_000_000 // PIECES)

    def count(self, state: State | None, received_at: datetime) -> State:
        """An event arrived; only asked for where it ``counts``."""
        state = state or {"pieces": {}, "beyond": False}
        piece = str(microseconds(received_at) // self._piece_us)
        state["pieces"][piece] = state["pieces"].get(piece, 0) + 1
        return state

    def look(
        self, state: State | None, now: datetime, newest: Event | None, refused: Callable[[datetime], int]
    ) -> Found:
        """How it is now: ``newest`` is the last event there is, ``refused`` counts rejections since a moment."""
        if self.spec.measure == "silence":
            seq = newest.seq if newest is not None else self.from_seq
            if state is not None and state["told"] == seq:
                return state, []
            since = max(self.begun_at, newest.received_at) if newest is not None else self.begun_at
            if now - since <= self.within:
                return None, []
            reason = f"Nothing has arrived for {duration(self.spec.within_s)}."
            return {"told": seq}, [self._hit(newest, since + self.within, reason)]
        state = state or {"pieces": {}, "beyond": False}
        first = microseconds(now - self.within) // self._piece_us
        pieces = {piece: n for piece, n in state["pieces"].items() if int(piece) > first}
        if now - self.begun_at < self.within:
            return {**state, "pieces": pieces}, []
        beyond = self._reason(sum(pieces.values()), now, refused)
        after: State = {"pieces": pieces, "beyond": beyond is not None}
        return after, [self._hit(newest, now, beyond)] if beyond is not None and not state["beyond"] else []

    def _reason(self, events: int, now: datetime, refused: Callable[[datetime], int]) -> str | None:
        spec, within = self.spec, duration(self.spec.within_s)
        if spec.measure == "rejections":
            rejected = refused(now - self.within)
            share = rejected / (rejected + events) if rejected else 0.0
            return f"Over {within} {share:.1%} of what arrived was refused." if share > (spec.above or 0) else None
        rate = events / spec.within_s
        if spec.above is not None and rate > spec.above:
            return f"Over {within} {rate:.3g} events a second arrived, more than {spec.above:g}."
        if spec.below is not None and rate < spec.below:
            return f"Over {within} {rate:.3g} events a second arrived, fewer than {spec.below:g}."
        return None

    def _hit(self, newest: Event | None, known_at: datetime, reason: str) -> MatchCandidate:
        if newest is None:
            return MatchCandidate("", self.from_seq, "", None, reason, known_at)
        return MatchCandidate("", newest.seq, newest.activity, newest.at, reason, known_at, {"event": newest.told()})
