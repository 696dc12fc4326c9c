"""States of the live page that need much, or somebody: ten thousand cases, a lost permission, keys alone."""

import gzip
import re

from playwright.sync_api import Browser, WebSocketRoute, expect

from procmine.web.static_files import version
from tests.browser.conftest import Log, Opened
from tests.browser.test_map import WAYS, count, shows
from tests.browser.test_steady import module
from tests.installation import PASSWORD, ROOT

OPEN = 10_000
FOCUSABLE = """(mark) => {
  const all = [...document.querySelectorAll(".bar, .view-bar, .float.tools")].flatMap((place) =>
    [...place.querySelectorAll("button, select, input, summary, a[href]")]);
  const seen = all.filter((one) => one.checkVisibility() && !one.disabled && !one.closest("details:not([open]) > ul"));
  return mark ? seen.map((one) => (one.dataset.want = "")).length : seen.filter((one) => "want" in one.dataset).length;
}"""
HERE = """() => {
  const one = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  const visible = outlineStyle !== "none" && outlineWidth !== "0px";
  const found = [one.dataset.want !== undefined, visible, one.outerHTML.slice(0, 90)];
  delete one.dataset.want;
  return found;
}"""


def test_150_activities_and_10_000_open_cases_stay_usable(log: Log, opened: Opened) -> None:
    log.send(*(" ".join(["Step_0", *(f"Step_{n}" for n in range(1 + i, 150, 15))]) for i in range(15)), prefix="whole")
    for prefix in ("case", "order"):
        sent = log.send(*["Step_0"] * (OPEN // 2), prefix=prefix)
    shown = log.picture(sent)
    assert (len(shown["nodes"]), sum(node["open"] for node in shown["nodes"])) == (150, OPEN + 15)
    page = opened("/", reduced_motion="reduce")
    held: list[WebSocketRoute] = []
    page.route_web_socket("**/ws/live/", lambda route: held.append(route))
    page.goto(opened.address + log.path)
    expect(page.locator(".pill")).to_have_text("Connecting")
    expect(page.locator(".panel .skeleton")).to_be_visible()  # and no spinner; the map of the server is there meanwhile
    expect(page.locator("svg.map .node.activity")).to_have_count(150)
    opened.picture(page, "loading")

    page = opened(log.path, reduced_motion="reduce")
    expect(count(page, "Step 0")).to_have_text("10.0 k")
    expect(count(page, "Step 149")).to_have_text("1")
    expect(page.locator(".figures-line")).to_contain_text("10,015 open")
    expect(page.locator(".skeleton")).to_have_count(0)
    opened.picture(page, "many")
    page.keyboard.press("f")
    page.keyboard.press("m")
    expect(page.locator(".twin tbody tr").first).to_be_visible()
    page.keyboard.press("m")
    log.send("Step_149", prefix="one-more")
    expect(count(page, "Step 149")).to_have_text("2")
    page.keyboard.press("/")
    page.keyboard.type("order-4999")
    page.keyboard.press("Enter")
    expect(page.locator(".panel h2")).to_contain_text("order-4999")
    assert "case=order-4999" in page.url
    page.goto(f"{opened.address}{log.path}cases/?view=open")
    expect(page.locator(".pager")).to_contain_text(re.compile(r"1 to 50 of 10,01[56]"))
    opened.picture(page, "many-cases")


def test_who_may_no_longer_look_is_told_and_sees_nothing_new(log: Log, opened: Opened, browser: Browser) -> None:
    opened.expected = "status of 404|WebSocket"
    given = {"user": "guest", "actions": ["view"]}
    grant = log.installation.api("POST", f"logs/{log.slug}/grants/", given)["id"]
    shown = log.picture(log.send(*WAYS))
    opened.session = None
    page = opened("/login/")
    page.get_by_label("User name").fill("guest")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r":\d+/$"))
    page.goto(opened.address + log.path)
    shows(page, shown)
    log.installation.api("DELETE", f"logs/{log.slug}/grants/{grant}/")
    expect(page.locator(".pill.ended")).to_have_text("Gone, or closed to you", timeout=40_000)
    log.send("Take", prefix="secret")
    opened.picture(page, "permission-lost")
    assert page.evaluate("document.querySelector('.stale') !== null")
    shows(page, shown)
    page.reload()
    expect(page.get_by_role("heading", name="Not here")).to_be_visible()


def test_a_first_visit_is_small_and_keys_alone_reach_every_control_of_it(log: Log, opened: Opened) -> None:
    shows(opened(log.path), shown := log.picture(log.send(*WAYS)))
    page = opened(log.path, reduced_motion="reduce")
    shows(page, shown)
    static = f"{opened.address}/static/{version()}/"
    loaded = {url.removeprefix(static) for url in opened.requests if url.endswith((".js", ".css"))}
    assert {"page/page.js", "layout/layout-core.js", "css/live.css"} <= loaded
    assert sum(len(gzip.compress((ROOT / "static" / name).read_bytes(), 6)) for name in loaded) < 120_000
    many = page.evaluate(FOCUSABLE, True)
    assert many > 12
    unseen = []
    for _ in range(80):
        page.keyboard.press("Tab")
        wanted, visible, what = page.evaluate(HERE)
        if wanted and not visible:
            unseen.append(what)
        if not page.evaluate(FOCUSABLE, False):
            break
    assert page.evaluate(FOCUSABLE, False) == 0
    assert not unseen
    page.get_by_role("button", name="Table", exact=True).focus()
    shows(page, log.picture(log.send("Take Check Pack Ship", prefix="news")))
    expect(page.get_by_role("button", name="Table", exact=True)).to_be_focused()
    page.locator('.node[data-key="a:Check"]').focus()
    shows(page, log.picture(log.send("Take New Ship", prefix="more news")))
    expect(page.locator('.node[data-key="a:Check"]')).to_be_focused()


def test_at_most_one_sentence_is_announced_in_ten_seconds(opened: Opened) -> None:
    page = opened("/")
    page.clock.install()
    page.reload()
    said = page.locator("#announcements")
    module(page, "shared/announce", "[m.announce('one')]")
    page.clock.run_for(1)
    expect(said).to_have_text("one")
    module(page, "shared/announce", "['two', 'three'].map(m.announce)")
    page.clock.run_for(9_000)
    assert said.text_content() == "one"
    page.clock.run_for(1_100)
    assert said.text_content() == "three"
