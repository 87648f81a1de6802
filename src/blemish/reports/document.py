"""One inspection in memory, as it lies in its folder: what every report and export is written from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from blemish.errors import DataError, SettingsError
from blemish.findings import VERDICTS, Verdict
from blemish.images import read_image
from blemish.measurement.crack import Crack
from blemish.measurement.grades import GradeScale
from blemish.measurement.regions import Region
from blemish.measurement.scale import Scale
from blemish.reports.finding_lines import CutOffLineError, FindingRecord, not_a_finding, read_finding_lines
from blemish.reports.records import crack_from_record, region_from_record, scale_from_record
from blemish.reports.run_record import RunRecord, read_run

FINDINGS_NAME = "findings.jsonl"
Unit = Literal["mm", "px"]


@dataclass(frozen=True, slots=True)
class ImageFindings:
    """What was found in one image.

    Attributes:
        number: 1 for the first inspected.
        path: as it was inspected.
        name: path below the folder that all images share, fit to be shown.
        file_name: what files about this image are called, without a suffix.
        score: raw image score; None where there is no answer.
        p_value: fraction of held-out normal images that score as high.
        verdict: None without an answer or thresholds.
        error: why there is no answer.
        notes: what reading and measuring had to decide.
        size_px: (width, height); None where not recorded.
        scale: size of a pixel; None without one.
        regions: worst first.
        cracks: widest first; None where cracks were not measured.
        mask_file: where the mask lies; None where nothing was outlined.
    """

    number: int
    path: str
    name: str
    file_name: str
    score: float | None
    p_value: float | None
    verdict: Verdict | None
    error: str | None
    notes: tuple[str, ...] = ()
    size_px: tuple[int, int] | None = None
    scale: Scale | None = None
    regions: tuple[Region, ...] = ()
    cracks: tuple[Crack, ...] | None = None
    mask_file: Path | None = field(default=None, repr=False)

    def read_mask(self) -> NDArray[np.bool_] | None:
        """The mask, bool (H, W), True where defective; None without one.

        Raises:
            ImageError: the mask's file is missing or damaged.
            DataError: it has another size than the image.
        """
        if self.mask_file is None:
            return None
        mask = np.asarray(read_image(self.mask_file)[..., 0] > 127)
        if self.size_px is not None and mask.shape[::-1] != self.size_px:
            raise DataError(
                f'The mask "{self.mask_file}" has {mask.shape[1]} x {mask.shape[0]} px and its image '
                f"{self.size_px[0]} x {self.size_px[1]}; inspect again."
            )
        return mask


@dataclass(frozen=True, slots=True)
class Document:
    """An inspection.

    Attributes:
        folder: where it lies.
        run: what it was; None where that was not recorded.
        grades: the scale that cracks are graded by; None without one.
        images: in the order of inspection.
        gaps: sentences on what is missing here of what was inspected.
    """

    folder: Path
    run: RunRecord | None
    grades: GradeScale | None
    images: tuple[ImageFindings, ...]
    gaps: tuple[str, ...] = ()

    @property
    def measured(self) -> bool:
        """Whether cracks were measured in any image."""
        return any(image.cracks is not None for image in self.images)

    @property
    def unit(self) -> Unit:
        """What sizes are told in: millimetres as soon as one image with cracks has a scale, else pixels."""
        cracked = [image for image in self.images if image.cracks]
        return "mm" if any(image.scale is not None for image in cracked or self.images) else "px"

    def cracks(self) -> Iterator[tuple[ImageFindings, Crack]]:
        """Every crack with its image."""
        for image in self.images:
            for crack in image.cracks or ():
                yield image, crack

    def grade_of(self, crack: Crack) -> str | None:
        """The crack's grade; None without a scale of grades or of millimetres."""
        if self.grades is None or crack.mm is None:
            return None
        return self.grades.grade_of(crack.mm.max_width)

    def grades_within(self, crack: Crack) -> tuple[str, ...]:
        """All grades that the crack may deserve, given how far its width can be trusted; mildest first."""
        if self.grades is None or crack.mm is None:
            return ()
        return self.grades.grades_within(crack.mm.max_width, crack.mm.width_uncertainty)

    def worst_first(self) -> list[ImageFindings]:
        """Images by verdict, then their widest crack, then score; those without an answer last."""
        unit = self.unit

        def rank(image: ImageFindings) -> tuple[bool, int, float, float, int]:
            verdict = VERDICTS.index(image.verdict) if image.verdict is not None else len(VERDICTS)
            widest = max((size_of(crack, "max_width", unit) or 0.0 for crack in image.cracks or ()), default=0.0)
            score = -np.inf if image.score is None else image.score
            return image.error is not None, verdict, -widest, -score, image.number

        return sorted(self.images, key=rank)

    def find_image(self, image: ImageFindings) -> Path | None:
        """Where the image lies now; None where it cannot be found."""
        # Where the inspection was started comes first: another image of that name may lie below the current folder.
        starts = [*([Path(self.run.folder)] if self.run is not None else []), Path()]
        return next((start / image.path for start in starts if image.path and (start / image.path).is_file()), None)


def size_of(crack: Crack, name: str, unit: Unit) -> float | None:
    """A crack's ``length``, ``max_width``, …, in a unit; None in millimetres where the crack has no scale."""
    if unit == "px":
        return float(getattr(crack, f"{name}_px"))
    return None if crack.mm is None else float(getattr(crack.mm, name))


def widths_of(crack: Crack, unit: Unit) -> NDArray[np.float64] | None:
    """A crack's width at each point of its line, (N,), in a unit; None in millimetres where it has no scale."""
    if unit == "px":
        return crack.widths_px
    return None if crack.mm is None else crack.mm.widths


def read_document(folder: Path, *, grades: GradeScale | None = None) -> Document:
    """Read an inspection from its folder. A last line that is cut off leaves a gap, and `Document.gaps` says so.

    Args:
        folder: holds ``findings.jsonl``, and what else ``blemish inspect`` wrote.
        grades: grade by this scale instead of the inspection's own.

    Raises:
        DataError: there are no findings, a line is not a finding, or a newer version wrote them.
    """
    folder = Path(folder)
    run = read_run(folder)
    if grades is None and run is not None and run.grades is not None:
        grades = _recorded_grades(run.grades)
    path = folder / FINDINGS_NAME
    images: list[ImageFindings] = []
    gaps: tuple[str, ...] = ()
    try:
        for number, record in read_finding_lines(path):
            try:
                images.append(_from_record(record, len(images) + 1, folder))
            except (ValueError, SettingsError) as error:
                raise not_a_finding(path, number, str(error).removesuffix(".")) from error
    except CutOffLineError as error:
        if not images:
            raise
        gaps = (shown(str(error)),)
    names = _names([image.path for image in images])
    named = (replace(image, name=name) for image, name in zip(images, names, strict=True))
    return Document(folder, run, grades, tuple(named), gaps)


def _recorded_grades(record: Mapping[str, Any]) -> GradeScale:
    try:
        return GradeScale.model_validate(record)
    except ValidationError as error:
        raise DataError('The grade scale in "inspection.json" is damaged; name one by --grade.') from error


def _from_record(record: FindingRecord, number: int, folder: Path) -> ImageFindings:
    scale = None if record.scale is None else scale_from_record(record.scale)
    cracks = record.cracks
    return ImageFindings(
        number=number,
        path=record.path or "",
        name="",
        file_name=record.name or f"image {number}",
        score=record.score,
        p_value=record.p_value,
        verdict=record.verdict,
        error=None if record.error is None else shown(record.error),
        notes=tuple(map(shown, record.notes)),
        size_px=None if record.size_px is None else (record.size_px[0], record.size_px[1]),
        scale=scale,
        regions=tuple(map(region_from_record, record.regions)),
        cracks=None if cracks is None else tuple(crack_from_record(crack, scale) for crack in cracks),
        mask_file=None if record.mask is None else folder / record.mask,
    )


def _names(paths: list[str]) -> list[str]:
    """Names to show: below the folder that all share, and always valid Unicode."""
    try:
        shared = os.path.commonpath([Path(path).parent for path in paths if path])
    except ValueError:
        shared = ""
    # Of absolute and relative paths together nothing is shared.
    names = [str(Path(path).relative_to(shared)) if path and shared else path for path in paths]
    return [shown(name) or f"image {number}" for number, name in enumerate(names, start=1)]


def shown(text: str) -> str:
    """``text`` with bytes that are no Unicode (a file name may hold them) written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
