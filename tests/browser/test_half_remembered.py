"""A reader who half remembers a paper: sentences, nicknames, and words that are not quite right."""

from __future__ import annotations

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
    page.fill("#explore-query", "where they")  # there is nothing else to go by
    expect(page.locator("[data-status]")).to_have_text("0 results")


def test_a_landmark_comes_before_others_with_the_same_words(tab: Tab) -> None:
    page = tab.open("explore/?q=direction&kind=paper")  # the subject of many titles; of the landmark it is a keyword only
    expect(page.locator("[data-status]")).to_have_text("7 results")
    expect(page.locator("[data-results] .card").first).to_have_attribute("data-id", made_up_site.REFUSAL)
