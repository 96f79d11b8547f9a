"""Issue forms: read as data, answered politely, and harmless whatever stands in them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import PROJECT, Command
from tests.contribute.test_add import NEW, REPO, SAY, snapshot, sound
from tests.world import World
from updater.contribute import forms
from updater.contribute.issue import code_cell, code_span
from updater.errors import UsageError
from updater.index import taxonomy
from updater.index.model import Links, Paper, Resource, ResourceLinks
from updater.index.repository import Repository

FORMS = forms.load(PROJECT)
HOSTILE = [
    "$(touch owned); `touch owned`; | touch owned && touch owned",
    "x\n::error file=a,line=1::owned\n::set-output name=branch::main",
    "]\n- id: owned\n  title: !!python/object/apply:os.system [touch owned]",
    "{{ 7 * 7 }}{% include '/etc/passwd' %}{{ outcome.__class__.__mro__ }}",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1)) ![](https://evil.example/x.png) @everyone #1 https://evil.example",
    "| a | b |\n| --- | --- |\n```\n~~~\n# Heading",
    "../../../.github/workflows/owned.yml",
    "${{ secrets.GITHUB_TOKEN }} ${{ github.event.issue.title }}",
    "\x00\x1b[31m\u202e\ud7ff\ufeff",
    "A" * 50_000,
    "### Paper\n\n2501.00001\n\n### Primary category\n\nsteering",
]


def event(form: str, fields: dict[str, str], **issue: Any) -> bytes:
    """The event that GitHub sends for an issue made with a form."""
    body = "\n\n".join(f"### {label}\n\n{fields.get(id_, '_No response_')}" for id_, label in FORMS[form].fields)
    data = {
        "number": 17,
        "title": "Add a paper",
        "body": body,
        "labels": [{"name": form}, {"name": "accepted"}],
        "user": {"login": "octo-cat", "id": 583231},
        **issue,
    }
    return json.dumps({"action": "labeled", "issue": data, "repository": {"full_name": "o/r"}}).encode()


class Desk:
    """Runs `mi-index add --from-issue` on the small index."""

    def __init__(self, root: Path, mi_index: Command) -> None:
        self.root, self.mi_index = root, mi_index
        shutil.copytree(PROJECT / forms.FOLDER, root / forms.FOLDER)
        shutil.copytree(PROJECT / "site/templates", root / "site/templates")

    def __call__(self, form: str, fields: dict[str, str], *args: str, **issue: Any) -> tuple[dict[str, Any], str, int]:
        return self.raw(event(form, fields, **issue), *args)

    def raw(self, content: bytes, *args: str) -> tuple[dict[str, Any], str, int]:
        answer = self.root.parent / "answer.md"
        result = self.mi_index("add", "--from-issue", "-", "--json", "--answer", str(answer), *args, stdin=content)
        data = json.loads(result.stdout) if result.stdout else {}
        return data, answer.read_text(encoding="utf-8") if answer.exists() else result.stderr, result.exit_code


@pytest.fixture
def desk(root: Path, mi_index: Command, world: World) -> Desk:
    return Desk(root, mi_index)


def test_a_paper_is_added_and_its_contributor_credited(desk: Desk, root: Path) -> None:
    fields = {
        "reference": f"https://arxiv.org/abs/{NEW}",
        "primary": "steering",
        "categories": "circuits, steering",
        "summary": SAY,
        "object": "attention, mlp",
        "models": "Pythia,  Llama 3",
        "code": "https://github.com/diwu/flock",
    }
    data, answer, code = desk("add-paper", fields)
    assert code == 0
    assert data == {
        "status": "added",
        "issue": 17,
        "changed": True,
        "branch": "issue/17",
        "title": f"Add {NEW}",
        "credit": "Co-authored-by: octo-cat <583231+octo-cat@users.noreply.github.com>",
        "id": NEW,
        "address": data["address"],
        "paths": ["resources/generated/2025-02.jsonl", "resources/papers/2025-02.yml"],
    }
    paper = Repository(root).load().papers[NEW]
    assert paper.categories == ["steering", "circuits"]
    assert (paper.object, paper.models, paper.summary) == (["attention", "mlp"], ["Pythia", "Llama 3"], SAY)
    assert paper.links.code == "https://github.com/diwu/flock"
    assert "Thank you, @octo-cat." in answer
    assert "0.97" in answer
    assert "Closes #17." in answer
    assert sound(root)


def test_a_library_is_added(desk: Desk, root: Path, world: World) -> None:
    world.service("github", "/repos/diwu/sheep", REPO)
    fields = {
        "kind": "library",
        "reference": "https://github.com/diwu/sheep",
        "description": SAY,
        "name": "Sheep Circuits",
    }
    data, _, _ = desk("add-resource", fields)
    assert (data["status"], data["id"]) == ("added", "sheep-circuits")
    assert Repository(root).load().resources["library"][0].description == SAY
    assert sound(root)


def test_an_answer_can_be_had_without_a_change(desk: Desk, root: Path) -> None:
    before = snapshot(root)
    data, answer, _ = desk("add-paper", {"reference": NEW}, "--dry-run")
    assert (data["status"], data["changed"]) == ("added", False)
    assert "what would stand in the index" in answer
    assert "Closes" not in answer
    assert snapshot(root) == before


def test_a_listed_paper_is_answered_with_its_page(desk: Desk, root: Path) -> None:
    before = snapshot(root)
    data, answer, code = desk("add-paper", {"reference": "2501.00002v3"})
    assert (code, data["status"], data["changed"]) == (0, "listed", False)
    assert "/papers/2501.00002/)" in answer
    assert snapshot(root) == before


@pytest.mark.parametrize(
    ("form", "fields", "says"),
    [
        ("add-paper", {}, "the address or id is missing"),
        ("add-paper", {"reference": "that famous one"}, "is not understood"),
        ("add-paper", {"reference": NEW, "primary": "no-such"}, "not a category of the taxonomy"),
        ("add-paper", {"reference": NEW, "code": "javascript:alert(1)"}, "not a web address"),
        ("add-resource", {"kind": "library", "reference": "https://github.com/diwu/sheep"}, "what is it for?"),
        (
            "add-resource",
            {"kind": "weapon", "reference": "https://github.com/diwu/sheep", "description": SAY},
            "what kind",
        ),
        ("correct-entry", {"key": "title", "value": "x"}, "which entry"),
        ("correct-entry", {"entry": "2501.99999", "key": "title", "value": "x"}, "no entry has this id"),
        ("correct-entry", {"entry": "2501.00001", "key": "title"}, "what it should say is missing"),
        ("correct-entry", {"entry": "2501.00001", "key": "licence", "value": "MIT"}, "has no licence"),
        ("correct-entry", {"entry": "2501.00001", "key": "date", "value": "soon"}, "not a date"),
        ("correct-entry", {"entry": "2501.00001", "key": "links.code", "value": "file:///etc"}, "not a web address"),
        ("correct-entry", {"entry": "2501.00001", "key": "links.owned", "value": "https://x.org"}, "links.owned"),
        ("dead-link", {"entry": "2501.00001", "url": "https://other.example"}, "no such link"),
    ],
)
def test_what_is_missing_or_wrong_is_asked_for(
    desk: Desk, root: Path, world: World, form: str, fields: dict[str, str], says: str
) -> None:
    world.service("github", "/repos/diwu/sheep", REPO)
    before = snapshot(root)
    data, answer, code = desk(form, fields)
    assert (code, data["status"], data["changed"]) == (0, "incomplete", False)
    assert says in answer
    assert "edit the issue" in answer
    assert snapshot(root) == before


def test_a_service_that_is_down_is_no_answer(desk: Desk, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    monkeypatch.setenv("MI_INDEX_CROSSREF_URL", "http://127.0.0.1:9/nobody")
    data, answer, code = desk("add-paper", {"reference": "10.1000/x"})
    assert (code, data["status"]) == (3, "unreachable")
    assert "tried again" in answer


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("title", "A circuit for counting,  mended", "A circuit for counting, mended"),
        ("authors", "Ann Lee, Bo Ng, Cy Xu", ["Ann Lee", "Bo Ng", "Cy Xu"]),
        ("categories", "probing, circuits", ["probing", "circuits"]),
        ("venue", "ICML 2025", "ICML 2025"),
    ],
)
def test_an_entry_is_corrected(desk: Desk, root: Path, key: str, value: str, expected: object) -> None:
    site = Repository(root).settings.project.site.rstrip("/")
    data, answer, _ = desk("correct-entry", {"entry": f"{site}/papers/2501.00001/", "key": key, "value": value})
    assert (data["status"], data["title"]) == ("corrected", "Correct 2501.00001")
    assert getattr(Repository(root).load().papers["2501.00001"], key) == expected
    assert f"| {key} |" in answer
    assert sound(root)


def test_a_summary_may_not_be_corrected_into_a_copy(desk: Desk, root: Path, world: World) -> None:
    desk("add-paper", {"reference": NEW})
    copy = "The very circuit with which small sleepy models count their sheep is found."
    data, answer, _ = desk("correct-entry", {"entry": NEW, "key": "summary", "value": copy})
    assert data["status"] == "incomplete"
    assert "in your own words" in answer


@pytest.mark.parametrize("key", ["it does not belong here", "something else", "status", "featured", "__class__", "id"])
def test_what_only_a_person_may_decide_is_left_to_one(desk: Desk, root: Path, key: str) -> None:
    before = snapshot(root)
    data, _, _ = desk("correct-entry", {"entry": "2501.00001", "key": key, "value": "curated"})
    assert data["status"] in ("noted", "incomplete")
    assert snapshot(root) == before


def test_a_dead_link_is_replaced_or_taken_out_but_a_live_one_stays(desk: Desk, root: Path, world: World) -> None:
    doi = "https://doi.org/10.1000/clock"
    world.page(doi, "here")
    assert desk("dead-link", {"entry": "2501.00002", "url": doi})[0]["status"] == "works"
    world.page(doi, "gone", status=404)
    nowhere = {"entry": "2501.00002", "url": doi, "replacement": "https://nowhere.example.org/"}
    assert desk("dead-link", nowhere)[0]["status"] == "incomplete"
    data, answer, _ = desk("dead-link", {"entry": "2501.00002", "url": doi})
    assert (data["status"], data["title"]) == ("mended", "Mend a link of 2501.00002")
    assert "doi" in answer
    assert Repository(root).load().papers["2501.00002"].links.doi is None
    assert sound(root)


def test_a_dead_page_of_a_resource_gets_its_new_address(desk: Desk, root: Path, world: World) -> None:
    world.service("github", "/repos/diwu/sheep", REPO)
    desk("add-resource", {"kind": "library", "reference": "https://github.com/diwu/sheep", "description": SAY})
    world.page("https://new.example.org/", "here")
    fields = {"entry": "sheep", "url": "https://github.com/diwu/sheep/", "replacement": "https://new.example.org/"}
    assert desk("dead-link", fields)[0]["status"] == "mended"
    assert Repository(root).load().resources["library"][0].url == "https://new.example.org/"


SANE = {
    "add-paper": {"reference": NEW},
    "add-resource": {"kind": "library", "reference": "https://github.com/diwu/sheep", "description": SAY},
    "correct-entry": {"entry": "2501.00001", "key": "title", "value": "x"},
    "dead-link": {"entry": "2501.00002", "url": "https://doi.org/10.1000/clock"},
}
CASES = [(form, {id_ for id_, _ in FORMS[form].fields} - set(SANE[form]), text) for form in FORMS for text in HOSTILE]
CASES += [(form, {id_}, "\n".join(HOSTILE)) for form in FORMS for id_, _ in FORMS[form].fields]
CASES += [(form, {id_}, " ".join(HOSTILE[:9])) for form in FORMS for id_ in SANE[form]]


@pytest.mark.parametrize(("form", "fields", "text"), CASES)
def test_hostile_text_in_any_field_does_nothing(
    desk: Desk, root: Path, world: World, form: str, fields: set[str], text: str
) -> None:
    world.service("github", "/repos/diwu/sheep", REPO)
    files = set(snapshot(root))
    data, answer, code = desk(form, {**SANE[form], **dict.fromkeys(fields, text)}, title=text)
    assert code == 0
    assert data["branch"] == "issue/17"
    assert set(data["title"]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-/ ")
    may_change = {
        "resources/papers/2025-01.yml", "resources/papers/2025-02.yml",
        "resources/generated/2025-02.jsonl", "resources/libraries.yml",
    }  # fmt: skip
    assert set(data["paths"]) <= may_change
    assert set(snapshot(root)) - files <= may_change
    assert sound(root)
    assert len(answer) < 60_000
    assert not any(line.lstrip().startswith("::") for line in answer.splitlines())
    prose = remove_code(answer)
    for sign in ("@everyone", "<script", "javascript:", "touch owned", "49", "root:", "evil.example", "secrets."):
        assert sign not in prose


def remove_code(markdown: str) -> str:
    """Markdown as a renderer sees it, without the content of code spans."""
    return re.sub(r"(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", markdown)


@pytest.mark.parametrize(
    "issue",
    [
        {"body": None},
        {"body": "no form at all"},
        {"labels": [{"name": "bug"}]},
        {"labels": None},
        {"labels": ["add-paper"]},
        {"user": None},
        {"user": {"login": "x\nCo-authored-by: Evil <e@x>", "id": 1}},
        {"user": {"login": "a" * 60, "id": "1; rm"}},
    ],
)
def test_events_with_parts_missing_are_answered(desk: Desk, issue: dict[str, Any]) -> None:
    data, answer, code = desk("add-paper", {"reference": NEW}, **issue)
    assert code == 0
    assert answer
    assert "\n" not in data["credit"]
    assert "Evil" not in data["credit"] + answer


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"issue": {"number": "17; rm"}}', b'{"issue": {"number": -1}}', b"\xff"]
)
def test_what_is_no_event_is_wrong_usage(desk: Desk, content: bytes) -> None:
    _, error, code = desk.raw(content)
    assert code == 2
    assert "issue" in error or "JSON" in error


@given(st.text(max_size=400), st.sampled_from(sorted(FORMS)))
def test_bodies_of_any_kind_are_read(body: str, name: str) -> None:
    fields = forms.sections(body, FORMS[name])
    assert set(fields) <= {id_ for id_, _ in FORMS[name].fields}
    assert all(value in body.replace("\r\n", "\n").replace("\r", "\n") for value in fields.values())


@given(
    st.lists(
        st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n#"), max_size=30),
        min_size=15,
        max_size=15,
    )
)
def test_what_is_written_into_a_form_is_what_is_read(values: list[str]) -> None:
    form = FORMS["add-resource"]
    written = {id_: value for (id_, _), value in zip(form.fields, values, strict=True)}
    issue = forms.read(event("add-resource", written), "-", FORMS)
    expected = {
        id_: value.strip() for id_, value in written.items() if value.strip() and value.strip() != "_No response_"
    }
    assert dict(issue.fields) == expected


@given(st.text(max_size=80))
def test_a_code_span_is_one_line_and_closes_where_it_ends(text: str) -> None:
    for span in (code_span(text), code_cell(text)):
        assert "\n" not in span
        assert remove_code(span) == ""
    assert "|" not in code_cell(text).replace("\\|", "")


def test_forms_mirror_the_data_format() -> None:
    paper, resource = ({id_ for id_, _ in FORMS[n].fields} for n in ("add-paper", "add-resource"))
    control = {"reference", "primary", "kind", "notes"}
    assert paper - control <= set(Paper.model_fields) | set(Links.model_fields)
    assert resource - control <= set(Resource.model_fields) | set(ResourceLinks.model_fields)
    keys = next(
        i
        for i in yaml.safe_load((PROJECT / forms.FOLDER / "correct-entry.yml").read_text())["body"]
        if i.get("id") == "key"
    )
    for key in keys["attributes"]["options"][:-2]:
        top, _, link = key.partition(".")
        assert top in set(Paper.model_fields) | set(Resource.model_fields)
        assert not link or link in set(Links.model_fields) | set(ResourceLinks.model_fields)


def test_the_choices_in_the_forms_are_those_of_the_taxonomy() -> None:
    for path, content in forms.files_in_step(PROJECT, taxonomy.load(PROJECT)).items():
        assert (PROJECT / path).read_text(encoding="utf-8") == content, f"run `mi-index fmt`: {path}"
        assert "(none yet)" not in content


@pytest.mark.parametrize("name", sorted(FORMS))
def test_forms_are_what_github_takes(name: str) -> None:
    """https://docs.github.com/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema"""
    data = yaml.safe_load((PROJECT / forms.FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    assert set(data) == {"name", "description", "title", "labels", "body"}
    assert data["labels"] == [name]
    asked = [item for item in data["body"] if item["type"] != "markdown"]
    for key in ("id", "label"):
        values = [item.get(key) or item["attributes"][key] for item in asked]
        assert len(set(values)) == len(values)
    for item in asked:
        assert item["type"] in ("input", "textarea", "dropdown")
        assert re.fullmatch(r"[\w-]+", item["id"])
        assert set(item) <= {"type", "id", "attributes", "validations"}
        options = item["attributes"].get("options", ["x"])
        assert all(isinstance(option, str) and option.casefold() != "none" for option in options)
        assert len(set(options)) == len(options)


def test_fmt_puts_the_choices_in_step(desk: Desk, root: Path, mi_index: Command) -> None:
    path = root / forms.FOLDER / "add-paper.yml"
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace("    - circuits\n", "    - squares\n"), encoding="utf-8")
    assert mi_index("fmt", "--check").exit_code == 1
    assert mi_index("fmt").exit_code == 0
    assert path.read_text(encoding="utf-8") == before


def test_a_form_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / forms.FOLDER).mkdir(parents=True)
    (tmp_path / forms.FOLDER / "x.yml").write_text("name: x\n", encoding="utf-8")
    with pytest.raises(Exception, match=r"x\.yml:1"):
        forms.load(tmp_path)
    with pytest.raises(UsageError, match="MiB"):
        forms.read(b"x" * (3 << 20), "-", {})
