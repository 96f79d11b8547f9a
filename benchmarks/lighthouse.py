"""Google's Lighthouse on the built website, on this machine: performance, accessibility, best practices, search engines.

    mi-index build
    npm install --prefix /tmp/lighthouse lighthouse@12.8.2
    python benchmarks/lighthouse.py --lighthouse /tmp/lighthouse/node_modules/.bin/lighthouse

Serves build/site on loopback as it will be published, runs Lighthouse on one page of each kind in Debian's headless Chromium,
and prints the scores (0 to 100), the versions, and every audit below the full mark. The default is Lighthouse's own: a
middling phone on a slow line, simulated from an unthrottled load; `--desktop` is its other preset. Performance depends on
what else the machine is doing (the load is printed); the other three do not. Nothing is asserted and nothing is installed.

What a server on loopback cannot show is left out of the run, each with its reason in `LEFT_OUT`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from updater.index.repository import Repository
from updater.render.build import SITE
from updater.render.serve import server

ROOT: Final = Path(__file__).parent.parent
PAGES: Final = (
    "", "explore/", "explore/?q=steering", "papers/2211.00593/", "categories/sparse-autoencoders/", "map/",
    "methods/activation-patching/", "libraries/", "pictures/",
)  # fmt: skip
CATEGORIES: Final = ("performance", "accessibility", "best-practices", "seo")
LEFT_OUT: Final = {
    "is-on-https": "loopback is plain HTTP; GitHub Pages is HTTPS",
    "redirects-http": "as above",
    "uses-http2": "Python's own server speaks HTTP/1.1; GitHub Pages HTTP/2",
    "modern-http-insight": "as above",
    "uses-long-cache-ttl": "the loopback server sends no Cache-Control; GitHub Pages sends ten minutes and takes no setting",
    "cache-insight": "as above",
    "robots-txt": "it is looked for at the root of the host, which a site below /index/ does not own",
    "canonical": "the canonical address is that of the published site, not of loopback",
}
"""Audits that are not run, and why."""
FLAGS: Final = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"


def audit(program: str, chromium: str, url: str, *, desktop: bool) -> dict[str, Any]:
    """Lighthouse's report on one address; SystemExit with its message if it fails."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.json"
        command = [program, url, "--quiet", "--output=json", f"--output-path={out}", f"--chrome-flags={FLAGS}"]
        command += [f"--only-categories={','.join(CATEGORIES)}", f"--skip-audits={','.join(LEFT_OUT)}"]
        command += ["--preset=desktop"] if desktop else []
        environment = {**os.environ, "CHROME_PATH": chromium}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode or not out.exists():
            raise SystemExit(f"{url}: Lighthouse failed (exit {done.returncode})\n{done.stderr[-2000:]}")
        report: dict[str, Any] = json.loads(out.read_bytes())
    return report


def scores(report: dict[str, Any]) -> dict[str, int]:
    """Score by category, 0 to 100."""
    return {name: round(100 * (report["categories"][name]["score"] or 0)) for name in CATEGORIES}


def below(report: dict[str, Any]) -> dict[str, str]:
    """Every audit below the full mark that counts towards a score or tells of a saving: what it says, and where."""
    counted = {ref["id"] for name in CATEGORIES for ref in report["categories"][name]["auditRefs"] if ref["weight"]}
    out = {}
    for key, found in report["audits"].items():
        score = found.get("score")
        if score is None or score >= 0.9 or found["scoreDisplayMode"] in ("notApplicable", "manual", "informative"):
            continue
        if key not in counted and found["scoreDisplayMode"] != "metricSavings":
            continue
        items = (found.get("details") or {}).get("items") or []
        places = [
            (item.get("node") or {}).get("selector") or item.get("url") for item in items if isinstance(item, dict)
        ]
        out[key] = ": ".join([found.get("displayValue") or found["title"], *[str(p) for p in places[:3] if p]])
    return out


def main() -> int:
    """Run Lighthouse on each page and print what it found as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lighthouse", default=shutil.which("lighthouse"), help="path of the program")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="path of the browser")
    parser.add_argument("--root", type=Path, default=ROOT, help="the index whose built site is looked at")
    parser.add_argument("--page", action="append", help="an address below the site's root; may be given several times")
    parser.add_argument("--desktop", action="store_true", help="a fast computer instead of a middling phone")
    parser.add_argument("--runs", type=int, default=1, help="how often; the median of the scores is taken")
    options = parser.parse_args()
    if not options.lighthouse or not options.chromium:
        parser.error("Lighthouse and Chromium are needed: see --lighthouse and --chromium, and the top of this file")
    site = options.root / SITE
    if not site.is_dir():
        parser.error(f"{site} is missing: mi-index build makes it")
    mount = urlsplit(Repository(options.root).settings.project.site).path or "/"
    figures: dict[str, Any] = {"pages": {}}
    with server(site, mount) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{running.server_address[1]}{mount}"
        for path in options.page or PAGES:
            reports = [
                audit(options.lighthouse, options.chromium, base + path, desktop=options.desktop)
                for _ in range(options.runs)
            ]
            each = [scores(report) for report in reports]
            figures["pages"][path or "(home)"] = {
                "scores": {name: round(statistics.median(one[name] for one in each)) for name in CATEGORIES},
                "below": below(reports[-1]),
                "load": round(os.getloadavg()[0], 1),
            }
            figures["lighthouse"] = reports[-1]["lighthouseVersion"]
            figures["chromium"] = reports[-1]["environment"]["hostUserAgent"]
            print(path or "(home)", *figures["pages"][path or "(home)"]["scores"].values(), file=sys.stderr)
        running.shutdown()
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
