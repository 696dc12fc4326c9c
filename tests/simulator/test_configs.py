"""What is accepted: file forms, spellings of README and older files, and the way names refer to one another."""

import json
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from simulator.config import load_config
from simulator.emission.load import ConstantLoad, GradualLoad
from simulator.errors import SimulatorError
from simulator.modes.count_based import CountBased
from simulator.modes.stream import Stream
from simulator.simulation import Simulation
from simulator.sinks.console import ConsoleSink
from simulator.sinks.test import ListSink
from simulator.world.chain import ConstantDuration, GenericProbability
from simulator.world.event import Event
from tests.simulator.worlds import (
    COUNTED,
    PRESS,
    SINK,
    SOUND,
    START,
    datasource,
    edge,
    run,
    simulation,
    sound_but,
    write,
)

FACTORY = Path(__file__).parents[2] / "simulator" / "examples" / "factory"


def kept(folder: Path) -> list[Event]:
    """The events in the ``test`` sink of a configuration."""
    made = Simulation.load([folder], seed=1)
    made.run()
    sink = made.sink("kept")
    assert isinstance(sink, ListSink)
    return sink.events


@pytest.mark.parametrize(
    ("spelling", "mode"),
    [
        ("countBased", CountBased(10)),
        ("count-based", CountBased(10)),
        ("COUNT_BASED", CountBased(10)),
        ("Stream", Stream(ConstantLoad(5))),
    ],
)
def test_types_are_compared_without_case_and_hyphens(tmp_path: Path, spelling: str, mode: object) -> None:
    text = COUNTED.replace("countBased", spelling)
    if isinstance(mode, Stream):
        text = text.replace("steps: 10", "load: {loadBehavior: load, load: 5}")
    assert load_config([sound_but(tmp_path, simulation=text)]).simulations[0].mode == mode


@pytest.mark.parametrize("spelling", ["test", "test-sink", "Test-Sink", "TEST"])
def test_a_sink_type_may_end_in_sink(tmp_path: Path, spelling: str) -> None:
    assert len(kept(sound_but(tmp_path, sink=SINK.replace("type: test", f"type: {spelling}")))) == 10


@pytest.mark.parametrize("spelling", ["increasing", "incresing", ""])
def test_both_spellings_of_the_case_id_and_none_give_numbered_cases(tmp_path: Path, spelling: str) -> None:
    field = f"caseId: {spelling}" if spelling else ""
    events = kept(sound_but(tmp_path, simulation=COUNTED.replace("caseId: increasing", field)))
    assert {event.case for event in events} >= {"case_1", "case_2"}


def test_group_may_be_written_group_id(tmp_path: Path) -> None:
    assert {event.group for event in kept(sound_but(tmp_path, press=PRESS.replace("group:", "groupId:")))} == {"hall"}


def test_a_constant_duration_may_be_static_and_a_fraction(tmp_path: Path) -> None:
    folder = sound_but(tmp_path, press=PRESS.replace("duration: 2}", "duration: {type: static, duration: 2.5}}"))
    assert load_config([folder]).chain.datasources["Press"].edges[0].duration == ConstantDuration(2.5)


@pytest.mark.parametrize(
    "duration", ["{type: uniform, lowerBound: -5, upperBound: 0.5}", "{type: gaussian, mu: -1, sigma: 1}"]
)
def test_draws_below_zero_are_legal_and_take_no_time(tmp_path: Path, duration: str) -> None:
    folder = sound_but(
        tmp_path,
        press=PRESS.replace("duration: 2}", f"duration: {duration}}}"),
        simulation=COUNTED.replace("steps: 10", "steps: 300"),
    )
    draw = load_config([folder]).chain.datasources["Press"].edges[0].duration.drawer(Random(1))
    drawn = [draw() for _ in range(500)]
    assert min(drawn) == 0 < max(drawn)


def test_names_of_loads_of_def_0_1_are_accepted(tmp_path: Path) -> None:
    load = "load: {loadType: gradual, tickCount: 4, minimalLoad: 1, maximalLoad: 9}"
    folder = sound_but(tmp_path, simulation=COUNTED.replace("countBased", "stream").replace("steps: 10", load))
    assert load_config([folder]).simulations[0].mode == Stream(GradualLoad(4, 1, 9))


def test_probabilities_may_be_text_and_need_not_be_exact(tmp_path: Path) -> None:
    weights = '["0.7", 0.3000005]'
    config = load_config([sound_but(tmp_path, press=PRESS.replace("[0.7, 0.3]", weights))])
    selection = config.chain.datasources["Press"].selection
    assert isinstance(selection, GenericProbability)
    assert sum(selection.weights) == pytest.approx(1, abs=1e-12)


def test_one_concurrent_case_is_the_default(tmp_path: Path) -> None:
    folder = sound_but(tmp_path, simulation=COUNTED.replace("maxConcurrentCases: 3", ""))
    assert load_config([folder]).simulations[0].concurrent_cases == 1


def test_a_process_simulator_fills_in_what_simulations_lack(tmp_path: Path) -> None:
    folder = sound_but(
        tmp_path,
        simulation=COUNTED.replace("maxConcurrentCases: 3", ""),
        process="""
            kind: processSimulator
            name: p
            spec: {type: def, caseId: increasing, maxConcurrentCases: 7}
        """,
    )
    assert load_config([folder]).simulations[0].concurrent_cases == 7


def test_types_that_later_revisions_write_everywhere_are_accepted(tmp_path: Path) -> None:
    text = PRESS.replace("group: hall", "group: hall\n      type: default").replace(
        "{activity:", "{type: case, activity:"
    )
    assert load_config([sound_but(tmp_path, press=text)]).warnings == ()


def test_json_files_and_several_documents_in_one_file_are_read(tmp_path: Path) -> None:
    write(tmp_path, {"world.yml": "---".join(("", *SOUND.values())).replace("\n    ", "\n")})
    tabs = json.dumps(datasource("Other", [edge("a\U0001f600/b", "<end>", 1e3)]), indent="\t")
    (tmp_path / "other.json").write_text(tabs)
    (tmp_path / "notes.txt").write_text("not read")
    (tmp_path / ".hidden.yaml").write_text("kind: [")
    (tmp_path / "deeper.yaml").mkdir()
    config = load_config([tmp_path])
    assert config.chain.datasources["Other"].edges[0].activity == "a\U0001f600/b"
    assert len(config.chain.datasources) == 3


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    folder = sound_but(tmp_path)
    assert len(load_config([folder, folder / "press.yaml"]).sinks) == 1


def test_merge_keys_and_aliases_are_followed(tmp_path: Path) -> None:
    text = PRESS.replace("- {activity: press", "- &first {activity: press").replace(
        "- {activity: jam, transition: Press, duration: 1.5}", "- {<<: *first, activity: jam}"
    )
    edges = load_config([sound_but(tmp_path, press=text)]).chain.datasources["Press"].edges
    assert [(edge.activity, edge.target) for edge in edges] == [("press", "<end>"), ("jam", "<end>")]


def test_a_transition_may_use_either_name_of_a_datasource(tmp_path: Path) -> None:
    press = PRESS.replace("name: Press", "name: Outside", 1)
    start = START.replace("transition: Press", "transition: Outside")
    events = kept(sound_but(tmp_path, press=press, start=start))
    assert {event.node for event in events} == {"Press"}


def test_events_go_to_each_sink_that_wants_them_and_the_rest_is_counted(tmp_path: Path) -> None:
    documents = (
        datasource("<start>", [edge("", "A")]),
        datasource("A", [edge("a", "B")]),
        datasource("B", [edge("b", "<end>")]),
        simulation(10),
    )
    for number, document in enumerate(documents):
        (tmp_path / f"{number}.json").write_text(json.dumps(document))
    said: list[str] = []
    first, second = ListSink(), ListSink()
    made = Simulation.load([tmp_path], say=said.append).add_sink(first, nodes=["A"]).add_sink(second, nodes=["A"])
    assert made.run() == 10
    assert [event.node for event in first.events] == ["A"] * 5
    assert first.events == second.events
    assert said == [
        "no sink wants the events of 'B'; they are counted, and not sent anywhere",
        "events that no sink wanted: B 5",
    ]


def test_a_function_of_an_event_is_a_sink_and_count_ends_the_run(tmp_path: Path) -> None:
    nodes: list[str] = []
    made = Simulation.load([sound_but(tmp_path)]).add_sink(lambda event: nodes.append(event.node))
    assert made.run(count=4) == 4
    assert nodes == ["Press"] * 4


def test_a_run_can_be_stopped_from_within(tmp_path: Path) -> None:
    made = Simulation.load([sound_but(tmp_path, simulation=COUNTED.replace("10", "100000"))])
    made.add_sink(lambda event: made.stop() if made.sent >= 20 else None)
    assert made.run() < 100


def test_the_seed_and_the_start_settle_every_event(tmp_path: Path) -> None:
    start = datetime(2026, 3, 1, 6, tzinfo=UTC)
    world = (
        datasource("<start>", [edge("", "A")]),
        datasource("A", [edge("a", "A", 1), edge("b", "<end>", 2)]),
        simulation(500),
    )
    first = run(tmp_path, *world, seed=9, start=start)
    assert run(tmp_path, *world, seed=9, start=start) == first
    assert run(tmp_path, *world, seed=10, start=start) != first
    assert first[0].at > start


def test_simulated_time_past_the_calendar_is_an_error_and_not_a_crash(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = sound_but(
        tmp_path, press=PRESS.replace("duration: 2", "duration: 1e13"), sink=SINK.replace("test", "console")
    )
    with pytest.raises(SimulatorError, match="simulated time has left the years 1 to 9999"):
        Simulation.load([folder], seed=3).run()


def test_the_console_writes_its_id_the_node_and_five_keys_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sink = SINK.replace("type: test", "type: console\n      id: Sensor 7")
    folder = sound_but(tmp_path, sink=sink)
    Simulation.load([folder], seed=1).run(count=1, start=datetime(2026, 1, 2, 3, 4, 5, 999_999, tzinfo=UTC))
    line = capsys.readouterr().out
    assert line == (
        'Sensor 7 Press: {"timestamp": "2026-01-02 03:05:35", "activity": "jam", "caseid": "case_1", '
        '"node": "Press", "group": "hall"}\n'
    )


def test_the_id_of_a_console_is_its_name_by_default_and_ui_says_it_is_a_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    folder = sound_but(tmp_path, sink=SINK.replace("type: test", "type: ui"))
    Simulation.load([folder], say=said.append).run(count=2)
    assert [line.split(" ")[0] for line in capsys.readouterr().out.splitlines()] == ["kept", "kept"]
    assert said == ["sink 'kept': there is no page for the type ui here, its events go to standard output"]


# --- Our own factory ----------------------------------------------------------------


def test_the_factory_is_sound_and_its_cases_are_as_long_as_promised() -> None:
    config = load_config([FACTORY])
    assert config.warnings == ()
    assert not isinstance(config.sinks[0].sink, ConsoleSink)
    events: list[Event] = []
    config = type(config)(config.chain, (), config.simulations, ())
    Simulation(config, seed=2).add_sink(events.append).run(count=20_000, rate=1e9)
    lengths: dict[str, int] = {}
    for event in events:
        lengths[event.case] = lengths.get(event.case, 0) + 1
    ended = {event.case: event.activity for event in events if event.ends_case}
    assert set(ended.values()) == {"Ship", "Scrap"}
    assert not {event.activity for event in events if not event.ends_case} & {"Ship", "Scrap"}
    usual = [case for case in ended if 6 <= lengths[case] <= 20]
    assert len(usual) > 0.99 * len(ended)
    assert len({event.activity for event in events}) == 17
