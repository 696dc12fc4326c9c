"""The chain drawn."""

import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from foundation.drawing.layered import Box, Line, lay_out
from simulator.config import load_config
from simulator.world.graph import draw
from tests.conftest import needs
from tests.simulator.world.test_truth import FACTORY, made_of
from tests.simulator.worlds import datasource, edge, simulation, sound_but

SVG = "{http://www.w3.org/2000/svg}"
NASTY = 'a <b> & "c" \\ \x07 é'


def texts(drawing: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(drawing).iter(f"{SVG}text")]  # noqa: S314  (we drew it)


def test_the_drawing_holds_every_station_and_every_edge_with_its_probability() -> None:
    shown = texts(draw(load_config([FACTORY]).chain, "svg"))
    assert {"TubeSaw", "WeldingRobot", "LoadingDock", "frame hall"} <= set(shown)
    weld = shown.index("Weld frame")
    assert shown[weld + 1] == "92 % · ≈ 14 ± 3 min"
    assert "2 % → 6 % · 4 min" in shown  # a drift


def test_dot_is_read_by_graphviz(tmp_path: Path) -> None:
    text = draw(made_of(tmp_path, *nasty_world()).config.chain, "dot")
    assert text.startswith("digraph chain {")
    assert text.count(" -> ") == 4
    assert "style=dashed" in text  # the edge that is never taken
    subprocess.run([needs("dot"), "-Tsvg"], input=text, text=True, check=True, capture_output=True)
    assert text.replace('\\"', "").replace("\\\\", "").count('"') % 2 == 0


def nasty_world() -> tuple[dict[str, object], ...]:
    return (
        datasource("<start>", [edge("", NASTY)]),
        datasource(
            NASTY,
            [edge(NASTY, "<end>"), edge("loop", NASTY), edge("never", "<start>")],
            selection="genericProbability",
            distribution=[0.5, 0.5, 0],
        ),
        simulation(),
    )


def test_names_of_any_kind_are_drawn_as_text(tmp_path: Path) -> None:
    drawing = draw(made_of(tmp_path, *nasty_world()).config.chain, "svg")
    assert 'a <b> & "c" \\ \ufffd é' in texts(drawing)
    assert 'class="edge never"' in drawing


def test_boxes_and_labels_do_not_overlap() -> None:
    names = [f"n{i}" for i in range(30)]
    boxes = [Box(name, 120, 40) for name in names]
    pairs = [(i, i + 1) for i in range(29)] + [(i, i // 2) for i in range(3, 30, 4)] + [(0, 20), (5, 5)]
    lines = [Line(names[a], names[b], 150, 60 if a == b else 30) for a, b in pairs]
    left, top, width, height = lay_out(boxes, lines)
    areas = [(box.x, box.y, box.w, box.h) for box in boxes]
    areas += [(line.x, line.y, line.w, line.h) for line in lines]
    for number, (x, y, w, h) in enumerate(areas):
        assert left <= x - w / 2
        assert x + w / 2 <= left + width
        assert top <= y - h / 2
        assert y + h / 2 <= top + height
        for x2, y2, w2, h2 in areas[number + 1 :]:
            assert abs(x - x2) >= (w + w2) / 2 - 1e-6 or abs(y - y2) >= (h + h2) / 2 - 1e-6


@pytest.mark.parametrize("name", ["chain.svg", "chain.dot"])
def test_the_command_draws_into_a_file(tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    file = tmp_path / name
    call_command("simulate", str(sound_but(tmp_path / "in")), "--graph", str(file), "--check")
    assert "Press" in file.read_text()


def test_another_ending_or_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    folder = str(sound_but(tmp_path))
    with pytest.raises(CommandError, match=r"argument --graph: got 'x.png', expected a file name that ends in .svg"):
        call_command("simulate", folder, "--graph", "x.png")
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        call_command("simulate", folder, "--graph", str(tmp_path / "absent" / "x.svg"), "--check")
