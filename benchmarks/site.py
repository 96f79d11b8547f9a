"""How the website scales: build time and memory, search bytes and latency, weight of the first page, against a plain peer.

    python benchmarks/site.py --papers 5000 --papers 50000 --report build/benchmarks/site.json

Makes indexes of generated papers (words drawn by their frequency in the index's own titles and summaries, so that posting
lists have realistic lengths, and one rare word each), builds their website in a process of its own, and measures in headless
Chromium against the project's own loopback server. The peer is the same content as one MkDocs page a paper with Material's
own search, as a fair user of it would set it up: a list for each month, and a pruned navigation of years and months, without
the papers (with them every page holds a link to every other, which is quadratic: it did not end within 400 s at 5,000). Above
`--peer-limit` papers it is left out.
Beside the peer stand the same figures of this site from the same run, and how many times the peer's they are (`ratios`,
peer divided by ours: above 1 ours is better). Nothing is asserted: it only tells.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from updater.index.model import Paper
from updater.index.repository import Repository
from updater.render.serve import server

ROOT = Path(__file__).parent.parent
QUERIES = (
    "steering",
    "induction heads",
    "sparse autoencoder",
    "refusal direction",
    "circuit discovery",
    "probing truth",
    "grokking",
)
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LETTERS = "aeioukstrnlmpbd"


def generate(root: Path, count: int, seed: int = 1) -> Repository:
    """An index of `count` papers under `root`, the same for the same seed, with the project's own site."""
    source = Repository(ROOT)
    real = list(source.load().papers.values())
    choose = random.Random(seed)
    words = [word for paper in real for word in f"{paper.title} {paper.summary or ''}".split()]
    names = [name for paper in real for name in paper.authors]
    (root / "resources/papers").mkdir(parents=True)
    for file in ROOT.glob("resources/*.yml"):
        if file.name not in ("background.yml", "borderline.yml", "rejected.yml", "gone.yml", "queue.yml"):
            shutil.copy(file, root / "resources")
    shutil.copytree(ROOT / "site", root / "site")
    shutil.copy(ROOT / "mkdocs.yml", root)
    repository = Repository(root)
    editor = repository.edit()
    for number in range(count):
        year, month, day = choose.randrange(2016, 2027), choose.randrange(1, 13), choose.randrange(1, 29)
        like = choose.choice(real)
        rare = "".join(choose.choices(LETTERS, k=8))
        id_ = f"{year % 100:02}{month:02}.{number:05}"
        title = " ".join(choose.choices(words, k=9)).strip(" .,:;-") or "Untitled"
        summary = " ".join([*choose.choices(words, k=21), rare]) + "."
        editor.put_paper(
            Paper(
                id=id_,
                title=title[0].upper() + title[1:],
                authors=choose.choices(names, k=choose.randrange(1, 8)),
                date=f"{year}-{month:02}-{day:02}",
                venue=like.venue,
                links={
                    "arxiv": f"https://arxiv.org/abs/{id_}",
                    "code": f"https://github.com/x/{rare}" if number % 4 == 0 else None,
                },
                categories=like.categories,
                object=like.object,
                localize=like.localize,
                steer=like.steer,
                goal=like.goal,
                models=like.models,
                keywords=[" ".join(choose.choices(words, k=2)).strip(" .,:;-") or "word"],
                summary=summary[0].upper() + summary[1:],
                status=like.status,
            )
        )
    editor.commit()
    return repository


def memory_of_tree(pid: int) -> int:
    """Resident bytes of a process and all below it (proc(5))."""
    total, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            total += int(Path(f"/proc/{one}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            for task in Path(f"/proc/{one}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


def run(command: list[str], cwd: Path) -> dict[str, Any]:
    """Seconds, processor seconds and peak memory (MB, the whole process tree, looked at 20 times a second) of a command.

    The processor seconds (user and system, all processes) tell what the wall time would be on a machine that is not shared.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    peak, stop = [0], threading.Event()

    def watch() -> None:
        while not stop.wait(0.05):
            peak[0] = max(peak[0], memory_of_tree(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    out, err = process.communicate()
    stop.set()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"{command}: exit {process.returncode}\n{err}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_mb": round(peak[0] / 1e6),
        "out": out,
    }


@contextmanager
def served(site: Path, mount: str) -> Iterator[str]:
    """The address of a site while it is served."""
    with server(site, mount) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}{mount}"
        running.shutdown()


class Wire:
    """Counts what a page and its workers transfer: bytes as they came over the wire, headers included."""

    def __init__(self, page: Page) -> None:
        self.by_url: dict[str, int] = {}
        page.context.on("requestfinished", self._finished)

    def _finished(self, request: Any) -> None:
        sizes = request.sizes()
        self.by_url[request.url] = (
            self.by_url.get(request.url, 0) + sizes["responseBodySize"] + sizes["responseHeadersSize"]
        )

    def total(self, part: str = "") -> int:
        """Bytes of all addresses that hold `part`."""
        return sum(size for url, size in self.by_url.items() if part in url)


TYPE = """
async ([selector, place, prefixes]) => {
  const input = document.querySelector(selector), results = document.querySelector(place), times = [];
  for (const prefix of prefixes) {
    const shown = new Promise((resolve) => {
      results.addEventListener("shown", () => requestAnimationFrame(() => resolve(performance.now())), { once: true });
    });
    const begun = performance.now();
    input.value = prefix;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    times.push(await shown - begun);
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
  return times;
}
"""


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(len(ordered) * share * 1000) // 1000) - 1)]


def prefixes() -> list[str]:
    """What stands in the box after each keystroke of the queries."""
    return [query[:end] for query in QUERIES for end in range(1, len(query) + 1)]


def search_figures(browser: Browser, base: str) -> dict[str, Any]:
    """Bytes and latency of Explore, typed into as a reader would, and of the dialog that every page has."""
    out: dict[str, Any] = {}
    for name, path, opening, selector, place in (
        ("explore", "explore/", None, "#explore-query", "[data-results]"),
        ("dialog", "about/", "/", "dialog input", ".dialog__results"),
    ):
        page = browser.new_page()
        wire = Wire(page)
        page.goto(base + path, wait_until="networkidle")
        if opening:
            page.keyboard.press(opening)
            page.wait_for_selector(selector)
        page.evaluate(TYPE, [selector, place, ["steering"]])
        machinery = wire.total("/pagefind/") + wire.total("/assets/scripts/")
        page.wait_for_load_state("networkidle")
        times = page.evaluate(TYPE, [selector, place, prefixes()])
        out[name] = {
            "bytes_before_first_results": machinery,
            "bytes_after_all_keystrokes": wire.total("/pagefind/") + wire.total("/assets/scripts/"),
            "keystrokes": len(times),
            "p50_ms": round(percentile(times, 0.5), 1),
            "p95_ms": round(percentile(times, 0.95), 1),
            "max_ms": round(max(times), 1),
        }
        page.close()
    return out


def first_page(browser: Browser, base: str) -> dict[str, Any]:
    """The front page, cold: bytes, requests, layout shift, largest paint."""
    page = browser.new_page()
    wire = Wire(page)
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => { for (const e of list.getEntries()) window.shift += e.value; })"
        ".observe({type: 'layout-shift', buffered: true});"
        "new PerformanceObserver((list) => { window.largest = list.getEntries().at(-1).startTime; })"
        ".observe({type: 'largest-contentful-paint', buffered: true});"
    )
    page.goto(base, wait_until="networkidle")
    out = {
        "bytes": wire.total(),
        "requests": len(wire.by_url),
        "layout_shift": page.evaluate("window.shift"),
        "largest_paint_ms": round(page.evaluate("window.largest")),
        "foreign_requests": sum(not url.startswith(base.split("/index/", maxsplit=1)[0]) for url in wire.by_url),
    }
    page.close()
    return out


def map_frame(browser: Browser, base: str) -> dict[str, float]:
    """Main-thread time of one frame of the map while it is dragged, from the script's own clock."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(base + "map/", wait_until="networkidle")
    box = page.locator("[data-map-canvas]").bounding_box()
    assert box is not None
    times = []
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(box["x"] + 300 + 4 * step, box["y"] + 200 + step)
        times.append(float(page.locator("[data-map-canvas]").get_attribute("data-frame") or 0))
    page.mouse.up()
    page.close()
    return {"p95_ms": percentile(times, 0.95), "max_ms": max(times)}


def first_results(browser: Browser, address: str, shown: str, parts: tuple[str, ...]) -> dict[str, int]:
    """Search as a visitor does, cold: open a page, press `/`, type a word, until the first result is seen.

    Milliseconds from the press of `/`; bytes of all addresses that hold one of `parts`.
    """
    page = browser.new_page()
    wire = Wire(page)
    page.goto(address, wait_until="networkidle")
    begun = time.perf_counter()
    page.keyboard.press("/")
    page.keyboard.type("steering")
    page.wait_for_selector(shown, timeout=120_000)
    milliseconds = round(1000 * (time.perf_counter() - begun))
    page.wait_for_load_state("networkidle")
    out = {
        "first_results_ms": milliseconds,
        "bytes_before_first_results": sum(s for url, s in wire.by_url.items() if any(part in url for part in parts)),
    }
    page.close()
    return out


def megabytes(site: Path) -> int:
    """Size of a built site."""
    return round(sum(f.stat().st_size for f in site.rglob("*") if f.is_file()) / 1e6)


def peer(folder: Path, repository: Repository, browser: Browser) -> dict[str, Any]:
    """The same content as MkDocs pages with Material's own search, without BibTeX, related papers, lists, feeds and exports."""
    docs = folder / "docs/papers"
    docs.mkdir(parents=True)
    (folder / "docs/index.md").write_text("# Index\n", encoding="utf-8")
    months: dict[str, list[Paper]] = {}
    for paper in sorted(repository.load().papers.values(), key=lambda paper: paper.date, reverse=True):
        months.setdefault(paper.date[:7], []).append(paper)
        facets = [*paper.object, *paper.localize, *paper.steer, *paper.goal]
        links = " ".join(f"[{name}]({url})" for name, url in paper.links.model_dump(exclude_none=True).items())
        lines = [
            f"# {paper.title}",
            f"{', '.join(paper.authors)}, {paper.date}",
            paper.venue or "",
            paper.summary or "",
        ]
        lines += [", ".join(words) for words in (paper.categories, facets, paper.models, paper.keywords)]
        text = "\n\n".join([*filter(None, lines), links]) + "\n"
        (docs / f"{paper.id}.md").write_text(text.replace("<", "&lt;"), encoding="utf-8")
    years: dict[str, list[dict[str, str]]] = {}
    (folder / "docs/months").mkdir()
    for month, papers in months.items():
        lines = [f"- [{paper.title}](../papers/{paper.id}.md), {paper.date}".replace("<", "&lt;") for paper in papers]
        (folder / f"docs/months/{month}.md").write_text("\n".join([f"# {month}", "", *lines, ""]), encoding="utf-8")
        years.setdefault(month[:4], []).append({month: f"months/{month}.md"})
    configuration = {
        "site_name": "Peer",
        "theme": {"name": "material", "font": False, "features": ["navigation.prune"]},
        "plugins": ["search"],
        "nav": ["index.md", *({year: pages} for year, pages in years.items())],
        "not_in_nav": "/papers/",
        "validation": {"links": {"unrecognized_links": "ignore"}},
    }
    (folder / "mkdocs.yml").write_text(json.dumps(configuration), encoding="utf-8")  # JSON is YAML
    built = run([sys.executable, "-m", "mkdocs", "build", "--quiet"], folder)
    with served(folder / "site", "/") as base:
        return {
            "build_seconds": built["seconds"],
            "build_cpu_seconds": built["cpu_seconds"],
            "build_peak_mb": built["peak_mb"],
            "site_mb": megabytes(folder / "site"),
            **first_results(browser, base, ".md-search-result__item", ("/search/", "/workers/search")),
        }


def measure(count: int, browser: Browser, peer_limit: int) -> dict[str, Any]:
    """All figures at one size."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "index"
        repository = generate(root, count)
        built = run([sys.executable, "-m", "updater", "--root", str(root), "build", "--json"], ROOT)
        detail = json.loads(built["out"])
        site = root / "build/site"
        out: dict[str, Any] = {
            "papers": count,
            "build_seconds": built["seconds"],
            "build_cpu_seconds": built["cpu_seconds"],
            "build_peak_mb": built["peak_mb"],
            "pages": detail["pages"],
            "parts_seconds": detail["seconds"],
            "site_mb": megabytes(site),
        }
        mount = urlsplit(repository.settings.project.site).path
        with served(site, mount) as base:
            out["first_page"] = first_page(browser, base)
            out["search"] = search_figures(browser, base)
            out["map_frame"] = map_frame(browser, base)
            out |= first_results(browser, base + "about/", "dialog .hit", ("/pagefind/", "/scripts/finder"))
        if count <= peer_limit:
            out["peer"] = peer(Path(name) / "peer", repository, browser)
            out["ratios"] = {key: round(value / out[key], 1) for key, value in out["peer"].items() if out[key]}
        return out


def main() -> None:
    """Measure at each size asked for and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, action="append", help="how many papers; may be given several times")
    parser.add_argument("--peer-limit", type=int, default=5000, help="up to how many papers the peer is built too")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="path of the browser")
    parser.add_argument("--report", type=Path, help="write the figures there too")
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=FLAGS)
        figures = {
            "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]},
            "sizes": [measure(count, browser, options.peer_limit) for count in options.papers or [5000, 50000]],
        }
        browser.close()
    text = json.dumps(figures, indent=2)
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
