"""The form of a sheet and the pages about sheets in a real browser, with and without scripts, light and dark."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.accessible import findings
from tests.browser.conftest import Log, Opened
from tests.installation import Installation
from tests.sheets.conftest import QUESTIONS


def sideways(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def test_a_sheet_is_answered_on_a_phone_and_seen_by_who_asked(
    installation: Installation, log: Log, opened: Opened, browser: Browser
) -> None:
    installation.api(
        "POST",
        "sheets/",
        {
            "slug": f"delay-{log.slug}",
            "name": "Delays",
            "log": log.slug,
            "label": "Why did it take long?",
            "intro": "Two minutes, and it helps everybody after you.",
            "questions": QUESTIONS,
        },
    )

    def invite(who: str) -> str:
        given = {"sheet": f"delay-{log.slug}", "case": "order-7", "respondent": who}
        url: str = installation.api("POST", "prompts/", given)["url"]
        return url.removeprefix(opened.address)

    opened.session = None  # whoever has the link is not signed in
    opened.expected = "422"  # the browser says that the form was refused
    form = opened(invite("ann"), width=390, height=844)
    expect(form.get_by_role("group", name="Why?")).to_be_hidden()
    form.get_by_role("radio", name="Yes").check()
    expect(form.get_by_role("group", name="Why?")).to_be_visible()
    assert not sideways(form)
    opened.picture(form, "sheet-phone")
    assert findings(form) == []
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("alert")).to_contain_text("1 answer to look at again")
    expect(form.get_by_text("Please answer this question.")).to_be_visible()
    opened.picture(form, "sheet-wrong")
    assert findings(form) == []
    form.get_by_label("Other").check()
    form.get_by_label("Say more").fill("<img src=x onerror=alert(1)>")
    form.get_by_role("group", name="I was calm").get_by_role("radio", name="4").check()
    form.get_by_role("slider").press("End")
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("heading", name="Thank you")).to_be_visible()
    form.reload()
    expect(form.get_by_role("heading", name="Thank you")).to_be_visible()

    plain = opened(invite("bob"), java_script_enabled=False, color_scheme="dark", width=390, height=844)
    expect(plain.get_by_role("group", name="Why?")).to_be_visible()  # all are shown, those not asked are ignored
    opened.picture(plain, "sheet-plain-dark")
    plain.get_by_role("radio", name="No", exact=True).check()
    plain.get_by_label("Parts were missing").check()
    plain.get_by_role("button", name="Send").click()
    expect(plain.get_by_role("heading", name="Thank you")).to_be_visible()
    invite("eve")
    answers = installation.api("GET", f"answers/?log={log.slug}&ordering=id")["results"]
    said = {"late": True, "why": "Other", "other": "<img src=x onerror=alert(1)>", "felt": 4, "load": 10}
    assert [one["answers"] for one in answers] == [said, {"late": False}]


def test_the_pages_of_sheets_show_invitations_and_answers(installation: Installation, log: Log, opened: Opened) -> None:
    slug = f"mood-{log.slug}"
    sheet = {"slug": slug, "name": "Mood", "log": log.slug, "label": "How was it?", "questions": QUESTIONS}
    installation.api("POST", "sheets/", sheet)
    installation.api("POST", "prompts/", {"sheet": slug, "case": "order-7", "respondent": "ann"})
    page = opened("/sheets/")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="Mood"))
    expect(row).to_contain_text("none yet")
    assert findings(page) == []
    opened.picture(page, "sheets")
    row.get_by_role("link", name="Mood").click()
    expect(page.get_by_role("heading", name="1 open invitation")).to_be_visible()
    url = installation.api("POST", "prompts/", {"sheet": slug, "case": "order-8", "respondent": "bob"})["url"]
    form = opened(url.removeprefix(opened.address))
    form.get_by_role("radio", name="No", exact=True).check()
    form.get_by_label("Where?").fill("<b>Hall A</b>")
    form.get_by_role("button", name="Send").click()
    expect(page.get_by_text("<b>Hall A</b>")).to_be_visible()  # by itself, as it was typed
    opened.picture(page, "sheet")
    assert findings(page) == []
    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_role("button", name="Remove question 8").click()
    page.get_by_role("button", name="Add a question").click()
    expect(page.locator("[name=q8_text]")).to_have_count(0)  # keys are used again: it is the eighth once more
    added = page.locator("[name=q7_text]")
    expect(added).to_be_focused()
    expect(added).to_have_value("")
    page.keyboard.type("Who <i>helped</i>?")
    preview = page.get_by_role("region", name="How it looks")
    expect(preview.get_by_text("Who <i>helped</i>?")).to_be_visible()  # while one writes
    expect(preview.get_by_role("group", name="Why?")).to_be_visible()  # marked, not hidden, for who writes the sheet
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_role("button", name="Move question 7 up")).to_be_focused()
    expect(page.get_by_role("group", name="Question 7").get_by_label("Question", exact=True)).to_have_value(
        "Who <i>helped</i>?"
    )
    opened.picture(page, "sheet-edit")
    assert findings(page) == []
    page.get_by_role("button", name="Save", exact=True).last.click()
    expect(page.get_by_text("Version 2 is asked from now on.")).to_be_visible()
    dark = opened(f"/sheets/{slug}/", width=390, height=844, color_scheme="dark")
    expect(dark.get_by_text("<b>Hall A</b>")).to_be_visible()
    opened.picture(dark, "sheet-page-dark")
    assert findings(dark) == []
    assert not sideways(dark)
