"""The catalogue of methods: what ``blemish methods`` shows on machines without the learning side.

    python -m blemish.training.catalogue

writes ``methods/catalogue.json`` from the registry and the shipped recipes; a test fails where the file is out of date.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import blemish.methods
from blemish.files import write_text
from blemish.methods import get_method, method_names
from blemish.training.recipes import read_recipe, resolve_settings, shipped_recipes

FILE = Path(blemish.methods.__file__).with_name("catalogue.json")


def catalogue() -> dict[str, Any]:
    """All registered methods with the settings that ``blemish train`` takes, and the shipped recipes by method.

    Returns:
        ``methods``: a list of name, learns_from, localises, on_series, exportable, summary and settings, by name. Each
        setting has its JSON schema and its value in the profiles ``quick`` and ``paper``.
        ``recipes``: the method of every shipped recipe.
    """
    return {
        "methods": [_described(name) for name in method_names()],
        "recipes": {name: read_recipe(path).method for name, path in shipped_recipes().items()},
    }


def _described(name: str) -> dict[str, Any]:
    method = get_method(name)
    schema: dict[str, dict[str, Any]] = method.Settings.model_json_schema()["properties"]
    profiles = {
        profile: resolve_settings(method, recipe=None, profile=profile, overrides={}).model_dump(mode="json")
        for profile in ("quick", "paper")
    }
    settings = {
        key: {word: value for word, value in field.items() if word not in ("title", "default")}
        | {profile: values[key] for profile, values in profiles.items()}
        for key, field in schema.items()
    }
    info = method.info
    facts = {slot: getattr(info, slot) for slot in ("name", "learns_from", "localises", "on_series", "exportable")}
    return {**facts, "summary": info.summary, "settings": settings}


def as_text() -> str:
    """The catalogue as it stands in the file."""
    return json.dumps(catalogue(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    write_text(FILE, as_text())
