"""What a configuration says of its log, and that logs, and mining, agree with it."""

import json
from collections import Counter
from math import sqrt
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from models_mining.core.live_log import LiveLog, LoggedEvent
from simulator.simulation import Simulation
from simulator.world.event import Event
from simulator.world.truth import truth
from tests.simulator.worlds import COUNTED, datasource, edge, simulation, sound_but

FACTORY = Path(__file__).parents[3] / "simulator" / "examples" / "factory"
EVENTS = 20_000


def made_of(folder: Path, *documents: dict[str, Any], seed: int = 5) -> Simulation:
    for number, document in enumerate(documents):
        (folder / f"{number:03}.json").write_text(json.dumps(document), encoding="utf-8")
    return Simulation.load([folder], seed=seed)


def looping(folder: Path) -> Simulation:
    """Activities shared by stations, an activity that follows itself, a way round by <start>, an edge never taken."""
    return made_of(
        folder,
        datasource(
            "<start>", [edge("", "A"), edge("", "B")], selection="genericProbability", distribution=[0.75, 0.25]
        ),
        datasource(
            "A",
            [edge("check", "B"), edge("check", "A"), edge("fix", "<start>"), edge("never", "C")],
            selection="genericProbability",
            distribution=[0.5, 0.2, 0.3, 0],
        ),
        datasource("B", [edge("check", "A"), edge("pack", "<end>"), edge("fix", "C")]),
        datasource("C", [edge("pack", "<end>"), edge("back", "B")]),
        simulation(EVENTS, 20),
    )


def mined(made: Simulation) -> LiveLog:
    """The live log of a whole run."""
    log = LiveLog()

    def learn(event: Event) -> None:
        log.learn_one(
            LoggedEvent(
                seq=log.seq + 1, case=event.case, activity=event.activity, at_us=event.at_us, received_at_us=log.seq + 1
            )
        )

    made.add_sink(learn).run(count=EVENTS, rate=1e9)
    return log


def within_four_sigma(hits: int, trials: int, probability: float) -> bool:
    return abs(hits - trials * probability) <= 4 * sqrt(trials * probability * (1 - probability)) + 1e-9


def test_the_truth_of_a_small_chain_is_what_one_computes_by_hand(tmp_path: Path) -> None:
    made = made_of(
        tmp_path,
        datasource("<start>", [edge("", "A")]),
        datasource(
            "A", [edge("try", "A"), edge("go", "<end>")], selection="genericProbability", distribution=[0.75, 0.25]
        ),
        simulation(),
    )
    known = truth(made.config.chain)
    (expected,) = known["expected"]
    assert known["directly_follows"] == [("try", "go"), ("try", "try")]
    assert expected["events_per_case"] == pytest.approx(4)
    assert {row["activity"]: row["per_case"] for row in expected["activities"]} == pytest.approx({"try": 3, "go": 1})
    assert {row["activity"]: row["per_case"] for row in expected["starts"]} == {"try": 0.75, "go": 0.25}
    assert {row["activity"]: row["per_case"] for row in expected["ends"]} == pytest.approx({"go": 1})
    pairs = {(row["source"], row["target"]): row["per_case"] for row in expected["directly_follows"]}
    assert pairs == pytest.approx({("try", "try"): 2.25, ("try", "go"): 0.75})
    assert known["remarks"] == []


def share_of(expected: dict[str, Any], source: str, target: str) -> float:
    """How often ``target`` comes next where anything comes next after ``source``."""
    rows = {row["target"]: row["per_case"] for row in expected["directly_follows"] if row["source"] == source}
    return float(rows[target] / sum(rows.values()))


@pytest.mark.parametrize("world", ["factory", "looping"])
def test_the_live_model_of_a_simulated_log_is_that_of_its_configuration(tmp_path: Path, world: str) -> None:
    made = Simulation.load([FACTORY], seed=3) if world == "factory" else looping(tmp_path)
    made = Simulation(type(made.config)(made.config.chain, (), made.config.simulations, ()), seed=3)
    log, known = mined(made), truth(made.config.chain)
    mined_pairs = {pair: edge.count for pair, edge in log.directly_follows.items()}
    assert sorted(mined_pairs) == known["directly_follows"]
    for source, target in known["directly_follows"]:
        followed = sum(count for (a, _), count in mined_pairs.items() if a == source)
        shares = sorted(share_of(regime, source, target) for regime in known["expected"])
        seen = mined_pairs[source, target]  # where something drifts, from one share to the other
        within = shares[0] * followed <= seen <= shares[-1] * followed
        assert within or any(within_four_sigma(seen, followed, share) for share in shares), (source, target)
    expected = known["expected"][-1]
    starts = {row["activity"]: row["per_case"] for row in expected["starts"]}
    cases = sum(log.starts.values())
    assert set(log.starts) == set(starts)
    assert all(within_four_sigma(log.starts[activity], cases, share) for activity, share in starts.items())


def test_what_is_expected_per_case_is_what_whole_cases_have(tmp_path: Path) -> None:
    events: list[Event] = []
    made = looping(tmp_path).add_sink(events.append)
    made.run()
    whole = {event.case for event in events if event.ends_case}
    counts = Counter(event.activity for event in events if event.case in whole)
    (expected,) = truth(made.config.chain)["expected"]
    assert len(whole) > 2_000
    for row in expected["activities"]:
        assert counts[row["activity"]] / len(whole) == pytest.approx(row["per_case"], rel=0.07), row
    ends = Counter(event.activity for event in events if event.ends_case)
    assert sum(row["per_case"] for row in expected["ends"]) == pytest.approx(1)
    assert set(ends) == {row["activity"] for row in expected["ends"]}


def test_a_drift_is_told_step_by_step_and_before_and_after_it(tmp_path: Path) -> None:
    drift = {"selection": "driftingProbability", "startDistribution": [1, 0], "endDistribution": [0.2, 0.8], "steps": 5}
    made = made_of(
        tmp_path,
        datasource("<start>", [edge("", "A")]),
        datasource("A", [edge("go", "<end>"), edge("again", "A")], **drift),
        simulation(),
    )
    known = truth(made.config.chain)
    told = next(row for row in known["datasources"] if row["name"] == "A")
    assert [step["choice"] for step in told["drift"]["at"]] == [1, 2, 3, 4, 5]
    first, last = told["drift"]["at"][0]["probabilities"], told["drift"]["at"][-1]["probabilities"]
    assert first == pytest.approx((0.84, 0.16))  # the first choice has already left the start
    assert last == pytest.approx((0.2, 0.8))
    assert [entry["when"] for entry in known["expected"]] == ["first choices", "after all drifts"]
    assert [entry["events_per_case"] for entry in known["expected"]] == pytest.approx([1 / 0.84, 1 / 0.2])


def test_a_long_drift_is_told_in_a_thousand_steps_from_the_first_to_the_last(tmp_path: Path) -> None:
    drift = {"selection": "driftingProbability", "startDistribution": [1, 0], "endDistribution": [0, 1]}
    made = made_of(
        tmp_path,
        datasource("<start>", [edge("", "A")]),
        datasource("A", [edge("go", "<end>"), edge("leave", "<end>")], steps=10**6, **drift),
        simulation(),
    )
    told = next(row for row in truth(made.config.chain)["datasources"] if row["name"] == "A")["drift"]["at"]
    assert (len(told), told[0]["choice"], told[-1]["choice"]) == (1000, 1, 10**6)


def test_cases_that_never_end_have_a_relation_and_no_expectation(tmp_path: Path) -> None:
    made = made_of(
        tmp_path,
        datasource("<start>", [edge("", "A")]),
        datasource("A", [edge("a", "B")]),
        datasource("B", [edge("b", "A")], selection="ordered"),
        datasource("C", [edge("c", "<end>")]),
        simulation(),
    )
    known = truth(made.config.chain)
    assert known["directly_follows"] == [("a", "b"), ("b", "a")]
    assert known["activities"] == ["a", "b"]
    assert {row["per_case"] for row in known["expected"][0]["directly_follows"]} == {None}
    assert known["remarks"] == ["some cases never end: nothing is expected per case, only what can follow what"]
    assert [row["reachable"] for row in known["datasources"]] == [True, True, True, False]


def test_turns_are_remarked_upon(tmp_path: Path) -> None:
    made = made_of(
        tmp_path,
        datasource("<start>", [edge("", "A")]),
        datasource("A", [edge("a", "<end>"), edge("b", "A")], selection="ordered"),
        simulation(),
    )
    known = truth(made.config.chain)
    assert "taken in turn at A" in known["remarks"][0]
    assert known["expected"][0]["events_per_case"] == pytest.approx(2)


def test_the_command_writes_the_truth_and_runs_nothing_with_check(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    file = tmp_path / "truth.json"
    call_command("simulate", str(sound_but(tmp_path / "in", simulation=COUNTED)), "--truth", str(file), "--check")
    known = json.loads(file.read_text())
    assert set(known) == {"datasources", "activities", "directly_follows", "expected", "remarks"}
    assert capsys.readouterr().out.startswith("no errors; ")
