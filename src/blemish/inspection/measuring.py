"""Between the detector's answer and the findings: cracks measured, image by image, while the next one is inspected."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.detectors.result import Inspection
from blemish.errors import SettingsError
from blemish.files import MASKS_NAME
from blemish.images import LoadedImage, write_png
from blemish.measurement import Crack, GradeScale, Scale, measure_mask

# Each holds an image and its anomaly map, 84 MB at 12 megapixels, until it is measured.
_MEASURED_BEHIND = 2

ScaleOf = Callable[[NDArray[np.uint8]], Scale]


@dataclass(frozen=True, slots=True)
class Measuring:
    """What is measured beyond score and regions.

    Attributes:
        cracks: whether to measure cracks where the detector outlines anything.
        scale_of: the scale of an image, from its pixels, uint8 RGB (H, W, 3): the same for all, or by a marker in each.
            An image whose scale cannot be told is measured in pixels, and a note says why.
        grades: what largest widths are graded by, where there is a scale.
    """

    cracks: bool = True
    scale_of: ScaleOf | None = None
    grades: GradeScale | None = None


@dataclass(frozen=True, slots=True)
class MeasuredInspection(Inspection):
    """The answer for one image, with what was measured.

    Attributes:
        name: what files about this image are called, without a suffix.
        size_px: (width, height) of the image; None where it could not be read.
        scale: size of a pixel; None without one.
        cracks: widest first; None where cracks were not measured.
        mask_file: the mask's file, relative to the findings; None where nothing was outlined or written.
        grades: what cracks are graded by.
    """

    name: str = ""
    size_px: tuple[int, int] | None = None
    scale: Scale | None = None
    cracks: tuple[Crack, ...] | None = None
    mask_file: str | None = None
    grades: GradeScale | None = field(default=None, repr=False)

    def to_record(self) -> dict[str, Any]:
        """The line of ``findings.jsonl``: the detector's answer, and what was measured."""
        return {
            **Inspection.to_record(self),
            "name": self.name,
            "size_px": self.size_px,
            "scale": None if self.scale is None else self.scale.to_record(),
            "cracks": None if self.cracks is None else [self._crack_record(crack) for crack in self.cracks],
            "mask": self.mask_file,
        }

    def _crack_record(self, crack: Crack) -> dict[str, Any]:
        if self.grades is None or crack.mm is None:
            return crack.to_record()
        within = self.grades.grades_within(crack.mm.max_width, crack.mm.width_uncertainty)
        grade = self.grades.grade_of(crack.mm.max_width)
        return {**crack.to_record(), "grade": grade, "grades_within": list(within)}


def measure_each(
    answers: Iterable[tuple[LoadedImage | None, Inspection]],
    measuring: Measuring,
    *,
    names: Sequence[str],
    level: float | None = None,
    out: Path | None = None,
) -> Generator[tuple[LoadedImage | None, MeasuredInspection], None, None]:
    """Measure what was found, in threads, at most a few images behind the detector.

    Args:
        answers: images with the detector's answers.
        measuring: what to measure.
        names: for each image what files about it are called.
        level: the pixel threshold that masks were cut from anomaly maps at.
        out: folder of the findings; masks are written into its ``masks/``. None writes none.

    Yields:
        Each image with its measured answer, in order.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """

    def measure(
        number: int, image: LoadedImage | None, answer: Inspection
    ) -> tuple[LoadedImage | None, MeasuredInspection]:
        return image, _measure(image, answer, measuring, names[number], level, out)

    pool = ThreadPoolExecutor(_MEASURED_BEHIND, thread_name_prefix="measure")
    behind: deque[Future[tuple[LoadedImage | None, MeasuredInspection]]] = deque()
    try:
        for number, (image, answer) in enumerate(answers):
            behind.append(pool.submit(measure, number, image, answer))
            if len(behind) > _MEASURED_BEHIND:
                yield behind.popleft().result()
        while behind:
            yield behind.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _measure(
    image: LoadedImage | None,
    answer: Inspection,
    measuring: Measuring,
    name: str,
    level: float | None,
    out: Path | None,
) -> MeasuredInspection:
    known = {slot.name: getattr(answer, slot.name) for slot in fields(Inspection)}
    if image is None:
        return MeasuredInspection(**known, name=name, grades=measuring.grades)
    scale, notes = _scale(image, measuring)
    cracks = None
    if measuring.cracks and answer.mask is not None:
        probability = answer.anomaly_map if level is not None else None
        measured = measure_mask(
            answer.mask, image.pixels, scale=scale, probability=probability, level=0.5 if level is None else level
        )
        cracks = measured.cracks
        if measured.left_out:
            notes = (*notes, f"{measured.left_out} cracks shorter than all others were not measured")
    mask_file = None
    if out is not None and answer.mask is not None and answer.mask.any():
        mask_file = f"{MASKS_NAME}/{name}.png"
        write_png(out / mask_file, answer.mask)
    return MeasuredInspection(
        **{**known, "notes": (*answer.notes, *notes)},
        name=name,
        size_px=(image.pixels.shape[1], image.pixels.shape[0]),
        scale=scale,
        cracks=cracks,
        mask_file=mask_file,
        grades=measuring.grades,
    )


def _scale(image: LoadedImage, measuring: Measuring) -> tuple[Scale | None, tuple[str, ...]]:
    if measuring.scale_of is None:
        return None, ()
    try:
        return measuring.scale_of(image.pixels), ()
    except SettingsError as error:
        return None, (str(error).removesuffix("."),)
