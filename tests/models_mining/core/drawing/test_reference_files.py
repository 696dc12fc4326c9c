"""Reference models read from files: those pm4py writes, and those somebody made to do harm."""

import time
from pathlib import Path
from typing import Any

import pytest

from models_mining.core.conformance import references
from models_mining.core.conformance.references import UnfitError, judge_of, try_out
from models_mining.core.discovery.pm4py_bridge.files import read
from models_mining.core.discovery.pm4py_bridge.frames import frame
from models_mining.core.discovery.pm4py_bridge.loading import load
from models_mining.core.drawing.nets import Net, Transition
from models_mining.core.live_log import LoggedEvent, Step

TRACES = ("abd", "acd", "abcd", "ad")


def written(kind: str, folder: Path) -> str:
    """What pm4py writes of an inductive model of the traces."""
    pm4py = load()
    events = frame(
        LoggedEvent(10 * number + place, f"c{number}", activity, place, place)
        for number, trace in enumerate(TRACES)
        for place, activity in enumerate(trace)
    )
    file = folder / f"model.{kind}"
    if kind == "pnml":
        pm4py.write_pnml(*pm4py.discover_petri_net_inductive(events), str(file))
    elif kind == "bpmn":
        pm4py.write_bpmn(pm4py.discover_bpmn_inductive(events), str(file), auto_layout=False)
    else:
        pm4py.write_ptml(pm4py.discover_process_tree_inductive(events), str(file))
    return file.read_text()


def fits(drawing: Any, trace: str, *, closed: bool) -> bool | None:
    return judge_of("", drawing).of_steps([Step(activity, 0) for activity in trace], closed=closed).fits


@pytest.mark.parametrize(
    ("kind", "drawn"), [("pnml", "petri-net"), ("bpmn", "bpmn"), ("ptml", "process-tree")], ids=lambda value: value
)
def test_what_pm4py_writes_is_a_reference_that_its_log_fits(kind: Any, drawn: str, tmp_path: Path) -> None:
    drawing = read(kind, written(kind, tmp_path))
    try_out(Net.from_data(drawing["net"]), time.process_time)
    assert drawing["kind"] == drawn
    assert {node["label"] for node in drawing["nodes"]} >= set("abcd")
    for trace in TRACES:
        assert fits(drawing, trace, closed=True) is True
        assert fits(drawing, trace[:-1], closed=False) is True
    assert fits(drawing, "a", closed=True) is False
    assert fits(drawing, "ba", closed=False) is False


NET = """<?xml version="1.0"?><pnml><net id="n" type="x"><page id="p">
<place id="s">{initial}</place><place id="e"/>{more}
<transition id="a"><name><text>a</text></name></transition>
<arc id="1" source="s" target="a"/><arc id="2" source="a" target="e"/></page>{final}</net></pnml>"""
ONE = "<initialMarking><text>1</text></initialMarking>"
END = '<finalmarkings><marking><place idref="e"><text>1</text></place></marking></finalmarkings>'
BOMB = '<!DOCTYPE pnml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
SILENT = (
    '<transition id="{0}"><name><text>{0}</text></name><toolspecific tool="ProM" activity="$invisible$"/></transition>'
)
ENDLESS = SILENT.format("tau") + '<place id="q"/><arc id="3" source="s" target="tau"/>' + "".join(
    f'<arc id="{number}" source="tau" target="{place}"/>' for number, place in ((4, "s"), (5, "q"))
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        ("pnml", BOMB + "<pnml>&b;</pnml>", r"document type definition.*line 1, column 16\)"),
        ("pnml", NET.format(initial=ONE, more="", final=END)[:-9], r"not XML: .*\(line 4, column \d+\)"),
        ("pnml", "<definitions/>", "no PNML file: it begins with definitions"),
        ("bpmn", "<pnml/>", "no BPMN file"),
        ("pnml", '<?xml version="1.0" encoding="UTF-16"?><pnml/>', "UTF-16, but only UTF-8|not XML"),
        ("pnml", "<pnml/>", "no net"),
        ("pnml", "<pnml><net/></pnml>", "no net"),
        ("pnml", NET.format(initial="", more="", final=END), "no initial marking"),
        ("pnml", NET.format(initial=ONE, more='<place id="f"/>', final=""), "no final marking, and not exactly one"),
        ("pnml", NET.format(initial=ONE.replace("1", "9" * 9), more="", final=END), "more than 1000000 tokens"),
        ("pnml", NET.format(initial=ONE.replace("1", "many"), more="", final=END), "pm4py cannot read this PNML"),
        ("pnml", "<pnml>" + "<a>" * 200 + "</a>" * 200 + "</pnml>", "More than 100 elements"),
        ("bpmn", '<definitions xmlns="b"><process id="p"><task id="t" name="a"/></process></definitions>', "no start"),
        ("ptml", "<ptml/>", "pm4py cannot read this PTML"),
        ("ptml", '<ptml><processTree root="x"><manualTask id="y" name="a"/></processTree></ptml>', "cannot read"),
        (
            "ptml",
            '<ptml><processTree root="x"><automaticTask id="x" name=""/></processTree></ptml>',
            "nothing of any activity|cannot read",
        ),
    ],
)
def test_what_cannot_be_a_reference_is_refused_with_what_is_wrong_and_where(kind: Any, text: str, said: str) -> None:
    with pytest.raises(UnfitError, match=said):
        read(kind, text)


def test_without_a_final_marking_the_only_sink_is_taken() -> None:
    drawing = read("pnml", NET.format(initial=ONE, more="", final=""))
    assert fits(drawing, "a", closed=True) is True


def test_endless_silent_steps_come_to_an_end() -> None:
    drawing = read("pnml", NET.format(initial=ONE, more=ENDLESS, final=END))
    try_out(Net.from_data(drawing["net"]), time.process_time)
    assert fits(drawing, "a", closed=False) is True
    assert fits(drawing, "aa", closed=False) is not True


def test_a_net_that_is_too_large_or_too_slow_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    many = "".join(f'<place id="p{number}"/>' for number in range(references.MAX_PARTS))
    with pytest.raises(UnfitError, match="too large"):
        read("pnml", NET.format(initial=ONE, more=many, final=END))
    net = Net(("s", "e"), (Transition("a", ((0, 1),), ((1, 1),)),), ((0, 1),), ((1, 1),))
    ticks = iter(range(1000))
    with pytest.raises(UnfitError, match="too complex to be followed live: a took more than"):
        try_out(net, lambda: next(ticks))
