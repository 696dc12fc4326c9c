"""Reading and checking the earlier events of a case."""

from models_mining.core.counting.pairs import Steps
from models_mining.core.live_log.cases import Case
from models_mining.core.live_log.logged_event import CaseHistory, HistoryError


def all_steps(name: str, case: Case, history: CaseHistory | None, before_seq: int) -> Steps:
    """Return all events of a case: from memory if it stores their times, otherwise from ``history``."""
    if case.times is not None and case.node is not None:
        return list(zip(case.node.path(), case.times, strict=True))
    steps = _read(name, case, history, None, before_seq)
    if len(steps) != case.length:
        raise HistoryError(f"case {name!r} has {case.length} events, {len(steps)} were read back")
    return steps


def steps_since(name: str, case: Case, history: CaseHistory | None, at_us: int, before_seq: int) -> Steps:
    """Return the events of a case after ``at_us``, with at least two (or all) of those before."""
    steps = _read(name, case, history, at_us, before_seq)
    given_before = sum(1 for _, step_at_us in steps if step_at_us <= at_us)
    if len(steps) > case.length or (given_before < 2 and len(steps) != case.length):
        raise HistoryError(
            f"of case {name!r}, {len(steps)} of {case.length} events were read back: too few or too many"
        )
    return steps


def evicted_steps(name: str, history: CaseHistory | None, before_seq: int) -> Steps:
    """Return all events of a case that is not in memory and must have some."""
    steps = history(name, None, before_seq) if history is not None else ()
    if not steps:
        raise HistoryError(f"the earlier events of case {name!r} are needed, and were not found")
    return steps


def _read(name: str, case: Case, history: CaseHistory | None, at_us: int | None, before_seq: int) -> Steps:
    if history is None:
        raise HistoryError(f"the earlier events of case {name!r} are needed, and there is no way to read them")
    steps = history(name, at_us, before_seq)
    if not steps or tuple(steps[-1]) != (case.activity, case.last_at_us):
        raise HistoryError(f"what was read back of case {name!r} does not end where the case stands")
    return steps
