"""From a broker to its first events by the guided form, and from a refused message to a stored one, in a browser."""

import re

from playwright.sync_api import expect

from streams.brokers.mqtt import Address
from tests.browser.accessible import findings
from tests.browser.conftest import Opened
from tests.installation import Installation
from tests.streams.conftest import Publish, Talk


def test_a_broker_is_connected_its_messages_recorded_and_a_refused_one_mended(
    opened: Opened, installation: Installation, broker: str, base: str, talking: Talk, publish: Publish
) -> None:
    talking(f"{base}/till", b'{"order": {"orderId": "o-1"}, "step": "Pack"}')
    installation.start("ingest")
    try:
        _connect(opened, Address.from_url(broker).port, base)
        _mend(opened, base, publish)
    finally:
        installation.stop("ingest")


def _connect(opened: Opened, port: int, base: str) -> None:
    page = opened("/", width=1280, height=900, reduced_motion="reduce")
    page.get_by_role("link", name="Streams").click()
    page.get_by_role("link", name="Connect").first.click()
    page.get_by_label("Name", exact=True).fill("Shop floor")
    page.get_by_label("Host", exact=True).fill("127.0.0.1")
    page.get_by_label("Kind").select_option("redis")
    expect(page.get_by_label("Port", exact=True)).to_have_value("6379")
    page.get_by_label("Kind").select_option("mqtt")
    page.get_by_label("Port", exact=True).fill("1")
    page.get_by_label("Password").fill("kept while testing")
    page.get_by_role("button", name="Only test").click()
    expect(page.locator("#tested")).to_contain_text("Nobody listens at 127.0.0.1:1.")
    expect(page.get_by_label("Password")).to_have_value("kept while testing")
    opened.picture(page, "connect-refused")
    assert findings(page) == []
    page.get_by_label("Password").fill("")
    page.get_by_label("Port", exact=True).fill(str(port))
    page.get_by_role("button", name="Test and go on").click()
    page.get_by_label("Topic", exact=True).fill(f"{base}/#")
    page.get_by_role("button", name="Listen for").click()
    case = page.get_by_label("Case", exact=True)
    expect(case).to_have_value("/order/orderId", timeout=30_000)
    case.fill("/order/nothing")  # the preview follows what is typed
    expect(page.locator("#preview .verdict")).to_contain_text("0 of")
    expect(case).to_be_focused()
    case.fill("/order/orderId")
    expect(page.locator("#preview .good").first).to_contain_text("o-1")
    page.get_by_label("Name of the new log").fill("Shop floor")
    page.get_by_label("Name of the stream").fill("Tills")
    opened.picture(page, "connect-format")
    assert findings(page) == []
    page.get_by_role("button", name="Save and record").click()
    page.wait_for_url(re.compile("/streams/tills/$"))
    expect(page.locator("#newest-part tbody tr").first).to_contain_text("o-1", timeout=30_000)  # without a reload
    expect(page.locator("#health .badge")).to_contain_text("connected")
    opened.picture(page, "stream")
    assert findings(page) == []


def _mend(opened: Opened, base: str, publish: Publish) -> None:
    publish(f"{base}/till", b'{"number": "o-9", "step": "Ship"}')
    page = opened("/streams/tills/", width=1280, height=900, reduced_motion="reduce")
    page.locator("#refused-part .groups a").click(timeout=30_000)
    page.locator("#refused summary").click()
    opened.picture(page, "rejections")
    page.get_by_role("link", name="Mend the mapping and retry").click()
    page.get_by_label("Case", exact=True).fill("/number")
    expect(page.locator("#preview .verdict")).to_contain_text("1 of 1 would be an event. Nothing is changed yet.")
    opened.picture(page, "mend")
    assert findings(page) == []
    page.get_by_role("button", name="Save and retry").click()
    expect(page.locator(".said")).to_contain_text("It is stored.")
    page.close()
    narrow = opened("/streams/", width=390, height=844, reduced_motion="reduce")
    assert narrow.evaluate("document.documentElement.scrollWidth <= innerWidth")
    opened.picture(narrow, "streams-phone")
