"""The verb `measure`: a mask from anywhere in; measured cracks out, and how they changed since an earlier one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.mask_values import looks_like_mask, read_layer
from blemish.datasets.masks import FileMask
from blemish.detectors import ImageLike, Measuring, ScaleOf, source_of
from blemish.errors import DataError, SettingsError
from blemish.findings import crack_record
from blemish.images import BitRange, LoadedImage, ReadOptions, image_size_px
from blemish.measurement import (
    Crack,
    CrackChange,
    GradeScale,
    Scale,
    compare_cracks,
    doubts_of,
    measure_mask,
    register_images,
)
from blemish.measurement.scale_sources import Seen
from blemish.measurement.small_components import remove_small_components
from blemish.reports.overlays import outline
from blemish.reports.pictures import data_uri, save_picture, show, view

MaskLike = Path | str | NDArray[np.bool_]
"""A mask's file, or bool (H, W), True inside cracks."""

# A mask that is set on more than this fraction of its pixels is the wrong way round.
_MAX_SET = 0.9
_SHOWN_PX = 640


@dataclass(frozen=True, slots=True)
class MaskMeasurement:
    """What `blemish.measure` returns.

    Attributes:
        cracks: widest first.
        changes: what became of each crack since the earlier mask; None without one.
        scale: size of a pixel; None without one.
        grades: what widths were graded by; None without a scale.
        notes: what was left out, a sentence each.
        small_components: connected components of the mask that were too short for a crack.
        left_out: cracks that were too many to be measured.
        pixels: the mask, bool (H, W).
        image: the image, uint8 RGB (H, W, 3); None without one.
    """

    cracks: tuple[Crack, ...]
    changes: tuple[CrackChange, ...] | None
    scale: Scale | None
    grades: GradeScale | None
    notes: tuple[str, ...]
    small_components: int
    left_out: int
    pixels: NDArray[np.bool_] = field(repr=False)
    image: NDArray[np.uint8] | None = field(repr=False)

    def to_record(self) -> dict[str, Any]:
        """Plain values for JSON."""
        record = {
            "scale": None if self.scale is None else asdict(self.scale),
            "grade_scale": None if self.grades is None else self.grades.model_dump(mode="json"),
            "cracks": [crack_record(crack) for crack in self.cracks],
            "small_components": self.small_components,
            "left_out": self.left_out,
            "notes": list(self.notes),
        }
        changes = {} if self.changes is None else {"changes": [change.to_record() for change in self.changes]}
        return {**record, **changes}

    def overlay(self) -> NDArray[np.uint8]:
        """The mask's outline on the image, or on black without one, uint8 RGB (H, W, 3)."""
        canvas = np.zeros((*self.pixels.shape, 3), np.uint8) if self.image is None else self.image.copy()
        outline(canvas, self.pixels)
        return canvas

    def save(self, path: Path | str) -> None:
        """Write `overlay` as a picture, PNG or JPEG by the suffix.

        Raises:
            ImageError: another suffix.
            BlemishError: it cannot be written.
        """
        save_picture(Path(path), self.overlay())

    def show(self) -> None:
        """Show the cracks in a notebook, or `overlay` in the system's image viewer."""
        show(self, lambda: view(self.overlay()))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        unit = "px" if self.scale is None else "mm"
        rows = ""
        for crack in self.cracks:
            sizes = (
                (crack.length_px, crack.mean_width_px, crack.max_width_px, crack.width_uncertainty_px)
                if crack.mm is None
                else (crack.mm.length, crack.mm.mean_width, crack.mm.max_width, crack.mm.width_uncertainty)
            )
            values = [str(crack.number), *(f"{size:.3g}" for size in sizes), crack.direction, crack.grade or ""]
            rows += f"<tr>{''.join(f'<td>{escape(value)}</td>' for value in values)}</tr>"
        titles = ("crack", f"length, {unit}", f"mean width, {unit}", f"max width, {unit}", "±", "direction", "grade")
        heads = "".join(f"<th>{title}</th>" for title in titles)
        notes = "".join(f"<br><small>{escape(note)}</small>" for note in self.notes)
        picture = f'<img src="{data_uri(self.overlay(), side_px=_SHOWN_PX)}" alt="">'
        return f"<table><tr>{heads}</tr>{rows}</table>{notes}<br>{picture}"


def measure(
    mask: MaskLike,
    image: ImageLike | None = None,
    *,
    scale: float | Scale | ScaleOf | None = None,
    grades: GradeScale | Path | str | None = None,
    window_px: int = 0,
    earlier_mask: MaskLike | None = None,
    earlier_image: ImageLike | None = None,
    bit_range: BitRange | None = None,
    max_megapixels: float | None = None,
) -> MaskMeasurement:
    """Measure the cracks of a mask: length, width and where it is largest, direction, branches.

    Args:
        mask: cracks white, or anything above 0.
        image: what the mask was made of: hairlines are measured by its grey levels, and markers are found in it.
        scale: millimetres per pixel, a `Scale`, or what tells it: a `blemish.measurement.ScalePerImage`, or a function
            of the image's pixels.
        grades: a grade scale, or the name or file of one; ``eurocode-2`` where there is a scale and nothing else said.
        window_px: components of a mask that fit alone in a square of this side are dropped first.
        earlier_mask, earlier_image: of the same surface at an earlier date, to tell what changed.
        bit_range: raw values that become black and white in images of more than 8 bits.
        max_megapixels: larger images are refused; None refuses those above 500, or of a suspicious size.

    Raises:
        ImageError: a file cannot be read.
        DataError: mask and image do not fit each other, or the mask is white nearly everywhere.
        SettingsError: options that cannot be right, or one of the images that a comparison needs is missing.

    Example:
        >>> import blemish
        >>> import numpy as np
        >>> mask = np.zeros((100, 200), bool)
        >>> mask[50:54, 20:180] = True
        >>> crack = blemish.measure(mask, scale=0.5).cracks[0]
        >>> round(crack.mm.length), round(crack.mm.max_width)
        (80, 2)
    """
    if (earlier_mask is None) != (earlier_image is None) or (earlier_mask is not None and image is None):
        raise SettingsError("To compare two dates give --earlier-mask and --earlier-image, and --image as well.")
    how = Measuring.of(scale, grades)
    options = ReadOptions(bit_range, max_megapixels)
    pixels, read, notes = _read(mask, image, options)
    loaded = None if read is None else read.pixels
    # Without an image only the size is asked for.
    of = source_of(image if image is not None else mask)
    path = None if of.path is None else str(of.path)
    seen = Seen(pixels if loaded is None else loaded, of.image, path, None if read is None else read.capture)
    known = how.scale_of(seen)
    whole, pixels = pixels, remove_small_components(pixels, window_px)
    if window_px:
        notes.append(f"Dropped by windows of {window_px} px: {int(whole.sum() - pixels.sum())} pixels of the mask.")
    measured = measure_mask(pixels, loaded, scale=known)
    changes = None
    if earlier_mask is not None and loaded is not None:
        earlier_pixels, before, _ = _read(earlier_mask, earlier_image, options)
        assert before is not None
        earlier = measure_mask(remove_small_components(earlier_pixels, window_px), before.pixels).cracks
        images = before.pixels, loaded
        changes = compare_cracks(earlier, measured.cracks, register_images(*images), scale=known, images=images)
    notes += [f"{doubt[0].upper()}{doubt[1:]}." for doubt in doubts_of(measured.cracks)]
    if measured.small_components:
        notes.append(
            f"Left out as too short for a crack (below 8 px): {measured.small_components} components of the mask."
        )
    if measured.left_out:
        notes.append(f"Only the longest 2000 cracks were measured; {measured.left_out} were not.")
    return MaskMeasurement(
        cracks=how.graded(measured.cracks),
        changes=changes,
        scale=known,
        grades=how.grades,
        notes=tuple(notes),
        small_components=measured.small_components,
        left_out=measured.left_out,
        pixels=pixels,
        image=loaded,
    )


def _read(
    mask: MaskLike, image: ImageLike | None, options: ReadOptions
) -> tuple[NDArray[np.bool_], LoadedImage | None, list[str]]:
    """The mask, bool (H, W), the image, where there is one, and how both were read."""
    source = None if image is None else source_of(image)
    read = None if source is None else source.load(options)
    notes = [] if read is None or source is None else [f"{source.said}: {note}." for note in read.notes]
    if isinstance(mask, np.ndarray):
        pixels, said = mask > 0, "The mask"
    else:
        path, said = Path(mask), f'The mask "{mask}"'
        if path.is_file() and not looks_like_mask(path):
            read_layer(path)  # what cannot be read is said to be that
            raise DataError(
                f'"{path}" is an image and no mask: a mask is white in cracks and black beside them; to find and '
                "measure the cracks of an image run blemish inspect, or give its mask, and this file as --image."
            )
        height, width = image_size_px(path) if read is None else read.pixels.shape[:2]
        settled = FileMask(path, None if source is None else source.path).settled()
        pixels = settled.read(height, width)
        if settled.meaning is not None and settled.meaning.note:
            notes.append(settled.meaning.note)
    if pixels.mean() > _MAX_SET:
        raise DataError(
            f"{said} is set on {pixels.mean():.0%} of its pixels; a mask is white in cracks and black beside them, so "
            "it may have to be inverted."
        )
    return pixels, read, notes
