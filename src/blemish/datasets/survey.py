"""One pass over all files of a data set: what reads, how large it is, what the masks cover, what looks alike."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.duplicates import exact_groups, near_duplicate_groups, thumbnail
from blemish.datasets.sample import Sample
from blemish.errors import BlemishError, ImageError
from blemish.images import load_image, range_warning

_LOOKED_AT_FOR_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at an image and its masks showed.

    Attributes:
        size_px: (height, width), None where the image cannot be read.
        problem: why the image cannot be read, a sentence.
        notes: what reading it had to decide.
        likely_range: see `blemish.images.LoadedImage`.
        digest: SHA-256 of its pixels: images with the same one show the same, whatever their files' headers say.
        thumbnail: uint8 (32, 32).
        mask_px: defective pixels by class, for each mask that could be read.
        mask_problem: why a mask cannot be used, a sentence.
    """

    size_px: tuple[int, int] | None = None
    problem: str | None = None
    notes: tuple[str, ...] = ()
    likely_range: tuple[float, float] | None = None
    digest: str = ""
    thumbnail: NDArray[np.uint8] | None = field(default=None, repr=False)
    mask_px: tuple[tuple[str, int], ...] = ()
    mask_problem: str | None = None


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Images that show the same, as positions in the data set.

    Attributes:
        exact: groups of images with the same pixels, two or more each.
        near: groups of images that look the same without having the same pixels, two or more each.
    """

    exact: list[list[int]]
    near: list[list[int]]


def look_at(samples: Sequence[Sample], on_progress: Callable[[], None] | None = None) -> list[Look]:
    """Read every image with its masks once, on all cores.

    Args:
        samples: the images.
        on_progress: called after each image.

    Returns:
        A look for each sample, in their order; what cannot be read is said there and raises nothing.
    """

    def looks() -> Iterator[Look]:
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for look in pool.map(_look_at_one, samples):
                if on_progress is not None:
                    on_progress()
                yield look

    return list(looks())


def find_near_duplicates(looks: Sequence[Look]) -> NearDuplicates:
    """Which images show the same: exactly, or to the eye. Images that cannot be read are left out."""
    readable = [index for index, look in enumerate(looks) if look.thumbnail is not None]
    exact = [[readable[place] for place in group] for group in exact_groups([looks[i].digest for i in readable])]
    repeated = {index for group in exact for index in group[1:]}
    unique = [index for index in readable if index not in repeated]
    thumbnails = [thumb for index in unique if (thumb := looks[index].thumbnail) is not None]
    if not thumbnails:
        return NearDuplicates(exact, [])
    near = near_duplicate_groups(np.stack(thumbnails))
    return NearDuplicates(exact, [[unique[place] for place in group] for group in near])


def depth_warning(samples: Sequence[Sample], *, remedy: str = "give") -> str | None:
    """What to say where the full scale of a set's files is clearly not that of their values; None where it fits.

    A few images, evenly over the set without its test split, are read; one that cannot be is left to whoever reads
    them all.

    Args:
        samples: of the set.
        remedy: see `blemish.images.range_warning`.
    """
    likely = []
    seen = [sample for sample in samples if sample.split != "test"]
    for sample in seen[:: max(1, len(seen) // _LOOKED_AT_FOR_DEPTH)][:_LOOKED_AT_FOR_DEPTH]:
        try:
            likely.append(load_image(sample.path, sample.options).likely_range)
        except ImageError:
            continue
    return range_warning(likely, remedy=remedy)


def _look_at_one(sample: Sample) -> Look:
    try:
        image = load_image(sample.path, sample.options)
    except ImageError as error:
        return Look(problem=str(error))
    height_px, width_px = image.pixels.shape[:2]
    mask_px: list[tuple[str, int]] = []
    mask_problem = None
    try:
        for mask in sample.masks or ():
            mask_px.append((mask.label, int(np.count_nonzero(mask.source.read(height_px, width_px)))))
    except BlemishError as error:
        mask_problem = str(error)
    return Look(
        size_px=(height_px, width_px),
        notes=image.notes,
        likely_range=image.likely_range,
        digest=hashlib.sha256(np.ascontiguousarray(image.pixels).data).hexdigest() + f"{height_px}x{width_px}",
        thumbnail=thumbnail(image.pixels),
        mask_px=tuple(mask_px),
        mask_problem=mask_problem,
    )
