"""Grades of crack widths, as data: what codes and guidelines call such a width.

A grade sorts cracks for a person to look at. Limits in codes are for calculated widths under stated loads; no
measured width passes or fails a structure, and nothing here says so.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from blemish.errors import SettingsError, did_you_mean
from blemish.measurement.crack import Crack

_SHIPPED = files("blemish.measurement") / "grades"


class GradeScale(BaseModel):
    """Steps of width with a name each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, description="what the report calls it")
    edges_mm: tuple[float, ...] = Field(min_length=1, description="rising, above 0; a width on an edge is above it")
    labels: tuple[str, ...] = Field(description="one more than edges: below the first, between, from the last on")
    source: str = Field(min_length=1, description="where the steps come from; reports print it")
    note: str = Field("A guide, no verdict on the structure.", description="what to keep in mind; reports print it")
    status: Literal["verified", "secondary", "unconfirmed", "own"] = Field(
        "own",
        description="how sure the steps are: read in the source, in a secondary one, not confirmed, or the user's own",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not all(0 < edge < float("inf") for edge in self.edges_mm):
            raise ValueError("edges_mm must be numbers above 0")
        if not all(low < high for low, high in pairwise(self.edges_mm)):
            raise ValueError("edges_mm must rise")
        if len(self.labels) != len(self.edges_mm) + 1:
            raise ValueError(f"{len(self.edges_mm)} edges need {len(self.edges_mm) + 1} labels, not {len(self.labels)}")
        return self

    def grade_of(self, width_mm: float) -> str:
        """The label for a width in millimetres."""
        return self.labels[bisect_right(self.edges_mm, width_mm)]

    def grades_within(self, width_mm: float, uncertainty_mm: float) -> tuple[str, ...]:
        """All labels that the width may deserve, mildest first: more than one near an edge."""
        first = bisect_right(self.edges_mm, width_mm - uncertainty_mm)
        last = bisect_right(self.edges_mm, width_mm + uncertainty_mm)
        return self.labels[first : last + 1]

    def graded(self, crack: Crack) -> Crack:
        """The crack with its grades; without any where it has no millimetres."""
        if crack.mm is None:
            return replace(crack, grade=None, grades_within=())
        within = self.grades_within(crack.mm.max_width, crack.mm.width_uncertainty)
        return replace(crack, grade=self.grade_of(crack.mm.max_width), grades_within=within)


def shipped_grades() -> tuple[str, ...]:
    """Names of the grade scales that come with blemish."""
    return tuple(
        sorted(entry.name.removesuffix(".yaml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".yaml"))
    )


def load_grades(name: str | Path) -> GradeScale:
    """Read a grade scale.

    Args:
        name: one of `shipped_grades`, or a YAML file with the fields of `GradeScale`.

    Raises:
        SettingsError: no such name or file, or the file is not a grade scale.
    """
    import yaml  # here, so that measuring without grades need not wait for it

    text, where = _text(name)
    try:
        return GradeScale.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise SettingsError(f'The grade scale "{where}" is not YAML: {str(error).splitlines()[0]}.') from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise SettingsError(
            f'The grade scale "{where}" is not usable: {f"{place}: " if place else ""}{reason}.'
        ) from error


def _text(name: str | Path) -> tuple[str, str]:
    if str(name) in shipped_grades():
        return (_SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"), str(name)
    path = Path(name).expanduser()
    if path.suffix.lower() not in {".yaml", ".yml"} and not path.is_file():
        raise SettingsError(
            f'There is no grade scale "{name}".{did_you_mean(str(name), shipped_grades())} A YAML file works, too.'
        )
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise SettingsError(f'The grade scale "{path}" cannot be read: {reason}.') from error
