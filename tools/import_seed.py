"""Import shared/curation/papers.jsonl into resources/ (run once: `python tools/import_seed.py CURATION CORPUS`)."""

from __future__ import annotations

import gzip
import json
import random
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from updater.index.model import Borderline, Links, Paper, Rejected
from updater.index.repository import BACKGROUND, BORDERLINE, REJECTED, Repository
from updater.index.text import author_overlap, normal_title, plain_tex, slugify, surname
from updater.merge import venues as venues_file

STOP = {"a", "an", "the", "on", "of", "in", "to", "for", "and", "is", "are", "do", "does", "what", "how", "why", "can", "towards", "toward", "with", "from", "by", "it", "if", "not", "using"}
SCHOLAR = "https://www.semanticscholar.org/paper/"


def slug(row: dict[str, Any], taken: set[str]) -> str:
    words = [w for w in re.findall(r"[a-z0-9]+", slugify(row["title"], 200)) if w not in STOP] or ["work"]
    for n in range(len(words)):
        out = f"{slugify(surname(row['authors'][0]))}-{row['year']}-{'-'.join(words[: n + 1])}"
        if out not in taken:
            return out
    raise ValueError(row["id"])


def links(row: dict[str, Any]) -> Links:
    url, out = (row["url"] or "").replace("http://", "https://", 1), {}
    if not row["id"].startswith("bib:"):
        out["arxiv"] = f"https://arxiv.org/abs/{row['id']}"
    elif match := re.match(r"https://openreview\.net/forum\?id=([\w-]+)", url):
        out["openreview"] = match.group()
    elif url:
        out["page"] = url.split("?")[0] if url.startswith(SCHOLAR) else url
    if doi := row.get("doi"):
        out["doi"] = f"https://doi.org/{doi}"
    return Links(**out)


def main() -> None:
    curation, corpus = map(Path, sys.argv[1:])
    root = Path.cwd()
    repository = Repository(root)
    venues = venues_file.load(root)
    rows = [json.loads(line) for line in curation.open(encoding="utf-8")]
    editor = repository.edit()
    by_title: dict[str, list[Paper]] = defaultdict(list)
    papers: dict[str, Paper] = {}
    taken: set[str] = set()
    for row in sorted(rows, key=lambda r: (r["id"].startswith("bib:"), r["id"])):  # arXiv ids win
        bib = row["id"].startswith("bib:")
        id_ = slug(row, taken) if bib else row["id"]
        taken.add(id_)
        title = plain_tex(row["title"])
        extra = {"title": title, "url": links(row).page or links(row).openreview} if bib else {}
        if row["relevance"] == 0:
            editor.file(REJECTED).put(Rejected(id=id_, **extra).to_data())
        elif row["relevance"] == 1:
            facets = {k: row[k] for k in ("object", "localize", "steer", "goal")}
            editor.file(BORDERLINE).put(Borderline(id=id_, **extra, categories=[row["primary"], *row["also"]], **facets).to_data())
        else:
            venue = venues.from_bibliography(row.get("venue", ""), str(row["year"])) or venues.from_comment(row.get("comment", ""), row.get("journal_ref", ""))
            match = re.match(r"(\d\d)(\d\d)\.", id_)
            paper = Paper(
                id=id_, title=title, authors=[plain_tex(a) for a in row["authors"]],
                date=f"20{match.group(1)}-{match.group(2)}" if match else str(row["year"]),
                venue=venue or None, links=links(row), categories=[row["primary"], *row["also"]],
                **{k: row[k] for k in ("object", "localize", "steer", "goal")},
                summary=" ".join(row["summary"].split()), status="curated",
            )
            twin = next((t for t in by_title[normal_title(title)] if author_overlap(t.authors, paper.authors) >= 0.5), None)
            if twin is None:
                by_title[normal_title(title)].append(paper)
                papers[id_] = paper
            else:
                print("same work:", twin.id, id_)
                twin.venue = twin.venue or paper.venue
                for key in Links.model_fields:
                    if getattr(twin.links, key) is None and not (getattr(paper.links, key) or "").startswith(SCHOLAR):
                        setattr(twin.links, key, getattr(paper.links, key))
    for paper in papers.values():
        editor.put_paper(Paper.model_validate(paper.model_dump(), context={"taxonomy": repository.taxonomy}))
    editor._changed |= {REJECTED, BORDERLINE}
    ids = sorted(background([r for r in rows if not r["id"].startswith("bib:")], corpus))
    for id_ in ids:
        editor.file(BACKGROUND).entries.append(type(editor.file(BACKGROUND)).parse(f'- "{id_}"\n', BACKGROUND, compact=True).entries[0])
    editor._changed.add(BACKGROUND)
    editor.commit()
    print(len(papers), "papers,", len(ids), "background")


def background(rows: list[dict[str, Any]], corpus: Path, size: int = 12000) -> list[str]:
    """Ordinary papers, drawn at random, those that a plain first model calls in scope or doubtful left out."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    labels = {r["id"]: r["relevance"] for r in rows}
    records = [json.loads(line) for line in gzip.open(corpus, "rt", encoding="utf-8")]
    text = {r["id"]: f"{r['title']} {r['title']} {r['abstract']}" for r in records}
    rng = random.Random(2026)
    drawn = rng.sample(sorted(set(text) - set(labels)), 16000)
    train = [i for i in labels if i in text] + drawn[:8000]
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True, max_features=150_000)
    model = LogisticRegression(C=20, solver="liblinear", random_state=0)
    model.fit(vectorizer.fit_transform(text[i] for i in train), [labels.get(i, 0) > 0 for i in train])
    scores = model.predict_proba(vectorizer.transform(text[i] for i in drawn))[:, 1]
    held_out = set(json.loads(Path("/tmp/labels/heldout_ids.json").read_text()))
    return [i for i, s in zip(drawn, scores, strict=True) if s < 0.05 and i not in held_out][:size]


if __name__ == "__main__":
    main()
