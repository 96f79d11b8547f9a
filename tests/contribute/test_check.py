"""What a pull request is told: gaps, links, patches, and what it adds."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PROJECT, Command
from tests.contribute.test_add import NEW, REPO, SAY
from tests.world import World

MONTH = "resources/papers/2025-01.yml"


def git(root: Path, *args: str, stdin: str = "") -> str:
    identity = (
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@example.org",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "init.defaultBranch=main",
    )
    run = subprocess.run(["git", *identity, *args], cwd=root, input=stdin, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


@pytest.fixture
def committed(root: Path) -> str:
    """The small index as a git repository with one commit; its name."""
    shutil.copytree(PROJECT / "site/templates", root / "site/templates")
    git(root, "init", "-q")
    git(root, "add", "resources")
    git(root, "commit", "-qm", "Begin")
    return git(root, "rev-parse", "HEAD")


def test_gaps_are_first_contributions(root: Path, mi_index: Command) -> None:
    result = mi_index("check", "--gaps")
    assert result.exit_code == 0
    assert f"{MONTH}:18: 2501.00002 has no summary: Steering a clock" in result.stdout
    assert "2501.00001 has no summary" not in result.stdout
    assert "summary: 1, authors: 0, code: 2, venue: 2" in result.stderr
    gaps = json.loads(mi_index("check", "--gaps", "--json", "--most", "1").stdout)
    assert [(g["what"], g["id"]) for g in gaps] == [
        ("summary", "2501.00002"),
        ("code", "2501.00002"),
        ("venue", "2501.00002"),
    ]


def test_works_that_may_stand_twice_are_gaps(root: Path, mi_index: Command) -> None:
    with (root / MONTH).open("a", encoding="utf-8") as file:
        file.write(
            '\n- id: "2501.00009"\n  title: A circuit for counting slowly\n  authors: [Ann Lee, Bo Ng]\n  date: 2025-01-09\n'
            "  links: {arxiv: https://arxiv.org/abs/2501.00009}\n  categories: [circuits]\n  status: auto\n"
        )
    assert mi_index("check").exit_code == 0
    first = mi_index("check", "--gaps").stdout.splitlines()[0]
    assert "2501.0000" in first
    assert "may be the same work as" in first


def test_the_patch_of_fmt_does_what_fmt_does(root: Path, mi_index: Command, committed: str) -> None:
    path = root / MONTH
    good = path.read_text(encoding="utf-8")
    path.write_text(
        good.replace("title: A circuit for counting", "title: 'A circuit for counting'").rstrip("\n"), encoding="utf-8"
    )
    (root / "resources/schemas/papers.schema.json").unlink()
    result = mi_index("fmt", "--check", "--diff")
    assert result.exit_code == 1
    assert f"{MONTH}:1: not in canonical form" in result.stderr
    git(root, "apply", "-", stdin=result.stdout)
    assert path.read_text(encoding="utf-8") == good
    clean = mi_index("fmt", "--check", "--diff")
    assert (clean.exit_code, clean.stdout) == (0, "")
    assert mi_index("fmt", "--diff").exit_code == 2


@pytest.mark.parametrize(
    ("status", "exit_code", "says"),
    [
        (200, 0, ""),
        (404, 1, "error: leads nowhere"),
        (410, 1, "error: leads nowhere"),
        (403, 0, "warning: could not be tried"),
    ],
)
def test_new_links_are_tried(
    root: Path, mi_index: Command, committed: str, world: World, status: int, exit_code: int, says: str
) -> None:
    code = "https://code.example.org/clock"
    path = root / MONTH
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "links: {arxiv: https://arxiv.org/abs/2501.00001",
            f"links: {{arxiv: https://arxiv.org/abs/2501.00001, code: {code}",
        ),
        encoding="utf-8",
    )
    world.page(code, "x", status)
    result = mi_index("check", "--links", "--changed-since", committed, "--json")
    found = [
        f"{p['severity']}: {p['message'].split(': ')[1].removeprefix('links.code ')}" for p in json.loads(result.stdout)
    ]
    assert (result.exit_code, found) == (exit_code, [says] if says else [])
    assert world.asked == [code]


def test_a_link_that_moved_for_good_comes_with_its_new_address(
    root: Path, mi_index: Command, committed: str, world: World
) -> None:
    old, new = "https://doi.org/10.1000/clock", "https://publisher.example.org/clock"
    world.page(old, status=301, Location=new)
    world.page(new, "here")
    result = mi_index("check", "--links", "--github")
    assert result.exit_code == 0
    assert f"::warning file={MONTH},line=18::" in result.stdout
    assert f"(write {new})" in result.stdout


def test_a_change_is_told_in_sentences(root: Path, mi_index: Command, committed: str, world: World) -> None:
    world.service("github", "/repos/diwu/sheep", REPO)
    mi_index("add", NEW, "--yes")
    mi_index("add", "https://github.com/diwu/sheep", "--yes", "--description", SAY)
    path = root / MONTH
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("title: Steering a clock", "title: Steering a *clock* @everyone"), encoding="utf-8")
    (root / "resources/rejected.yml").write_text('- {id: "2501.00005"}\n', encoding="utf-8")
    told = mi_index("summarize", "--base", committed).stdout
    assert (
        "[`Circuits that count sheep`](https://arxiv.org/abs/2502.00007) by `Di Wu`, `Eva Zu` joins Circuits as a paper"
        in told
    )
    assert f"[`sheep`](https://github.com/diwu/sheep) by `diwu` joins Circuits as a library: `{SAY}`" in told
    assert "title was `Steering a clock`, is now `Steering a *clock* @everyone`." in told
    assert "- rejected: 1 came, 0 left." in told
    data = json.loads(mi_index("summarize", "--base", "HEAD", "--json").stdout)
    assert [e["id"] for e in data["added"]] == [NEW, "sheep"]
    assert [e["id"] for e in data["changed"]] == ["2501.00002"]


def test_what_is_taken_away_is_told_and_nothing_is_told_of_nothing(
    root: Path, mi_index: Command, committed: str
) -> None:
    assert "No entry changes." in mi_index("summarize", "--base", committed).stdout
    path = root / MONTH
    path.write_text(path.read_text(encoding="utf-8").split('- id: "2501.00002"')[0], encoding="utf-8")
    assert "**Takes 1 off the list.**" in mi_index("summarize", "--base", committed).stdout


def test_pages_concerned_are_put_aside_for_a_preview(
    root: Path, mi_index: Command, committed: str, world: World, tmp_path: Path
) -> None:
    mi_index("add", NEW, "--yes")
    for id_ in (NEW, "2501.00001"):
        (tmp_path / "site/papers" / id_).mkdir(parents=True)
        (tmp_path / "site/papers" / id_ / "index.html").write_text(id_, encoding="utf-8")
    target = tmp_path / "preview"
    mi_index("summarize", "--base", committed, "--site", str(tmp_path / "site"), "--preview", str(target))
    assert [p.relative_to(target).as_posix() for p in target.rglob("*.html")] == [f"papers/{NEW}/index.html"]


@pytest.mark.parametrize("revision", ["--output=/tmp/owned", "$(touch owned)", "HEAD; ls", "no-such-branch", "", "a b"])
def test_a_revision_is_a_name_and_nothing_else(root: Path, mi_index: Command, committed: str, revision: str) -> None:
    assert mi_index("summarize", f"--base={revision}").exit_code == 2
    assert not (root / "owned").exists()


def test_outside_of_git_there_is_nothing_to_compare_with(root: Path, mi_index: Command) -> None:
    result = mi_index("summarize", "--base", "HEAD")
    assert result.exit_code == 2
    assert "cannot read HEAD" in result.stderr
