"""A small made-up index with something of everything that pages show, hostile text among it, and its website."""

from __future__ import annotations

import shutil
from pathlib import Path

from updater.index import counts
from updater.index.model import Gone, Paper, Resource, Snapshot
from updater.index.repository import GONE, SNAPSHOTS, Repository
from updater.index.state import State
from updater.index.traces import Trace

PROJECT = Path(__file__).parent.parent
COPIED = ("taxonomy.yml", "settings.yml", "venues.yml", "models.yml", "methods.yml", "glossary.yml")

EVIL = '<script>alert(1)</script> & "quoted" [x](javascript:alert(1)) `a` _b_ \\end{document} https://evil.example =1+1'
EVIL_NAME = '<img src=x onerror="alert(2)">'
REFUSAL = "2604.00100"
WAITED = "2211.00593"
OLD = "cs/0301001"
PAPERS = 60
"""Ordinary papers beside the special ones."""

SUBJECTS = ("counting", "colour", "rhyme", "direction", "syntax", "music", "chess", "maps", "verbs", "numbers")
THINGS = ("induction", "steering", "probe", "circuit", "dictionary", "neuron", "lens", "memory")


def papers(taxonomy_categories: tuple[str, ...]) -> list[Paper]:
    """The papers, all of them invented but for one title, deterministic."""
    out = []
    for i in range(PAPERS):
        month, day = 1 + i % 6, 1 + i % 27
        out.append(
            Paper(
                id=f"25{month:02}.{i:05}",
                title=f"A {THINGS[i % 8]} study of {SUBJECTS[i % 10]} number {i}",
                authors=["Ann Lee", f"Writer {chr(65 + i % 26)} Number{i % 7}"],
                date=f"2025-{month:02}-{day:02}",
                venue="ICLR 2025" if i % 5 == 0 else None,
                links={"arxiv": f"https://arxiv.org/abs/25{month:02}.{i:05}"},
                categories=[taxonomy_categories[i % len(taxonomy_categories)]],
                localize=["probing"] if i % 3 == 0 else [],
                steer=["vector-arithmetic"] if i % 4 == 0 else [],
                goal=["safety"] if i % 6 == 0 else [],
                models=["GPT-2"] if i % 2 else [],
                summary=f"Looks at how a small model does {SUBJECTS[i % 10]} with a {THINGS[i % 8]}.",
                status="auto" if i % 2 else "curated",
            )
        )
    out += [
        Paper(
            id=REFUSAL,
            title="Refusal turns on one dial",
            authors=["Cy Xu", "Ann Lee"],
            date="2026-04-20",
            venue="ICML 2026",
            links={"arxiv": f"https://arxiv.org/abs/{REFUSAL}", "code": "https://github.com/example/dial"},
            categories=["steering", "safety-and-alignment"],
            object=["residual-stream"],
            localize=["causal-attribution"],
            steer=["vector-arithmetic"],
            goal=["safety"],
            models=["Llama 3"],
            keywords=["refusal direction"],
            summary="Finds one direction that decides whether a chat model refuses.",
            status="curated",
            featured="The direction that later work starts from.",
        ),
        Paper(
            id="2604.00101",
            title="Steering without a wheel",
            authors=["Bo Ng"],
            date="2026-04-18",
            links={"arxiv": "https://arxiv.org/abs/2604.00101"},
            categories=["steering"],
            models=["Gemma 2"],
            summary="Steers a model by changing nothing but its prompts' activations.",
            status="curated",
        ),
        Paper(
            id=WAITED,
            title="Interpretability in the Wild: a Circuit for Indirect Object Identification in GPT-2 small",
            authors=["Kevin Wang", "Alexandre Variengien", "Arthur Conmy", "Buck Shlegeris", "Jacob Steinhardt"],
            date="2022-11-01",
            venue="ICLR 2023",
            links={"arxiv": f"https://arxiv.org/abs/{WAITED}"},
            categories=["circuits", "attention-heads"],
            object=["attention"],
            localize=["circuit-discovery"],
            models=["GPT-2"],
            summary="Takes apart how a small model picks the name that completes a sentence.",
            status="curated",
            featured="The first large circuit.",
        ),
        Paper(
            id="evil-2026-script",
            title=EVIL,
            authors=[EVIL_NAME, "and and and"],
            date="2026",
            links={"page": "https://example.org/?a=1&b=%22%3E"},
            categories=["tools"],
            models=[EVIL_NAME],
            keywords=[EVIL_NAME],
            summary=EVIL,
            status="auto",
            featured=EVIL,
        ),
        Paper(
            id=OLD,
            title="What a network of the last century knew",
            date="2003-01",
            links={"arxiv": f"https://arxiv.org/abs/{OLD}"},
            categories=["neurons-and-mlps"],
            status="auto",
            withdrawn=True,
        ),
    ]
    return out


def resources() -> dict[str, list[Resource]]:
    """By the name of their file."""
    return {
        "libraries": [
            Resource(
                id="hook-kit",
                name="HookKit",
                url="https://example.org/hookkit",
                links={"docs": "https://example.org/docs", "paper": f"https://arxiv.org/abs/{REFUSAL}"},
                authors=["Ann Lee"],
                date="2024",
                categories=["tools", "causal-interventions"],
                hooks="PyTorch modules",
                models=["GPT-2"],
                licence="MIT",
                stars=1234,
                released="2026-03-05",
                description="Puts named hooks on every module of a network, so that activations can be read and changed.",
                featured="The kit that the examples use.",
            ),
            Resource(
                id="evil-kit",
                name=EVIL_NAME,
                url="https://example.org/evil",
                categories=["tools"],
                description="Tries to escape from wherever its name is printed, and should not succeed.",
            ),
        ],
        "courses": [
            Resource(
                id="first-steps",
                name="First steps",
                url="https://example.org/course",
                categories=["surveys-and-foundations"],
                description="Ten evenings of exercises, from the attention pattern to the first circuit of one's own.",
            )
        ],
    }


def write(root: Path) -> Repository:
    """Put the made-up index, with the project's own taxonomy, settings and site, into a new folder."""
    (root / "resources/papers").mkdir(parents=True)
    for name in COPIED:
        if (PROJECT / "resources" / name).exists():
            shutil.copy(PROJECT / "resources" / name, root / "resources" / name)
    shutil.copytree(PROJECT / "site", root / "site")
    shutil.copy(PROJECT / "mkdocs.yml", root / "mkdocs.yml")
    repository = Repository(root)
    editor = repository.edit()
    made = papers(repository.taxonomy.category_slugs)
    for paper in made:
        editor.put_paper(paper)
    for file, entries in resources().items():
        for entry in entries:
            editor.put(f"resources/{file}.yml", entry)
    editor.put(GONE, Gone(id="2501.99999", title="Twice the same", reason="duplicate", see=REFUSAL))
    editor.put(GONE, Gone(id="2501.99998", title="Not about the inside", reason="out-of-scope"))
    for day, digit in (("2026-02-28", "a"), ("2026-03-31", "b")):
        editor.put(SNAPSHOTS, Snapshot(id=day, papers=60, resources=3, bytes=1_000, sha256=digit * 64))
    traces = {
        paper.id: Trace(paper.id, 1, 0.93, (("steering", 2.1), ("weather", -0.4)), (("refusal", 0.8), ("dial", 0.3)))
        for paper in made
        if paper.status == "auto"
    }
    editor.put_traces(traces, traces)
    days = {
        category: ["2025-01-01/2025-03-31", "2025-04-02/2026-04-21"]
        for category in repository.settings.arxiv.categories
    }
    editor.put_state(State(read=days))
    editor.transaction.put(counts.FILE, b'{"2604.00100": 1321}\n')
    editor.commit()
    return Repository(root)
