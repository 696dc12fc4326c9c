"""Each kind of rule finds exactly what is there: precision and recall are 1.0 on logs whose truth is known."""

from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest
from django.utils import timezone

from models_mining.conformance.references import freeze
from models_mining.mining.miner import LogMiners
from models_mining.models import ReferenceModel
from models_mining.work import Work
from rules.models import RuleMatch
from streams.models import Broker, EventLog, Rejection, Stream
from tests.rules import truth
from tests.rules.conftest import Store, Watch, evaluate, matched
from tests.rules.truth import Told, drawn, numbered

ACTIVITY = "event.activity == '{}'"
LONG_AGO = timezone.now() - timedelta(days=2)

pytestmark = pytest.mark.django_db


def test_a_rule_on_events_sees_the_event_its_case_and_the_event_before(log: EventLog, store: Store, watch: Watch):
    events = numbered(drawn(400))
    cold = watch("event", when="event.activity == 'Test' && event.attributes.temp < 20")
    after_paint = watch("event", when="event.activity == 'Test' && previous.activity == 'Paint' && case.length > 5")
    second = watch("event", when="case.activities[event.activity] == 2 && now >= event.received_at")
    temps = {number: number % 40 for number in range(400) if number % 3}
    store(*(Told(one.case, one.activity, one.second, temps.get(number)) for number, one in enumerate(events)))
    evaluate()
    cases = truth.by_case(events)
    assert matched(cold) == {
        (one.case, one.seq)
        for number, one in enumerate(events)
        if one.activity == "Test" and temps.get(number, 20) < 20
    }
    assert matched(after_paint) == {
        (now.case, now.seq)
        for case in cases.values()
        for place, (before, now) in enumerate(pairwise(case), 2)
        if (before.activity, now.activity) == ("Paint", "Test") and place > 5
    }
    assert matched(second) == {
        (name, [one for one in case if one.activity == activity][1].seq)
        for name, case in cases.items()
        for activity in truth.ACTIVITIES
        if sum(one.activity == activity for one in case) > 1
    }
    match = RuleMatch.objects.filter(rule=cold).first()
    assert match is not None
    assert match.context["event"]["attributes"]["temp"] < 20
    assert match.rule_version == 1


CUT_PAINT_TEST = partial(truth.sequences, steps=["Cut", "Paint", "Test"], within={}, absent={})
CUT_ASSEMBLE_TEST = partial(
    truth.sequences, steps=["Cut", "Assemble", "Test"], within={1: 400, 2: 300}, absent={1: "Paint"}
)
TEST_AFTER_ASSEMBLE = partial(truth.timeouts, after="Assemble", until="Test", within=250)


@pytest.mark.parametrize("late", [0.0, 0.2], ids=["in order", "some late"])
def test_sequences_and_timeouts_are_found_as_if_every_event_had_come_in_time(
    log: EventLog, store: Store, watch: Watch, late: float
):
    events = numbered(drawn(200 if late else 400, late=late))
    plain = watch("sequence", steps=[ACTIVITY.format("Cut"), ACTIVITY.format("Paint"), ACTIVITY.format("Test")])
    bounded = watch(
        "sequence",
        steps=[
            ACTIVITY.format("Cut"),
            {"when": ACTIVITY.format("Paint"), "absent": True},
            {"when": ACTIVITY.format("Assemble"), "within_s": 400},
            {"when": ACTIVITY.format("Test"), "within_s": 300},
        ],
    )
    timeout = watch("timeout", after=ACTIVITY.format("Assemble"), until=ACTIVITY.format("Test"), within_s=250)
    store(*(Told(one.case, one.activity, one.second) for one in events), arrived=LONG_AGO)
    evaluate()
    found = matched(plain), matched(bounded), matched(timeout)
    wanted = CUT_PAINT_TEST(events), CUT_ASSEMBLE_TEST(events), TEST_AFTER_ASSEMBLE(events)
    assert all(len(one) > 5 for one in wanted)
    if not late:
        assert found == wanted
        return
    told = (  # what was true before a late event came stays told
        truth.at_some_time(events, CUT_PAINT_TEST),
        truth.at_some_time(events, CUT_ASSEMBLE_TEST),
        truth.at_some_time(events, partial(TEST_AFTER_ASSEMBLE, clock=False)),
    )
    assert told[0] - wanted[0]
    assert found == tuple(one | before for one, before in zip(wanted, told, strict=True))


def test_a_case_that_lasts_too_long_is_told_by_an_event_or_by_the_clock(log: EventLog, store: Store, watch: Watch):
    events = drawn(300)
    lasts = watch("case", duration_s=600)
    long = watch("case", length=20)
    again = watch("case", repetitions=3, activity="Paint")
    any_again = watch("case", repetitions=6)
    store(*events, Told("open", "Cut", 0), Told("ended", "Cut", 0), Told("ended", "Ship", 60), arrived=LONG_AGO)
    evaluate()
    cases = truth.by_case(numbered([*events, Told("open", "Cut", 0)]))
    first_over = {
        (name, next((one.seq for one in case if one.second - case[0].second > 600), case[0].seq))
        for name, case in cases.items()
    }
    assert matched(lasts) == first_over
    assert matched(long) == {(name, case[20].seq) for name, case in cases.items() if len(case) > 20}

    def nth(case: list[truth.Known], activity: str, n: int) -> int | None:
        found = [one.seq for one in case if one.activity == activity]
        return found[n - 1] if len(found) >= n else None

    fourth = {(name, nth(case, "Paint", 4)) for name, case in cases.items()}
    assert matched(again) == {one for one in fourth if one[1] is not None}
    seventh = {(name, nth(case, activity, 7)) for name, case in cases.items() for activity in truth.ACTIVITIES}
    assert matched(any_again) == {one for one in seventh if one[1] is not None}
    store(Told("open", "Paint", 5000))
    evaluate()
    assert ("open", 304) not in matched(lasts)  # told once


def test_what_was_never_seen_before_is_told_after_the_warm_up(log: EventLog, store: Store, watch: Watch):
    usual = [Told(f"c{n}", name, 10 * n + k) for n in range(30) for k, name in enumerate(("Cut", "Paint", "Test"))]
    activity = watch("novelty", of="activity", warm_up=90)
    edge = watch("novelty", of="edge", warm_up=90)
    variant = watch("novelty", of="variant", warm_up=90)
    early = watch("novelty", of="activity", warm_up=0)
    store(*usual)
    new = [("x", "Cut", 1000), ("x", "Test", 1001), ("x", "Paint", 1002), ("y", "Glue", 1003), ("x", "Cut", 1004)]
    store(*(Told(*one) for one in [*new, ("x", "Paint", 1005), ("z", "Cut", 1006), ("z", "Paint", 1007)]))
    evaluate()
    assert matched(activity) == {("y", 94)}
    assert matched(edge) == {("x", 92), ("x", 93), ("y", 94), ("x", 95)}
    assert matched(variant) == {("x", 92), ("y", 94)}
    assert matched(early) == {("c0", 1), ("c0", 2), ("c0", 3), ("y", 94)}
    store(Told("z", "Test", 1002))  # late: before what its case did already
    evaluate()
    assert matched(edge) - {("x", 92), ("x", 93), ("y", 94), ("x", 95)} == {("z", 99)}


def test_a_silent_a_hurried_and_a_failing_log_are_told_once_each_time(log: EventLog, store: Store, watch: Watch):
    silent = watch("log", measure="silence", within_s=60)
    hurried = watch("log", measure="rate", within_s=60, above=1.0)
    idle = watch("log", measure="rate", within_s=60, below=0.5)
    failing = watch("log", measure="rejections", within_s=60, above=0.3)
    rules = [silent, hurried, idle, failing]
    for rule in rules:  # as if they had begun two minutes ago
        rule.changed_at = timezone.now() - timedelta(minutes=2)
        rule.save(update_fields=["changed_at"])
    evaluate()
    evaluate()
    assert [len(matched(rule)) for rule in rules] == [1, 0, 1, 0]
    store(*(Told("c", "Cut", n) for n in range(90)))
    broker = Broker.objects.create(name="b", host="127.0.0.1")
    stream = Stream.objects.create(slug="s", name="s", broker=broker, topic="t", log=log)
    for n in range(60):
        Rejection.objects.create(
            stream=stream, received_at=timezone.now(), topic="t", payload=b"", reason="not_json", detail=str(n)
        )
    evaluate()
    evaluate()
    assert [len(matched(rule)) for rule in rules] == [1, 1, 1, 1]
    assert matched(hurried) == {("", 90)}
    assert "40.0%" in RuleMatch.objects.get(rule=failing).reason


def test_a_case_that_leaves_the_reference_model_is_told_once(log: EventLog, store: Store, watch: Watch):
    store(*(Told(f"c{n}", name, n + k) for n in range(3) for k, name in enumerate(("Cut", "Paint", "Ship"))))
    LogMiners().drain()
    model = log.models.create(algorithm="footprints")
    LogMiners().drain()
    Work(everything=True).drain()
    model.refresh_from_db()
    freeze(model, "as it was", active=True)
    leaves = watch("deviation")
    at_paint = watch("deviation", activities=["Glue"])
    store(Told("good", "Cut", 100), Told("bad", "Cut", 100), Told("good", "Paint", 101), Told("bad", "Glue", 101))
    store(Told("good", "Ship", 102), Told("bad", "Paint", 102))
    LogMiners().drain()
    Work(everything=True).drain()
    evaluate()
    assert {case for case, _ in matched(leaves)} == {"bad"}
    assert {case for case, _ in matched(at_paint)} == {"bad"}
    assert ReferenceModel.objects.get().name in str(RuleMatch.objects.first().context)
