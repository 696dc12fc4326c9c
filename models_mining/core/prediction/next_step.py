"""What an open case does next, from what cases before it did at the same place.

The longest context is the case's whole beginning, a node of the prefix tree; then its last two activities, then the
last one. A context that has seen little leans on the next shorter one, by Witten-Bell interpolation:
P(x | h) = (n(h, x) + T(h) · P(x | h')) / (n(h) + T(h)), where T(h) counts the different things that followed h.
Source: Witten, Bell: The zero-frequency problem, IEEE Trans. Information Theory 37(4), 1991, method C.
"""

from collections.abc import Mapping
from typing import NamedTuple

from models_mining.core.live_log import Case, LiveLog

END = ""
"""Stands for "nothing more comes": the case ends where it is."""


class Next(NamedTuple):
    """Probabilities by activity (:data:`END`: none), and of something that never followed here. They add up to 1."""

    known: dict[str, float]
    unheard_of: float

    @property
    def likeliest(self) -> str | None:
        """The most probable one, of equal ones the first by name; None: nothing is known."""
        return min(self.known, key=lambda name: (-self.known[name], name), default=None)


def next_activity(log: LiveLog, case: Case) -> Next:
    """What comes next in an open case of ``log``: a function of what the log holds now, whatever its history.

    Cases that stand where they are have not gone on, so they count for no continuation until they do or close. How
    many of those that stand after the same two activities are closed is taken to be as after the last one alone.
    """
    activity, before, counts = case.activity, case.before, log.all
    after = counts.after.get(activity, {})
    standing, closed = counts.ended(activity), log.closed_at(activity)
    found = _interpolated({name: float(edge.count) for name, edge in after.items()}, float(closed), Next({}, 1.0))
    edge = counts.directly_follows.get((before, activity))
    if edge is not None:
        two = {name: float(tally.count) for name, tally in counts.after_two.get((before, activity), {}).items()}
        ended = (edge.count - sum(two.values())) * closed / standing if standing else 0.0
        found = _interpolated(two, ended, found)
    if case.node is not None:
        whole = {name: passes for name, node in case.node.children.items() if (passes := float(node.passes))}
        found = _interpolated(whole, float(case.node.closed), found)
    return found


def _interpolated(counts: dict[str, float], ended: float, shorter: Next) -> Next:
    """``counts`` is used up."""
    if ended > 0:
        counts[END] = ended
    if not counts:
        return shorter
    kinds = len(counts)
    total = sum(counts.values()) + kinds
    known = {name: kinds * p / total for name, p in shorter.known.items()}
    for name, count in counts.items():
        known[name] = known.get(name, 0.0) + count / total
    return Next(known, kinds * shorter.unheard_of / total)


def most_frequent(after: Mapping[str, float], ended: float) -> str | None:
    """What followed most often, of equal ones the first by name: the guess a prediction has to beat."""
    counts = dict(after) | ({END: ended} if ended else {})
    return min(counts, key=lambda name: (-counts[name], name), default=None)
