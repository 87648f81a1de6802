"""From what was outlined to measured cracks: one more step on a detector's answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from blemish.detectors.result import Inspection
from blemish.detectors.schema import DetectorSpec
from blemish.errors import DataError, SettingsError
from blemish.images.tiling import cut
from blemish.measurement import Crack, GradeScale, Measurement, Scale, doubts_of, load_grades, measure_mask
from blemish.measurement.clusters import CLUSTERED_FROM_PX, measure_by_clusters
from blemish.measurement.scale_sources import ScaleByMarker, ScalePerImage, Seen

DEFAULT_GRADES = "eurocode-2"

ScaleOf = Callable[[NDArray[np.uint8]], Scale] | ScalePerImage


@dataclass(frozen=True, slots=True)
class Measuring:
    """What is measured beyond score and regions.

    Attributes:
        cracks: whether to measure everything that the detector outlines as cracks; None: what it says are cracks.
        scale: the scale of all images, or what tells that of each: a table, its metadata, a marker in it, or a function
            of its pixels, uint8 RGB (H, W, 3). An image whose scale cannot be told is measured in pixels, and a note
            says why.
        grades: what largest widths are graded by, where there is a scale.
    """

    cracks: bool | None = None
    scale: Scale | ScaleOf | None = None
    grades: GradeScale | None = None

    @classmethod
    def of(
        cls,
        scale: float | Scale | ScaleOf | None = None,
        grades: GradeScale | Path | str | None = None,
        *,
        cracks: bool | None = None,
    ) -> Self:
        """From what a person gives: a number is millimetres per pixel, and grades go by name or file.

        With a scale and no grades, they are those of ``eurocode-2``.

        Raises:
            SettingsError: grades without a scale, an absurd scale, or no such grades.
        """
        if scale is None:
            if grades is not None:
                raise SettingsError(
                    "Widths are graded in millimetres; say how large a pixel is, for instance --mm-per-px 0.2 "
                    "(in Python scale=0.2)."
                )
            return cls(cracks)
        chosen = grades if isinstance(grades, GradeScale) else load_grades(grades or DEFAULT_GRADES)
        return cls(cracks, Scale.given(scale) if isinstance(scale, int | float) else scale, chosen)

    @property
    def told_scale(self) -> str | None:
        """How the scale was given, in words; None without one."""
        if self.scale is None:
            return None
        if isinstance(self.scale, Scale):
            return f"{self.scale.mm_per_px:.6g} mm per pixel ({self.scale.source})"
        name = getattr(self.scale, "__name__", None)
        return str(self.scale) if name is None else f"told for each image by {name}"

    def measures_cracks(self, spec: DetectorSpec) -> bool:
        """Whether cracks are measured in what a detector outlines."""
        return spec.localises and (spec.finds_cracks if self.cracks is None else self.cracks)

    def scale_of(self, seen: Seen) -> Scale | None:
        """The scale of one image. Raises SettingsError where it cannot be told."""
        if self.scale is None or isinstance(self.scale, Scale):
            return self.scale
        if isinstance(self.scale, ScalePerImage):
            return self.scale.of(seen)
        return self.scale(np.asarray(seen.pixels, np.uint8))

    def _scale_of(self, answer: Inspection, pixels: NDArray[np.uint8]) -> Scale | None:
        found, parts = answer.finding, answer.cutouts
        if parts is not None and parts.held is not None:
            pixels = parts.held
        elif parts is not None and found.size_px is not None:
            if isinstance(self.scale, ScaleByMarker) or not isinstance(self.scale, Scale | ScalePerImage | None):
                raise SettingsError(
                    "The scale cannot be told from an image that is read part by part; give it, as by --mm-per-px."
                )
            # What asks for the size alone is given an image of that size, which takes no memory.
            pixels = np.broadcast_to(np.uint8(0), (found.size_px[1], found.size_px[0], 3))
        return self.scale_of(Seen(pixels, found.image, found.path, found.capture))

    def graded(self, cracks: tuple[Crack, ...]) -> tuple[Crack, ...]:
        """The cracks with their grades, where there are any to give."""
        return cracks if self.grades is None else tuple(map(self.grades.graded, cracks))

    def measure(self, answer: Inspection, level: float | None) -> Inspection:
        """The answer with scale, sizes on the surface and cracks; as it is where there are no pixels.

        Args:
            answer: of `Detector.inspect_pixels`.
            level: the pixel threshold that the mask was cut from the anomaly map at; None where there is none.
        """
        if answer.pixels is None:
            return answer
        scale, notes = None, answer.notes
        try:
            scale = self._scale_of(answer, answer.pixels)
        except SettingsError as error:
            notes = (*notes, str(error).removesuffix("."))
        if scale is not None:
            answer = answer.saying(regions=tuple(region.on_surface(scale) for region in answer.regions))
        cracks, mask = None, {None: answer.crack_mask, True: answer.mask, False: None}[self.cracks]
        if mask is not None:
            try:
                measured = _measured(mask, answer, scale, level)
            except DataError as error:  # noise, not cracks
                return answer.saying(scale=scale, notes=(*notes, str(error).removesuffix(".")))
            cracks = self.graded(measured.cracks)
            notes = (*notes, *doubts_of(cracks))
            if measured.left_out:
                notes = (*notes, f"{measured.left_out} cracks shorter than all others were not measured")
        return answer.saying(scale=scale, cracks=cracks, notes=notes)


def _measured(mask: NDArray[np.bool_], answer: Inspection, scale: Scale | None, level: float | None) -> Measurement:
    """Cracks of a mask with what the answer holds: in one go, or cluster by cluster where the image is large."""
    pixels, levels = answer.pixels, None if level is None else answer.anomaly_map
    cut_at = 0.5 if level is None else level
    if answer.cutouts is not None:
        near = None if level is None else answer.cutouts.near
        return measure_by_clusters(mask, answer.cutouts.pixels, near, scale=scale, level=cut_at)
    if pixels is None or mask.size < CLUSTERED_FROM_PX:
        return measure_mask(mask, pixels, scale=scale, probability=levels, level=cut_at)
    return measure_by_clusters(
        mask,
        lambda box: cut(pixels, box),
        None if levels is None else lambda box: cut(levels, box),
        scale=scale,
        level=cut_at,
    )
