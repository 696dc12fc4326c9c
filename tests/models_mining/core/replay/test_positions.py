"""Where open cases stand: kept along with the log, equal to what one finds from nothing."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models_mining.core.discovery.registry import derive
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.net_drawing import draw_net
from models_mining.core.drawing.nets import Net, Transition
from models_mining.core.live_log import Journal, LiveLog, LoggedEvent
from models_mining.core.replay import ReplayKind, replay_of
from models_mining.core.replay.positions import Positions, Tokens, draw
from tests.models_mining.core.nets import NET
from tests.models_mining.core.strategies import Stored, fed, logs, settings_of_logs

# The activities of random logs; "wait" may come from two transitions, and the net lacks "ü → ☃".
FLOWER = Net(
    places=("p0 start", "p1 going on", "p2 paid", "p3 waits", "p4 waits otherwise"),
    transitions=(
        Transition("register", ((0, 1),), ((1, 1),)),
        Transition("check", ((1, 1),), ((1, 1),)),
        Transition("pay", ((1, 1),), ((2, 1),)),
        Transition("wait", ((1, 1),), ((3, 1),)),
        Transition("wait", ((1, 1),), ((4, 1),)),
        Transition(None, ((3, 1),), ((1, 1),)),
        Transition(None, ((4, 1),), ((2, 1),)),
        Transition(None, ((0, 1),), ((1, 1),)),
    ),
    initial=((0, 1),),
    final=((2, 1),),
)


class Steps:
    """A clock on which every look takes a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def expected(log: LiveLog, stored: Stored, kind: ReplayKind) -> Tokens:
    """Every open case replayed from its events, one by one."""
    replay = replay_of(kind, FLOWER)
    solid: dict[int, int] = {}
    hollow: dict[int, int] = {}
    activities: dict[str, int] = {}
    for name, case in log.cases.items():
        if case.closed:
            continue
        steps = [activity for activity, _ in stored.tail(name, None, log.seq + 1)]
        activities[steps[-1]] = activities.get(steps[-1], 0) + 1
        markings = [dict(marking) for marking in replay.replay(steps).at.markings]
        for place in range(len(FLOWER.places)):
            counts = [marking.get(place, 0) for marking in markings]
            if min(counts):
                solid[place] = solid.get(place, 0) + min(counts)
            if max(counts) > min(counts):
                hollow[place] = hollow.get(place, 0) + max(counts) - min(counts)
    return Tokens(solid, hollow, activities)


@settings(max_examples=50, deadline=None)
@given(data=st.data(), kind=st.sampled_from(["exact", "pm4py"]))
def test_positions_follow_the_log_and_equal_those_found_from_nothing(data: st.DataObject, kind: ReplayKind) -> None:
    events: Sequence[LoggedEvent] = data.draw(logs(min_size=1, max_size=40))
    bounds = data.draw(st.sampled_from([{}, {"max_depth": 3}, {"max_nodes": 4}]))
    log = LiveLog(**data.draw(settings_of_logs()), **bounds)
    log.journal = Journal()
    stored = Stored(events)
    positions = Positions(FLOWER, kind, clock=Steps())
    while events:
        size = data.draw(st.integers(1, 12))
        chunk, events = events[:size], events[size:]
        fed(log, chunk, stored)
        changes = log.journal.drain()
        touched = changes.touched | {one.case for one in changes.transitions}
        done = positions.advance(log, budget_s=data.draw(st.sampled_from([0, 2, 5])), touched=touched)
        if data.draw(st.booleans()):
            calls = 0
            while not done:
                done = positions.advance(log, budget_s=0, touched=())
                calls += 1
                assert calls < 1_000
    assert positions.advance(log, touched=())
    for name in positions.unread(log):
        positions.replay_case(name, [activity for activity, _ in stored.tail(name, None, log.seq + 1)])
    assert positions.unread(log) == []
    assert positions.waiting == 0
    assert positions.tokens(log) == expected(log, stored, kind)


def test_an_interrupted_advance_goes_on_where_it_stopped() -> None:
    clock = Steps()
    positions = Positions(NET, clock=clock)
    log = fed(LiveLog(), [LoggedEvent(n, "c", "abcbcbcb"[n], n, n) for n in range(8)], Stored())
    calls = 1
    while not positions.advance(log, budget_s=1.5):
        calls += 1
    assert calls == 4  # two steps each: the second look at the clock tells that the time is over
    whole = Positions(NET)
    assert whole.advance(log)
    assert positions.tokens(log) == whole.tokens(log)
    assert positions.state_of(log, "c") == whole.state_of(log, "c")
    with pytest.raises(ValueError, match="clock"):
        whole.advance(log, budget_s=1.0)


def test_a_case_beyond_the_tree_carries_its_own_state() -> None:
    events = [LoggedEvent(n, "long", activity, n, n) for n, activity in enumerate("abcdd", start=1)]
    stored = Stored(events)
    log = fed(LiveLog(max_depth=2), events[:3], stored)
    positions = Positions(NET)
    positions.advance(log)
    assert positions.unread(log) == ["long"]
    assert positions.state_of(log, "long") is None
    assert positions.step_case("long", "c") is None
    positions.replay_case("long", "abc")
    assert positions.tokens(log).solid == {3: 1, 4: 1}
    for seq, activity in ((4, "d"), (5, "d")):
        fed(log, [events[seq - 1]], stored)
        state = positions.step_case("long", activity)
    assert positions.unread(log) == []
    assert state == positions.state_of(log, "long") == Positions(NET).replay.replay("abcdd")  # type: ignore[union-attr]
    fed(
        log, [LoggedEvent(6, "long", "a", 0, 0)], Stored([*events, LoggedEvent(6, "long", "a", 0, 0)])
    )  # late: not told
    assert positions.unread(log) == ["long"]


def test_states_of_paths_nobody_stands_on_are_let_go() -> None:
    log = LiveLog(end_activities={"end"})
    positions = Positions(FLOWER)
    for case in range(400):
        path = [f"{case} {step}" for step in range(10)]
        fed(log, [LoggedEvent(case * 20 + n, f"{case}", a, n, n) for n, a in enumerate(path, start=1)], Stored())
        positions.advance(log, touched=[f"{case}"])
        fed(log, [LoggedEvent(case * 20 + 15, f"{case}", "end", 99, 99)], Stored())
        positions.advance(log, touched=())
    assert positions.tokens(log) == Tokens({}, {}, {})
    assert len(positions._states) < 1_500


def test_tokens_are_drawn_at_their_places_and_one_case_by_its_ids() -> None:
    drawing = draw_net(FLOWER)
    events = [
        LoggedEvent(1, "one", "register", 1, 1),
        LoggedEvent(2, "two", "register", 2, 2),
        LoggedEvent(3, "two", "wait", 3, 3),
    ]
    log = fed(LiveLog(), events, Stored())
    positions = Positions.of_drawing(drawing)
    positions.advance(log)
    nodes = {
        node["label"]: (node.get("open"), node.get("maybe")) for node in draw(drawing, positions.tokens(log))["nodes"]
    }
    assert nodes["p1 going on"] == (1, None)
    assert nodes["p3 waits"] == nodes["p4 waits otherwise"] == (None, 1)
    assert nodes["p2 paid"] == nodes["register"] == (None, None)
    assert positions.of_case(log, "one", drawing) == {"sure": ["p p1 going on"], "maybe": [[], 1]}
    assert positions.of_case(log, "two", drawing) == {
        "sure": [],
        "maybe": [["p p3 waits", "p p4 waits otherwise"], 2],
    }
    assert positions.of_case(log, "nobody", drawing) is None
    again = draw(draw(drawing, positions.tokens(log)), Tokens({}, {}, {}))
    assert again == drawing  # what has gone is not drawn any more


def test_tokens_on_flows_are_drawn_on_edges_and_places_without_a_spot_nowhere() -> None:
    drawing = Drawing(
        kind="bpmn",
        nodes=[{"id": "t b", "label": "b", "type": "task"}, {"id": "t d", "label": "d", "type": "task"}],
        edges=[{"s": "t b", "t": "t d"}],
        net=NET.to_data(),
        at=[[], [], [], ["t b", "t d"], ["t b", "t d"], [], []],
    )
    log = fed(LiveLog(), [LoggedEvent(n, "c", "abc"[n], n, n) for n in range(3)], Stored())
    positions = Positions.of_drawing(drawing)
    positions.advance(log)
    assert draw(drawing, positions.tokens(log))["edges"] == [{"s": "t b", "t": "t d", "open": 2}]
    assert positions.of_case(log, "c", drawing) == {"sure": [["t b", "t d"]], "maybe": [[], 1]}


def test_in_graphs_and_trees_a_case_stands_at_its_last_activity() -> None:
    log = fed(
        LiveLog(),
        [LoggedEvent(1, "one", "a", 1, 1), LoggedEvent(2, "two", "a", 2, 2), LoggedEvent(3, "two", "b", 3, 3)],
        Stored(),
    )
    leaf: dict[str, Any] = {"label": "a", "type": "leaf"}
    drawing = Drawing(
        kind="process-tree",
        nodes=[
            {"id": "x", "label": "b", "type": "xor"},
            leaf | {"id": "l"},
            leaf | {"id": "r"},
            leaf | {"id": "b", "label": "b"},
        ],
        edges=[],
        net=NET.to_data(),
    )
    positions = Positions.of_drawing(drawing)
    assert positions.advance(log)
    assert [(node.get("open"), node.get("maybe")) for node in draw(drawing, positions.tokens(log))["nodes"]] == [
        (None, None),
        (None, 1),
        (None, 1),
        (1, None),
    ]
    assert positions.of_case(log, "one", drawing) == {"sure": [], "maybe": [["l", "r"], 2]}
    assert positions.of_case(log, "two", drawing) == {"sure": ["b"], "maybe": [[], 1]}


SAME_SET = [  # from "check, register" the activity register leads to "register" as well as back to where it was
    LoggedEvent(seq, case, activity, seq * 10**6, seq * 10**6)
    for seq, (case, activity) in enumerate(
        [("a", "register"), ("a", "check"), ("a", "register"), ("b", "check"), ("b", "register"), ("b", "register")],
        start=1,
    )
]


@settings(max_examples=30, deadline=None)
@given(events=logs(min_size=1), view=st.sampled_from(["sequence", "set"]))
@example(events=SAME_SET, view="set")
def test_in_a_transition_system_the_open_cases_stand_where_it_counts_them(events: list[LoggedEvent], view: str) -> None:
    """Sets forget the order, so an activity may lead from one state to several: then a case may stand in each."""
    log = fed(LiveLog(), events, Stored(events))
    drawing = derive("transition-system", log, parameters={"view": view, "window": 2})
    positions = Positions.of_drawing(drawing)
    positions.advance(log)
    for node in draw(drawing, positions.tokens(log))["nodes"]:
        sure, maybe = node.get("open", 0), node.get("maybe", 0)
        assert sure <= node["end"] <= sure + maybe
        assert view == "set" or not maybe
