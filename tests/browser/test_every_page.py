"""Every page there is, found by the routes themselves: usable by everybody, of our own files alone, never too wide."""

import re
from collections.abc import Iterator

from tests.access.test_routes import routes
from tests.browser.accessible import findings
from tests.browser.conftest import Log, Opened
from tests.installation import Installation

# One row of everything that a page is about; {slug} is that of the log.
ROWS = """
from django.utils import timezone
from simulations.models import Simulation
from rules.models import Rule
from rules.models.notifiers import Notifier
from sheets.models import Schedule, Sheet
from sheets.prompts.prompts import invite
from streams.models import Broker, EventLog, Import, Rejection, Stream
now = timezone.now()
log = EventLog.objects.get(slug="{slug}")
broker = Broker.objects.create(name="hall of {slug}", host="127.0.0.1", port=1)
stream = Stream.objects.create(slug="{slug}", name="Line", broker=broker, topic="line", log=log, enabled=False)
for payload in (b"oops", bytes(range(64))):
    said = dict(received_at=now, topic="line/1", payload=payload, reason="not_json", detail="No.")
    Rejection.objects.create(stream=stream, **said)
read = Import.objects.create(log=log, name="a.csv", digest="{slug}")
Rejection.objects.create(imported=read, received_at=now, topic="line 2", payload=b"x", reason="bad_time", detail="No.")
asked = [dict(id="late", kind="yes_no", text="Was it late?")]
sheet = Sheet.objects.create(slug="{slug}", name="Delays", log=log, label="Why?", questions=asked)
often = Schedule.objects.create(sheet=sheet, respondents=["ann"], cron="0 9 * * *")
run = Simulation.objects.create(config="", log=log, count=1, state="finished", output="sent 1")
rule = Rule.objects.create(log=log, name="Packed", kind="event", spec={"when": "event.activity == 'Pack'"})
tell = Notifier.objects.create(name="ops of {slug}", kind="slack", url="http://hooks.invalid/")
print("KEYS", broker.pk, run.pk, rule.pk, tell.pk, often.pk, invite(sheet, "case-0", "ann").secret)
"""


def pages(opened: Opened, installation: Installation, log: Log) -> Iterator[str]:
    """Every address that answers a browser with a whole page, by the rows above."""
    told = installation.manage("shell", "-c", ROWS.replace("{slug}", log.slug)).strip().splitlines()[-1].split()
    broker, run, rule, tell, often, secret = told[1:]
    keys = {"brokers": broker, "connect": broker, "simulate": run, "rules": rule, "notifiers": tell, "p": secret}
    keys["schedules"] = often
    keys |= {"logs": log.slug, "streams": log.slug, "sheets": log.slug, "cases": "case-0"}
    context = opened.browser.new_context(storage_state=opened.session)
    opened.contexts.append(context)
    for route, _ in routes():
        if route.startswith(("api/", "source/")) or route == "logout/":
            continue
        path = "/" + re.sub(r"([a-z]+)/<\w+:\w+>", lambda key: f"{key[1]}/{keys.get(key[1], '0')}", route)
        answer = context.request.get(opened.address + path, headers={"Accept": "text/html"}, max_redirects=0)
        if answer.status == 200 and answer.text().lstrip().lower().startswith("<!doctype html>"):
            yield path
        else:  # a file, figures for machines, or what only takes forms
            assert answer.status in (200, 302, 405) or path.startswith(("/demo/", "/logs/")), (path, answer.status)


def test_no_page_keeps_anybody_out_or_asks_others(opened: Opened, installation: Installation, log: Log) -> None:
    """No serious finding in either theme; nothing in the console, so nothing against the policy; ours alone."""
    log.picture(log.send("Take Check Pack Ship", "Take Pack"))
    opened.expected = r"^verbose: \[DOM\] Input elements should have autocomplete|status of 404"
    page = opened("/")
    wrong = []
    seen = list(pages(opened, installation, log))
    for path in [*seen, "/nothing-is-here/"]:
        page.goto(opened.address + path)
        page.locator("h1").first.wait_for(state="attached")
        for width, height in ((1280, 800), (640, 400), (360, 740)):  # as it is, at 200 %, on a phone
            page.set_viewport_size({"width": width, "height": height})
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                wrong.append(f"{path}: {wide} px wide on {width}")
        page.set_viewport_size({"width": 1280, "height": 800})
        wrong += findings(page)
        opened.picture(page, f"page{path.replace('/', '-').replace(log.slug, 'log')}")
    assert not wrong, "\n".join(wrong)
    assert any(path.startswith("/sheets/p/") for path in seen)
    for path in ("/", log.path, "/connect/", f"{log.path}drift/", f"/streams/{log.slug}/rejections/", "/sheets/"):
        assert path in seen
