"""Somebody makes a rule with a mistake, mends, tries and saves it; it matches while the map is watched."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessible import findings
from tests.browser.conftest import Log, Opened
from tests.installation import Installation

SOON = 20_000  # ms, of what passes through a worker


def sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


@pytest.mark.usefixtures("work")
def test_a_rule_is_made_tried_and_seen_to_match_on_the_map(
    installation: Installation, log: Log, opened: Opened
) -> None:
    log.picture(log.send("Take Pack Ship", "Take Paint Pack", "Take Pack"))
    page = opened("/rules/new/")
    page.get_by_label("For the log").select_option(log.slug)
    opened.picture(page, "rules-begin")
    page.get_by_role("button", name="An event").click()
    condition = page.get_by_label("Tell of each event of which this is true", exact=True)
    condition.fill("event.colour == 'red'")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".place")).to_contain_text("▲")
    expect(page.get_by_text("This field is required")).to_be_visible()
    opened.picture(page, "rules-wrong")
    assert findings(page) == []
    condition.fill("")
    page.locator("[data-insert]").select_option("Pack")
    expect(condition).to_have_value("event.activity == 'Pack'")
    page.get_by_role("button", name="Try on").click()
    expect(page.get_by_text("3 matches")).to_be_visible(timeout=SOON)  # in place: what was typed is still there
    page.get_by_label("Name", exact=True).fill("Packing")
    page.get_by_label("Severity").select_option("critical")
    opened.picture(page, "rules-tried")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Packing is saved.")).to_be_visible()
    row = page.get_by_role("listitem").filter(has_text="Packing")
    expect(row).to_contain_text("none yet")

    live = opened(f"{log.path}?timeline=open", height=1000)
    expect(live.locator(".node.activity", has_text="Pack")).to_be_visible()
    expect(live.locator(".tail li")).not_to_have_count(
        0
    )  # the subscription is under way: what matches from now on is news
    log.send("Take Pack", "Take Pack", prefix="more")
    expect(live.locator(".node", has_text="Pack").locator(".alarm.critical")).to_contain_text("2", timeout=SOON)
    expect(live.locator("#announcements")).to_contain_text("Packing", timeout=SOON)
    listed = live.get_by_role("region", name="Matches of rules")
    expect(listed.get_by_role("listitem")).to_have_count(2, timeout=SOON)
    expect(live.locator(".mark.match")).not_to_have_count(0, timeout=SOON)
    opened.picture(live, "rules-live")
    assert findings(live) == []
    live.close()  # it would be drawn on

    expect(row).not_to_contain_text("none yet", timeout=SOON)
    opened.picture(page, "rules-list")
    dark = opened("/rules/", color_scheme="dark", width=390, height=844)
    opened.picture(dark, "rules-list-dark")
    assert not sideways(dark)

    matches = opened(f"/rules/matches/?log={log.slug}")
    expect(matches.locator("tbody tr")).to_have_count(2, timeout=SOON)
    expect(matches.locator("#alarms")).to_contain_text("2", timeout=SOON)
    opened.picture(matches, "matches")
    matches.get_by_role("button", name="Acknowledge", exact=False).first.click()
    expect(matches.get_by_text("by boss")).to_be_visible()
    log.send("Take Pack", prefix="last")
    expect(matches.locator("tbody tr")).to_have_count(3, timeout=SOON)  # by itself
    matches.get_by_role("link", name="Packing").first.click()
    matches.get_by_role("button", name=re.compile("Acknowledge all 2")).click()
    expect(matches.get_by_text("2 matches of Packing acknowledged.")).to_be_visible()
    phone = opened(f"/rules/matches/?log={log.slug}", color_scheme="dark", width=390, height=844)
    opened.picture(phone, "matches-dark")
    assert findings(phone) == []
    assert not sideways(phone)
    case = opened(f"{log.path}cases/last-0/")
    expect(case.get_by_role("heading", name="What rules matched")).to_be_visible(timeout=SOON)
    opened.picture(case, "rules-case")

    notifiers = opened("/rules/notifiers/new/", color_scheme="dark")
    notifiers.get_by_label("Name", exact=True).fill(f"ops-{log.slug}")
    notifiers.get_by_label("Kind").select_option("webhook")
    notifiers.get_by_label("Address").fill("http://127.0.0.1:9/hook")
    notifiers.get_by_label("Secret").fill("a-secret-of-tests-long-enough")
    notifiers.get_by_role("button", name="Save").click()
    expect(notifiers.locator("#wrong-url .wrong")).to_be_visible()  # nothing inside is reached
    assert findings(notifiers) == []
    opened.picture(notifiers, "notifier-form-dark")
    notifiers.get_by_label("Kind").select_option("email")
    expect(notifiers.get_by_label("Secret")).to_be_hidden()
    notifiers.get_by_label("Address").fill("mailto:ops@example.org")
    notifiers.get_by_role("button", name="Save").click()
    notifiers.get_by_role("button", name="Send a test").click()
    expect(notifiers.get_by_text("did not take the test message: No mail server is set")).to_be_visible()
    opened.picture(notifiers, "notifiers-dark")
    plain = opened(
        f"/rules/new/?log={log.slug}&kind=sequence",
        java_script_enabled=False,
        color_scheme="dark",
        width=390,
        height=844,
    )
    assert not sideways(plain)
    plain.get_by_role("button", name="Another step").click()
    expect(plain.get_by_role("group", name="then, step 3")).to_be_visible()
    opened.picture(plain, "rules-form-dark")
