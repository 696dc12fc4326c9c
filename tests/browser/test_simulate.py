"""The page /simulate/ in a real browser: load an example, break it, mend it, run it, watch it, stop it."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Opened
from tests.conftest import wait_for
from tests.installation import Installation


def break_line(page: Page, wrong: str, right: str) -> None:
    text = page.get_by_label("Configuration")
    text.fill(text.input_value().replace(right, wrong, 1))


def test_a_simulation_is_checked_started_watched_and_stopped(opened: Opened, installation: Installation) -> None:
    page = opened("/", width=1280, height=900)
    page.get_by_role("link", name="Simulate").click()
    page.get_by_label("Begin with an example").select_option("factory")
    page.get_by_role("button", name="Load").click()
    expect(page.get_by_role("heading", name="No problems")).to_be_visible()
    expect(page.locator("svg.chain .node")).to_have_count(17)
    opened.picture(page, "simulate")

    break_line(page, "transition: WeldingRobott", "transition: WeldingRobot")
    page.get_by_role("button", name="Check and draw").click()
    expect(page.locator(".listing .problem")).to_contain_text("did you mean 'WeldingRobot'?")
    opened.picture(page, "simulate-problem")
    page.locator(".listing li:has(.problem) a").click()
    expect(page.get_by_label("Configuration")).to_be_focused()
    chosen = page.evaluate("(t => t.value.slice(t.selectionStart, t.selectionEnd))(document.activeElement)")
    assert "WeldingRobott" in chosen

    break_line(page, "transition: WeldingRobot", "transition: WeldingRobott")
    page.get_by_label("Into the log").fill("From the page")
    page.get_by_label("Events per second").fill("50")
    page.get_by_label("Seed").fill("7")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(r"/simulate/\d+/$"))
    expect(page.locator(".run-state")).to_have_text("running", timeout=30_000)
    wait_for(lambda: int(page.locator("[data-sent]").text_content() or 0) >= 30, timeout_s=30, what="30 events")
    expect(page.locator(".output")).to_contain_text(re.compile(r"s\d+-case_\d+ +\w+"))
    opened.picture(page, "simulation")
    page.get_by_role("button", name="Light or dark").click()
    opened.picture(page, "simulation-dark")
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".run-state")).to_have_text("stopped", timeout=15_000)

    page.get_by_role("link", name="Map of From the page").click()
    expect(page.locator(".node.activity[data-key]").first).to_be_visible(timeout=20_000)
    events = installation.api("GET", "logs/from-the-page/events/?page_size=1")["results"]
    assert re.fullmatch(r"s\d+-case_1", events[0]["case"])


def test_it_all_works_without_scripts(opened: Opened) -> None:
    page = opened("/simulate/?example=factory", width=600, height=900, java_script_enabled=False, color_scheme="dark")
    page.get_by_label("Into the log").fill("Without scripts")
    page.get_by_label("Events", exact=True).fill("5")
    page.get_by_label("Events per second").fill("20")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url(re.compile(r"/simulate/\d+/$"))
    expect(page.locator(".run-state")).to_have_text("finished", timeout=30_000)  # the page reloads itself
    expect(page.locator("[data-sent]")).to_have_text("5")
    opened.picture(page, "simulation-narrow")
    page.get_by_role("link", name="Simulate").first.click()
    expect(page.locator(".runs td").nth(2)).to_have_text("finished")
    opened.picture(page, "simulate-narrow")
