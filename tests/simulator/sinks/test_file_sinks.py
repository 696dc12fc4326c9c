"""The sinks ``xes`` and ``csv``: what pm4py reads back is what happened."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pandas as pd
import pm4py
import pytest

from simulator.errors import ConfigError, SinkError
from simulator.simulation import Simulation
from simulator.sinks import xes
from simulator.world.event import Event
from tests.simulator.worlds import PRESS, SINK, datasource, edge, simulation, sound_but

NASTY = 'a "b" <c> & d, é 漢 \n\t;'
XES = "{http://www.xes-standard.org/}"


def world(folder: Path, path: Path, kind: str, *, steps: int = 400, refs: tuple[str, ...] = ("A", "B")) -> Simulation:
    """Two stations, five cases at once, and a sink of this kind; what happened is in the sink ``kept`` too."""
    documents: list[dict[str, Any]] = [
        datasource("<start>", [edge("", "A")]),
        datasource("A", [edge(NASTY, "B", 1.37), edge("again", "A", {"type": "gaussian", "mu": 2, "sigma": 1})]),
        datasource("B", [edge("pack", "<end>", 3), edge("back", "A", 0.5)]),
        simulation(steps, 5),
        {"kind": "sink", "name": "file", "spec": {"type": kind, "path": str(path), "dataSourceRefs": list(refs)}},
        {"kind": "sink", "name": "kept", "spec": {"type": "test", "dataSourceRefs": list(refs)}},
    ]
    source = folder / "source"
    source.mkdir()
    for number, document in enumerate(documents):
        (source / f"{number}.json").write_text(json.dumps(document), encoding="utf-8")
    return Simulation.load([source], seed=8)


def rows(events: list[Event]) -> list[tuple[str, str, pd.Timestamp, str, str]]:
    """What a log must hold, case by case in the order of their names, events in the order in which they were sent."""
    ordered = sorted(events, key=lambda event: event.case)
    return [(e.case, e.activity, pd.Timestamp(e.at), e.node, e.group) for e in ordered]


def read_back(path: Path) -> list[tuple[str, str, pd.Timestamp, str, str]]:
    frame = pm4py.read_xes(str(path)) if path.suffix == ".xes" else pd.read_csv(path)
    frame = pm4py.format_dataframe(frame, case_id="case:concept:name")
    frame = frame.sort_values("case:concept:name", kind="stable")
    columns = ["case:concept:name", "concept:name", "time:timestamp", "node", "group"]
    return [tuple(row) for row in frame[columns].itertuples(index=False)]


def kept(made: Simulation) -> list[Event]:
    return made.sink("kept").events  # type: ignore[attr-defined,no-any-return]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("kind", ["xes", "csv"])
def test_pm4py_reads_back_what_was_sent(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"log.{kind}"
    made = world(tmp_path, path, kind)
    assert made.run() == 400
    assert read_back(path) == rows(kept(made))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
@pytest.mark.parametrize("refs", [("A", "B"), ("A",)])
def test_events_beyond_the_memory_of_a_xes_sink_wait_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refs: tuple[str, ...]
) -> None:
    """With ``A`` alone the sink never hears that a case ends."""
    monkeypatch.setattr(xes, "MAX_HELD", 7)
    path = tmp_path / "log.xes"
    made = world(tmp_path, path, "xes", refs=refs)
    held: list[int] = []
    sink = made.sink("file")
    assert isinstance(sink, xes.XesSink)
    made.add_sink(lambda event: held.append(sum(map(len, sink._waiting._held.values()))))
    made.run()
    assert max(held) < 7
    assert read_back(path) == rows(kept(made))
    traces = ET.parse(path).getroot().findall(f"{XES}trace")  # noqa: S314  (we wrote it)
    names = [trace.find(f"{XES}string").get("value") for trace in traces]  # type: ignore[union-attr]
    assert len(names) == len(set(names))


def test_a_trace_is_written_when_its_case_ends(tmp_path: Path) -> None:
    path = tmp_path / "log.xes"
    made = world(tmp_path, path, "xes", steps=300)
    ended: set[str] = set()
    sink = made.sink("file")

    def look(event: Event) -> None:
        if event.ends_case:
            ended.add(event.case)
            sink.idle()
            assert path.read_text().count("<trace>") == len(ended)

    made.add_sink(look).run()
    open_cases = {event.case for event in kept(made)} - ended
    assert path.read_text().count("<trace>") == len(ended) + len(open_cases)


def test_the_same_seed_and_start_write_the_same_bytes(tmp_path: Path) -> None:
    texts = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        start = pd.Timestamp("2026-01-01T00:00:00Z").to_pydatetime()
        world(folder, folder / "log.xes", "xes").run(start=start)
        texts.append((folder / "log.xes").read_bytes())
    assert texts[0] == texts[1]


def test_characters_that_xml_cannot_hold_are_replaced_and_said(tmp_path: Path) -> None:
    said: list[str] = []
    path = tmp_path / "log.xes"
    sink = SINK.replace("type: test", f"type: xes\n      path: {path}")
    folder = sound_but(tmp_path, press=PRESS.replace("activity: press", r'activity: "pr\0ss\x07"'), sink=sink)
    Simulation.load([folder], seed=1, say=said.append).run()
    assert "pr\ufffdss\ufffd" in path.read_text()
    ET.parse(path)  # noqa: S314
    assert len(said) == 1
    assert "XML cannot hold" in said[0]


@pytest.mark.parametrize("kind", ["xes", "csv"])
def test_a_file_that_cannot_be_written_ends_the_run_with_its_name(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "absent" / "log"
    with pytest.raises(SinkError, match=f"^{path}: No such file or directory$"):
        world(tmp_path, path, kind).run()


@pytest.mark.parametrize("kind", ["xes", "csv"])
def test_a_full_disk_ends_the_run_with_one_line(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SinkError, match=r"^/dev/full: No space left on device$"):
        world(tmp_path, Path("/dev/full"), kind, steps=5_000).run()


def test_two_sinks_do_not_spoil_one_file(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    sink = SINK.replace("type: test", f"type: csv\n      path: {path}")
    folder = sound_but(tmp_path, sink=sink, other=sink.replace("kept", "other"))
    with pytest.raises(SinkError, match="another sink or run is writing this file"):
        Simulation.load([folder]).run()


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        ("csv", "", "spec.path: is missing, expected text, the file to write"),
        ("xes", "path: 7", "spec.path: has a wrong value, got 7 (number)"),
        ("csv", 'path: ""', "spec.path: has a wrong value, got '', expected the name of a file"),
    ],
)
def test_a_wrong_path_is_told_with_its_place(tmp_path: Path, kind: str, path: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Simulation.load([sound_but(tmp_path, sink=SINK.replace("type: test", f"type: {kind}\n      {path}"))])
    assert expected in str(caught.value)
