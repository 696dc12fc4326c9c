"""Every row of "bad configurations": found before the first event, all at once, with file, line and key path."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from simulator.config import load_config
from simulator.errors import ConfigError
from tests.simulator.worlds import COUNTED, MQTT_SINK, PRESS, SINK, SOUND, START, sound_but, write


def errors_of(*paths: Path, **options: bool) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(paths, **options)  # type: ignore[arg-type]
    return str(caught.value).splitlines()


def warnings_of(folder: Path) -> list[str]:
    return [str(problem) for problem in load_config([folder]).warnings]


STREAM = COUNTED.replace("countBased", "stream").replace("steps: 10", "load: LOAD")
DRIFT = PRESS.replace("genericProbability", "driftingProbability").replace(
    "distribution: [0.7, 0.3]", "startDistribution: [0.7, 0.3]\n      endDistribution: [0, 1]\n      steps: 5"
)


def press(**changed: str) -> str:
    """PRESS with its first edge's duration replaced, or other text."""
    text = PRESS
    for before, after in changed.items():
        text = text.replace({"duration": "duration: 2}", "weights": "[0.7, 0.3]"}[before], after)
    return text


def cases() -> Iterator[tuple[str, str, str, str]]:
    """(what is wrong, file, its text, what the message must hold)."""
    yield "unknown kind", "sink", SINK.replace("kind: sink", "kind: sinc"), "kind: is unknown, got 'sinc', expected one"
    yield "near kind", "sink", SINK.replace("kind: sink", "kind: sinc"), "(did you mean 'sink'?)"
    yield "no kind", "sink", SINK.replace("kind: sink", ""), "kind: is missing"
    yield "no name", "sink", SINK.replace("name: kept", ""), "name: is missing"
    yield "no spec", "extra", "kind: sink\nname: x", "extra.yaml:1: spec: is missing"
    yield "empty", "extra", "", "extra.yaml: is empty, expected a mapping with kind, name, spec"
    yield "only a comment", "extra", "# nothing", "is empty, expected a mapping"
    yield "a list", "extra", "- kind: sink", "extra.yaml:1: holds a list, expected a mapping with kind, name, spec"
    yield "a text", "extra", "hello", "extra.yaml:1: holds a text, expected a mapping"
    yield "a tab", "extra", "kind: sink\nspec:\n\ta: 1", "extra.yaml:3: is not YAML: line 3, column 1"
    yield "a bracket", "extra", "kind: [sink\nname: b", "is not YAML: line 2"
    yield "bytes", "extra", "a: \x00", "is not YAML"
    yield "selection", "press", PRESS.replace("genericP", "genricP"), "(did you mean 'genericProbability'?)"
    yield "parallel", "press", PRESS.replace("genericProbability", "parallel"), "belongs to DEF's object-centric mode"
    yield "duration type", "press", press(duration="duration: {type: gauss}}"), "eventData[1].duration.type: is unknown"
    yield "sink type", "sink", SINK.replace("type: test", "type: consol"), "spec.type: is unknown, got 'consol'"
    yield "near sink type", "sink", SINK.replace("type: test", "type: consol"), "(did you mean 'console'?)"
    yield "simulation type", "simulation", COUNTED.replace("countBased", "counted"), "spec.type: is unknown"
    yield (
        "load form",
        "simulation",
        STREAM.replace("LOAD", "{loadBehavior: sine}"),
        "spec.load.loadBehavior: is unknown",
    )
    yield "case id", "simulation", COUNTED.replace("increasing", "uuid"), "spec.caseId: is unknown, got 'uuid'"
    yield "no steps", "simulation", COUNTED.replace("steps: 10", ""), "spec.steps: is missing, expected a whole number"
    yield "no load", "simulation", STREAM.replace("load: LOAD", ""), "spec.load: is missing, expected a mapping"
    yield "no refs", "sink", SINK.replace("dataSourceRefs: [Press]", ""), "spec.dataSourceRefs: is missing"
    yield "refs as text", "sink", SINK.replace("[Press]", "Press"), "got 'Press' (text), expected a list of texts"
    yield "no weights", "press", PRESS.replace("distribution: [0.7, 0.3]", ""), "spec.distribution: is missing"
    yield "no selection", "press", PRESS.replace("selection:", "selecting:"), "spec.selection: is missing"
    yield "no edges", "press", PRESS.replace("eventData:", "eventDatas:"), "spec.eventData: is missing"
    yield "no duration", "press", PRESS.replace(", duration: 2}", "}"), "eventData[1].duration: is missing"
    yield "text as number", "press", press(duration="duration: two}"), "got 'two' (text), expected a number from 0 on"
    yield "quoted number", "press", press(duration='duration: "2"}'), "got '2' (text), expected a number"
    yield "fraction", "simulation", COUNTED.replace("10", "1.5"), "got 1.5 (number), expected a whole number from 0 on"
    yield "beyond counting", "simulation", COUNTED.replace("10", "1e30"), "expected a whole number from 0 on to 1e+18"
    yield "merge", "press", PRESS.replace("{activity: press", "{<<: 5, activity: press"), "eventData[1].<<: has a wrong"
    yield "list for mapping", "simulation", STREAM.replace("LOAD", "[1]"), "got a list of 1, expected a mapping"
    yield "edge as text", "press", PRESS.replace("{activity: press", "go #"), "eventData[1]: has a wrong value, got 'go"
    yield "yes as text", "press", PRESS.replace("activity: press", "activity: yes"), "got yes (true or false), expected"
    yield "quotes", "press", PRESS.replace("activity: press", "activity: 5"), "expected text: put it in quotes"
    yield "date", "press", PRESS.replace("activity: press", "activity: 2026-01-01"), "got 2026-01-01 (date)"
    yield "weights too few", "press", press(weights="[1.0]"), "datasource 'Press': got 1 probabilities for 2 edges"
    yield "drift too few", "press", DRIFT.replace("[0, 1]", "[1]"), "spec.endDistribution: datasource 'Press': got 1"
    yield "weights' sum", "press", press(weights="[0.7, 0.2]"), "got a sum of 0.9, expected 1"
    yield "thirds", "press", press(weights="[0.33, 0.33]"), "datasource 'Press': the probabilities do not add up"
    yield "negative weight", "press", press(weights="[1.5, -0.5]"), "distribution[2]: has a wrong value, got -0.5"
    yield "weight no number", "press", press(weights="[x, 0.5]"), "distribution[1]: has a wrong value, got 'x'"
    yield "infinite weight", "press", press(weights="[.inf, 0.5]"), "distribution[1]: has a wrong value, got .inf"
    yield "no edge", "press", PRESS.split("eventData")[0] + "eventData: []", "datasource 'Press' has no edge"
    yield "lost target", "press", PRESS.replace("transition: Press", "transition: Pres"), "edge 2 ('jam') leads to a"
    yield "near target", "press", PRESS.replace("transition: Press", "transition: Pres"), "(did you mean 'Press'?)"
    yield "no start", "start", PRESS.replace("Press", "Other"), "there is no datasource '<start>'"
    yield "start to end", "start", START.replace("transition: Press", "transition: <end>"), "from '<start>' to '<end>'"
    yield "start to start", "start", START.replace("transition: Press", "transition: <start>"), "to '<start>'"
    yield "an end file", "extra", PRESS.replace("name: Press", "name: <end>"), "'<end>' is built in"
    yield "drift steps", "press", DRIFT.replace("steps: 5", "steps: 0"), "spec.steps: has a wrong value, got 0"
    yield (
        "no case",
        "simulation",
        COUNTED.replace("Cases: 3", "Cases: 0"),
        "maxConcurrentCases: has a wrong value, got 0",
    )
    yield "negative steps", "simulation", COUNTED.replace("steps: 10", "steps: -1"), "expected a whole number from 0 on"
    yield (
        "tick count",
        "simulation",
        STREAM.replace("LOAD", "{loadBehavior: gradual, tickCount: 0, minimalLoad: 1, load: 2}"),
        "spec.load.tickCount: has a wrong value, got 0 (number), expected a number above 0",
    )
    yield (
        "phase",
        "simulation",
        STREAM.replace("LOAD", "{loadBehavior: sinus, mean: 1, amplitude: 1, phase: 0}"),
        "spec.load.phase: has a wrong value, got 0 (number), expected a number above 0",
    )
    yield (
        "negative load",
        "simulation",
        STREAM.replace("LOAD", "{loadBehavior: constant, load: -1}"),
        "spec.load.load: has a wrong value, got -1 (number), expected a number from 0 on",
    )
    yield (
        "negative duration",
        "press",
        press(duration="duration: -2}"),
        "eventData[1].duration: has a wrong value, got -2",
    )
    yield "endless duration", "press", press(duration="duration: 1e305}"), "got 1e+305, expected minutes up to 1e+15"
    yield (
        "sigma",
        "press",
        press(duration="duration: {type: gaussian, mu: 1, sigma: -1}}"),
        "eventData[1].duration.sigma: has a wrong value, got -1",
    )
    yield (
        "bounds",
        "press",
        press(duration="duration: {type: uniform, lowerBound: 3, upperBound: 2}}"),
        "eventData[1].duration.lowerBound: is above upperBound, got 3 and 2",
    )
    yield "twin datasource", "twin", PRESS, "twin.yaml:5: spec: a datasource 'Press' is in"
    yield (
        "twin node",
        "twin",
        PRESS.replace("name: Press", "name: Twin", 1),
        "a datasource with spec.name 'Press' is in",
    )
    yield "twin simulation", "twin", COUNTED, "a simulation 'counted' is in"
    yield "ocel", "sink", SINK.replace("type: test", "type: ocel"), "belongs to DEF's object-centric mode"
    yield "object", "extra", "kind: object\nname: x\nspec: {}", "'object' belongs to DEF's object-centric mode"
    yield (
        "replayed log",
        "extra",
        "kind: processSimulator\nname: x\nspec: {type: xes}",
        "'xes' belongs to DEF's object-centric mode",
    )
    yield (
        "object-centric datasource",
        "press",
        PRESS.replace("group: hall", "type: objectCentric"),
        "'objectCentric' belongs to DEF's object-centric mode",
    )
    yield "DEF 0.1", "extra", "dataSourceTopology: {dataSources: []}", "single-file format of DEF 0.1"
    endless = STREAM.replace("counted", "y").replace("LOAD", "{loadBehavior: constant, load: 1}")
    after = COUNTED.replace("counted", "z")
    yield "after the endless", "z", f"{endless}---{after}", "the simulation 'z' would never run: 'y' in"
    yield "broker", "sink", MQTT_SINK.replace("mqtt://", "http://"), "neither mqtt:// nor mqtts://"
    yield "port", "sink", MQTT_SINK.replace("127.0.0.1:1", "x:99999"), "the port is not a number from 1 to 65535"
    yield "no broker", "sink", MQTT_SINK.replace("broker: mqtt", "brokers: mqtt"), "spec.broker: is missing"
    yield "format", "sink", MQTT_SINK + "      format: xml\n", "spec.format: is unknown, got 'xml'"
    yield (
        "quality of service",
        "sink",
        MQTT_SINK + "      qos: 3\n",
        "spec.qos: has a wrong value, got 3, expected 0, 1",
    )
    yield "base", "sink", MQTT_SINK.replace("plant/a", '"plant/#"'), "spec.base: has a wrong value"
    yield "python objects", "extra", "kind: !!python/object/apply:os.system [ls]", "python/object/apply:os.system"
    yield "own alias", "extra", "kind: sink\nname: x\nspec: &a {b: *a}", "an alias refers to a value it is part of"
    yield "deep", "extra", "kind: " + "[" * 200 + "]" * 200, "is nested deeper than 40 levels"
    ninefold = (f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefghi"))
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(ninefold)
    yield "bomb", "extra", bomb, "its aliases expand to more than 200000 values"


CASES = list(cases())


@pytest.mark.parametrize(("file", "text", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_bad_configuration_is_refused_with_its_place(tmp_path: Path, file: str, text: str, expected: str) -> None:
    errors = errors_of(sound_but(tmp_path, **{file: text}))
    assert expected in "\n".join(errors)
    assert all(line.startswith((str(tmp_path), "configuration: ")) for line in errors)
    assert len(errors) <= 3  # one mistake makes no avalanche


def test_a_sound_configuration_has_no_errors_and_no_warnings(tmp_path: Path) -> None:
    assert warnings_of(sound_but(tmp_path)) == []


def test_all_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    errors = errors_of(
        sound_but(
            tmp_path,
            press=PRESS.replace("genericProbability", "x").replace("duration: 2", "duration: -2"),
            sink=SINK.replace("type: test", "type: nowhere"),
            simulation=COUNTED.replace("steps: 10", "steps: many"),
            extra="kind: [",
        )
    )
    assert len(errors) == 5
    steps = f"{tmp_path}/simulation.yaml:8: spec.steps: has a wrong value, got 'many' (text), expected a whole number"
    assert f"{steps} from 0 on" in errors


def test_a_missing_path_and_an_empty_directory_are_told_with_their_path(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.md").write_text("no configuration")
    lines = errors_of(tmp_path / "absent.yaml", tmp_path / "empty")
    assert lines[0] == f"{tmp_path}/absent.yaml: cannot be read: No such file or directory"
    assert lines[1].startswith(f"{tmp_path}/empty: no configuration found, expected files .json, .yaml, .yml")


def test_a_file_that_is_no_utf8_text_is_told_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"kind: sink\nname: \xff")
    assert errors_of(tmp_path / "x.yaml") == [f"{tmp_path}/x.yaml:2: is not UTF-8 text"]


def test_a_file_of_many_megabytes_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"#" * (5 * 2**20))
    assert errors_of(tmp_path / "x.yaml") == [f"{tmp_path}/x.yaml: is larger than 4 MiB"]


@pytest.mark.parametrize(
    ("left_out", "expected"),
    [
        ("simulation.yaml", "there is no simulation"),
        ("sink.yaml", "there is no sink"),
        ("press.yaml", "there is no datasource besides"),
    ],
)
def test_what_is_missing_altogether_is_told(tmp_path: Path, left_out: str, expected: str) -> None:
    folder = write(tmp_path, {name: text for name, text in SOUND.items() if name != left_out})
    assert expected in "\n".join(errors_of(folder))


def test_a_wrong_broker_url_never_shows_its_password(tmp_path: Path) -> None:
    secret = MQTT_SINK.replace("mqtt://127.0.0.1:1", "mqtt://me:hunter2@:1883")
    assert "hunter2" not in "\n".join(errors_of(sound_but(tmp_path, sink=secret)))


def test_an_end_by_an_option_lets_simulations_stand_behind_an_endless_one(tmp_path: Path) -> None:
    stream = STREAM.replace("counted", "a").replace("LOAD", "{loadBehavior: constant, load: 1}")
    folder = sound_but(tmp_path, a=stream)
    assert "would never run" in errors_of(folder)[0]
    assert len(load_config([folder], counted=True).simulations) == 2


# --- What only warns ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("simulation", COUNTED + "      timeframe: 100\n", "simulation.yaml:9: spec.timeframe: is unknown and ignored"),
        ("press", PRESS.replace("duration: 2}", "duration: 2, durration: 3}"), "(did you mean 'duration'?)"),
        ("press", PRESS.replace("group: hall", ""), "spec: has no group"),
        ("press", PRESS.replace("name: Press", "name: press 1", 1), "named 'press 1' outside and 'Press' here"),
        ("press", PRESS.replace("group: hall", "group: hall\n      group: hill"), "spec.group: is given twice"),
        ("press", PRESS.replace("activity: jam", 'activity: ""'), "eventData[2].activity: is empty"),
        ("sink", SINK.replace("[Press]", "[Press, Press]"), "'Press' is listed twice"),
        (
            "sink",
            SINK.replace("[Press]", "[Press, Q, B]"),
            "dataSourceRefs names datasources that are not loaded: B, Q",
        ),
        ("twin", SINK, "a sink 'kept' is in"),
        ("extra", PRESS.replace("Press", "Island"), "the datasource 'Island' is never reached from '<start>'"),
    ],
)
def test_oddities_are_accepted_with_a_warning(tmp_path: Path, file: str, text: str, expected: str) -> None:
    warnings = warnings_of(sound_but(tmp_path, **{file: text}))
    assert len(warnings) == 1
    assert expected in warnings[0]


def test_a_ring_without_time_and_way_out_is_warned_about_once(tmp_path: Path) -> None:
    ring = PRESS.replace("<end>, duration: 2", "Press, duration: 0").replace("1.5", "0")
    (warning,) = warnings_of(sound_but(tmp_path, press=ring))
    assert "endless events at one moment" in warning
