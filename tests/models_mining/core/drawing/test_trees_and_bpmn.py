"""Process trees and BPMN diagrams: drawn, named after what is around, and meaning the same net."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from models_mining.core.discovery.pm4py_bridge import trees
from models_mining.core.drawing.drawing import Drawing
from models_mining.core.drawing.nets import Net
from models_mining.core.drawing.trees import Tree
from tests.models_mining.core.drawn import check

ORDER = Tree(
    "sequence",
    children=(
        Tree("leaf", "register"),
        Tree("xor", children=(Tree("leaf", "check"), Tree("silent"))),
        Tree("parallel", children=(Tree("leaf", "pack"), Tree("leaf", "bill"))),
    ),
)


@st.composite
def process_trees(draw: st.DrawFn) -> Tree:
    """Folded trees over a few activities, each at most once."""
    waiting = [Tree("leaf", label) for label in draw(st.lists(st.sampled_from("abcdef"), min_size=1, unique=True))]
    while len(waiting) > 1:
        operator = draw(st.sampled_from(["sequence", "xor", "parallel", "loop"]))
        size = 2 if operator == "loop" else draw(st.integers(2, 3))
        children, waiting = waiting[:size], waiting[size:]
        if operator in ("xor", "loop") and draw(st.booleans()):
            children = [*children[:1], Tree("silent"), *(children[1:] if operator == "xor" else [])]
            waiting = [*waiting, *(children[1:] if operator == "loop" and len(children) > 2 else [])]
        waiting.append(Tree(operator, children=tuple(children)))
    return waiting[0].sorted()


def traces(net: Net, longest: int) -> set[tuple[str, ...]]:
    """What the net can do from its initial to its final marking, in at most so many visible steps."""
    final = tuple(sorted(net.final))
    seen, found = set(), set()
    waiting: list[tuple[tuple[tuple[int, int], ...], tuple[str, ...]]] = [(tuple(sorted(net.initial)), ())]
    while waiting:
        marking, trace = waiting.pop()
        if (marking, trace) in seen or len(trace) > longest or any(count > 3 for _, count in marking):
            continue
        seen.add((marking, trace))
        if marking == final:
            found.add(trace)
        waiting += [(after, trace if label is None else (*trace, label)) for label, after in steps(net, dict(marking))]
    return found


def steps(net: Net, marking: dict[int, int]) -> Iterator[tuple[str | None, tuple[tuple[int, int], ...]]]:
    for label, takes, gives in net.transitions:
        if all(marking.get(place, 0) >= count for place, count in takes):
            after = dict(marking)
            for place, count in takes:
                after[place] -= count
            for place, count in gives:
                after[place] = after.get(place, 0) + count
            yield label, tuple(sorted((place, count) for place, count in after.items() if count))


def meant(drawing: Drawing) -> Net:
    """The net of a drawing that is as it must be."""
    check({**drawing})
    return Net.from_data(drawing["net"])


@settings(max_examples=40, deadline=None)
@given(tree=process_trees())
def test_all_views_of_a_tree_mean_the_same(tree: Tree) -> None:
    assert trees.from_pm4py(trees.to_pm4py(tree)) == tree
    nets = {view: meant(trees.draw(tree, view)) for view in ("tree", "petri-net", "bpmn")}
    assert nets["tree"] == nets["petri-net"]
    runs = traces(nets["tree"], longest=5)
    assert traces(nets["bpmn"], longest=5) == runs
    assert trees.draw(tree, "bpmn") == trees.draw(tree, "bpmn")


def test_a_diagram_has_no_silent_step_that_says_nothing() -> None:
    drawing = trees.draw(ORDER, "bpmn")
    net = meant(drawing)
    flows = {tuple(where) for where in drawing["at"]}
    assert flows == {(edge["s"], edge["t"]) for edge in drawing["edges"]}
    assert sorted(label or "" for label, _, _ in net.transitions) == [
        *[""] * 6,  # two ways into the choice and two out of it, the split and the join
        "bill",
        "check",
        "pack",
        "register",
    ]


def test_parts_are_named_after_the_activities_around_them() -> None:
    assert [node["id"] for node in trees.draw(ORDER, "tree")["nodes"]] == [
        "sequence bill, check, pack, … 1 more",
        "t register",
        "xor check",
        "parallel bill, pack",
        "t check",
        "silent",
        "t pack",
        "t bill",
    ]
    diagram = {node["id"] for node in trees.draw(ORDER, "bpmn")["nodes"]}
    assert {"start", "end", "t register", "xor register → bill, check, pack"} <= diagram


def test_a_token_is_drawn_at_the_leaf_that_made_it() -> None:
    drawing = trees.draw(ORDER, "tree")
    net = meant(drawing)
    after_register = [at for place, at in zip(net.places, drawing["at"], strict=True) if place.startswith("register →")]
    assert after_register[0] == ["t register"]
