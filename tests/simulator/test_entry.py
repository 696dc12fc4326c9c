"""The Python entry, and what the manual says of it."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from simulator.errors import ConfigError
from simulator.simulation import Simulation
from simulator.sinks.test import ListSink
from simulator.world.event import Event
from tests.simulator.worlds import PRESS, SINK, sound_but

EXAMPLE_FOLDERS = (Path(__file__).parents[2] / "simulator" / "examples").iterdir()
MANUAL = Path(__file__).parents[2] / "docs" / "simulator.md"
EXAMPLES = re.findall(r"^```python\n(.*?)^```", MANUAL.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
YAML = re.findall(r"^```yaml\n(.*?)^```", MANUAL.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_example_of_the_manual_runs(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(MANUAL.parents[1])
    exec(compile(code, str(MANUAL), "exec"), {})  # noqa: S102  (our own document)


def test_there_are_examples() -> None:
    assert (len(EXAMPLES), len(YAML)) == (2, 1)


@pytest.mark.parametrize("folder", sorted(EXAMPLE_FOLDERS), ids=lambda folder: folder.name)
def test_an_example_configuration_is_sound(folder: Path) -> None:
    made = Simulation().add_directory(folder)
    assert made.config.warnings == ()
    events: list[Event] = []
    Simulation(replace(made.config, sinks=()), seed=1).add_sink(events.append).run(count=500, rate=1e6)
    assert len({event.activity for event in events}) >= 5


def begun() -> Simulation:
    return (
        Simulation(seed=1)
        .add_datasource("<start>", group="", selection="uniform", eventData=[{"transition": "Press"}])
        .add_simulation("s", type="countBased", steps=20)
    )


def test_the_manuals_configuration_is_sound() -> None:
    made = begun().add_text(YAML[0])
    assert made.config.warnings == ()
    assert made.datasource("Press").group == "hall 1"


def test_files_directories_texts_and_objects_add_up_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "press.yaml").write_text(PRESS)
    (tmp_path / "sinks").mkdir()
    (tmp_path / "sinks" / "sink.yaml").write_text(SINK)
    events: list[Event] = []
    made = begun().add_sink(events.append).add_file(tmp_path / "press.yaml").add_directory(tmp_path / "sinks")
    assert made.run() == 20
    kept = made.sink("kept")
    assert isinstance(kept, ListSink)
    assert kept.events == events


def test_what_is_added_later_is_read_too(tmp_path: Path) -> None:
    made = begun().add_text(PRESS).add_sink(lambda event: None)
    assert made.run() == 20
    made.add_simulation("t", type="countBased", steps=5)
    assert made.run() == 25


def test_names_are_looked_up_and_unknown_ones_are_a_key_error(tmp_path: Path) -> None:
    made = Simulation.load([sound_but(tmp_path, press=PRESS.replace("name: Press", "name: Outside", 1))])
    assert made.datasource("Outside") is made.datasource("Press")
    with pytest.raises(KeyError):
        made.datasource("nowhere")
    with pytest.raises(KeyError):
        made.sink("nowhere")


def test_problems_of_all_that_was_added_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    made = begun().add_text(PRESS.replace("duration: 2}", "duration: -2}"), "pasted").add_file(tmp_path / "absent.yaml")
    made.add_datasource("Saw", group="", selection="random", eventData=[])
    with pytest.raises(ConfigError) as caught:
        made.run()
    problems = caught.value.problems
    assert {problem.place.file for problem in problems} == {str(tmp_path / "absent.yaml"), "pasted", "datasource 'Saw'"}
    assert str(caught.value) == "\n".join(map(str, problems))
    pasted = next(problem for problem in problems if problem.place.file == "pasted")
    assert (pasted.place.line, pasted.place.path) == (10, "spec.eventData[1].duration")


def test_a_checked_configuration_takes_nothing_more(tmp_path: Path) -> None:
    made = Simulation(Simulation.load([sound_but(tmp_path)]).config)
    with pytest.raises(ValueError, match="made from a checked configuration"):
        made.add_text(PRESS)


def test_without_any_sink_nothing_runs() -> None:
    with pytest.raises(ConfigError, match="there is no sink, expected one in a file or by add_sink"):
        begun().add_text(PRESS).run()
