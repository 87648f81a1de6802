"""What a benchmark compares: recipes, each with its method and its resolved settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blemish.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Contender:
    """One method with its settings.

    Attributes:
        name: in the tables: the recipe's file name without suffix, or the method's name.
        method: registered name.
        learns_from: as in `blemish.methods.MethodInfo`.
        recipe: recipe file; None takes the method's defaults.
        settings: of recipe and profile, resolved, as plain values.
    """

    name: str
    method: str
    learns_from: str
    recipe: Path | None
    settings: Mapping[str, Any]

    @property
    def sees_defects(self) -> bool:
        """Whether its training is given defective images."""
        return self.learns_from != "normal"


def read_contenders(recipes: Sequence[str], profile: str) -> tuple[Contender, ...]:
    """Find recipes and check their settings, before anything is trained.

    Args:
        recipes: recipe files, names of shipped recipes, or names of methods that have none.
        profile: ``quick`` or ``paper``.

    Raises:
        SettingsError: none, one that does not exist, two of one name, or an impossible setting.
    """
    if not recipes:
        raise SettingsError("Name at least one recipe or method to benchmark.")
    contenders = tuple(_contender(recipe, profile) for recipe in recipes)
    names = [contender.name for contender in contenders]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise SettingsError(f'Two contenders are called "{doubles[0]}"; give the recipe files different names.')
    return contenders


def _contender(given: str, profile: str) -> Contender:
    # Imported here: the processes that measure inspection must not load torch.
    from blemish.training.recipes import find_method, resolve_settings

    method, path = find_method(given)
    if not method.info.exportable:
        raise SettingsError(
            f'Method "{method.info.name}" gives no detector file, and a benchmark tests detector files.'
        )
    settings = resolve_settings(method, recipe=path, profile=profile, overrides={})
    return Contender(
        name=given if path is None else path.stem,
        method=method.info.name,
        learns_from=method.info.learns_from,
        recipe=path and path.absolute(),
        settings=settings.model_dump(mode="json"),
    )
