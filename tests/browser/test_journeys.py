"""What people come for, done by keyboard and mouse in a real browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import made_up_site
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

if TYPE_CHECKING:
    from conftest import Tab

pytestmark = pytest.mark.browser

REFUSAL = f"papers/{made_up_site.REFUSAL}/"


def results(page: Page) -> list[str]:
    return page.locator("[data-results] h3").all_inner_texts()


def test_a_half_remembered_paper_is_found_from_any_page(tab: Tab) -> None:
    page = tab.open("about/")
    page.keyboard.press("/")
    page.keyboard.type("indirect ident", delay=30)
    hit = page.locator("dialog .hit").first
    expect(hit).to_contain_text("Interpretability in the Wild")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Interpretability in the Wild")
    assert page.url.endswith(f"papers/{made_up_site.WAITED}/")


def test_an_arxiv_address_an_author_and_a_library_are_found(tab: Tab) -> None:
    page = tab.open("explore/")
    for query, title in (
        (f"https://arxiv.org/abs/{made_up_site.WAITED}v3", "Interpretability in the Wild"),
        ("Steinhardt", "Interpretability in the Wild"),
        ("hookkit", "HookKit"),
        (
            "network of the last century",
            "What a network of the last century knew",
        ),  # nothing but a title is known of it
    ):
        page.fill("#explore-query", query)
        expect(page.locator("[data-results] h3").first).to_contain_text(title)


def test_filters_make_an_address_that_shows_the_same_in_another_browser(tab: Tab, browser: Browser, base: str) -> None:
    page = tab.open("explore/")
    for group, value in (("Topic", "Steering"), ("Goal", "Safety"), ("Year", "2026"), ("Model studied", "Llama 3")):
        box = page.locator("details.facet", has=page.locator("summary", has_text=re.compile(f"^{group}$")))
        box.get_by_role("button", name=value, exact=True).click()
        expect(page.locator("[data-active]")).to_contain_text(f"{group}: {value}")
    expect(page.locator("[data-status]")).to_have_text("1 result")
    assert results(page) == ["Refusal turns on one dial"]
    query = parse_qs(urlsplit(page.url).query)
    assert query == {"category": ["steering"], "goal": ["safety"], "year": ["2026"], "model": ["Llama 3"]}

    other = browser.new_context()
    fresh = other.new_page()
    fresh.goto(page.url)
    expect(fresh.locator("[data-status]")).to_have_text("1 result")
    assert results(fresh) == ["Refusal turns on one dial"]
    expect(fresh.locator("[data-active]")).to_contain_text("Model studied: Llama 3")
    other.close()


def test_excluding_counting_and_going_back(tab: Tab) -> None:
    page = tab.open("explore/?category=steering&year=2026")
    expect(page.locator("[data-status]")).to_have_text("2 results")
    box = page.locator("details.facet", has=page.locator("summary", has_text="Goal"))
    expect(box.locator(".facet__row", has_text="Safety").locator(".facet__count")).to_have_text("1")
    box.get_by_role("button", name="Exclude Safety").click()
    expect(page.locator("[data-status]")).to_have_text("1 result")
    assert results(page) == ["Steering without a wheel"]
    assert "goal=-safety" in page.url
    page.go_back()
    expect(page.locator("[data-status]")).to_have_text("2 results")


def test_several_values_of_a_single_valued_filter_add_up(tab: Tab) -> None:
    page = tab.open("explore/?kind=library&kind=course")
    expect(page.locator("[data-status]")).to_have_text("3 results")
    box = page.locator("details.facet", has=page.locator("summary", has_text="Kind"))
    expect(box.locator(".facet__row", has_text="Papers").locator(".facet__count")).to_have_text(
        str(made_up_site.PAPERS + 5)
    )


def test_sorting_and_more_results_while_scrolling(tab: Tab) -> None:
    page = tab.open("explore/?q=number&kind=paper&sort=oldest")
    expect(page.locator("[data-status]")).to_have_text("60 results")
    for _ in range(12):
        page.mouse.wheel(0, 4000)
        page.wait_for_timeout(60)
        if len(results(page)) == 60:
            break
    assert len(results(page)) == 60 and len(set(results(page))) == 60
    page.select_option("[data-sort]", "newest")
    expect(page.locator("[data-results] .card__meta").first).to_contain_text("June 2025")
    assert "sort=newest" in page.url


QUESTIONS = [
    "q=number&kind=paper&sort=oldest",
    "q=number&sort=newest",
    "kind=paper",
    "sort=oldest",
    "q=refusal",
    "q=refusaal",
    "q=Steinhardt",
    "q=zzz",
    "q=steering&year=-2025",
]


def listed(page: Page, least: int) -> list[str]:
    """The titles of that many results, once they stand there (the page's rules let no test wait in its own words)."""
    expect(page.locator("[data-results] h3").nth(least - 1)).to_be_attached()
    return results(page)[:least]


@pytest.mark.parametrize("question", QUESTIONS)
def test_an_index_in_parts_answers_as_one(
    context: BrowserContext, base: str, base_in_parts: str, question: str
) -> None:
    answers = []
    for address in (base, base_in_parts):
        page = context.new_page()
        problems: list[str] = []
        page.on("console", lambda message, said=problems: said.append(message.text))
        page.on("pageerror", lambda error, said=problems: said.append(str(error)))
        page.goto(f"{address}explore/?{question}")
        expect(page.locator("[data-status]")).to_have_text(re.compile("result"))
        page.wait_for_load_state("networkidle")  # the counts, and more results, follow the first
        status = page.locator("[data-status]").inner_text()
        total = int(status.split()[0])
        found = listed(page, min(total, 25)) if total else []
        answers.append((status, found, page.locator("[data-filters] .facet__row").all_inner_texts()))
        assert problems == []
    one, several = answers
    assert one[0] == several[0] and one[2] == several[2]
    if "sort" in question or "q=" not in question:
        assert one[1] == several[1]  # by date, to the last place
    else:
        assert sorted(one[1]) == sorted(several[1])  # how rare a word is differs a little from part to part


def test_words_are_found_by_their_beginning_across_the_chunks_of_the_index(
    context: BrowserContext, base_of_words: str
) -> None:
    page = context.new_page()
    page.goto(f"{base_of_words}explore/?q=wo")
    expect(page.locator("[data-status]")).to_have_text("400 results")


def test_what_is_typed_last_wins_however_fast(tab: Tab) -> None:
    page = tab.open("explore/")
    page.evaluate(
        """() => {
            const input = document.querySelector("#explore-query");
            for (const text of ["refusal", "ste", "numb", "steering w", "indirect object"]) {
                input.value = text;
                input.dispatchEvent(new Event("input", { bubbles: true }));
            }
        }"""
    )
    expect(page.locator("[data-results] h3").first).to_contain_text("Interpretability in the Wild")
    page.wait_for_load_state("networkidle")
    expect(page.locator("[data-results] h3").first).to_contain_text("Interpretability in the Wild")
    assert page.url.endswith("q=indirect+object")


def test_the_first_results_fill_the_screen_and_more_follow(tab: Tab) -> None:
    page = tab.page
    page.set_viewport_size({"width": 1280, "height": 720})
    tab.open("explore/")
    seen = page.evaluate(
        """() => new Promise((resolve) => {
            const results = document.querySelector("[data-results]");
            const input = document.querySelector("#explore-query");
            results.addEventListener("shown", () => requestAnimationFrame(() => resolve(
                [results.children.length, results.getBoundingClientRect().bottom, innerHeight])), { once: true });
            input.value = "number";
            input.dispatchEvent(new Event("input", { bubbles: true }));
        })"""
    )
    count, bottom, height = seen
    assert count < 30 and bottom >= height  # what is on the screen is complete when it is said to be shown
    assert len(set(listed(page, 25))) == 25


def test_a_misspelt_word_is_forgiven_and_nothing_found_is_explained(tab: Tab) -> None:
    page = tab.open("explore/?q=refusaal")
    expect(page.locator("[data-results] h3").first).to_have_text("Refusal turns on one dial")
    page = tab.open("explore/?q=refusal&category=tools")
    expect(page.locator("[data-results]")).to_contain_text("Nothing fits")
    page.get_by_role("button", name="Remove all filters").click()
    expect(page.locator("[data-results] h3").first).to_have_text("Refusal turns on one dial")


def test_bibtex_is_copied_and_collected(tab: Tab, tmp_path: Path) -> None:
    page = tab.open(REFUSAL)
    page.get_by_role("button", name="Copy BibTeX").click()
    expect(page.locator(".toast")).to_have_text("BibTeX copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("@inproceedings{xu2026refusal,") and "eprint = {2604.00100}" in copied
    page = tab.open("explore/?category=steering&year=2026")
    expect(page.locator("[data-status]")).to_have_text("2 results")
    with page.expect_download() as download:
        page.get_by_role("button", name="BibTeX", exact=True).click()
    text = Path(download.value.path()).read_text(encoding="utf-8")
    assert text.count("@") == 2 and "xu2026refusal" in text


def test_the_reading_list_stays_in_the_browser(tab: Tab) -> None:
    page = tab.open(REFUSAL)
    page.get_by_role("button", name="Add to reading list").click()
    page = tab.open("explore/")
    page.get_by_role("button", name=re.compile("Reading list")).click()
    expect(page.locator("[data-status]")).to_have_text("Your reading list: 1")
    assert results(page) == ["Refusal turns on one dial"]
    page.reload()
    expect(page.locator("[data-results] h3")).to_have_text("Refusal turns on one dial")
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.locator("[data-status]")).to_have_text("Your reading list is empty")


def test_explore_by_keyboard_alone(tab: Tab) -> None:
    page = tab.open("explore/")
    page.keyboard.press("/")
    page.keyboard.type("steering wheel", delay=20)
    expect(page.locator("[data-results] h3").first).to_have_text("Steering without a wheel")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("s")
    expect(page.locator("[data-reading-count]")).to_have_text("(1)")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Steering without a wheel")


def test_everything_in_the_header_is_reached_by_tab_and_seen(tab: Tab) -> None:
    page = tab.open("")
    seen = []
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate("document.activeElement.innerText || document.activeElement.getAttribute('aria-label') || ''")
        )
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or page.evaluate("document.activeElement === document.body")
    text = " ".join(seen)
    for name in ("Mechanistic Interpretability Index", "Search", "dark scheme", "Explore", "Topics", "Map", "About"):
        assert name in text, (name, seen)


def test_a_topics_feed_is_followed(tab: Tab, base: str) -> None:
    page = tab.open("categories/steering/")
    link = page.get_by_role("link", name="Atom feed")
    answer = page.request.get(link.evaluate("a => a.href"))
    assert answer.ok and "xml" in answer.headers["content-type"]
    assert "Refusal turns on one dial" in answer.text()
    assert (
        page.locator('link[rel="alternate"][type="application/atom+xml"]').get_attribute("href")
        == "../../feeds/steering.xml"
    )


def test_a_missing_address_searches_for_its_words(tab: Tab) -> None:
    page = tab.page
    page.goto(f"{tab.base}papers/deep/refusal-dial")
    expect(page.locator("[data-missing-results] .hit").first).to_contain_text("Refusal turns on one dial")
    assert [problem for problem in tab.problems if "404" not in problem] == []
    tab.problems.clear()


def test_the_map_shows_finds_and_opens_papers(tab: Tab) -> None:
    page = tab.open("map/")
    expect(page.locator("[data-map-status]")).to_have_text(f"{made_up_site.PAPERS + 5} papers")
    page.fill("#map-find", "refusal")
    expect(page.locator("[data-map-status]")).to_have_text(f"1 of {made_up_site.PAPERS + 5} papers")
    page.locator("[data-map-canvas]").focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowRight")
    expect(page.locator("[data-map-tip]")).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/papers/"))


def test_light_and_dark_are_kept(tab: Tab) -> None:
    page = tab.open("")
    colour = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(colour)
    page.get_by_role("button", name="Switch to the dark scheme").click()
    assert page.evaluate(colour) != before
    dark = page.evaluate(colour)
    page = tab.open("explore/")
    assert page.evaluate(colour) == dark


def test_hostile_text_runs_nothing(tab: Tab) -> None:
    page = tab.open("papers/evil-2026-script/")
    page.on("dialog", lambda dialog: tab.problems.append(f"dialog: {dialog.message}"))
    assert made_up_site.EVIL in page.locator("h1").inner_text()
    page = tab.open("explore/?q=quoted")
    expect(page.locator("[data-results] h3").first).to_contain_text("<script>alert(1)</script>")
    page.locator("[data-results] h3 a").first.press("s")
    page = tab.open("explore/?reading=1")
    expect(page.locator("[data-results] h3").first).to_contain_text("<script>")


@pytest.mark.parametrize(
    "path", ["", "categories/", "categories/steering/", REFUSAL, "new/", "pictures/", "about/data/", "libraries/"]
)
def test_pages_work_without_javascript(browser: Browser, base: str, path: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base + path)
    assert page.locator("h1").count() == 1
    assert page.locator("main a[href]").count() > 3
    context.close()


@pytest.mark.parametrize("width", [390, 820, 1440])
@pytest.mark.parametrize(
    "path",
    [
        "",
        "explore/",
        REFUSAL,
        "categories/steering/",
        "map/",
        "pictures/",
        "libraries/",
        "about/data/",
        "papers/evil-2026-script/",
    ],
)
def test_no_page_is_wider_than_the_screen_and_nothing_jumps(tab: Tab, path: str, width: int) -> None:
    page = tab.page
    page.set_viewport_size({"width": width, "height": 900})
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) "
        "if (!e.hadRecentInput) window.shift += e.value; }).observe({type: 'layout-shift', buffered: true})"
    )
    tab.open(path)
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.evaluate("window.shift") < 0.1


def test_the_drawer_opens_on_a_phone(tab: Tab) -> None:
    page = tab.page
    page.set_viewport_size({"width": 390, "height": 844})
    tab.open(REFUSAL)
    page.locator("[data-drawer-button]").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".side").get_by_role("link", name="Explore")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator(".side").get_by_role("link", name="Explore")).not_to_be_in_viewport()
    page.locator("[data-drawer-button]").click()
    page.locator(".side").get_by_role("link", name="Topics").click()
    expect(page.locator("h1")).to_contain_text("Topics")


def test_filters_open_on_a_phone(tab: Tab) -> None:
    page = tab.page
    page.set_viewport_size({"width": 390, "height": 844})
    tab.open("explore/")
    expect(page.locator("[data-filters]")).not_to_be_visible()
    page.get_by_role("button", name="Filters").click()
    page.locator("[data-filters]").get_by_role("button", name="Steering", exact=True).click()
    expect(page.get_by_role("button", name="Filters (1)")).to_be_visible()
