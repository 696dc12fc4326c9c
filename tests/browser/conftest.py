"""A real browser in front of a real installation: web and mine run as processes, Chromium looks at them."""

import itertools
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.chromium import QUIET
from tests.conftest import needs, wait_for
from tests.installation import Installation
from tests.streams.conftest import base, publish, talking

__all__ = ["base", "publish", "talking"]

expect.set_options(timeout=20_000)  # ms; three browsers and their servers share the machine
numbers = itertools.count()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation(tmp_path_factory.mktemp("browser") / "var") as made:
        made.start("web")
        made.start("mine")
        yield made


@pytest.fixture(scope="session")
def work(installation: Installation) -> None:
    """It works, too, from now on: compares cases, derives slow models, runs jobs and rules."""
    installation.start("work")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of a file. No longer: Playwright's event loop would run on under the tests of others."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=needs("chromium-headless-shell"), args=QUIET)
        yield made
        made.close()


def signed_in(installation: Installation) -> dict[str, Any]:
    """The cookies of a browser in which the user signed in."""
    cookie = {"name": "procmine_session", "value": installation.session, "domain": "127.0.0.1", "path": "/"}
    return {"cookies": [cookie], "origins": []}


@dataclass
class Opened:
    """Opens pages; remembers what they write to the console."""

    browser: Browser
    address: str
    session: Any
    folder: Path | None
    contexts: list[Any] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    expected: str = "^$"  # what may be in the console, as a regular expression

    def __call__(self, path: str, width: int = 1280, height: int = 800, **context: Any) -> Page:
        made = self.browser.new_context(
            viewport={"width": width, "height": height}, storage_state=self.session, **context
        )
        self.contexts.append(made)
        page = made.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.console.append(f"error: {error}"))
        page.goto(self.address + path)
        return page

    def picture(self, page: Page, name: str) -> None:
        """A screenshot, where the environment names a folder for them."""
        if self.folder is not None:
            page.screenshot(path=self.folder / f"{name}.png")


@contextmanager
def opening(browser: Browser, address: str, session: Any = None) -> Iterator[Opened]:
    """What opens pages of a server. In the end no console may hold anything unexpected."""
    folder = os.environ.get("PROCMINE_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
    made = Opened(browser, address, session, Path(folder) if folder else None)
    yield made
    for context in made.contexts:
        context.close()
    assert [line for line in made.console if not re.search(made.expected, line)] == []
    assert [url for url in made.requests if not url.startswith(made.address)] == []  # no third party


@pytest.fixture
def opened(installation: Installation, browser: Browser) -> Iterator[Opened]:
    """``opened("/")``: a page of somebody signed in."""
    with opening(browser, f"http://127.0.0.1:{installation.port}", signed_in(installation)) as made:
        yield made


class Log:
    """A log of its own for each test."""

    def __init__(self, installation: Installation, slug: str) -> None:
        self.installation, self.slug, self.path = installation, slug, f"/logs/{slug}/"
        installation.api("POST", "logs/", {"slug": slug, "name": slug, "end_activities": ["Ship"]})

    def send(self, *ways: str, prefix: str = "case") -> int:
        """Store a case for each way, as "Take Pack Ship"; the last event's number."""
        events = [
            {"case": f"{prefix}-{place}", "activity": activity.replace("_", " ")}
            for place, way in enumerate(ways)
            for activity in way.split()
        ]
        return int(self.installation.api("POST", f"logs/{self.slug}/events/", events)["last_seq"])

    def picture(self, seq: int) -> dict[str, Any]:
        """The model's picture as soon as it stands for the events up to ``seq``."""
        (model,) = self.installation.api("GET", f"models/?log={self.slug}")["results"]
        path = f"models/{model['id']}/picture/"

        def newest() -> dict[str, Any] | None:
            found: dict[str, Any] = self.installation.api("GET", path)
            return found if found.get("seq", 0) >= seq else None

        got: dict[str, Any] = wait_for(newest, timeout_s=60, what=f"the picture of event {seq}")
        return got


@pytest.fixture
def log(installation: Installation) -> Log:
    return Log(installation, f"log-{next(numbers)}")


Open = Callable[..., Page]
