"""What a page lists: images, worst first, with their cracks and regions, as they are told, sorted and filtered by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from blemish.findings import Finding
from blemish.measurement.crack import Crack
from blemish.measurement.regions import Region
from blemish.reports.document import Document, Unit, size_of
from blemish.reports.drawings import Drawing


@dataclass(frozen=True, slots=True)
class Row:
    """One crack in a table: values as told, and as sorted and filtered by."""

    finding: Finding
    crack: Crack
    unit: Unit
    grade_index: int | None

    @property
    def max_width(self) -> float:
        """Largest width in the row's unit."""
        return size_of(self.crack, "max_width", self.unit) or 0.0

    @property
    def length(self) -> float:
        """Length in the row's unit."""
        return size_of(self.crack, "length", self.unit) or 0.0

    def size(self, name: str) -> float:
        """Any other size in the row's unit."""
        return size_of(self.crack, name, self.unit) or 0.0


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One image with what the filters and the order of the page go by."""

    finding: Finding
    rank: int
    rows: tuple[Row, ...]
    drawing: Drawing | None = None

    @property
    def max_width(self) -> float:
        """Largest width of its cracks that can be trusted, in their unit; 0 without any."""
        return max((row.max_width for row in self.rows if row.crack.width_is_reliable), default=0.0)

    @property
    def length(self) -> float:
        """Total length of its cracks in their unit."""
        return sum(row.length for row in self.rows)

    @property
    def worst(self) -> Row | None:
        """Its widest crack."""
        return max(self.rows, key=lambda row: row.max_width, default=None)


def image_rows(document: Document, wanted: Unit) -> list[ImageRow]:
    """Every image, worst first."""
    return [_image_row(document, image, rank, wanted) for rank, image in enumerate(document.worst_first(), start=1)]


def crack_rows(images: Sequence[ImageRow], wanted: Unit) -> list[Row]:
    """Every crack, widest first; those without a size in the wanted unit last."""
    return sorted((row for image in images for row in image.rows), key=lambda row: (row.unit != wanted, -row.max_width))


def region_rows(images: Sequence[ImageRow]) -> list[tuple[ImageRow, int, Region]]:
    """The regions of all images, worst first, with their image and number."""
    found = [(row, number, region) for row in images for number, region in enumerate(row.finding.regions, start=1)]
    return sorted(found, key=lambda each: -each[2].score)


def _image_row(document: Document, finding: Finding, rank: int, wanted: Unit) -> ImageRow:
    cracks = finding.cracks or ()
    has_scale = finding.scale is not None and all(crack.mm is not None for crack in cracks)
    unit: Unit = wanted if has_scale else "px"
    labels = [] if document.grades is None else list(document.grades.labels)
    rows = (Row(finding, crack, unit, labels.index(crack.grade) if crack.grade in labels else None) for crack in cracks)
    return ImageRow(finding, rank, tuple(rows))
