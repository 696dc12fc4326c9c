"""What axe-core finds on a page that keeps somebody out."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# A theme changes colours and nothing else.
THEMES = (("light", None), ("dark", ["color-contrast"]))
RUN = """async ([theme, only]) => {
  const root = document.documentElement;
  const before = root.dataset.theme;
  root.dataset.theme = theme;
  const rules = only ? { runOnly: { type: "rule", values: only } } : {};
  const { violations } = await axe.run(document, { preload: false, resultTypes: ["violations"], ...rules });
  if (before) root.dataset.theme = before;
  else delete root.dataset.theme;
  const bad = violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  return bad.map(({ id, nodes }) => `${theme} ${location.pathname}: ${id}: ${nodes[0].html}`);
}"""


def findings(page: Page) -> list[str]:
    """The serious and critical ones, in both themes."""
    page.emulate_media(reduced_motion="reduce")  # a colour on its way to another is not judged
    page.evaluate(AXE_SCRIPT)
    found = [one for theme in THEMES for one in page.evaluate(RUN, theme)]
    page.emulate_media(reduced_motion="null")
    return found
