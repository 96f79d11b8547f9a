"""Names of models and keywords."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from updater.classify.features import occurrences
from updater.classify.names import Finder, Found, Name, Names, load
from updater.errors import SettingsError
from updater.records import Record

PROJECT = Path(__file__).parents[2]
NAMES = Names(
    (Name("GPT-2"), Name("Llama"), Name("Llama 3"), Name("OPT", exact=("OPT-6.7B", "OPT models")), Name("Qwen2.5")),
    (Name("sparse autoencoder", ("SAE",)), Name("attention head"), Name("attention"), Name("locate-then-edit")),
)


def found(title: str, abstract: str = "", names: Names = NAMES) -> Found:
    return Finder(names).find(occurrences([Record("x", title, abstract)]), 1)[0]


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("gpt-2 and GPT2-XL", ("GPT-2",)),
        ("GPT-20 is another", ()),
        ("notGPT-2", ()),
        ("Llama-3.1-8B beats Llama", ("Llama 3",)),
        ("the original LLaMA", ("Llama",)),
        ("we opt to use opt-6.7b", ()),
        ("sizes of OPT-6.7B", ("OPT",)),
        ("Qwen2.5-7B-Instruct, then GPT-2", ("Qwen2.5", "GPT-2")),
    ],
)
def test_models(text: str, models: tuple[str, ...]) -> None:
    assert found("A title", text).models == models


def test_keywords_of_the_title_come_first_and_longer_names_win() -> None:
    text = "Sparse autoencoders, SAEs and an SAE find attention heads."
    assert found("Locate then edit", text).keywords == ("locate-then-edit", "sparse autoencoder", "attention head")


def test_no_name_reaches_from_title_into_abstract() -> None:
    assert found("On attention", "head of the list").keywords == ("attention",)


@given(st.lists(st.text(max_size=80), max_size=5))
def test_anything_can_be_searched(texts: list[str]) -> None:
    records = [Record("x", text, f"GPT-2 {text}") for text in texts]
    out = Finder(NAMES).find(occurrences(records), len(records))
    assert len(out) == len(records)
    assert all("GPT-2" in f.models for f in out)


def test_the_index_has_names() -> None:
    names = load(PROJECT)
    assert len(names.models) >= 80
    assert len(names.keywords) >= 80
    some = Record("x", "Activation patching in GPT-2", "We use Pythia-70M and a ViT.")
    out = Finder(names).find(occurrences([some]), 1)[0]
    assert out.models == ("GPT-2", "Pythia", "ViT")
    assert "activation patching" in out.keywords


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- name: A\n  alias: [b]\n", r"models\.yml:1.*alias"),
        ("- name: A\n\n- name: B\n  aliases: [A]\n", r"models\.yml:3.*'A' stands here twice"),
        ("- name: '--'\n", r"models\.yml:1.*no letter"),
        ("- name: [\n", r"models\.yml:\d"),
        ("just text\n", r"models\.yml:1"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources/models.yml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=message):
        load(tmp_path)


def test_no_files_no_names(tmp_path: Path) -> None:
    assert load(tmp_path) == Names((), ())
