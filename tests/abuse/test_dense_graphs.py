"""A device makes every activity follow every other: each page and file costs the web process no more than a bound."""

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from rest_framework.test import APIClient

from foundation.drawing.layered import MOST_PLACES, Box, Line, TooLargeError, lay_out
from models_mining.core.drawing.drawing import Drawing
from models_mining.mined_models.picture_svg import drawn_part
from models_mining.mined_models.pictures import next_picture
from models_mining.mining.miner import LogMiners
from models_mining.models import MinedModel
from streams.models import EventLog

ACTIVITIES = 50
PATHS = ACTIVITIES * (ACTIVITIES - 1) // 2
PAGE = "/logs/factory/"


@pytest.fixture
def dense(api: APIClient, log: EventLog, settings: Any) -> MinedModel:
    """The graph of a log with a case of two events for each pair of activities."""
    settings.LIMIT_EVENTS = 0
    pairs = [(i, j) for i in range(ACTIVITIES) for j in range(i + 1, ACTIVITIES)]
    events = [{"case": f"{i}-{j}", "activity": f"a{name:02}"} for i, j in pairs for name in (i, j)]
    assert api.post("/api/v1/logs/factory/events/", events).json()["stored"] == 2 * PATHS
    LogMiners().drain()
    return MinedModel.objects.get(log=log, algorithm="dfg")


@pytest.fixture
def page(client: Client, db: None) -> Callable[[str], str]:
    """``page(path)``: the page as its viewer gets it."""
    client.force_login(User.objects.create_superuser("viewer"))

    def text(path: str) -> str:
        answer = client.get(path)
        assert answer.status_code == 200
        return answer.content.decode()

    return text


def graph(activities: int, paths: int) -> dict[str, Any]:
    """A picture with so many activities, and paths from each to all that follow it."""
    nodes = [{"id": i, "label": f"a{i}", "n": 1 + i, "starts": 0, "ends": 0, "open": 0} for i in range(activities)]
    pairs = [(i, j) for i in range(activities) for j in range(i + 1, activities)][:paths]
    edges = [{"s": s, "t": t, "n": 1} for s, t in pairs]
    return next_picture(None, Drawing(kind="graph", nodes=nodes, edges=edges), epoch="e", version=1, seq=9, at="")


@pytest.mark.django_db(transaction=True)
def test_the_page_of_a_dense_graph_draws_its_frequent_part_and_says_so(
    dense: MinedModel, page: Callable[[str], str]
) -> None:
    shown = page(PAGE)
    found = re.search(rf"The map shows (\d+) of {ACTIVITIES} activities and (\d+) of 1,225 paths", shown)
    assert found
    drawn = int(found[2])
    assert 0 < drawn < PATHS
    assert shown.count('class="edge path"') == drawn
    assert "?as=json" in shown
    assert "?as=svg" not in shown
    assert "1,000 of 1,225 paths are listed" in shown


@pytest.mark.django_db(transaction=True)
def test_a_dense_graph_is_no_svg_file_but_every_other(dense: MinedModel, api: APIClient) -> None:
    export = f"/api/v1/models/{dense.pk}/export/"
    refused = api.get(export, {"as": "svg"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
    assert "as=json" in refused.json()["detail"]
    assert len(api.get(export, {"as": "json"}).json()["picture"]["edges"]) == PATHS
    assert api.get(export, {"as": "dot"}).content.count(b"->") == PATHS


@pytest.mark.parametrize(("activities", "paths"), [(3_000, 5_000), (700, 244_650), (2, 1)])
def test_what_is_drawn_of_a_graph_is_bounded_whatever_its_size(activities: int, paths: int) -> None:
    drawing, part = drawn_part(graph(activities, paths))
    assert sum(edge.d.count("C") for edge in drawing.edges) + len(drawing.nodes) <= 2 * MOST_PLACES
    assert 0 < len(part["nodes"]) <= activities
    assert 0 < len(part["edges"]) <= paths


def test_a_layout_that_would_need_too_many_places_is_refused_before_it_is_made() -> None:
    names = [str(number) for number in range(MOST_PLACES // 100)]
    chain = [Line(a, b) for a, b in pairwise(names)]
    boxes = [Box(name, 20, 20) for name in names]
    lay_out(boxes, chain)
    with pytest.raises(TooLargeError):
        lay_out(boxes, [*chain, *(Line(names[0], names[-1]) for _ in range(100))])


# --- Pages are counted ------------------------------------------------------------------


def test_pages_are_limited_as_the_api_is(client: Client, log: EventLog, settings: Any) -> None:
    settings.LIMIT_READ = 3
    client.force_login(User.objects.create_superuser("viewer"))
    assert [client.get(PAGE).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get(PAGE)
    assert 1 <= int(refused["Retry-After"]) <= 20
    assert "Too many requests" in refused.content.decode()
    assert client.get("/api/v1/me/").status_code == 429  # counted together
    assert client.get("/healthz").status_code == 200
    other = Client()
    other.force_login(User.objects.create_superuser("other"))
    assert other.get(PAGE).status_code == 200
