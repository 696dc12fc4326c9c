"""Reading the earlier events of a case back, and refusing what cannot be them."""

from collections.abc import Sequence

from models_mining.core.live_log.cases import Case
from models_mining.core.live_log.logged_event import CaseHistory, HistoryError

Steps = Sequence[tuple[str, int]]


def whole(name: str, case: Case, tail: CaseHistory | None, before_seq: int) -> Steps:
    """All events of a case: from memory where it keeps its times, else by ``tail``."""
    if case.times is not None and case.node is not None:
        return list(zip(case.node.path(), case.times, strict=True))
    steps = _ask(name, case, tail, None, before_seq)
    if len(steps) != case.length:
        raise HistoryError(f"case {name!r} has {case.length} events, {len(steps)} were read back")
    return steps


def since(name: str, case: Case, tail: CaseHistory | None, at_us: int, before_seq: int) -> Steps:
    """The events of a case after ``at_us``, with two or all before."""
    steps = _ask(name, case, tail, at_us, before_seq)
    given_before = sum(1 for _, step_at_us in steps if step_at_us <= at_us)
    if len(steps) > case.length or (given_before < 2 and len(steps) != case.length):
        raise HistoryError(
            f"of case {name!r}, {len(steps)} of {case.length} events were read back: too few or too many"
        )
    return steps


def _ask(name: str, case: Case, tail: CaseHistory | None, at_us: int | None, before_seq: int) -> Steps:
    if tail is None:
        raise HistoryError(f"the earlier events of case {name!r} are needed, and there is no way to read them")
    steps = tail(name, at_us, before_seq)
    if not steps or tuple(steps[-1]) != (case.activity, case.last_at_us):
        raise HistoryError(f"what was read back of case {name!r} does not end where the case stands")
    return steps
