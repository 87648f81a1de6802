"""Methods and settings from recipes, profiles and ``--set``: found, merged and checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from blemish.errors import SettingsError, did_you_mean
from blemish.methods import Method, MethodSettings, get_method, method_names

_PROFILES = ("quick", "paper")
_SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Recipe:
    """One published experiment: a method and its settings by profile (``quick``, ``paper``)."""

    method: str
    profiles: Mapping[str, Mapping[str, Any]]


def shipped_recipes() -> dict[str, Path]:
    """Recipes that come with blemish, by name."""
    package = Path(__file__).parents[1]
    # Inside an installed package, or two folders up in a checkout.
    folders = (package / "recipes", package.parent.parent / "recipes")
    folder = next((each for each in folders if each.is_dir()), None)
    return {} if folder is None else {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def read_recipe(path: Path) -> Recipe:
    """Read a recipe file. Raises SettingsError when it is missing or not a recipe."""
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f'The recipe "{path}" cannot be read: {error.strerror}.') from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f'The recipe "{path}" is not YAML: {str(error).splitlines()[0]}.') from error
    if not isinstance(content, dict) or not isinstance(content.get("method"), str):
        raise SettingsError(f'The recipe "{path}" must be a mapping with "method" and "profiles".')
    profiles = content.get("profiles") or {}
    if not isinstance(profiles, dict) or not all(isinstance(values, dict | None) for values in profiles.values()):
        raise SettingsError(f'"profiles" in the recipe "{path}" must map quick and paper to settings.')
    return Recipe(content["method"], {name: values or {} for name, values in profiles.items()})


def find_method(name: str) -> tuple[type[Method], Path | None]:
    """The method that a person means, and the recipe with its settings, if there is one.

    Args:
        name: a shipped recipe, a recipe file (.yaml), or a registered method.

    Raises:
        SettingsError: there is no such recipe or method, or the file is no recipe.
    """
    shipped = shipped_recipes()
    path = Path(name) if Path(name).suffix in _SUFFIXES else shipped.get(name)
    if path is not None:
        return get_method(read_recipe(path).method), path
    if name not in method_names():
        known = {*shipped, *method_names()}
        raise SettingsError(f'There is no method or recipe "{name}".{did_you_mean(name, known)}')
    return get_method(name), None


def resolve_settings(
    method: type[Method], *, recipe: Path | None, profile: str, overrides: Mapping[str, Any]
) -> MethodSettings:
    """Settings of a method: its defaults, then the recipe's profile, then what was set by hand.

    ``recipe`` is a file or the name of a shipped recipe. Without it the shipped one named after the method is taken,
    where there is one.

    Raises:
        SettingsError: an unknown name, an impossible value, or a recipe for another method.
    """
    if profile not in _PROFILES:
        raise SettingsError(f'There is no profile "{profile}".{did_you_mean(profile, _PROFILES)}')
    shipped = shipped_recipes()
    path = shipped.get(method.info.name) if recipe is None else shipped.get(str(recipe), recipe)
    values: dict[str, Any] = {}
    if path is not None:
        found = read_recipe(path)
        if found.method != method.info.name:
            raise SettingsError(f'The recipe "{path}" is for "{found.method}", not for "{method.info.name}".')
        if profile not in found.profiles:
            raise SettingsError(
                f'The recipe "{path}" has no profile "{profile}".{did_you_mean(profile, found.profiles)}'
            )
        values.update(found.profiles[profile])
    return _validated(method, {**values, **overrides})


def parse_assignments(assignments: Iterable[str]) -> dict[str, Any]:
    """``["epochs=3", "encoder=plain"]`` as a mapping, values read as YAML. Raises SettingsError without a ``=``."""
    values: dict[str, Any] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals or not key.strip():
            raise SettingsError(f'"--set {assignment}" must look like --set key=value.')
        try:
            values[key.strip()] = yaml.safe_load(text)
        except yaml.YAMLError:
            values[key.strip()] = text
    return values


def _validated(method: type[Method], values: Mapping[str, Any]) -> MethodSettings:
    try:
        return method.Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            hint = did_you_mean(key, method.Settings.model_fields)
            raise SettingsError(f'Method "{method.info.name}" has no setting "{key}".{hint}') from None
        reason = first["msg"].removeprefix("Value error, ")
        if not key:
            raise SettingsError(f'These settings of "{method.info.name}" do not go together: {reason}.') from None
        raise SettingsError(
            f'Setting "{key}" of "{method.info.name}" cannot be {first["input"]!r}: {reason}.'
        ) from None
