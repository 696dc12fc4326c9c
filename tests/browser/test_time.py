"""Which cases the map shows, the timeline below it, and the past played on it; all of it in the address."""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from tests.browser.accessible import findings
from tests.browser.conftest import Log, Opened
from tests.browser.test_map import DRAWN, WAYS, count, expected, shows
from tests.conftest import wait_for


@pytest.fixture(scope="module", autouse=True)
def working(work: None) -> None:
    """Pictures of selected cases and of the past are jobs."""


def job(log: Log, path: str) -> Any:
    """The result of the job that answers a GET on the log's model."""
    api = log.installation.api
    (model,) = api("GET", f"models/?log={log.slug}")["results"]
    found = api("GET", f"models/{model['id']}/picture/{path}")

    def ended() -> Any:
        return found if "expires_at" not in found else api("GET", f"jobs/{found['id']}/")["result"]

    return wait_for(ended, timeout_s=20, what=f"the answer to {path}")


def test_filters_are_chips_and_an_address_and_the_map_is_that_of_the_selected_cases(log: Log, opened: Opened) -> None:
    whole = log.picture(log.send(*WAYS))
    page = opened(log.path)
    shows(page, whole)
    page.get_by_role("button", name="Filter", exact=True).click()
    form = page.get_by_role("dialog", name="Which cases?")
    form.get_by_label("With the activity").select_option("Check")
    form.get_by_label("State").select_option("closed")
    opened.picture(page, "filter-form")
    assert findings(page) == []
    form.get_by_role("button", name="Show these cases").click()
    selected = job(log, "selection/?passes=Check&state=closed")
    assert (selected["selection"]["cases"], expected(selected)["nodes"]["Check"]) == (2, ["3", "0"])
    shows(page, selected)
    expect(page.locator(".selected")).to_have_text("2 cases, 9 events")
    chips = page.get_by_role("list", name="Filters").get_by_role("listitem")
    expect(chips).to_have_text([re.compile("passes “Check”"), re.compile("closed cases")])
    assert "passes=Check" in page.url
    opened.picture(page, "filters")
    with page.expect_download() as file:
        page.get_by_role("link", name="CSV").click()
    assert len(file.value.path().read_text().splitlines()) == 10

    colleague = opened(page.url.removeprefix(opened.address), color_scheme="dark")
    shows(colleague, selected)
    log.send("Take Check Ship", prefix="next")  # it goes on, live
    wait_for(lambda: page.evaluate(DRAWN)["nodes"].get("Check") == ["4", "0"], what="the newer selection")
    expect(page.locator(".selected")).to_have_text(re.compile("3 cases, 12 events"))
    opened.picture(colleague, "filters-dark")
    assert findings(colleague) == []

    page.get_by_role("button", name="Remove the filter closed cases").click()
    wait_for(lambda: page.evaluate(DRAWN)["nodes"].get("Check") == ["5", "1"], what="open cases too")
    page.get_by_role("button", name="Remove the filter passes").click()
    shows(page, log.picture(16))
    assert "?" not in page.url


def test_a_variant_and_a_time_window_select_and_what_matches_nothing_says_so(log: Log, opened: Opened) -> None:
    log.picture(log.send(*WAYS))
    ways = f"logs/{log.slug}/variants/?ordering=-events"
    wait_for(lambda: len(log.installation.api("GET", ways)["results"]) > 1, what="the variants")
    one, two = (row["variant"] for row in log.installation.api("GET", ways)["results"][:2])
    page = opened(f"{log.path}?variant={one}&variant={two}&within_s=3600")
    shows(page, job(log, f"selection/?variant={one},{two}"))
    expect(page.get_by_label("Cases of")).to_have_value("hour")
    expect(page.locator(".selected")).to_have_text("2 cases, 9 events")
    page.goto(f"{opened.address}{log.path}?started_before=2001-01-01T00:00:00Z")
    expect(page.get_by_text("No case matches these filters.")).to_be_visible()
    opened.picture(page, "filters-nothing")
    page.get_by_role("button", name="Clear the filters").click()
    expect(count(page, "Take")).to_have_text("4")


def test_the_past_is_played_as_it_was_seen_and_l_leads_back_to_live(log: Log, opened: Opened) -> None:
    log.picture(log.send(*WAYS, prefix="first"))
    middle = log.send("Take Inspect Ship", "Take Inspect", prefix="second")
    log.picture(middle)
    now = log.picture(log.send("Take Archive", "Take", prefix="third"))
    events = log.installation.api("GET", f"logs/{log.slug}/events/")["results"]
    at = [event["received_at"] for event in events]
    end = datetime.fromisoformat(at[middle - 1]) + timedelta(milliseconds=1)  # the address holds no microseconds
    span = urlencode({"replay_from": at[0], "replay_to": end.isoformat(), "replay_at": at[12], "speed": 10})
    page = opened(f"{log.path}?timeline=open&{span}", height=1000)
    shows(page, job(log, "?as_of=13"))
    expect(page.locator(".pill")).to_have_text(re.compile(r"Replay \d\d:\d\d:\d\d, paused"))
    expect(page.get_by_role("slider", name="Position")).to_be_visible()
    opened.picture(page, "replay")
    assert findings(page) == []
    page.keyboard.press("Space")  # plays
    shows(page, job(log, f"?as_of={middle}"))
    expect(page.locator(".pill")).to_have_text(re.compile("at its end"))
    expect(page.locator(".tail li").first).to_contain_text("Inspect")
    again = opened(page.url.removeprefix(opened.address))
    shows(again, job(log, f"?as_of={middle}"))
    page.keyboard.press("l")
    shows(page, now)
    expect(page.locator(".pill")).to_have_text("Live")
    assert "replay" not in page.url

    form = page.locator("form.player")
    form.get_by_label("Speed").select_option("1000")
    expect(form.get_by_label("Replay from")).not_to_have_value("")
    form.get_by_label("to", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".pill")).to_have_text(re.compile("Replay .*at its end"))
    shows(page, now)  # the last hour ends now, whatever was played before
    page.get_by_role("button", name="Back to live").click()
    expect(page.locator(".pill")).to_have_text("Live")


def test_the_timeline_counts_and_lists_what_comes_and_holds_still_with_the_rest(log: Log, opened: Opened) -> None:
    log.picture(log.send(*WAYS))
    page = opened(f"{log.path}?timeline=open", height=1000)
    expect(page.locator(".throughput canvas")).to_be_visible()
    rows = page.locator(".tail li")
    expect(rows).to_have_count(13)
    expect(rows.first.get_by_role("link")).to_have_attribute("href", f"/logs/{log.slug}/cases/case-3/")
    log.send("Take Check", prefix="and/so")
    expect(rows.first).to_contain_text("and/so-0")
    page.keyboard.press("Space")
    log.send("Take", "Take", prefix="held")
    expect(page.locator(".tail h2")).to_have_text(re.compile("2 more waiting"))
    expect(rows).to_have_count(15)
    opened.picture(page, "timeline")
    page.keyboard.press("Space")
    expect(rows).to_have_count(17)
    box = page.locator(".throughput .u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 30, steps=4)
    page.mouse.up()
    expect(page.locator(".pill")).to_have_text(re.compile("Replay"))
    assert "replay_from=" in page.url
    page.keyboard.press("l")
    page.keyboard.press("h")
    expect(page.locator(".timeline")).to_be_hidden()
    small = opened(f"{log.path}?timeline=open&passes=Check&state=open", width=390, height=800, has_touch=True)
    expect(small.locator(".tail li").first).to_be_visible()
    wide = """(place) => [...place.querySelectorAll(':not(.segments *)')]
        .filter((one) => one.getBoundingClientRect().right > 391).map((one) => one.outerHTML.slice(0, 80))"""
    for place in (".view-bar", ".timeline"):
        assert small.locator(place).evaluate(wide) == []
    stage, strip = small.locator(".stage").bounding_box(), small.locator(".timeline").bounding_box()
    assert stage is not None
    assert strip is not None
    assert stage["y"] + stage["height"] <= strip["y"]
    opened.picture(small, "timeline-phone")
