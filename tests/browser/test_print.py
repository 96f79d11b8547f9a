"""What a page looks like on paper: no controls, black on white from the dark scheme too, nothing cut off at the edge."""

from __future__ import annotations

from collections.abc import Iterator

import made_up_site
import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PAPER = 680
"""Width of the text on A4 with the margins of the style sheet, in pixels of 1/96 inch: 210 mm less 30 mm."""
PAGES = (
    "", f"papers/{made_up_site.REFUSAL}/", "papers/evil-2026-script/", "categories/steering/", "years/2025/", "libraries/",
    "explore/?q=study", "methods/", "methods/activation-patching/", "guides/choosing-a-library/", "about/selection/",
    "about/data/", "pictures/", "new/", "about/maintaining/",
)  # fmt: skip
CONTROLS = (
    ".md-header", ".md-tabs", ".md-sidebar", ".crumbs", ".md-path", ".jump", ".feeds", ".copy", "button", ".hero-search",
    ".explore__filters", ".explore__bar", ".footer__links", ".improve", ".beside",
)  # fmt: skip
LEFT_ON_PAPER = """
(selectors) => [...document.querySelectorAll(selectors)].filter((e) => e.getClientRects().length)
  .map((e) => e.outerHTML.slice(0, 90))
"""
OVER_THE_EDGE = """
(width) => [...document.querySelectorAll("body *")].filter((e) => {
  const box = e.getBoundingClientRect();
  return box.width > 0 && box.right > width + 1 && !e.closest(".visually-hidden");
}).map((e) => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)}`).slice(0, 5)
"""
COLOURS = """
() => [document.body, document.querySelector("h1"), document.querySelector(".md-content p")].map((e) => {
  const style = getComputedStyle(e);
  return [style.color, style.backgroundColor];
})
"""


@pytest.fixture(params=["chosen", "of the system"])
def paper(browser: Browser, base: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page about to be printed by a reader of the dark scheme, which is the reader's choice or the system's."""
    system = "light" if request.param == "chosen" else "dark"
    context = browser.new_context(color_scheme=system, viewport={"width": PAPER, "height": 1000}, base_url=base)
    if request.param == "chosen":
        context.add_init_script("localStorage.setItem('scheme', 'dark')")
    page = context.new_page()
    yield page
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_paper_shows_the_text_alone_black_on_white_and_whole(paper: Page, path: str) -> None:
    paper.goto(path)
    if "?" in path:
        paper.locator("[data-status]", has_text="result").wait_for()
    (dark, _), *_ = paper.evaluate(COLOURS)
    paper.emulate_media(media="print")
    (ink, sheet), (heading, _), (text, _) = paper.evaluate(COLOURS)
    assert dark != ink  # the screen was dark
    assert (ink, sheet, heading) == ("rgb(0, 0, 0)", "rgb(255, 255, 255)", "rgb(0, 0, 0)")
    assert text in ("rgb(0, 0, 0)", "rgb(68, 68, 68)")
    assert paper.evaluate(LEFT_ON_PAPER, ", ".join(CONTROLS)) == []
    assert paper.evaluate(OVER_THE_EDGE, PAPER) == []


def test_paper_gives_the_addresses_that_cannot_be_clicked(paper: Page) -> None:
    paper.goto(f"papers/{made_up_site.REFUSAL}/")
    paper.emulate_media(media="print")
    after = "(e) => getComputedStyle(e, '::after').content"
    link = paper.locator(".paper__links a").first.evaluate(after)
    assert f"https://arxiv.org/abs/{made_up_site.REFUSAL}" in link
    paper.goto("categories/steering/")
    line = paper.locator(".lines > li", has=paper.locator(f"a[href$='papers/{made_up_site.REFUSAL}/']"))
    assert f"arXiv:{made_up_site.REFUSAL}" in line.evaluate(after).replace('" "', "").replace('"', "")


def test_lists_that_are_folded_on_the_screen_are_open_on_paper(paper: Page) -> None:
    paper.goto("new/")
    folded = paper.locator("details.group:not([open]) ul").first
    assert not folded.is_visible()
    paper.emulate_media(media="print")
    assert folded.is_visible()


def test_a_page_prints_on_few_sheets(paper: Page) -> None:
    paper.goto(f"papers/{made_up_site.REFUSAL}/")
    assert paper.pdf(format="A4", prefer_css_page_size=True).count(b"/Type /Page\n") in (1, 2)
