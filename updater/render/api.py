"""The JSON API: static files under api/v1/, documented on the page /about/data/ and by JSON Schemas beside them.

Version 1 only ever gains keys. A change that takes something away would be api/v2/, beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from updater.index.model import Paper, Resource, Snapshot
from updater.render import citations, snapshots
from updater.render.catalogue import Catalogue, Entry
from updater.render.exports import FORMATS, item_data, paper_data
from updater.render.feeds import OPML
from updater.render.pages import Writer

FOLDER: Final = "api/v1"


def write(writer: Writer, catalogue: Catalogue, keys: Mapping[str, str]) -> None:
    """Write every file of the API; `keys` are citation keys by id."""
    site = catalogue.settings.project.site
    for entry in catalogue.entries:
        _put(writer, f"papers/{entry.id}.json", {**paper_data(entry.paper), **_around(site, entry, keys[entry.id])})
    for year, shelf in catalogue.years.items():
        _put(writer, f"papers/year/{year}.json", _listing(catalogue, [paper_data(e.paper) for e in shelf.entries]))
    for slug, shelf in catalogue.categories.items():
        _put(writer, f"categories/{slug}.json", _listing(catalogue, [paper_data(e.paper) for e in shelf.entries]))
    for kind in catalogue.taxonomy.kinds:
        items = [{**item_data(item), "page": f"{site}{item.path}"} for item in catalogue.kinds[kind.slug]]
        _put(writer, f"{kind.file}.json", _listing(catalogue, items))
    _put(writer, "new.json", _listing(catalogue, [paper_data(e.paper) for e in catalogue.this_month]))
    _put(writer, "taxonomy.json", catalogue.taxonomy.model_dump(by_alias=True))
    _put(writer, "gone.json", _listing(catalogue, [gone.to_data() for gone in catalogue.gone]))
    _put(writer, "snapshots.json", _listing(catalogue, [_snapshot(catalogue, one) for one in catalogue.snapshots]))
    _put(writer, "index.json", overview(catalogue))
    _put(writer, "schema/paper.json", _schema(Paper, "paper", _AROUND_SCHEMA))
    _put(writer, "schema/resource.json", _schema(Resource, "resource", {"page": {"type": "string", "format": "uri"}}))


def overview(catalogue: Catalogue) -> dict[str, Any]:
    """What there is, up to which day, and where: the file to begin with."""
    site = catalogue.settings.project.site
    as_of = catalogue.as_of
    return {
        "version": 1,
        "name": catalogue.settings.project.name,
        "licence": "CC0-1.0",
        "read_until": as_of.day.isoformat() if as_of.day else None,
        "gaps": [{"first": str(first), "last": str(last)} for first, last in as_of.gaps],
        "newest": as_of.newest,
        "counts": {
            "paper": len(catalogue.entries),
            **{kind.slug: len(catalogue.kinds[kind.slug]) for kind in catalogue.taxonomy.kinds},
        },
        "papers": {
            "one": f"{site}{FOLDER}/papers/{{id}}.json",
            "years": {year: f"{site}{FOLDER}/papers/year/{year}.json" for year in catalogue.years},
            "categories": {slug: f"{site}{FOLDER}/categories/{slug}.json" for slug in catalogue.categories},
            "new": f"{site}{FOLDER}/new.json",
        },
        "resources": {kind.slug: f"{site}{FOLDER}/{kind.file}.json" for kind in catalogue.taxonomy.kinds},
        "taxonomy": f"{site}{FOLDER}/taxonomy.json",
        "gone": f"{site}{FOLDER}/gone.json",
        "exports": {
            **{form: f"{site}exports/all.{made.ending}" for form, made in FORMATS.items()},
            "checksums": f"{site}exports/SHA256SUMS",
        },
        "feeds": {
            "all": f"{site}feeds/all.xml",
            "list": f"{site}{OPML}",
            "categories": {slug: f"{site}feeds/{slug}.xml" for slug in catalogue.categories},
        },
        "snapshots": f"{site}{FOLDER}/snapshots.json",
        "schemas": {name: f"{site}{FOLDER}/schema/{name}.json" for name in ("paper", "resource")},
    }


def _snapshot(catalogue: Catalogue, snapshot: Snapshot) -> dict[str, Any]:
    project = catalogue.settings.project
    return {
        **snapshot.to_data(),
        "page": f"{project.site}{snapshots.FOLDER}/{snapshot.id}/",
        "download": snapshots.download(project, snapshot.id),
    }


def _around(site: str, entry: Entry, key: str) -> dict[str, Any]:
    out: dict[str, Any] = {
        "page": f"{site}{entry.path}",
        "bibtex": citations.bibtex(entry.paper, key),
        "related": [other.id for other in entry.related],
    }
    if entry.trace and entry.paper.status == "auto":
        out["probability"] = entry.trace.probability
    if entry.trace:
        out["because"] = [{"term": term, "weight": weight} for term, weight in entry.trace.because]
    return out


_AROUND_SCHEMA: Final[dict[str, Any]] = {
    "page": {"type": "string", "format": "uri"},
    "bibtex": {"type": "string"},
    "related": {"type": "array", "items": {"type": "string"}},
    "probability": {"type": "number", "minimum": 0, "maximum": 1},
    "because": {
        "type": "array",
        "items": {"type": "object", "properties": {"term": {"type": "string"}, "weight": {"type": "number"}}},
    },
}


def _listing(catalogue: Catalogue, items: list[dict[str, Any]]) -> dict[str, Any]:
    as_of = catalogue.as_of
    return {"read_until": as_of.day.isoformat() if as_of.day else None, "count": len(items), "items": items}


def _schema(model: type[Paper] | type[Resource], name: str, further: dict[str, Any]) -> dict[str, Any]:
    schema = model.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = name
    schema["properties"] = {"kind": {"type": "string"}, **schema["properties"], **further}
    schema["required"] = ["kind", *schema.get("required", [])]
    schema["additionalProperties"] = True  # version 1 may gain keys
    return schema


def _put(writer: Writer, path: str, value: Any) -> None:
    writer.file(f"{FOLDER}/{path}", orjson.dumps(value))
