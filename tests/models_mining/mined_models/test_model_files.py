"""Models as files, thinned pictures, snapshots."""

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from rest_framework.test import APIClient

from models_mining.core.discovery.pm4py_bridge.files import read
from models_mining.core.drawing import notation
from models_mining.core.drawing.nets import EMPTY_NET
from models_mining.core.drawing.trees import Tree, draw_tree
from models_mining.mined_models.pictures import next_picture
from models_mining.mined_models.thinning import thinned
from models_mining.mining.miner import LogMiners
from models_mining.models import MinedModel
from models_mining.work import Work
from streams.models import EventLog

EVENTS = "/api/v1/logs/factory/events/"
TRACES = "Take Check Pack Ship,Take Pack Check Ship,Take Check Pack Pack Ship,Take Cancel,Take Check Pack Ship"


@pytest.fixture
def recorded(api: APIClient, log: EventLog) -> EventLog:
    EventLog.objects.update(end_activities=["Ship", "Cancel"])
    told = [{"case": str(n), "activity": name} for n, text in enumerate(TRACES.split(",")) for name in text.split()]
    assert api.post(EVENTS, told).json()["rejected"] == 0
    return log


@pytest.fixture
def model(api: APIClient, recorded: EventLog) -> Callable[..., int]:
    """A mined model of the log: its id."""

    def made(algorithm: str, **parameters: Any) -> int:
        body = {"log": "factory", "algorithm": algorithm, "parameters": parameters}
        answer = api.post("/api/v1/models/", body)
        assert answer.status_code == 201, answer.json()
        LogMiners().drain()
        if answer.json()["home"] == "work":
            Work().drain()
        return int(answer.json()["id"])

    return made


def parsed(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314  our own


def exported(api: APIClient, pk: int, form: str) -> str:
    answer = api.get(f"/api/v1/models/{pk}/export/?as={form}")
    assert answer.status_code == 200, answer.content
    assert answer.headers["Content-Disposition"].endswith(f'.{form}"')
    text: str = answer.content.decode()
    return text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("form", ["pnml", "bpmn", "ptml"])
def test_what_is_exported_can_be_read_again(api: APIClient, model: Callable[..., int], form: Any) -> None:
    view = {"pnml": "petri-net", "bpmn": "bpmn", "ptml": "tree"}[form]
    pk = model("imd", view=view)
    row = MinedModel.objects.get(pk=pk)
    assert row.picture is not None
    assert row.definition is not None
    again = read(form, exported(api, pk, form))
    assert again["net"] == row.definition["net"]
    assert [(node["label"], node["type"]) for node in again["nodes"]] == [
        (node["label"], node["type"]) for node in row.picture["nodes"]
    ]
    parsed(exported(api, pk, "svg"))
    assert exported(api, pk, "dot").startswith("digraph")
    if form != "pnml":
        assert read("pnml", exported(api, pk, "pnml"))["net"]["transitions"]


def test_trees_of_every_operator_and_loops_of_any_width_are_written() -> None:
    a, b, c = (Tree("leaf", name) for name in "abc")
    loops = Tree("loop", children=(a, b, c)), Tree("loop", children=(Tree("xor", children=(b, Tree("silent"))),))
    tree = Tree("sequence", children=(*loops, Tree("parallel", children=(a, c)), Tree("or", children=(a, b))))
    drawing = draw_tree(tree, EMPTY_NET)
    numbered = next_picture(None, drawing, epoch="e", version=1, seq=1, at="")
    again = read("ptml", notation.ptml(numbered["nodes"], numbered["edges"], "t"))
    types = [node["type"] for node in again["nodes"]]
    assert types.count("loop") == 2
    assert {"sequence", "xor", "parallel", "or", "leaf", "silent"} <= set(types)


@pytest.mark.django_db(transaction=True)
def test_a_graph_is_exported_in_the_forms_it_can_have(api: APIClient, model: Callable[..., int]) -> None:
    pk = model("dfg")
    told = json.loads(exported(api, pk, "json"))
    assert (told["log"], told["algorithm"], told["net"]) == ("factory", "dfg", None)
    assert told["picture"] == api.get(f"/api/v1/models/{pk}/picture/").json()
    refused = api.get(f"/api/v1/models/{pk}/export/?as=pnml")
    assert refused.status_code == 400
    assert refused.json()["detail"] == "A graph of dfg can be dot, svg, json."
    answer = api.get(f"/api/v1/models/{pk}/export/?as=svg")
    assert api.get(f"/api/v1/models/{pk}/export/?as=svg", headers={"If-None-Match": answer["ETag"]}).status_code == 304
    MinedModel.objects.update(picture=None)
    assert api.get(f"/api/v1/models/{pk}/export/?as=svg").status_code == 409


def test_names_of_any_kind_are_only_text_in_every_form() -> None:
    bad = 'a"]; evil \\ <script>&\n\x01\ufffe'
    nodes = [{"id": 0, "label": bad, "type": "task"}, {"id": 1, "label": bad, "type": "leaf"}]
    for text in (notation.bpmn(nodes[:1], [], bad), notation.ptml(nodes[1:], [], bad)):
        found = [element.get("name") for element in parsed(text).iter() if element.get("name")]
        assert all("<script>&" in str(name) for name in found)
    assert '\\"]; evil \\\\' in notation.dot(nodes, [], bad)


def rows(**counts: int) -> dict[str, Any]:
    """``A=5`` is an activity, ``A_B=3`` a path."""
    places = {name: place for place, name in enumerate(name for name in counts if "_" not in name)}
    return {
        "nodes": [{"id": place, "label": name, "n": counts[name]} for name, place in places.items()],
        "edges": [
            {"s": places[name.split("_")[0]], "t": places[name.split("_")[1]], "n": n}
            for name, n in counts.items()
            if "_" in name
        ],
    }


def test_a_thinned_picture_keeps_what_is_frequent_and_hangs_together() -> None:
    whole = rows(A=9, B=8, C=2, D=1, A_B=7, B_A=1, B_C=2, A_C=1, C_D=1, A_A=3)
    half = thinned(whole, 0.5, 0.0)
    assert [node["label"] for node in half["nodes"]] == ["A", "B"]
    assert [(edge["s"], edge["t"]) for edge in half["edges"]] == [(0, 1), (1, 0)]
    assert thinned(whole, 1, 1) == whole
    few = thinned(whole, 0, 1)
    assert ([node["label"] for node in few["nodes"]], [edge["n"] for edge in few["edges"]]) == (["A"], [3])
    every = thinned(whole, 1, 0)
    assert {(edge["s"], edge["t"]) for edge in every["edges"]} == {(0, 1), (1, 0), (1, 2), (2, 3)}


@pytest.mark.django_db(transaction=True)
def test_a_picture_is_thinned_on_demand(api: APIClient, model: Callable[..., int]) -> None:
    pk = model("dfg")
    picture = f"/api/v1/models/{pk}/picture/"
    thin = api.get(f"{picture}?activities=0.5&paths=0").json()
    assert [node["label"] for node in thin["nodes"]] == ["Take", "Check", "Pack"]
    assert len(thin["edges"]) < len(api.get(picture).json()["edges"])
    for query in ("activities=2", "paths=x", "paths=0.5&since=1", "activities=nan"):
        assert api.get(f"{picture}?{query}").status_code == 400
    tree = model("imd")
    assert api.get(f"/api/v1/models/{tree}/picture/?paths=0.5").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_picture_is_kept_and_two_are_compared(
    api: APIClient, model: Callable[..., int], user_who: Callable[..., Any], with_token: Callable[..., APIClient]
) -> None:
    pk = model("dfg")
    snapshots = f"/api/v1/models/{pk}/snapshots/"
    first = api.post(snapshots, {"name": "before"})
    assert first.status_code == 201
    assert first.json()["picture"] == api.get(f"/api/v1/models/{pk}/picture/").json()
    api.post(EVENTS, [{"case": "9", "activity": name} for name in ("Take", "Return", "Ship")])
    LogMiners().drain()
    second = api.post(snapshots, {}).json()
    rows = api.get(snapshots).json()["results"]
    assert [(row["name"], row["seq"]) for row in rows] == [("", 22), ("before", 19)]
    assert rows[0]["created_by"] == "owner"
    told = api.get(f"{snapshots}compare/?a={first.json()['id']}&b={second['id']}").json()
    assert [row["label"] for row in told["nodes"]["added"]] == ["Return"]
    assert [f"{row['source']} {row['target']}" for row in told["edges"]["added"]] == ["Take Return", "Return Ship"]
    assert api.get(f"{snapshots}compare/?a=0&b={second['id']}").json()["errors"][0]["parameter"] == "a"
    viewer = with_token("read", "control", user=user_who("view_eventlog"))
    assert viewer.get(snapshots).status_code == 200
    assert viewer.post(snapshots, {}).status_code == 403
    assert viewer.delete(f"{snapshots}{second['id']}/").status_code == 403
    assert with_token("read", user=user_who(name="stranger")).get(snapshots).status_code == 404
    assert api.delete(f"{snapshots}{second['id']}/").status_code == 204
    assert api.get(f"{snapshots}{second['id']}/").json()["detail"] == f"There is no snapshot {second['id']}."
