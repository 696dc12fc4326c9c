"""Every kind of model in a real browser: views of the same log, a model by the form, sliders, files, no scripts."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Log, Opened
from tests.conftest import wait_for

WAYS = ("Take Check Pack Ship", "Take Pack Check Ship", "Take Check Pack Ship", "Take Rework Pack Ship", "Take Check")
SHAPES = """() => Object.fromEntries(["activity", "place", "silent", "gateway", "operator"].map(
  (kind) => [kind, document.querySelectorAll(`svg.map .node.${kind}`).length]))"""
LEFT = """(name) => document.querySelector(`.node[data-key="a:${name}"]`).getBoundingClientRect().left"""


def view(page: Page, name: str, kind: str) -> dict[str, int]:
    """Press the button of a view and wait for its picture; how many nodes of each shape there are."""
    page.get_by_role("group", name="Views").get_by_role("button", name=name).click()
    drawn = page.locator(f'svg.map[data-kind="{kind}"] .node.activity')
    expect(drawn).to_have_count(5, timeout=60_000)  # it is mined first
    expect(page.get_by_role("group", name="Views").get_by_role("button", name=name)).to_have_attribute(
        "aria-pressed", "true"
    )
    shapes: dict[str, int] = page.evaluate(SHAPES)
    return shapes


def test_the_same_log_is_shown_as_map_net_diagram_and_tree_and_stays_chosen(log: Log, opened: Opened) -> None:
    log.picture(log.send(*WAYS))
    page = opened(log.path)
    page.locator('.node[data-key="a:Pack"]').click()
    expect(page.locator(".panel h2")).to_have_text("Pack")

    net = view(page, "Petri net", "petri-net")
    assert min(net["place"], net["silent"]) > 0 == net["gateway"] == net["operator"]
    assert page.evaluate(LEFT, "Take") < page.evaluate(LEFT, "Pack") < page.evaluate(LEFT, "Ship")  # left to right
    expect(page.locator(".here:visible, .here[visibility=visible]").first).to_be_attached()  # the open case
    expect(page.locator(".node.pinned")).to_have_attribute("data-key", "a:Pack")
    opened.picture(page, "petri-net")

    assert view(page, "BPMN", "bpmn")["gateway"] > 1
    assert view(page, "Process tree", "process-tree")["operator"] > 1
    assert page.evaluate(LEFT, "Take") < page.evaluate(LEFT, "Ship")  # children stand in their order
    page.keyboard.press("2")
    expect(page.locator('svg.map[data-kind="graph"]')).to_be_visible()
    expect(page.locator("[data-part=overlay] option", has_text="Dependency")).to_be_attached()
    models = {(row["algorithm"], row["parameters"].get("view")) for row in rows(log)}
    assert {("imd", "petri-net"), ("imd", "bpmn"), ("imd", "tree"), ("heuristics", None)} <= models
    page.keyboard.press("3")
    expect(page.locator('svg.map[data-kind="petri-net"]')).to_be_visible()
    assert len(rows(log)) == len(models)  # found again, not made again

    page.reload()
    expect(page.locator('svg.map[data-kind="petri-net"]')).to_be_visible()
    page.locator('.node[data-key="a:Take"]').focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".node.place:focus")).to_be_attached()  # arrows walk along arcs
    page.keyboard.press("m")
    expect(page.locator(".twin table").first).to_contain_text("place")
    page.keyboard.press("m")
    page.get_by_text("Download").click()
    number = page.evaluate("new URLSearchParams(location.search).get('model')")
    expect(page.get_by_role("link", name="PNML")).to_have_attribute("href", f"/api/v1/models/{number}/export/?as=pnml")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="SVG, as shown").click()
    drawn = Path(waiting.value.path()).read_text()
    assert "Take" in drawn
    assert "<circle" in drawn
    assert "class=" not in drawn  # no style sheet goes with it


def rows(log: Log) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = log.installation.api("GET", f"models/?log={log.slug}")["results"]
    return found


def test_a_model_is_made_by_the_form_and_sliders_fade_what_is_rare(log: Log, opened: Opened) -> None:
    log.picture(log.send(*WAYS))
    page = opened(log.path)
    faded = page.locator("svg.map .edge.faint")
    expect(page.locator(".node.activity[data-key]")).to_have_count(5)
    places = page.evaluate(
        "() => [...document.querySelectorAll('.node')].map((node) => node.getAttribute('transform'))"
    )
    for _ in range(16):
        page.keyboard.press("[")
    expect(faded.first).to_be_attached()
    assert "paths=20" in page.url
    page.keyboard.press("v")
    expect(page.locator("#shown-paths")).to_contain_text("of moves")
    for _ in range(16):
        page.keyboard.press("]")
    expect(faded).to_have_count(0)
    assert "paths" not in page.url
    same = page.evaluate("() => [...document.querySelectorAll('.node')].map((node) => node.getAttribute('transform'))")
    assert same == places

    page.get_by_role("button", name="Another model").click()
    page.get_by_label("Algorithm").select_option("heuristics")
    page.get_by_label("dependency threshold").fill("7")
    page.get_by_role("button", name="Show it").click()
    expect(page.locator(".field", has_text="dependency threshold").get_by_role("alert")).to_have_text("At most 1.")
    page.get_by_label("dependency threshold").fill("0.2")
    page.get_by_role("button", name="Show it").click()
    made = wait_for(lambda: [row for row in rows(log) if row["algorithm"] == "heuristics"], 20, "the model")
    assert made[0]["parameters"] == {"dependency_threshold": 0.2}
    page.wait_for_url(f"**model={made[0]['id']}*")
    opened.picture(page, "models")


def test_without_scripts_the_chosen_model_is_drawn_by_the_server(log: Log, opened: Opened) -> None:
    log.picture(log.send(*WAYS))
    made = log.installation.api(
        "POST", "models/", {"log": log.slug, "algorithm": "imd", "parameters": {"view": "petri-net"}}
    )

    def drawn() -> bool:
        found = log.installation.api("GET", f"models/{made['id']}/picture/")
        return json.dumps(found).count("place") > 2

    wait_for(drawn, 40, "the net")
    page = opened(f"{log.path}?model={made['id']}", java_script_enabled=False)
    assert page.locator("svg.map .node.place").count() > 2
    assert page.locator("svg.map .node.activity").count() == 5
    expect(page.locator(".models [aria-current=true]")).to_contain_text("imd")
    expect(page.locator("a[href$='as=pnml']")).to_be_attached()
    opened.picture(page, "no-scripts-net")
