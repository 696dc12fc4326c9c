"""Conformance, drift and predictions in a real browser: a model is mined and frozen, new cases deviate, all is live."""

from playwright.sync_api import Page, expect

from tests.browser.accessible import findings
from tests.browser.conftest import Log, Opened
from tests.installation import Installation

SECONDS_MS = 60_000  # for what a worker does


def in_both_themes(opened: Opened, page: Page, name: str) -> None:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        opened.picture(page, f"{name}-{theme}")


def test_a_frozen_model_shows_what_deviates_and_predictions_what_comes(
    opened: Opened, log: Log, installation: Installation, work: None
) -> None:
    log.send(*["Take Pack Ship"] * 30, prefix="good")
    page = opened(f"{log.path}conformance/", width=1280, height=1000)
    expect(page.get_by_role("heading", name="Upload a model")).to_be_visible()
    in_both_themes(opened, page, "conformance-empty")
    page.get_by_role("button", name="Mine one now").click()
    page.get_by_role("button", name="Check cases against it").click(timeout=SECONDS_MS)
    expect(page.locator(".drawn svg")).to_be_visible()
    expect(page.locator("#state")).to_contain_text("30 of 30 closed cases are runs", timeout=SECONDS_MS)
    expect(page.locator("#state")).to_contain_text("each of the 30 cases checked so far fits", timeout=SECONDS_MS)

    log.send("Pack Take", "Take Pray Ship", "Take", prefix="odd/case")  # shown by themselves
    expect(page.locator(".kinds li")).to_have_count(3, timeout=SECONDS_MS)
    expect(page.locator(".drawn .mark")).not_to_have_count(0)
    assert findings(page) == []
    in_both_themes(opened, page, "conformance")
    page.get_by_role("link", name="Pray is not in the model").click()
    expect(page.locator("#state .grid tbody tr")).to_have_count(1)
    expect(page.locator(".chip")).to_contain_text("Pray is not in the model")
    page.locator(".chip").click()
    expect(page.locator("#state .grid tbody tr")).to_have_count(2)
    page.get_by_label("Search a case").fill("odd/case-1")
    expect(page.locator("#state .grid tbody tr")).to_have_count(1)
    assert "search=odd" in page.url
    page.get_by_role("link", name="odd/case-1").click()
    expect(page.locator("body")).to_contain_text("Pray")

    page.goto(f"{opened.address}{log.path}predictions/")
    expect(page.locator("#predictions tbody tr")).to_have_count(2, timeout=SECONDS_MS)
    expect(page.locator("tr", has_text="odd/case-2").locator(".nexts li").first).to_contain_text("Pack")
    assert findings(page) == []
    in_both_themes(opened, page, "predictions")
    page.goto(f"{opened.address}{log.path}drift/")
    expect(page.locator("#drift .lead")).to_contain_text("more steps until changes are looked for")
    in_both_themes(opened, page, "drift")

    plain = opened(f"{log.path}conformance/?fits=all", width=390, height=844, java_script_enabled=False)
    expect(plain.locator(".drawn svg")).to_be_visible()
    expect(plain.locator("#state .grid tbody tr")).to_have_count(33)
    opened.picture(plain, "conformance-narrow")
