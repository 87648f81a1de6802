"""The domains of wild_cracks.py: which sources each of them is, what is trained without it and validated on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import yaml

from blemish.datasets import Dataset, Sample, read_dataset
from blemish.datasets.readers.mixture_recipe import MixedSource, read_recipe_of_mixture
from blemish.files import write_text
from blemish.images import list_images, read_image
from blemish.images.writing import write_jpeg
from blemish.synthesis import SynthesisSettings, write_synthesis

ROOT = Path(__file__).resolve().parents[1]
RECIPE = ROOT / "recipes" / "sources" / "concrete-crack.yaml"
PAINTED = ROOT / "recipes" / "sources" / "concrete-crack-painted.yaml"
DRAWING = SynthesisSettings(distractors_mean=1.0, uncracked_distractors_mean=2.4, min_visibility=0.35)
# Worn asphalt: shallow cracks that the grain breaks up.
WORN = SynthesisSettings(
    distractors_mean=0.5,
    uncracked_distractors_mean=1.5,
    min_visibility=0.2,
    ragged_fraction=0.85,
    crack_width_px=(1.5, 20.0),
    surfaces={"asphalt": 5, "aggregate": 1, "concrete": 1},
    grain_px=(0.7, 3.0),
    perspective_fraction=0.2,
    networks={"single": 4.0, "branched": 2.0, "several": 1.0, "map": 1.0},
    light_crack_fraction=0.0,
)
# Old walls outdoors: stains and blotches, and faint cracks with chipped and lit edges.
WEATHERED = SynthesisSettings(
    distractors_mean=1.0,
    uncracked_distractors_mean=2.4,
    min_visibility=0.2,
    ragged_fraction=0.4,
    crack_width_px=(0.8, 16.0),
    surfaces={"weathered": 1.0},
    grain_px=(0.7, 4.0),
    perspective_fraction=0.25,
    networks={"single": 4.0, "branched": 2.5, "several": 1.0, "map": 0.6, "star": 0.6},
)
# What is taken for a crack: joints, edges, cables, plants, windows.
LOOK_ALIKE = SynthesisSettings(
    distractors_mean=2.0,
    uncracked_distractors_mean=3.5,
    min_visibility=0.35,
    surfaces={"brick": 2, "paving": 3, "tiles": 2, "rubble": 3, "wood": 1, "metal": 1, "ground": 1, "shuttering": 1},
    distractors=dict.fromkeys(("joint", "edge", "cable", "twig", "grass", "leaves", "window", "metalwork"), 1.0)
    | {"branch_shadow": 1.0}
    | {"lettering": 0.5, "paint_mark": 0.5, "water_run": 0.5},
)
DRAWN = {
    "drawn": (2000, 1, 0.6, DRAWING),
    "drawn-worn": (900, 11, 0.65, WORN),
    "drawn-look-alikes": (600, 12, 0.2, LOOK_ALIKE),
    "drawn-weathered": (900, 21, 0.6, WEATHERED),
}
# Without a crack, and in no recipe: no training sees them, and they calibrate.
FRESH = {
    "fresh": (200, 31, 0.0, DRAWING),
    "fresh-worn": (60, 32, 0.0, WORN),
    "fresh-look-alikes": (64, 33, 0.0, LOOK_ALIKE),
    "fresh-weathered": (60, 34, 0.0, WEATHERED),
}
METU_CRACKED = 300
# Of each source, on either side: enough for per cents.
MAX_VALIDATED = 300


@dataclass(frozen=True)
class Domain:
    """One kind of surface.

    Attributes:
        name: short.
        words: what its sources' names start with.
        has_masks: False: judged by image alone.
    """

    name: str
    words: tuple[str, ...]
    has_masks: bool = True


DOMAINS = {
    domain.name: domain
    for domain in (
        Domain("structures", ("SDNET2018 walls and decks",)),
        Domain("pavements", ("SDNET2018 pavements",)),
        Domain("asphalt", ("SUT-Crack",)),
        Domain("drone", ("drone",)),
        Domain("metu", ("METU",), has_masks=False),
        Domain("drawn", ("drawings",)),
    )
}


def recipe_without(
    domains: Sequence[str], folder: Path, *, max_images: int | None = None, painted: bool = False, patches: int = 1
) -> Path:
    """A recipe with every source but those of some domains, written into ``folder``.

    ``max_images`` of each source at most, for shorter trainings; with ``painted`` also cracks drawn on photos; with
    ``patches`` so many times as many of the crack-free patches, of which a recipe takes a part only.
    """
    left = tuple(word for domain in domains for word in DOMAINS[domain].words)
    name = "-".join(domains) or "none"
    recipes = (RECIPE, PAINTED) if painted else (RECIPE,)
    path = folder / f"without-{name}.yaml"
    return _write(lambda name: not (left and name.startswith(left)), path, max_images, recipes, patches)


def validation_set(domain: str, folder: Path, *, split: str = "train") -> Dataset:
    """The images of a domain on one side of the test split: ``train`` validates what was trained without it."""
    words = DOMAINS[domain].words
    found = read_dataset(_write(lambda name: name.startswith(words), folder / f"only-{domain}.yaml", MAX_VALIDATED))
    found = found.where(lambda sample: (sample.split == "test") == (split == "test"))
    if DOMAINS[domain].has_masks:
        return found
    return replace(found, samples=(*found.samples, *_metu_cracked(split)))


def _metu_cracked(split: str) -> tuple[Sample, ...]:
    """Cracked METU patches, which no training sees: every 60th, and others for the test."""
    folder = Path(os.environ["CRACK_SOURCES"]) / "metu" / "Positive"
    images = list_images([folder]).images
    step = len(images) // METU_CRACKED
    return tuple(Sample(image, "crack", defective=True) for image in images[(split == "test") :: step])


def _write(
    keep: Callable[[str], bool],
    path: Path,
    max_images: int | None = None,
    recipes: Sequence[Path] = (RECIPE,),
    patches: int = 1,
) -> Path:
    recipe = read_recipe_of_mixture(RECIPE)
    sources = tuple(
        source.model_copy(update={"max_images": min(filter(None, (_most(source, patches), max_images)), default=None)})
        for file in recipes
        for source in read_recipe_of_mixture(file).sources
        if keep(source.name)
    )
    content = recipe.model_copy(update={"sources": sources, "name": path.stem}).model_dump(mode="json")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return path


def _most(source: MixedSource, patches: int) -> int | None:
    return source.max_images and source.max_images * (patches if source.content == "normal" else 1)


def prepare(folder: Path, data: Path) -> None:
    """Draw the drawings and repeat the textures to walls; what is there already stays."""
    for name, (count, seed, fraction, settings) in (DRAWN | FRESH).items():
        if not (folder / name).exists():
            print(f"Drawing {count} images …")
            write_synthesis(
                folder / name,
                n=count,
                seed=seed,
                size_px=384,
                crack_fraction=fraction,
                test_fraction=0.1 if name in DRAWN else 0.0,
                settings=settings,
            )
    textures = folder / "textures"
    textures.mkdir(parents=True, exist_ok=True)
    for path in list_images([data / "open-cracks" / "textures_cc0" / "images"]).images:
        target = textures / f"{path.stem}.jpg"
        if not target.exists():
            write_jpeg(target, _wall(read_image(path), path.stem), quality=92)


def _wall(tile: np.ndarray, name: str) -> np.ndarray:
    """A seamless tile repeated to a wall of 512 px, at another scale for each name."""
    rng = np.random.default_rng(list(name.encode()))
    side_px = int(rng.integers(96, 257))
    small = cv2.resize(tile, (side_px, side_px), interpolation=cv2.INTER_AREA if side_px < 128 else cv2.INTER_CUBIC)
    times = -(-512 // side_px)
    return np.ascontiguousarray(np.tile(small, (times, times, 1))[:512, :512])
