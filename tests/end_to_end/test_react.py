"""The loop: an app reports, a rule matches, the user is asked, the answer is an event, the map and a receiver know."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from tests.chromium import QUIET
from tests.conftest import needs, wait_for
from tests.installation import PASSWORD, Installation
from tests.rules.receiver import SECRET, receiving
from tests.sheets.conftest import QUESTIONS

RULE: dict[str, Any] = {
    "name": "Given up",
    "log": "playground",
    "kind": "event",
    "when": "event.activity == 'challenge_abandoned'",
    "then": [{"sheet": "why", "via": "ops"}, {"notify": "ops", "text": "{case} gave up"}],
}


def sign_in(made: Installation, page: Page) -> None:
    """As the user of the installation, by the form."""
    page.goto(f"http://127.0.0.1:{made.port}/login/")
    page.get_by_label("User name").fill("boss")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Logs")).to_be_visible(timeout=20_000)


def test_from_a_report_to_the_answer_on_the_map_and_a_signed_notification(tmp_path: Path) -> None:
    with receiving() as receiver, Installation(tmp_path / "var", NOTIFY_HOSTS="127.0.0.1", SHEET_HOLD_S="30") as made:
        for role in ("web", "mine", "work"):
            made.start(role)
        made.api("POST", "logs/", {"slug": "playground", "name": "Playground"})
        made.api("POST", "notifiers/", {"name": "ops", "kind": "webhook", "url": receiver.url, "secret": SECRET})
        sheet = {
            "slug": "why",
            "name": "Why",
            "log": "playground",
            "label": "Why did you stop?",
            "questions": QUESTIONS,
        }
        made.api("POST", "sheets/", sheet)
        made.api("POST", "rules/", RULE)
        events = [{"type": f"challenge_{what}"} for what in ("started", "abandoned")]
        report = {"client": "playground", "user": "dev.001", "events": events}
        answer = made.api("POST", "reports/", report)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=needs("chromium-headless-shell"), args=QUIET)
            watching = browser.new_page(viewport={"width": 1280, "height": 800})
            sign_in(made, watching)
            watching.goto(f"http://127.0.0.1:{made.port}/logs/playground/")
            given_up = watching.locator(".node", has_text="challenge_abandoned")
            expect(given_up.locator(".alarm.warning")).to_contain_text("1", timeout=30_000)  # the rule's match
            page = browser.new_page(viewport={"width": 390, "height": 844})
            page.goto(answer["es"]["url"])
            page.get_by_role("radio", name="No", exact=True).check()
            page.get_by_role("button", name="Send").click()
            expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
            answered = watching.locator(".node.activity", has_text="Why did you stop?")
            expect(answered).to_be_visible(timeout=30_000)  # by itself, on the map that was open all the time
            watching.goto(f"http://127.0.0.1:{made.port}/rules/matches/?log=playground")
            row = watching.get_by_role("row").filter(has_text="Given up")
            expect(row).to_contain_text("asked with why: answered", timeout=30_000)
            expect(row).to_contain_text("ops: sent", timeout=30_000)
            browser.close()
        newest = made.api("GET", "logs/playground/events/")["results"][-1]
        assert (newest["case"], newest["activity"], newest["attributes"]["late"]) == ("dev.001", sheet["label"], False)
        wait_for(lambda: len(receiver.events) >= 2, 30, "the notifications")
        kinds = {event["type"].removeprefix("org.procmine."): event for event in receiver.events}
        assert kinds["sheet.invited.v1"]["data"]["url"].endswith(f"/sheets/p/{answer['es']['token']}/")
        assert kinds["rule.matched.v1"]["data"]["text"] == "dev.001 gave up"
        assert receiver.signed()
        (match,) = made.api("GET", "rule-matches/?log=playground")["results"]
        told = {(one["kind"], one["status"]) for one in match["actions"]}
        assert told == {("sheet", "answered"), ("notify", "sent")}, match
