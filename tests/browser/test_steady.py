"""The live page over time: pause, lost messages, restarts, silence, sleep, themes, sizes, no scripts."""

import json
from typing import Any

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from procmine.web.static_files import version
from tests.browser.conftest import Log, Opened
from tests.browser.test_map import WAYS, count, shows
from tests.conftest import wait_for


def module(page: Page, name: str, expression: str) -> Any:
    """What ``expression`` gives with everything that a script of ours exports in scope as ``m``."""
    path = f"/static/{version()}/{name}.js"
    return page.evaluate(f"async () => {{ const m = await import('{path}'); return {expression}; }}")


def test_pause_holds_the_picture_still_and_counts_what_waits(log: Log, opened: Opened) -> None:
    shown = log.picture(log.send(*WAYS))
    page = opened(log.path)
    shows(page, shown)
    page.keyboard.press("Space")
    expect(page.locator(".pill")).to_have_text("Paused")
    after = log.picture(log.send("Take Check Pack Ship", prefix="next"))
    expect(page.locator(".backlog")).to_have_text("4 events waiting")
    shows(page, shown)
    opened.picture(page, "paused")
    page.keyboard.press("Space")
    shows(page, after)
    expect(page.locator(".backlog")).to_be_hidden()


def test_a_lost_message_is_healed_by_a_resync_on_the_same_connection(log: Log, opened: Opened) -> None:
    shown = log.picture(log.send(*WAYS))
    page = opened("/")
    sockets, asked, lose = [], [], [True]

    def between(route: WebSocketRoute) -> None:
        sockets.append(route)
        server = route.connect_to_server()

        def to_page(message: str | bytes) -> None:
            if lose[0] and json.loads(message)["type"] == "delta":
                lose[0] = False
                # as if it had arrived: the server must not wait for its acknowledgement
                delta = json.loads(message)
                server.send(json.dumps({"type": "ack", "sub": delta["sub"], "version": delta["version"]}))
                return
            route.send(message)

        def to_server(message: str | bytes) -> None:
            asked.append(json.loads(message)["type"])
            server.send(message)

        server.on_message(to_page)
        route.on_message(to_server)

    page.route_web_socket("**/ws/live/", between)
    page.goto(opened.address + log.path)
    shows(page, shown)
    log.picture(log.send("Take Lost", prefix="lost"))
    wait_for(lambda: page.evaluate("1") and not lose[0], what="a lost delta")
    shows(page, log.picture(log.send("Take Found", prefix="found")))
    assert (len(sockets), asked.count("resync"), asked.count("subscribe")) == (1, 1, 1)


def test_a_restart_of_the_server_needs_no_reload(log: Log, opened: Opened) -> None:
    opened.expected = "WebSocket|ERR_CONNECTION|Failed to load"
    shown = log.picture(log.send(*WAYS))
    page = opened(log.path)
    shows(page, shown)
    page.evaluate("document.body.dataset.same = 'page'")
    log.installation.kill("web")
    try:
        expect(page.locator(".pill")).to_contain_text("Reconnecting,")
        expect(page.locator(".pill")).to_contain_text("s old")
        shows(page, shown)
        opened.picture(page, "reconnecting")
    finally:
        log.installation.start("web")
    after = log.picture(log.send("Take Check Pack Ship", prefix="next"))
    shows(page, after)
    expect(page.locator(".pill")).to_have_text("Live")
    assert page.evaluate("document.body.dataset.same") == "page"


def test_a_log_that_is_empty_waits_and_draws_its_first_event(log: Log, opened: Opened) -> None:
    page = opened(log.path)
    expect(page.locator(".pill")).to_have_text("Waiting for the first event")
    opened.picture(page, "empty")
    log.send("Take")
    expect(count(page, "Take")).to_have_text("1")
    expect(page.locator(".pill")).to_have_text("Live")


def test_the_state_is_said_in_words(opened: Opened) -> None:
    page = opened("/")
    base = "connection: 'live', paused: false, now: 100000, heardAt: 86000, received_s: 2, any: true"
    for change, words in {
        "": "Live",
        "paused: true": "Paused",
        "received_s: 330": "Stream silent for 5 min",
        "connection: 'reconnecting'": "Reconnecting, 14 s old",
        "any: false, received_s: null": "Waiting for the first event",
        "connection: 'missing'": "Gone, or closed to you",
        "connection: 'signed-out'": "Signed out",
    }.items():
        assert module(page, "socket/status", f"m.status({{{base}, {change}}}).text") == words


def test_reconnecting_waits_longer_each_time_and_never_in_step(opened: Opened) -> None:
    page = opened("/")
    waits = module(page, "socket/connection", "[0, 1, 2, 3, 4, 5, 20].map((n) => [m.backoff(n, 0), m.backoff(n, 1)])")
    assert waits == [[s, pytest.approx(0.8 * s)] for s in (1, 2, 4, 8, 16, 30, 30)]


def test_a_delta_that_does_not_continue_what_is_shown_is_refused(opened: Opened) -> None:
    page = opened("/")
    node = "nodes: [{id: 1, label: 'A', n: 2, open: 1}], edges: []"
    picture = f"m.fromSnapshot({{epoch: 'e', version: 3, seq: 9, structure: 1, {node}}})"
    delta = "epoch: 'e', from: 3, version: 5, seq: 12, structure: 1, nodes: [{id: 1, label: 'A', n: 4}], edges: []"
    delta += ", removed: {nodes: [], edges: []}"
    applied = module(page, "socket/store", f"[...m.applyDelta({picture}, {{{delta}}}).nodes.values()]")
    assert applied == [{"id": 1, "label": "A", "n": 4}]  # the whole row: no case is open there any more
    for wrong in ("from: 4", "epoch: 'other'", "nodes: [{id: 2, n: 1}]", "edges: [{s: 1, t: 7, n: 1}]"):
        assert module(page, "socket/store", f"m.applyDelta({picture}, {{{delta}, {wrong}}})") is None


def test_a_large_map_keeps_boxes_apart_and_extends_without_moving_any(opened: Opened) -> None:
    page = opened("/")
    found = module(
        page,
        "layout/layout-core",
        """(() => {
          let seed = 7;
          const chance = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
          const nodes = Array.from({length: 60}, (_, i) => ({key: `n${i}`, w: 208, h: 36}));
          const edges = [];
          for (let i = 1; i < 60; i++) edges.push([Math.floor(chance() * i), i], [i, Math.floor(chance() * 60)]);
          const edge = ([s, t]) => ({key: `${s}>${t}`, s: `n${s}`, t: `n${t}`, n: 1 + Math.floor(chance() * 900)});
          const all = [...new Map(edges.map(edge).map((one) => [one.key, one])).values()];
          const early = (key) => +key.slice(1) < 40;
          const half = m.tidy(nodes.slice(0, 40), all.filter(({s, t}) => early(s) && early(t)));
          return [m.tidy(nodes, all).nodes, half.nodes, m.extend(nodes, all, half).nodes];
        })()""",
    )
    whole, half, extended = found
    assert {key: extended[key] for key in half} == half
    for boxes in (list(whole.values()), list(extended.values())):
        assert len(boxes) == 60
        for i, one in enumerate(boxes):
            for other in boxes[:i]:
                apart = abs(one["x"] - other["x"]) - 208, abs(one["y"] - other["y"]) - 36
                assert max(apart) >= 0


def test_the_start_page_keeps_itself_up_to_date(log: Log, opened: Opened) -> None:
    log.picture(log.send(*WAYS))
    page = opened("/")
    card = page.locator(f'[data-card="{log.slug}"]')
    events = card.locator("dl div").filter(has=page.get_by_text("Events", exact=True)).locator("dd")
    expect(events).to_have_text("13")
    log.send("Take Pack", prefix="next")
    expect(events).to_have_text("15")
    opened.picture(page, "start")
    card.get_by_role("link").click()
    expect(page.locator(".pill")).to_have_text("Live")


def test_without_scripts_the_newest_picture_is_a_map_and_a_table(log: Log, opened: Opened) -> None:
    log.picture(log.send(*WAYS))
    page = opened(log.path, java_script_enabled=False)
    assert page.locator("svg.map .node.activity .count").all_inner_texts()  # drawn
    expect(page.locator("table").first).to_be_visible()
    expect(page.locator("table tr", has_text="Check").first).to_contain_text("4")
    expect(page.get_by_role("button", name="Pause")).to_be_hidden()
    opened.picture(page, "no-script")


def test_dark_follows_the_system_and_the_switch_is_remembered(log: Log, opened: Opened) -> None:
    shown = log.picture(log.send(*WAYS))
    page = opened(log.path, color_scheme="dark")
    shows(page, shown)
    background = "() => getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(background)
    assert sum(int(part) for part in dark[4:-1].split(",")) < 150
    opened.picture(page, "dark")
    page.get_by_role("button", name="Light or dark").click()
    light = page.evaluate(background)
    assert sum(int(part) for part in light[4:-1].split(",")) > 600
    page.reload()
    assert page.evaluate(background) == light


@pytest.mark.parametrize("path", ["/", "log"])
def test_on_a_phone_nothing_is_wider_than_the_screen(log: Log, opened: Opened, path: str) -> None:
    shown = log.picture(log.send(*WAYS))
    page = opened(log.path if path == "log" else path, width=360, height=760, has_touch=True)
    if path == "log":
        shows(page, shown)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    opened.picture(page, f"phone-{path.strip('/') or 'start'}")
