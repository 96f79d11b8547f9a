"""axe-core finds nothing serious on any kind of page, in light and dark (WCAG 2.2, levels A and AA)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import made_up_site
import pytest
from playwright.sync_api import Browser

if TYPE_CHECKING:
    from conftest import Tab

pytestmark = pytest.mark.browser

PAGES = (
    "", "explore/", "explore/?q=study&category=circuits", f"papers/{made_up_site.REFUSAL}/", "papers/evil-2026-script/",
    "papers/2501.99999/", "categories/", "categories/steering/", "facets/",
    "facets/goal/safety/", "years/2025/", "authors/", "venues/",
    "libraries/", "libraries/hook-kit/", "map/", "pictures/", "new/", "resources/", "about/", "about/selection/",
    "about/data/", "about/subscribe/", "methods/", "methods/activation-patching/", "guides/", "guides/glossary/",
    "guides/choosing-a-library/", "about/maintaining/", "404.html", "explore/?q=refuussal",
    "exports/snapshots/", "exports/snapshots/2026-03-31/",
)  # fmt: skip

RUN = """
async (tags) => {
  const found = await axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
  return found.violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => ({
    rule: v.id, impact: v.impact, where: v.nodes.slice(0, 4).map((n) => n.target.join(" ") + ": " + n.failureSummary),
  }));
}
"""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_axe_finds_nothing_serious(browser: Browser, base: str, axe: str, scheme: str, width: int) -> None:
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    found = {}
    for path in PAGES:
        page.goto(base + path)
        if "?" in path:
            page.locator("[data-status]", has_text="result").wait_for()
        page.evaluate(axe)
        if violations := page.evaluate(RUN, TAGS):
            found[path] = violations
    context.close()
    assert found == {}


def test_axe_finds_nothing_serious_in_the_search_dialog(tab: Tab, axe: str) -> None:
    page = tab.open("about/")
    page.keyboard.press("/")
    page.keyboard.type("steering")
    page.locator("dialog .hit").first.wait_for()
    page.evaluate(axe)
    assert page.evaluate(RUN, TAGS) == []
