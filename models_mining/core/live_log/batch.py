"""The closed and the newest cases of a stored log, found without a live log. Audits and tests compare with them."""

from collections.abc import Collection, Iterable

from models_mining.core.live_log.logged_event import LoggedEvent


def closed_cases(
    events: Iterable[LoggedEvent], end_activities: Collection[str] = (), idle_close_us: int | None = None
) -> set[str]:
    """Return the closed cases among ``events`` (in any order), as :class:`LiveLog` defines them."""
    last: dict[str, tuple[int, int, str]] = {}
    received: dict[str, int] = {}
    for event in events:
        here = (event.at_us, event.seq, event.activity)
        last[event.case] = max(last.get(event.case, here), here)
        received[event.case] = max(received.get(event.case, event.received_at_us), event.received_at_us)
    closed = {case for case, (_, _, activity) in last.items() if activity in end_activities}
    if idle_close_us is not None and received:
        newest = max(received.values())
        closed.update(case for case, received_at_us in received.items() if newest - received_at_us >= idle_close_us)
    return closed


def cases_in(events: Iterable[LoggedEvent], cases: int | None = None, last_us: int | None = None) -> set[str]:
    """Return the cases that a memory policy retains of ``events`` (in any order)."""
    newest: dict[str, tuple[int, int]] = {}
    for event in events:
        received_at_us, seq = newest.get(event.case, (event.received_at_us, event.seq))
        newest[event.case] = max(received_at_us, event.received_at_us), max(seq, event.seq)
    names = sorted(newest, key=newest.__getitem__, reverse=True)[:cases]
    if last_us is not None and names:
        clock_us = newest[names[0]][0]
        names = [name for name in names if clock_us - newest[name][0] < last_us]
    return set(names)
