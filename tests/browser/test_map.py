"""The live map in a real browser: right numbers, still boxes, moves, overlays, what hovers and pins."""

from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Log, Opened
from tests.conftest import wait_for

WAYS = ("Take Check Pack Ship", "Take Check Check Pack Ship", "Take Pack", "Take Check")

DRAWN = """() => {
  const text = (node, selector) => node.querySelector(selector)?.textContent ?? "";
  const name = (key) => key.replace(/^a:/, "");
  const open = (node) => node.querySelector(".here").getAttribute("visibility") === "visible";
  const all = (selector) => [...document.querySelectorAll(selector)];
  return {
    nodes: Object.fromEntries(all(".node.activity[data-key]").map((node) =>
      [name(node.dataset.key), [text(node, ".count"), open(node) ? text(node, ".here text") : "0"]])),
    edges: Object.fromEntries(all(".edge-label[data-key]").map((label) =>
      [label.dataset.key.split("\\u0000").map(name).join(" > "), text(label, "text")])),
  };
}"""
PLACES = """() => Object.fromEntries([...document.querySelectorAll("svg.map .node")].map(
  (node) => [node.dataset.key, node.getAttribute("transform")]))"""


def expected(picture: dict[str, Any]) -> dict[str, Any]:
    """What the map must show of a picture."""
    label = {node["id"]: node["label"] for node in picture["nodes"]}
    edges = {f"{label[edge['s']]} > {label[edge['t']]}": str(edge["n"]) for edge in picture["edges"]}
    for node in picture["nodes"]:
        if node["starts"]:
            edges[f"start > {node['label']}"] = str(node["starts"])
        if node["ends"] > node["open"]:
            edges[f"{node['label']} > end"] = str(node["ends"] - node["open"])
    return {"nodes": {node["label"]: [str(node["n"]), str(node["open"])] for node in picture["nodes"]}, "edges": edges}


def shows(page: Page, picture: dict[str, Any]) -> None:
    """Wait until the map shows exactly ``picture``."""
    wait_for(lambda: page.evaluate(DRAWN) == expected(picture), timeout_s=20, what=f"the map of {expected(picture)}")


def count(page: Page, activity: str) -> Any:
    return page.locator(f'.node[data-key="a:{activity}"] .count')


def test_the_map_shows_the_numbers_of_the_picture_and_follows_them(log: Log, opened: Opened) -> None:
    first = log.picture(log.send(*WAYS))
    page = opened(log.path)
    shows(page, first)
    expect(page.locator(".pill")).to_have_text("Live")
    shows(page, log.picture(log.send("Take Rework Rework Pack Ship", prefix="next")))
    opened.picture(page, "map")


def test_known_boxes_stay_where_they_are_when_new_activities_appear(log: Log, opened: Opened) -> None:
    shown = log.picture(log.send(*WAYS))
    page = opened(log.path)
    shows(page, shown)
    before = page.evaluate(PLACES)
    shows(page, log.picture(log.send("Take Inspect Pack Inspect Ship", "Begin_late Inspect Archive", prefix="next")))
    after = page.evaluate(PLACES)
    assert {key: place for key, place in after.items() if key in before} == before
    assert set(after) - set(before) == {"a:Inspect", "a:Begin late", "a:Archive"}
    expect(page.locator('.node[data-key="a:Inspect"] .new')).to_be_visible()
    boxes = page.evaluate("""() => [...document.querySelectorAll(".node .box")].map((box) => {
      const {left, right, top, bottom} = box.getBoundingClientRect();
      return [left, right, top, bottom];
    })""")
    for i, (left, right, top, bottom) in enumerate(boxes):
        for other in boxes[:i]:
            assert right <= other[0] or left >= other[1] or bottom <= other[2] or top >= other[3]


def test_tidy_lays_out_anew_and_the_numbers_stay(log: Log, opened: Opened) -> None:
    first = log.picture(log.send("Take Ship"))
    page = opened(log.path)
    shows(page, first)
    shown = log.picture(log.send("Take Check Pack Ship", "Take Pack Ship", prefix="next"))
    shows(page, shown)
    before = page.evaluate(PLACES)
    page.keyboard.press("t")
    wait_for(lambda: page.evaluate(PLACES)["a:Ship"] != before["a:Ship"], what="a new place")
    expect(page.locator('.edge .arrow[visibility="hidden"]')).to_have_count(0)  # nothing glides any more
    shows(page, shown)


def test_each_move_is_a_dot_and_a_flood_of_moves_makes_edges_glow(log: Log, opened: Opened) -> None:
    shown = log.picture(log.send(*WAYS))
    page = opened(log.path)
    shows(page, shown)
    log.send("Take Check", prefix="next")
    expect(page.locator("canvas.dots")).to_have_attribute("data-shown", "2")
    page.evaluate("""() => new MutationObserver((changes) => changes.forEach(({ target }) =>
      target.classList.contains("glow") && (document.body.dataset.glowed = "yes")))
      .observe(document.querySelector("svg.map"), { subtree: true, attributeFilter: ["class"] })""")
    log.send(*["Take Check Pack"] * 100, prefix="flood")
    expect(page.locator("body")).to_have_attribute("data-glowed", "yes")


def test_with_reduced_motion_no_dot_runs(log: Log, opened: Opened) -> None:
    shown = log.picture(log.send(*WAYS))
    page = opened(log.path, reduced_motion="reduce")
    shows(page, shown)
    shows(page, log.picture(log.send("Take Check", prefix="next")))
    assert page.locator("canvas.dots").get_attribute("data-shown") is None


def test_edges_tell_times_when_asked_and_the_address_keeps_the_choice(log: Log, opened: Opened) -> None:
    at = [f"2026-01-02T10:0{minute}:00Z" for minute in (0, 2, 5)]
    events = [{"case": "a", "activity": name, "at": at[i]} for i, name in enumerate(("Take", "Pack", "Ship"))]
    log.picture(log.installation.api("POST", f"logs/{log.slug}/events/", events)["last_seq"])
    page = opened(log.path)
    expect(page.locator(".edge-label.path text").nth(1)).to_have_text("1")
    page.get_by_label("Paths show").select_option("mean_s")
    wait_for(lambda: "3 min" in page.locator(".edge-label.path text").all_text_contents(), what="a mean of 3 minutes")
    assert page.url.endswith("?show=mean_s")
    page.reload()
    wait_for(
        lambda: "3 min" in page.locator(".edge-label.path text").all_text_contents(), what="the same after a reload"
    )


def test_hovering_dims_the_rest_and_a_click_pins_the_details(log: Log, opened: Opened) -> None:
    shown = log.picture(log.send(*WAYS))
    page = opened(log.path)
    shows(page, shown)
    pack = page.locator('.node[data-key="a:Pack"]')
    pack.hover()
    expect(page.locator("svg.map.dim")).to_have_count(1)
    expect(pack).to_have_class("node activity lit")
    pack.click()
    panel = page.get_by_label("Details")
    expect(panel.get_by_role("heading", name="Pack")).to_be_visible()
    expect(panel.locator("dl div", has_text="Now here").locator("dd")).to_have_text("1")
    opened.picture(page, "pinned")
    panel.get_by_role("button", name="Ship").click()
    expect(panel.get_by_role("heading", name="Pack → Ship")).to_be_visible()
    page.keyboard.press("Escape")
    expect(panel.get_by_text("Open now")).to_be_visible()


def test_arrow_keys_walk_along_the_paths_and_enter_opens(log: Log, opened: Opened) -> None:
    shown = log.picture(log.send("Take Check Ship", "Take Check Ship", "Take Ship"))
    page = opened(log.path)
    shows(page, shown)
    page.locator('.node[tabindex="0"]').focus()
    page.locator('.node[data-key="a:Take"]').focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator('.node[data-key="a:Check"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Details").get_by_role("heading", name="Check")).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(page.locator('.node[data-key="a:Take"]')).to_be_focused()


def test_the_table_twin_has_the_same_numbers_and_sorts(log: Log, opened: Opened) -> None:
    picture = log.picture(log.send(*WAYS))
    page = opened(log.path)
    shows(page, picture)
    page.keyboard.press("m")
    table = page.locator("table", has_text="Cases begin")
    rows = table.locator("tbody tr")
    expect(rows).to_have_count(4)
    cells = [row.split("\t") for row in rows.all_inner_texts()]
    wanted = [[node["label"], *(str(node[name]) for name in ("n", "open", "starts"))] for node in picture["nodes"]]
    assert sorted(row[:4] for row in cells) == sorted(wanted)
    table.get_by_role("button", name="Activity").click()
    expect(rows.first).to_contain_text("Check")
    opened.picture(page, "table")
    page.keyboard.press("m")
    expect(page.locator("svg.map")).to_be_visible()


def test_names_with_markup_are_shown_as_they_are(log: Log, opened: Opened) -> None:
    name = '<img/src=x onerror="document.title=1">'
    log.picture(log.send(f"Take {name.replace(' ', '_')}"))
    page = opened(log.path)
    expect(page.locator(".node.activity")).to_have_count(2)
    page.keyboard.press("m")
    expect(page.locator("table").first).to_contain_text(name)
    assert page.title() != "1"
