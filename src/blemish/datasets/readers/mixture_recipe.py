"""A recipe (YAML) that mixes several sources of images by weight into one data set, each with its licence.

Photos that must stay together form groups by a pattern of their file names, and the test split is drawn from the name
of the group alone: a recipe with fewer or more sources never moves a photo from one side to the other.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from blemish.datasets.sample import Dataset, Sample
from blemish.datasets.sources import Source
from blemish.errors import DataError
from blemish.images import ReadOptions, list_images

_SUFFIXES = (".yaml", ".yml")

ReadFolder = Callable[[Path], Dataset]


class MixedSource(BaseModel):
    """One entry of a recipe."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1, description="short name")
    path: str = Field(description="its data set; relative to the recipe, and may name variables such as $BLEMISH_DATA")
    weight: float = Field(gt=0, description="how much of the training it is, relative to the other sources")
    licence: str = Field(min_length=1, description="SPDX identifier of the images' licence, or what is known of it")
    attribution: str = Field(min_length=1, description="what the licence wants said")
    content: Literal["labelled", "normal"] = Field(
        "labelled", description="labelled: as its layout says; normal: every image in the folder is free of defects"
    )
    only: str = Field("", description="pattern that the path within the source must contain; others are left out")
    group: str = Field(
        "", description="pattern whose groups in brackets, joined, name what must stay together (a photo, a wall)"
    )
    family: str = Field("", description="sources of one family share their groups; empty: a family of its own")
    max_images: int | None = Field(
        None, ge=1, description="most of its training images taken, and test images, drawn by name"
    )

    @field_validator("only", "group")
    @classmethod
    def _is_pattern(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"no pattern: {error}") from None
        return pattern


class MixtureRecipe(BaseModel):
    """What such a file says."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(min_length=1)
    test_fraction: float = Field(0.25, ge=0, lt=1, description="fraction of the groups that no training sees")
    sources: tuple[MixedSource, ...] = Field(min_length=1)


def is_mixture(path: Path) -> bool:
    """Whether a path is such a recipe; any other YAML file is none."""
    if path.suffix.lower() not in _SUFFIXES or not path.is_file():
        return False
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return False
    return isinstance(content, dict) and "sources" in content


def read_recipe_of_mixture(path: Path) -> MixtureRecipe:
    """The recipe in a file. Raises DataError where it is none, naming what is wrong."""
    content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        return MixtureRecipe.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ")
        raise DataError(f'The mixture "{path}" cannot be read at "{place}": {reason}.') from None


def read_mixture(path: Path, options: ReadOptions, read_folder: ReadFolder) -> Dataset:
    """All sources as one data set; `Dataset.sources` names them and `Sample.weight` carries their weights.

    Args:
        path: the recipe.
        options: how its images will be read.
        read_folder: reads a source whose layout tells what is defective.

    Raises:
        DataError: a recipe that cannot be, a source that is missing or gives no image, or an image in two sources.
    """
    recipe = read_recipe_of_mixture(path)
    samples: list[Sample] = []
    sources: list[Source] = []
    classes: dict[str, None] = {}
    seen: dict[Path, str] = {}
    for entry in recipe.sources:
        found, of_source = _read_source(entry, path, recipe.test_fraction, read_folder)
        classes |= dict.fromkeys(of_source)
        trained = sum(sample.split != "test" for sample in found)
        weight = entry.weight / max(trained, 1)
        for sample in found:
            if sample.path in seen:
                raise DataError(
                    f'"{sample.path}" stands in two sources of "{path}": "{seen[sample.path]}" and "{entry.name}".'
                )
            seen[sample.path] = entry.name
            samples.append(replace(sample, weight=weight, options=options))
        sources.append(
            Source(
                name=entry.name,
                licence=entry.licence,
                attribution=entry.attribution,
                weight=entry.weight,
                n_images=trained,
            )
        )
    notes = tuple(source.describe() for source in sources)
    ordered = tuple(sorted(samples, key=lambda sample: sample.path))
    layout = f"mixture of {len(sources)} sources"
    return Dataset(recipe.name, path, layout, ordered, tuple(classes), notes, sources=tuple(sources))


def _read_source(
    entry: MixedSource, recipe: Path, test_fraction: float, read_folder: ReadFolder
) -> tuple[list[Sample], tuple[str, ...]]:
    root = _place(entry, recipe)
    if entry.content == "normal":
        images = list_images([root]).images
        samples = [Sample(image, "good", defective=False, masks=()) for image in images]
        classes: tuple[str, ...] = ()
    else:
        dataset = read_folder(root)
        samples, classes = list(dataset.samples), dataset.classes
    named = [(sample, _name(sample.path, root)) for sample in samples]
    kept = [(sample, name) for sample, name in named if re.search(entry.only, name)]
    if not kept:
        raise DataError(f'The source "{entry.name}" of "{recipe}" gives no image: nothing in "{root}" fits.')
    placed = [_with_split(sample, name, entry, test_fraction) for sample, name in kept]
    if entry.max_images is not None:
        placed = _some(placed, root, entry.max_images)
    return placed, classes


def _with_split(sample: Sample, name: str, entry: MixedSource, test_fraction: float) -> Sample:
    match = re.search(entry.group, name) if entry.group else None
    if entry.group and match is None:
        raise DataError(f'The pattern "{entry.group}" of "{entry.name}" does not fit "{name}".')
    key = name if match is None else "".join(match.groups() or (match.group(),))
    group = f"{entry.family or entry.name}:{key}"
    split = sample.split or ("test" if _fraction(f"test:{group}") < test_fraction else "train")
    return replace(sample, group=group, split=split)


def _some(samples: list[Sample], root: Path, count: int) -> list[Sample]:
    """So many training images, and as many test images, drawn by their names."""
    drawn = sorted(samples, key=lambda sample: _fraction(f"some:{_name(sample.path, root)}"))
    train = [sample for sample in drawn if sample.split != "test"][:count]
    return train + [sample for sample in drawn if sample.split == "test"][:count]


def _place(entry: MixedSource, recipe: Path) -> Path:
    expanded = os.path.expandvars(entry.path)
    if "$" in expanded:
        raise DataError(f'The source "{entry.name}" lies in "{entry.path}"; set that variable.')
    place = recipe.parent / Path(expanded).expanduser()
    if not place.exists():
        raise DataError(f'There is nothing at "{place}", where "{recipe}" has its source "{entry.name}".')
    return place


def _name(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def _fraction(text: str) -> float:
    """A number in [0, 1) that depends on a text alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64
