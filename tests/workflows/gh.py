"""A stand-in for GitHub's command line and what it talks to: pull requests and issues in a file, every call noted.

It knows the few calls that the workflows make, and fails on any other.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any


def fields(arguments: list[str]) -> tuple[str, str, dict[str, str], str]:
    """Method, path, fields and jq filter of a call of `gh api`."""
    method, path, values, jq = "GET", "", {}, ""
    at = iter(arguments)
    for word in at:
        if word == "--method":
            method = next(at)
        elif word in ("-f", "-F"):
            key, _, value = next(at).partition("=")
            values[key] = (
                Path(value[1:]).read_text(encoding="utf-8") if word == "-F" and value.startswith("@") else value
            )
        elif word == "--jq":
            jq = next(at)
        elif word == "--silent":
            pass
        elif word.startswith("-") or path:
            sys.exit(f"gh stand-in: {word} is not understood")
        else:
            path = word
    return method, path, values, jq


def api(state: dict[str, Any], arguments: list[str]) -> str:  # noqa: PLR0911 - one for each call
    method, path, values, jq = fields(arguments)
    path = path.removeprefix(f"repos/{os.environ['GITHUB_REPOSITORY']}/")
    number = re.match(r"(?:pulls|issues)/(\d+)", path)
    if (method, path) == ("GET", "pulls"):
        owner, _, branch = values["head"].partition(":")
        assert owner == os.environ["GITHUB_REPOSITORY"].split("/")[0]
        found = [p for p in state["pulls"] if p["head"] == branch and p["state"] == values["state"] == "open"]
        assert jq == ".[0].number // empty"
        return str(found[0]["number"]) if found else ""
    if (method, path) == ("GET", "issues"):
        found = [i for i in state["issues"] if values["labels"] in i["labels"] and i["state"] == values["state"]]
        return str(found[0]["number"]) if found else ""
    if (method, path) in (("POST", "pulls"), ("POST", "issues")):
        made = {"number": len(state["pulls"]) + len(state["issues"]) + 1, "state": "open", **values}
        made["labels"] = [value for key, value in values.items() if key == "labels[]"]
        state[path].append(made)
        return str(made["number"]) if jq == ".number" else ""
    if number and method == "PATCH":
        [thing] = [t for t in state[path.split("/")[0]] if t["number"] == int(number[1])]
        thing.update(values)
        return ""
    if number and method == "POST" and path.endswith("/labels"):
        [thing] = [t for t in state["pulls"] if t["number"] == int(number[1])]
        thing["labels"].append(values["labels[]"])
        return ""
    if number and method == "POST" and path.endswith("/comments"):
        return ""
    if (method, path) == ("POST", "actions/workflows/check.yml/dispatches"):
        state["dispatched"].append(values["ref"])
        return ""
    sys.exit(f"gh stand-in: {method} {path} is not known")


def release(state: dict[str, Any], arguments: list[str]) -> None:
    """`gh release`: view, download of one file to standard output, create."""
    verb, tag, *rest = arguments
    known = state.setdefault("releases", {})
    if verb == "create" and tag not in known:
        options = rest.index("--target")
        known[tag] = {
            "target": rest[options + 1],
            "files": {Path(f).name: Path(f).read_bytes().decode("latin-1") for f in rest[:options]},
        }
    elif verb not in ("view", "download") or tag not in known:
        sys.exit(f"gh stand-in: release {verb} {tag} does not work")
    elif verb == "download":
        assert rest[::2] == ["--pattern", "--output"] and rest[3] == "-"
        sys.stdout.write(known[tag]["files"][rest[1]])


def main(arguments: list[str]) -> None:
    file = Path(os.environ["GH_STATE"])
    state = json.loads(file.read_text(encoding="utf-8"))
    if not os.environ.get("GH_TOKEN"):
        sys.exit("gh: no token")
    with Path(os.environ["CALLS"]).open("a", encoding="utf-8") as calls:
        calls.write(json.dumps(["gh", *arguments]) + "\n")
    if arguments[0] == "api":
        if answer := api(state, arguments[1:]):
            print(answer)
    elif arguments[0] == "release":
        release(state, arguments[1:])
    elif arguments[:2] == ["issue", "comment"]:
        body = Path(arguments[arguments.index("--body-file") + 1]).read_text(encoding="utf-8")
        state["comments"].append({"number": arguments[2], "body": body})
    elif arguments[:2] not in (["auth", "setup-git"], ["pr", "merge"]):
        sys.exit(f"gh stand-in: {arguments} is not known")
    file.write_text(json.dumps(state), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
