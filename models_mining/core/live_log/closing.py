"""Which cases of a stored log are closed, found without a live log: what audits and tests compare with."""

from collections.abc import Collection, Iterable

from models_mining.core.live_log.logged_event import LoggedEvent


def closed_cases(
    events: Iterable[LoggedEvent], end_activities: Collection[str] = (), idle_close_us: int | None = None
) -> set[str]:
    """The closed cases among ``events`` (in any order), as :class:`LiveLog` defines them."""
    last: dict[str, tuple[int, int, str]] = {}
    received: dict[str, int] = {}
    for event in events:
        here = (event.at_us, event.seq, event.activity)
        last[event.case] = max(last.get(event.case, here), here)
        received[event.case] = max(received.get(event.case, event.received_at_us), event.received_at_us)
    closed = {case for case, (_, _, activity) in last.items() if activity in end_activities}
    if idle_close_us is not None and received:
        newest = max(received.values())
        closed.update(case for case, heard_us in received.items() if newest - heard_us >= idle_close_us)
    return closed
