"""One inspection in memory, as it lies in its folder: what every report and export is written from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError, ImageError, SettingsError
from blemish.findings import (
    FINDINGS_NAME,
    VERDICTS,
    VIEWS_NAME,
    CutOffLineError,
    Finding,
    Options,
    ReportDetails,
    RunRecord,
    read_findings,
    read_run,
)
from blemish.images import ReadOptions, read_image
from blemish.images.decoding import decode
from blemish.images.header import open_image
from blemish.images.opening import open_header
from blemish.images.windows import FileWindows, open_windows
from blemish.measurement.crack import Crack
from blemish.measurement.grades import GradeScale

Unit = Literal["mm", "px"]


@dataclass(frozen=True, slots=True)
class Document:
    """An inspection.

    Attributes:
        folder: where it lies.
        run: what it was; None where that was not recorded.
        grades: the scale that cracks are graded by; None without one.
        images: in the order of inspection.
        gaps: sentences on what is missing here of what was inspected.
        details: what the report says about itself.
    """

    folder: Path
    run: RunRecord | None
    grades: GradeScale | None
    images: tuple[Finding, ...]
    gaps: tuple[str, ...] = ()
    details: ReportDetails = field(default_factory=ReportDetails)

    @property
    def measured(self) -> bool:
        """Whether cracks were measured in any image."""
        return any(image.cracks is not None for image in self.images)

    @property
    def unit(self) -> Unit:
        """What sizes are told in: millimetres as soon as one image with cracks has a scale, else pixels."""
        cracked = [image for image in self.images if image.cracks]
        return "mm" if any(image.scale is not None for image in cracked or self.images) else "px"

    def cracks(self) -> Iterator[tuple[Finding, Crack]]:
        """Every crack with its image."""
        for image in self.images:
            for crack in image.cracks or ():
                yield image, crack

    def worst_first(self) -> list[Finding]:
        """Images by verdict, then their largest reliable width, then score; those without an answer last."""
        unit = self.unit

        def rank(image: Finding) -> tuple[bool, int, float, float]:
            verdict = len(VERDICTS) if image.verdict is None else VERDICTS.index(image.verdict)
            widest = largest_width(image.cracks or (), unit) or 0.0
            score = -np.inf if image.score is None else image.score
            return image.error is not None, verdict, -widest, -score

        return sorted(self.images, key=rank)

    def find_image(self, image: Finding) -> Path | None:
        """Where the image lies now; None where it cannot be found."""
        file = image.file
        if file is None:
            return None
        # Where the inspection was started comes first: another image of that name may lie below the current folder.
        starts = [*([Path(self.run.folder)] if self.run is not None else []), Path()]
        return next((start / file for start in starts if (start / file).is_file()), None)

    def read_pixels(self, image: Finding) -> NDArray[np.uint8] | None:
        """The image as it was inspected, uint8 RGB (H, W, 3); None where it cannot be found or read any more."""
        path = self.find_image(image)
        how = Options() if self.run is None else self.run.options
        try:
            return None if path is None else read_image(path, ReadOptions(how.bit_range, how.max_megapixels))
        except (ImageError, SettingsError):  # the latter by a record that was edited by hand
            return None

    def read_windows(self, image: Finding) -> FileWindows | None:
        """The image to be read part by part, where it is very large and its file allows it."""
        path = self.find_image(image)
        how = Options() if self.run is None else self.run.options
        try:
            return None if path is None else open_windows(path, ReadOptions(how.bit_range, how.max_megapixels))
        except (ImageError, SettingsError):
            return None

    def view_of(self, image: Finding) -> Path | None:
        """The small copy that was kept of an image when it was inspected; None without one."""
        view = self.folder / VIEWS_NAME / f"{image.name}.jpg"
        return view if view.is_file() else None

    def read_mask(self, image: Finding, *, shrink: int = 1) -> NDArray[np.bool_] | None:
        """The mask of an image, bool (H, W), True where defective; None where nothing was outlined.

        Args:
            image: one of the inspection's.
            shrink: by how much smaller it is given, True where any of its pixels is.

        Raises:
            ImageError: the mask's file is missing or damaged.
            DataError: it has another size than the image.
        """
        if image.mask_file is None:
            return None
        file = self.folder / image.mask_file
        # An empty mask is a small file whatever its size; that of its image is the only one that is right.
        expected = None if image.size_px is None else math.ceil(image.size_px[0] * image.size_px[1] / 1e6)
        with open_image(file) as stream:
            levels = decode(stream, str(file), expected).values if shrink == 1 else _small(stream, str(file), shrink)
        mask = np.asarray((levels if levels.ndim == 2 else levels[..., 0]) > 127)
        if shrink == 1 and image.size_px is not None and mask.shape[::-1] != image.size_px:
            raise DataError(
                f'The mask "{file}" has {mask.shape[1]} x {mask.shape[0]} px and its image '
                f"{image.size_px[0]} x {image.size_px[1]}; inspect again."
            )
        return mask


def _small(stream: BinaryIO, name: str, shrink: int) -> NDArray[np.uint8]:
    """A mask, so many times smaller, the highest level of each block; unfolded by bands, since it may be large."""
    image, rows = open_header(stream, name).image, []
    assert image is not None
    columns = range(0, image.width, shrink)
    try:
        image.load()
        for top in range(0, image.height, shrink):
            band = np.asarray(image.crop((0, top, image.width, min(top + shrink, image.height))).convert("L"))
            rows.append(np.maximum.reduceat(band.max(axis=0), columns))
    except Exception as error:  # decoders raise nearly anything on damaged data
        raise ImageError(f'"{name}" is cut short or damaged: its pixels cannot be decoded.') from error
    return np.stack(rows)


def size_of(crack: Crack, name: str, unit: Unit) -> float | None:
    """A crack's ``length``, ``max_width``, …, in a unit; None in millimetres where the crack has no scale."""
    if unit == "px":
        return float(getattr(crack, f"{name}_px"))
    return None if crack.mm is None else float(getattr(crack.mm, name))


def widest_reliable(cracks: Iterable[Crack], unit: Unit) -> Crack | None:
    """The crack with the largest width that can be trusted, which is what sums and tables of images tell.

    Returns:
        None where no crack has both a size in that unit and a reliable width (`Crack.width_is_reliable`).
    """
    reliable = [crack for crack in cracks if crack.width_is_reliable and size_of(crack, "max_width", unit) is not None]
    return max(reliable, key=lambda crack: size_of(crack, "max_width", unit) or 0.0, default=None)


def largest_width(cracks: Iterable[Crack], unit: Unit) -> float | None:
    """The width of `widest_reliable`; None without one."""
    widest = widest_reliable(cracks, unit)
    return None if widest is None else size_of(widest, "max_width", unit)


def widths_of(image: Finding, crack: Crack, unit: Unit) -> NDArray[np.float64] | None:
    """A crack's width at each point of its line, (N,), in a unit; None in millimetres where it has no scale."""
    if unit == "px":
        return crack.widths_px
    return None if crack.mm is None or image.scale is None else crack.widths_mm(image.scale)


def read_document(folder: Path, *, grades: GradeScale | None = None) -> Document:
    """Read an inspection from its folder. A last line that is cut off leaves a gap, and `Document.gaps` says so.

    Args:
        folder: holds ``findings.jsonl``, and what else ``blemish inspect`` wrote.
        grades: grade by this scale instead of the inspection's own.

    Raises:
        DataError: there are no findings, a line is not a finding, or another version wrote them.
    """
    folder = Path(folder)
    run = read_run(folder)
    images: list[Finding] = []
    gaps: tuple[str, ...] = ()
    try:
        for finding in read_findings(folder / FINDINGS_NAME):
            images.append(finding if grades is None else _graded(finding, grades))
    except CutOffLineError as error:
        if not images:
            raise
        gaps = (str(error),)
    if run is not None and not run.complete:
        gaps = (*gaps, "The inspection has not come to its end: some images are not inspected yet.")
    if grades is None and run is not None:
        grades = run.grades
    details = ReportDetails() if run is None else run.report
    return Document(folder, run, grades, tuple(images), gaps, details)


def _graded(finding: Finding, grades: GradeScale) -> Finding:
    if not finding.cracks:
        return finding
    return finding.model_copy(update={"cracks": tuple(map(grades.graded, finding.cracks))})
