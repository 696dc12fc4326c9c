"""`serve --demo` as a newcomer sees it: follow the printed link, and the factory's map moves."""

import re
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.browser.conftest import opening
from tests.conftest import wait_for
from tests.installation import Installation


def test_the_demo_signs_in_by_its_link_and_shows_the_factory_moving(tmp_path: Path, browser: Browser) -> None:
    with Installation(tmp_path / "var") as demo:
        demo.popen("serve", "--demo", "--port", str(demo.port))
        said = demo.log_file("serve")
        link = wait_for(
            lambda: re.search(r"http://\S+/demo/\S+", said.read_text()), timeout_s=60, what="the sign-in link"
        ).group()
        with opening(browser, f"http://127.0.0.1:{demo.port}") as opened:
            page = opened(link.removeprefix(opened.address), width=1600, height=1000)
            assert page.url == f"{opened.address}/logs/factory/"
            expect(page.locator(".pill")).to_have_text("Live")
            # The first bicycles take a while. Nothing is drawn meanwhile; maps that grow are looked at elsewhere.
            page.goto(f"{opened.address}/streams/")
            ways = "logs/factory/events/?activity=Ship&page_size=1"
            wait_for(lambda: demo.api("GET", ways)["results"], timeout_s=120, what="a bicycle that is shipped")
            page.go_back()
            expect(page.locator(".node.end")).to_have_count(1)
            wait_for(lambda: page.locator(".node.activity").count() >= 14, timeout_s=120, what="most of the factory")
            first = page.locator(".node.activity[data-key] .count").first
            before = first.text_content()
            wait_for(lambda: first.text_content() != before, timeout_s=30, what="a counter that moves")
            dots = page.locator("canvas.dots")
            wait_for(lambda: int(dots.get_attribute("data-shown") or 0) >= 10, timeout_s=30, what="dots")
            opened.picture(page, "demo")
            page.get_by_role("button", name="Light or dark").click()
            opened.picture(page, "demo-dark")
            page.close()  # before the server goes, which it would complain of
