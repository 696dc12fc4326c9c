"""The loop: an app reports, a rule matches, the user is asked, the answer is an event, the map and a receiver know."""

from pathlib import Path
from typing import Any

from playwright.sync_api import expect, sync_playwright

from tests.conftest import wait_for
from tests.installation import Installation
from tests.live.browser.conftest import CHROMIUM, QUIET
from tests.rules.receiver import SECRET, receiving
from tests.sheets.conftest import QUESTIONS

RULE: dict[str, Any] = {
    "name": "Given up",
    "log": "playground",
    "kind": "event",
    "when": "event.activity == 'challenge_abandoned'",
    "then": [{"sheet": "why", "via": "ops"}, {"notify": "ops", "text": "{case} gave up"}],
}


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
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            page = browser.new_page(viewport={"width": 390, "height": 844})
            page.goto(answer["es"]["url"])
            page.get_by_role("radio", name="No", exact=True).check()
            page.get_by_role("button", name="Send").click()
            expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
            browser.close()
        newest = made.api("GET", "logs/playground/events/")["results"][-1]
        assert (newest["case"], newest["activity"], newest["attributes"]["late"]) == ("dev.001", sheet["label"], False)
        (model,) = made.api("GET", "models/?log=playground")["results"]

        def mapped() -> bool:
            nodes = made.api("GET", f"models/{model['id']}/picture/").get("nodes", [])
            return any(node["label"] == sheet["label"] for node in nodes)

        wait_for(mapped, 30, "the answer on the map")
        wait_for(lambda: len(receiver.events) >= 2, 30, "the notifications")
        kinds = {event["type"].removeprefix("org.procmine."): event for event in receiver.events}
        assert kinds["sheet.invited.v1"]["data"]["url"].endswith(f"/sheets/p/{answer['es']['token']}/")
        assert kinds["rule.matched.v1"]["data"]["text"] == "dev.001 gave up"
        assert receiver.signed()
        (match,) = made.api("GET", "rule-matches/?log=playground")["results"]
        told = {(one["kind"], one["status"]) for one in match["actions"]}
        assert told == {("sheet", "answered"), ("notify", "sent")}, match
