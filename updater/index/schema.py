"""JSON Schemas of all files under resources/, made from the models, for editors and other programs.

Editors that speak the YAML language server protocol complete and check the files by them; the first line of each file names
its schema. Draft 2020-12 (https://json-schema.org/draft/2020-12).
"""

from __future__ import annotations

import json
from typing import Any, Final

from pydantic import BaseModel

from updater.index.guides import Method, Term
from updater.index.model import Borderline, Gone, Paper, Queued, Rejected, Resource, Snapshot
from updater.index.repository import Repository
from updater.index.state import State
from updater.index.taxonomy import Taxonomy
from updater.merge.venues import Venues
from updater.settings import Settings

FOLDER: Final = "resources/schemas"
_LISTS: Final[dict[str, type[BaseModel]]] = {
    "papers": Paper,
    "rejected": Rejected,
    "borderline": Borderline,
    "queue": Queued,
    "gone": Gone,
    "snapshots": Snapshot,
    "methods": Method,
    "glossary": Term,
}
_MAPPINGS: Final[dict[str, type[BaseModel]]] = {
    "settings": Settings,
    "taxonomy": Taxonomy,
    "state": State,
    "venues": Venues,
}


def all_schemas(repository: Repository) -> dict[str, str]:
    """Path to content of every schema file of this index."""
    taxonomy = repository.taxonomy
    schemas = {name: _list_of(_entry(model, taxonomy)) for name, model in _LISTS.items()}
    schemas |= {kind.file: _list_of(_entry(Resource, taxonomy)) for kind in taxonomy.kinds}
    schemas |= {name: model.model_json_schema() for name, model in _MAPPINGS.items()}
    schemas["background"] = _list_of({"type": "string"})
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {
        f"{FOLDER}/{name}.schema.json": json.dumps({**dialect, **schema}, indent=2, ensure_ascii=False) + "\n"
        for name, schema in sorted(schemas.items())
    }


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    definitions = item.pop("$defs", {})
    return {"type": "array", "items": item, **({"$defs": definitions} if definitions else {})}


def _entry(model: type[BaseModel], taxonomy: Taxonomy) -> dict[str, Any]:
    """The schema of one entry, with the taxonomy's slugs and meanings filled in."""
    schema = model.model_json_schema()
    properties = schema["properties"]
    if "categories" in properties:
        properties["categories"]["items"] = {
            "oneOf": [{"const": c.slug, "title": c.title, "description": c.definition} for c in taxonomy.categories]
        }
        properties["categories"]["uniqueItems"] = True
    for facet in taxonomy.facets:
        if facet.slug in properties:
            properties[facet.slug]["items"] = {
                "oneOf": [{"const": v.slug, "title": v.title, "description": facet.question} for v in facet.values]
            }
            properties[facet.slug]["uniqueItems"] = True
    return schema
