"""One case followed over the map: found, its way lit, its deviations marked, moving on; the cases at an activity."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Log, Opened
from tests.browser.test_map import count
from tests.conftest import wait_for


def judged(log: Log, case: str, seq: int) -> dict[str, Any]:
    """The verdict of the reference model on a case, as soon as it knows the event ``seq``."""

    def newest() -> dict[str, Any] | None:
        rows = log.installation.api("GET", f"logs/{log.slug}/conformance/cases/?page_size=500")["results"]
        return next((row for row in rows if row["case"] == case and row["seq"] >= seq), None)

    found: dict[str, Any] = wait_for(newest, timeout_s=40, what=f"a verdict on {case}")
    return found


@pytest.mark.usefixtures("work")  # which compares cases with reference models
def test_a_case_is_found_followed_and_left(log: Log, opened: Opened) -> None:
    log.picture(log.send(*["Take Check Pack Ship"] * 3))
    api = log.installation.api
    model = api("POST", "models/", {"log": log.slug, "algorithm": "imd"})["id"]
    frozen = f"models/{model}/picture/"
    wait_for(lambda: api("GET", frozen).get("nodes"), timeout_s=40, what="a model to freeze")
    api("POST", "references/", {"log": log.slug, "model": model, "name": "agreed", "active": True})
    seq = log.send("Take Pack Check", prefix="odd")
    assert judged(log, "odd-0", seq)["count"] > 0
    page = opened(log.path)
    expect(count(page, "Check")).to_have_text("4")

    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Find a case")
    expect(field).to_be_focused()
    page.keyboard.type("od")
    option = page.locator("#found").get_by_role("option")
    expect(option).to_have_count(1)
    expect(option).to_contain_text("odd-0")
    expect(option).to_contain_text("at Check")
    page.keyboard.press("Enter")
    panel = page.get_by_label("Details")
    expect(panel.get_by_role("heading", name="odd-0")).to_be_visible()
    expect(panel.get_by_role("heading", name="from the reference model")).to_be_visible()
    expect(panel.locator(".way li")).to_have_count(3)
    assert page.url.endswith("?case=odd-0")
    expect(page.locator('.node.here-now[data-key="a:Check"]')).to_have_count(1)
    wrong = page.locator("g.edge.trail.wrong")
    expect(wrong).not_to_have_count(0)
    assert "a:Take\0a:Pack" in wrong.evaluate_all("(all) => all.map((one) => one.dataset.key)")
    expect(page.locator(".node.wrong .sign-wrong").first).to_be_visible()
    assert page.locator(".node:not(.lit)").count() >= 1  # dimmed: not on its way
    opened.picture(page, "follow")

    log.send("Rework", prefix="odd")
    expect(page.locator('.node.here-now[data-key="a:Rework"]')).to_have_count(1)
    expect(panel.locator(".way li")).to_have_count(4)
    page.reload()
    expect(panel.get_by_role("heading", name="odd-0")).to_be_visible()
    expect(page.locator('.node.here-now.lit[data-key="a:Rework"]')).to_have_count(1)
    page.keyboard.press("Escape")
    expect(panel.get_by_text("Open now")).to_be_visible()
    expect(page.locator("svg.map.dim, .trail, .sign-wrong")).to_have_count(0)
    assert page.url.endswith(log.path)

    page.locator('.node[data-key="a:Rework"]').click()
    here = panel.locator(".cases li")
    expect(here).to_have_count(1)
    link = here.get_by_role("link", name="odd-0")
    expect(link).to_have_attribute("href", f"{log.path}cases/odd-0/")
    here.get_by_role("button", name="follow").click()
    expect(panel.get_by_role("heading", name="odd-0")).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type("nobody")
    expect(page.get_by_text("No case has “nobody” in its name.")).to_be_visible()
