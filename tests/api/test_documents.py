"""The OpenAPI document, and what a person sees of the API in a browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from playwright.sync_api import BrowserContext, sync_playwright
from rest_framework.test import APIClient

from tests.chromium import QUIET
from tests.clients import EVENT
from tests.conftest import needs
from tests.installation import Installation


def test_the_document_is_made_without_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "schema.yml"
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(file))
    document = yaml.safe_load(file.read_text())
    assert document["openapi"] == "3.1.0"
    assert set(document["components"]["securitySchemes"]) == {"token", "cookieAuth"}
    default = document["paths"]["/api/v1/me/"]["get"]["responses"]["default"]["content"]
    assert default == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    broker = document["components"]["schemas"]["Broker"]["properties"]
    assert "has_password" in broker
    assert "password" not in broker
    attribute = [p["name"] for p in document["paths"]["/api/v1/logs/{slug}/events/"]["get"]["parameters"]]
    assert {"case", "activity", "at_after", "at_before", "seq_after", "attribute.NAME", "cursor"} <= set(attribute)


def test_the_document_is_served(api: APIClient) -> None:
    answer = api.get("/api/v1/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json")
    assert answer.json()["info"]["title"] == "procmine"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Where the server is, and the session of its owner."""
    with Installation(tmp_path_factory.mktemp("api") / "var") as made:
        made.start("web")
        made.api("POST", "logs/", {"slug": "factory", "name": "Factory"})
        made.add_stream(made.connect_broker("mqtt://127.0.0.1:1"), "line1", slug="line-1")
        made.api("POST", "logs/factory/events/", EVENT)
        yield f"http://127.0.0.1:{made.port}", made.session


@pytest.fixture
def window(address: tuple[str, str]) -> Iterator[BrowserContext]:
    """A browser, signed in."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs("chromium-headless-shell"), args=QUIET)
        context = browser.new_context(base_url=address[0])
        context.add_cookies([{"name": "procmine_session", "value": address[1], "url": address[0]}])
        yield context
        browser.close()


PAGES = [
    "/api/v1/",
    "/api/v1/brokers/",
    "/api/v1/streams/",
    "/api/v1/streams/line-1/",
    "/api/v1/streams/line-1/health/",
    "/api/v1/streams/line-1/rejections/",
    "/api/v1/logs/",
    "/api/v1/logs/factory/",
    "/api/v1/logs/factory/events/",
    "/api/v1/logs/factory/cases/",
    "/api/v1/logs/factory/statistics/",
    "/api/v1/models/",
    "/api/v1/algorithms/",
    "/api/v1/simulations/",
    "/api/v1/tokens/",
    "/api/v1/me/",
    "/admin/",
    "/admin/streams/broker/",
    "/admin/streams/broker/add/",
    "/admin/streams/stream/add/",
    "/admin/streams/eventlog/add/",
    "/admin/streams/event/",
    "/admin/simulations/simulation/",
    "/admin/accounts/token/add/",
]


def complaints(page: Any) -> list[str]:
    """What the browser's console says from now on; its hints for authors (``verbose``) are no complaints."""
    said: list[str] = []
    page.on("console", lambda message: message.type == "verbose" or said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("requestfailed", lambda request: said.append(f"{request.url} failed"))
    return said


def test_the_browser_has_nothing_to_complain_about(window: BrowserContext) -> None:
    page = window.new_page()
    said = complaints(page)
    for path in PAGES:
        answer = page.goto(path)
        assert answer is not None
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8"), path
        assert said == [], path


def test_swagger_describes_every_resource_under_our_policy(window: BrowserContext) -> None:
    page = window.new_page()
    said = complaints(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/api/v1/docs/")
    page.set_viewport_size({"width": 1280, "height": 20_000})  # it writes only what would be seen
    page.get_by_text("/api/v1/logs/{slug}/events/").first.wait_for(timeout=60_000)
    assert said == []
    assert all(url.startswith((page.url.split("/api/")[0], "data:")) for url in asked)
    page.locator("#operations-me-me_retrieve button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    page.locator(".live-responses-table").get_by_text('"username"').first.wait_for()
    assert said == []


def test_a_log_is_opened_in_the_browsable_api(window: BrowserContext) -> None:
    page = window.new_page()
    said = complaints(page)
    page.goto("/api/v1/logs/")
    page.locator("#post-object-form input[name=slug]").fill("second")
    page.locator("#post-object-form input[name=name]").fill("Second")
    page.locator("#post-object-form textarea[name=end_activities]").fill('["Ship"]')
    page.locator("#post-object-form button").click()
    page.get_by_text("201 Created").wait_for()
    assert '"Ship"' in (page.locator(".response-info").text_content() or "")
    assert said == []


def test_the_root_leads_to_every_resource(api: APIClient) -> None:
    links = api.get("/api/v1/").json()
    assert list(links) == [
        "brokers",
        "streams",
        "logs",
        "models",
        "references",
        "algorithms",
        "jobs",
        "simulations",
        "tokens",
        "rules",
        "notifiers",
        "notifications",
        "sheets",
        "prompts",
        "answers",
        "sheet-schedules",
        "report-mappings",
        "rule-matches",
        "history",
        "me",
        "schema",
        "docs",
    ]
    for link in links.values():
        assert api.get(link).status_code == 200, link
