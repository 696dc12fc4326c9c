"""Cases, one case, variants and statistics in a browser: they keep up, they lead on, everybody can read them."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Log, Opened
from tests.conftest import wait_for


def look_again(page: Page) -> None:
    """As who comes back to the tab: the page asks for news at once."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def fits_a_phone(page: Page) -> bool:
    """Whether what the page is about needs no sideways scrolling on a narrow screen."""
    page.set_viewport_size({"width": 390, "height": 800})
    wide = page.evaluate("Math.max(...[...document.querySelectorAll('.page > *')].map((e) => e.scrollWidth))")
    page.set_viewport_size({"width": 1280, "height": 800})
    return int(wide) <= 390


def test_cases_variants_and_statistics_lead_to_each_other_and_keep_up(opened: Opened, log: Log) -> None:
    log.picture(log.send(*["Take Pack Ship"] * 6, *["Take Check"] * 2, "Take Check Pack"))
    page = opened(f"{log.path}cases/")
    rows = page.locator("#case-list tbody tr")
    expect(rows).to_have_count(9, timeout=20_000)
    opened.picture(page, "cases")

    page.get_by_role("link", name="Open", exact=True).click()
    expect(rows).to_have_count(3)
    page.get_by_label("Find by id").fill("case-8")
    expect(rows).to_have_count(1)
    assert page.url.endswith("?q=case-8&view=open")  # typing keeps the view that was chosen meanwhile
    expect(page.get_by_text("1 case found")).to_be_visible()
    page.get_by_role("link", name=re.compile("id has case-8")).click()
    expect(rows).to_have_count(3)
    page.get_by_role("link", name="Events", exact=True).click()
    expect(page.locator("th[aria-sort=descending]")).to_have_text("Events")
    expect(rows.first).to_contain_text("case-8")
    assert fits_a_phone(page)

    page.get_by_role("link", name="case-8").click()
    events = page.locator("#case-events > li")
    expect(events).to_have_count(3)
    first = events.first.locator("details")
    first.locator("summary").click()
    log.picture(log.send("", "", "", "", "", "", "", "", "Ship"))
    expect(events).to_have_count(4)  # it came while we looked
    expect(page.locator("#case-state")).to_have_text(re.compile("closed"))
    assert first.get_attribute("open") is not None
    opened.picture(page, "case")
    assert fits_a_phone(page)

    page.get_by_role("link", name="Variants").click()
    variants = page.locator("#variant-list tbody tr")
    expect(variants).to_have_count(3)
    expect(page.get_by_text("2 variants cover 80 % of the cases.")).to_be_visible()
    opened.picture(page, "variants")
    assert fits_a_phone(page)
    page.get_by_label("Variant 2").check()
    log.picture(log.send("Take Check Ship", prefix="new"))
    look_again(page)
    expect(variants).to_have_count(4)
    expect(page.get_by_label("Variant 2")).to_be_checked()  # news leave the choice alone
    chosen = page.get_by_label("Variant 2").get_attribute("value")
    page.get_by_role("button", name="List their cases").click()
    expect(rows).to_have_count(2)
    page.go_back()
    page.get_by_label("Variant 2").check()
    page.get_by_role("button", name="Show on the map").click()
    page.wait_for_url(f"**{log.path}?variant={chosen}")
    page.go_back()

    page.get_by_role("link", name="Statistics").click()
    expect(page.locator(".plot .uplot")).to_have_count(3)
    expect(page.locator(".plot canvas.all")).to_be_visible()
    expect(page.get_by_text("29 events of 10 cases")).to_be_visible()
    before = page.locator("#stat-figures dd").nth(2)
    expect(before).to_have_text("29")
    opened.picture(page, "statistics")
    assert fits_a_phone(page)
    over = page.locator("[data-chart=flow] .u-over").bounding_box()
    assert over is not None
    page.mouse.move(over["x"] + over["width"] * 0.6, over["y"] + 20)
    page.mouse.down()
    page.mouse.move(over["x"] + over["width"] * 0.9, over["y"] + 20, steps=4)
    page.mouse.up()
    everything = page.locator("[data-chart=flow] .zoom")
    expect(everything).to_be_visible()
    log.send("Take")
    look_again(page)
    expect(before).to_have_text("30")
    expect(everything).to_be_visible()  # news leave the zoom alone
    everything.click()
    expect(everything).to_be_hidden()
    page.get_by_label("Dots are placed by").select_option("since")
    page.wait_for_url(re.compile("dots=since"))


def test_the_pages_tell_the_same_without_scripts(opened: Opened, log: Log) -> None:
    log.picture(log.send("Take Pack Ship", "Take"))
    page = opened(f"{log.path}cases/", java_script_enabled=False)
    page.get_by_label("Find by id").fill("case-1")
    page.get_by_role("button", name="Find").click()
    case = page.get_by_role("link", name="case-1", exact=True)
    wait_for(lambda: case.count() or not page.reload(), 30, "the case in the list")  # no script brings it later
    case.click()
    expect(page.locator("#case-events > li")).to_have_count(1)
    page.get_by_role("link", name="Variants").click()
    page.get_by_label("Variant 1").check()
    page.get_by_role("button", name="List their cases").click()
    expect(page.locator("#case-list tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Statistics").click()
    expect(page.locator(".plot svg")).to_have_count(4)
