"""What was outlined as other programs' label files want it: classes, and outlines without holes, image by image.

Their formats know no holes, so a component with holes is several outlines side by side, which cover it exactly
(`blemish.reports.outlines.rings_without_holes`); they share a group.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from blemish.errors import DataError
from blemish.findings import Finding
from blemish.reports.document import Document
from blemish.reports.outlines import OutlinedComponent, Ring, outline_components, rings_without_holes

UNNAMED = "defect"


@dataclass(frozen=True, slots=True)
class Outline:
    """One outline.

    Attributes:
        label: its class.
        group: outlines of one connected component share this number, from 1 in each image.
        ring: (N, 2), corners (x, y) in pixels, (0, 0) the image's outer corner, the first not repeated.
        score: of the region; None where it is not known.
    """

    label: str
    group: int
    ring: Ring
    score: float | None


def class_names(document: Document) -> list[str]:
    """Classes of everything outlined, by name; one where nothing was."""
    images = [image for image in document.images if image.error is None]
    return sorted({region.label or UNNAMED for image in images for region in image.regions}) or [UNNAMED]


def label_of(component: OutlinedComponent) -> str:
    """The class of a component."""
    return UNNAMED if component.region is None else component.region.label or UNNAMED


def check_recorded(image: Finding) -> None:
    """Raise DataError where an image's size, or the mask of what was found in it, was not recorded."""
    if image.size_px is None or (image.regions and image.mask_file is None):
        raise DataError(f'The findings on "{image.image}" have no mask; inspect again with this version and --out.')


def annotated_images(document: Document) -> Iterator[tuple[Finding, tuple[int, int], list[Outline]]]:
    """Every inspected image with its (width, height) and its outlines.

    Raises:
        DataError: an image's size or mask was not recorded.
    """
    for image in document.images:
        if image.error is not None:
            continue
        check_recorded(image)
        assert image.size_px is not None
        mask = document.read_mask(image)
        outlines = [
            Outline(label_of(component), number, ring, None if component.region is None else component.region.score)
            for number, component in enumerate(() if mask is None else outline_components(mask, image.regions), start=1)
            for ring in rings_without_holes(component, image.size_px[1])
        ]
        yield image, image.size_px, outlines


def label_files(document: Document, folder: Path, suffix: str) -> dict[str, Path]:
    """Where the label file of each inspected image goes: its folders and name below ``folder``, with another suffix.

    Raises:
        DataError: two images would share one, or an image's name leads out of the folder.
    """
    files: dict[str, Path] = {}
    owners: dict[Path, str] = {}
    for image in document.images:
        if image.error is not None:
            continue
        name = PurePosixPath(image.image)
        if name.is_absolute() or ".." in name.parts:
            raise DataError(f'The image "{image.image}" lies in no folder of the inspection; inspect it again.')
        file = folder / name.with_suffix(suffix)
        other = owners.setdefault(file, image.image)
        if image.image in files or other != image.image:
            raise DataError(
                f'"{other}" and "{image.image}" would share the label file "{name.with_suffix(suffix)}"; '
                "rename one of the images and inspect again."
            )
        files[image.image] = file
    return files
