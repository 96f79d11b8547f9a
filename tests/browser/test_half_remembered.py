"""A reader who half remembers a paper: sentences, nicknames, and words that are not quite right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import made_up_site
import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from conftest import Tab

pytestmark = pytest.mark.browser


def test_what_only_makes_a_sentence_is_not_searched_for(tab: Tab) -> None:
    page = tab.open("explore/")
    page.fill("#explore-query", "the one where they found a dial for refusal")
    expect(page.locator("[data-results] h3").first).to_have_text("Refusal turns on one dial")
    page.fill("#explore-query", '"the one where they"')
    expect(page.locator("[data-status]")).to_have_text("0 results")


def test_a_landmark_comes_before_others_with_the_same_words(tab: Tab) -> None:
    page = tab.open(
        "explore/?q=direction&kind=paper"
    )  # the subject of many titles; of the landmark it is a keyword only
    expect(page.locator("[data-status]")).to_have_text("7 results")
    expect(page.locator("[data-results] .card").first).to_have_attribute("data-id", made_up_site.REFUSAL)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("refusel", "refusal"), ("Interpretabilty", "interpretability"), ("identifcation", "identification")],
)
def test_another_spelling_is_proposed_where_nothing_is_found(tab: Tab, typed: str, meant: str) -> None:
    page = tab.open(f"explore/?q={typed}&kind=paper")
    proposed = page.locator(".suggest a")
    expect(proposed).to_have_text(meant)
    proposed.click()
    expect(page.locator("#explore-query")).to_have_value(meant)
    expect(page.locator("[data-results] .card").first).to_be_visible()
    expect(page.locator("[data-active]")).to_contain_text("Kind: Papers")
    expect(page.locator(".suggest")).to_have_count(0)


def test_another_spelling_is_proposed_where_something_else_is_found(tab: Tab) -> None:
    page = tab.open("explore/?q=refuussal")  # Pagefind knows a word that begins as this does
    expect(page.locator(".suggest a")).to_have_text("refusal")
    page.fill("#explore-query", "refusal")
    expect(page.locator(".suggest")).to_have_count(0)


def test_the_search_without_one_of_its_words_is_proposed(tab: Tab) -> None:
    page = tab.open("explore/?q=refusal+qwxz")
    expect(page.locator("[data-status]")).to_have_text("0 results")
    expect(page.locator(".suggest")).to_have_text(re.compile(r"^Without one of the words: refusal \(\d+\)$"))
    page.fill("#explore-query", '"refusal qwxz"')
    expect(page.locator(".suggest")).to_have_count(0)


def test_words_are_near_each_other_by_slips_of_the_fingers(tab: Tab) -> None:
    page = tab.open("explore/")
    far = page.evaluate(
        """async (pairs) => {
            const { distance } = await import(new URL('../assets/scripts/speller.js', location.href));
            return pairs.map(([a, b]) => distance(a, b, 2));
        }""",
        [[word, "probe"] for word in ("probe", "proeb", "prob", "proobe", "brope", "lens")],
    )
    assert far == [0, 1, 1, 1, 2, 3]
