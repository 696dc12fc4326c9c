"""A map that holds still: where it begins, boxes put by hand, a hidden tab, a line gone dead."""

import json
from typing import Any

from playwright.sync_api import Page, WebSocketRoute, expect

from tests.browser.conftest import Log, Opened
from tests.browser.test_map import PLACES, WAYS, shows
from tests.conftest import wait_for

SCALE = "() => new DOMMatrix(getComputedStyle(document.querySelector('svg.map .world')).transform).a"


def box(page: Page, activity: str) -> dict[str, Any]:
    found = page.locator(f'.node[data-key="a:{activity}"] .box').bounding_box()
    assert found is not None
    return dict(found)


def test_a_large_map_opens_where_it_begins_and_the_mini_map_leads_on(log: Log, opened: Opened) -> None:
    names = [f"Step_{n}" for n in range(30)]
    shown = log.picture(log.send(" ".join(names)))
    page = opened(log.path)
    shows(page, shown)
    scale = page.evaluate(SCALE)
    assert scale >= 0.6  # readable
    stage = page.locator("svg.map").bounding_box()
    assert stage is not None
    first, last = box(page, "Step 0"), box(page, "Step 29")
    assert stage["y"] <= first["y"] < stage["y"] + stage["height"] < last["y"]
    mini = page.locator(".minimap")
    expect(mini).to_be_visible()
    small = mini.bounding_box()
    assert small is not None
    page.mouse.click(small["x"] + small["width"] / 2, small["y"] + small["height"] - 8)
    wait_for(lambda: box(page, "Step 29")["y"] < stage["y"] + stage["height"], what="the end of the map in view")
    wait_for(lambda: abs(page.evaluate(SCALE) - scale) < 0.01, what="the same scale at the end of the glide")
    page.keyboard.press("f")
    expect(mini).to_be_hidden()  # all of it is in view
    page.locator('.node[data-key="a:Step 0"]').focus()
    for _ in range(3):
        page.keyboard.press("+")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
    here = page.locator('.node[data-key="a:Step 12"]')
    expect(here).to_be_focused()
    wait_for(lambda: stage["y"] <= box(page, "Step 12")["y"] <= stage["y"] + stage["height"], what="its box in view")


def test_a_box_put_by_hand_stays_there_in_another_browser_until_the_map_is_tidied(log: Log, opened: Opened) -> None:
    shown = log.picture(log.send(*WAYS))
    page = opened(log.path)
    shows(page, shown)
    before = page.evaluate(PLACES)
    at = box(page, "Pack")
    page.mouse.move(at["x"] + 20, at["y"] + 10)
    page.mouse.down()
    page.mouse.move(at["x"] + 180, at["y"] + 30, steps=4)
    with page.expect_response(lambda answer: answer.url.endswith("/places/") and answer.request.method == "PUT"):
        page.mouse.up()
    after = page.evaluate(PLACES)
    assert {key for key in before if after[key] != before[key]} == {"a:Pack"}
    expect(page.locator(".panel h2")).to_have_count(0)  # it was no click

    shows(page, log.picture(log.send("Take Rework Pack Ship", prefix="next")))  # a change of structure
    assert {key: page.evaluate(PLACES)[key] for key in before} == after
    other = opened(log.path)
    wait_for(lambda: other.evaluate(PLACES).get("a:Pack") == after["a:Pack"], what="the same place elsewhere")
    with other.expect_response(lambda answer: answer.request.method == "DELETE"):
        other.keyboard.press("t")
    wait_for(lambda: other.evaluate(PLACES)["a:Pack"] != after["a:Pack"], what="its place in the layout")


class Line:
    """Between a page and the server: counts what passes, and can go silent."""

    def __init__(self, page: Page) -> None:
        self.opened, self.silent = 0, False
        self.received: list[dict[str, Any]] = []
        page.route_web_socket("**/ws/live/", self._between)

    def _between(self, route: WebSocketRoute) -> None:
        self.opened += 1
        server = route.connect_to_server()

        def to_page(text: str | bytes) -> None:
            if not self.silent:
                self.received.append(json.loads(text))
                route.send(text)

        server.on_message(to_page)
        route.on_message(lambda text: None if self.silent else server.send(text))

    def count(self, kind: str) -> int:
        return sum(message["type"] == kind for message in self.received)


HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_a_hidden_tab_hears_nothing_and_catches_up_with_one_message(log: Log, opened: Opened) -> None:
    shown = log.picture(log.send(*WAYS))
    page = opened("/")
    line = Line(page)
    page.goto(opened.address + log.path)
    shows(page, shown)
    results = line.count("result")
    page.evaluate(HIDE, True)
    wait_for(lambda: page.evaluate("1") and line.count("result") > results, what="the server to know")
    before = len(line.received)
    for n in range(5):
        shown = log.picture(log.send("Take Check Pack Ship", prefix=f"asleep-{n}"))
    told = [message["type"] for message in line.received[before:]]
    assert not {"delta", "snapshot"} & set(told), told
    page.evaluate(HIDE, False)
    shows(page, shown)
    told = [message["type"] for message in line.received[before:]]
    assert told.count("delta") + told.count("snapshot") == 1


def test_a_line_that_says_nothing_for_45_seconds_is_opened_anew(log: Log, opened: Opened) -> None:
    shown = log.picture(log.send(*WAYS))
    page = opened("/")
    line = Line(page)
    page.clock.install()
    page.goto(opened.address + log.path)
    shows(page, shown)
    line.silent = True
    after = log.picture(log.send("Take Pack", prefix="unheard"))
    page.clock.fast_forward(51_000)
    expect(page.locator(".pill")).to_contain_text("Reconnecting")
    line.silent = False
    page.clock.fast_forward(31_000)
    shows(page, after)
    expect(page.locator(".pill")).to_have_text("Live")
    assert line.opened == 2
