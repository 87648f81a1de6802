"""An inspection by element: the images of one folder together, with how many are how severe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from blemish.findings import VERDICTS, Finding
from blemish.reports.document import Document, largest_width, size_of
from blemish.reports.summary import told_length
from blemish.reports.width_classes import WidthClasses


@dataclass(frozen=True, slots=True)
class Element:
    """The images of one folder.

    Attributes:
        name: the folder below the source; empty for images that lie in none.
        images: number of images, those without an answer included.
        verdicts: how many got each.
        failed: images without an answer.
        cracks: number of cracks.
        severities: cracks per grade where there are grades, else per width class.
        max_width: the largest that can be trusted, in the report's unit; None without one.
        length: total length, as told.
        regions: number of outlined regions.
    """

    name: str
    images: int
    verdicts: Mapping[str, int]
    failed: int
    cracks: int
    severities: tuple[int, ...]
    max_width: float | None
    length: str
    regions: int


def element_of(image: Finding) -> str:
    """The folder that an image lies in, below its source; empty for none.

    >>> element_of(Finding(image="pier 2/north/IMG_7.jpg", name="IMG_7"))
    'pier 2/north'
    """
    parent = PurePosixPath(image.image).parent.as_posix()
    return "" if parent == "." else parent


def elements_of(document: Document, classes: WidthClasses) -> tuple[Element, ...]:
    """Every element, by its worst image: verdict, then reliable width. Empty where there are no two to compare."""
    folders: dict[str, list[Finding]] = {}
    for image in document.worst_first():
        folders.setdefault(element_of(image), []).append(image)
    if len(folders) < 2:
        return ()
    # The images come worst first, and so do the folders that they begin.
    return tuple(_element(name, images, document, classes) for name, images in folders.items())


def _element(name: str, images: Sequence[Finding], document: Document, classes: WidthClasses) -> Element:
    unit = classes.unit
    cracks = [crack for image in images for crack in image.cracks or ()]
    widths = [width for crack in cracks if (width := size_of(crack, "max_width", unit)) is not None]
    verdicts = Counter(image.verdict for image in images if image.verdict is not None)
    if document.grades is not None and unit == "mm":
        severities = tuple(sum(crack.grade == label for crack in cracks) for label in document.grades.labels)
    else:
        of_class = Counter(classes.index_of(widths).tolist() if widths else ())
        severities = tuple(of_class[number] for number in range(len(classes.labels)))
    return Element(
        name=name,
        images=len(images),
        verdicts={verdict: verdicts[verdict] for verdict in VERDICTS},
        failed=sum(image.error is not None for image in images),
        cracks=len(cracks),
        severities=severities,
        max_width=largest_width(cracks, unit),
        length=told_length(sum(size_of(crack, "length", unit) or 0.0 for crack in cracks), unit) if widths else "–",
        regions=sum(len(image.regions) for image in images),
    )
