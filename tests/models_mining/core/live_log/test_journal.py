"""What a follower is told of each event."""

from typing import Any

from hypothesis import given, settings

from models_mining.core.live_log import NEWEST_MOVES, Changes, Journal, LiveLog, LoggedEvent, Move, Transition
from tests.models_mining.core.strategies import Stored, content, fed, logs, settings_of_logs


def watched(**setup: Any) -> tuple[LiveLog, Journal]:
    log, journal = LiveLog(**setup), Journal()
    log.journal = journal
    return log, journal


def test_a_move_says_from_where_to_where_by_number() -> None:
    log, journal = watched()
    events = [
        LoggedEvent(1, "c", "a", 10, 1),
        LoggedEvent(2, "c", "b", 30, 2),
        LoggedEvent(3, "c", "x", 20, 3),
        LoggedEvent(4, "c", "y", 5, 4),
    ]
    fed(log, events, Stored(events))
    assert journal.drain() == Changes(
        [Move("c", None, 0, 10), Move("c", 0, 1, 30), Move("c", 0, 2, 20), Move("c", None, 3, 5)],
        0,
        {"c"},
        [Transition("started", "c", 1)],
        {},
    )
    assert journal.drain() == Changes([], 0, set(), [], {})


def test_cases_start_close_and_reopen_by_the_clock_of_arrivals() -> None:
    log, journal = watched(end_activities={"pay"}, idle_close_us=100)
    events = [
        LoggedEvent(1, "c", "a", 0, 10),
        LoggedEvent(2, "d", "pay", 0, 20),
        LoggedEvent(3, "d", "pay", 0, 30),
        LoggedEvent(4, "d", "a", 0, 40),
        LoggedEvent(5, "d", "a", 0, 110),
    ]
    fed(log, events, Stored(events))
    changes = journal.drain()
    assert changes.transitions == [
        Transition("started", "c", 10),
        Transition("started", "d", 20),
        Transition("closed", "d", 20),
        Transition("reopened", "d", 40),
        Transition("closed", "c", 110),
    ]
    assert changes.touched == {"c", "d"}


def test_a_case_that_breaks_a_long_silence_did_not_close_meanwhile() -> None:
    log, journal = watched(idle_close_us=100)
    fed(log, [LoggedEvent(1, "c", "a", 0, 0), LoggedEvent(2, "c", "a", 0, 1_000)], Stored())
    assert journal.drain().transitions == [Transition("started", "c", 0)]


def test_of_many_moves_the_newest_are_kept_and_the_others_counted() -> None:
    log, journal = watched()
    for seq in range(1, NEWEST_MOVES + 11):
        log.learn_one(LoggedEvent(seq, "c", "a", seq, seq))
    changes = journal.drain()
    assert (len(changes.moves), changes.moves_omitted, changes.moves[-1].at_us) == (NEWEST_MOVES, 10, NEWEST_MOVES + 10)


@settings(max_examples=50, deadline=None)
@given(events=logs(), setup=settings_of_logs())
def test_every_case_that_changed_is_touched_and_transitions_add_up(
    events: list[LoggedEvent], setup: dict[str, Any]
) -> None:
    stored = Stored(events)
    log, journal = watched(**setup)
    before: dict[str, Any] = {}
    kinds = {"started": 0, "closed": 0, "reopened": 0}
    for event in events:
        log.learn_one(event, stored.tail)
        changes, after = journal.drain(), content(log)["cases"]
        assert {name for name in after if after[name] != before.get(name)} <= changes.touched
        assert event.case in changes.touched
        for transition in changes.transitions:
            kinds[transition.kind] += 1
        before = after
    assert kinds["started"] == len(log.cases)
    assert kinds["closed"] - kinds["reopened"] == len(log.cases) - log.open_cases
