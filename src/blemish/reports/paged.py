"""The pictures of a large inspection: pages of fifty images beside ``report.html``, which lists and filters them all.

``report.html`` holds a line of JSON for each image and shows small copies as they are scrolled to; what is drawn on an
image stands on its page. Pages are written one after another, so that their pictures are never in memory together.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from blemish.files import replacing, write_bytes, write_text
from blemish.findings import PAGES_NAME, VERDICTS, VIEWS_NAME, Finding
from blemish.images.windows import FileWindows
from blemish.reports.document import Document
from blemish.reports.drawings import draw, small_copy
from blemish.reports.elements import element_of
from blemish.reports.messages import Messages
from blemish.reports.page_rows import ImageRow
from blemish.reports.width_classes import WidthClasses

if TYPE_CHECKING:
    from jinja2 import Environment

PER_PAGE = 50
DIRECTIONS = ("horizontal", "vertical", "diagonal", "map")


@dataclass(frozen=True, slots=True)
class Gallery:
    """What ``report.html`` knows of all images.

    Attributes:
        pages: addresses of the pages, worst images first.
        data: for its script: one row per image, worst first, and the texts that rows name by number.
    """

    pages: tuple[str, ...]
    data: dict[str, Any]


def write_gallery(
    document: Document,
    images: Sequence[ImageRow],
    classes: WidthClasses,
    environment: Environment,
    out: Path,
    *,
    close_ups: int,
    **told: Any,
) -> Gallery:
    """Write the pages.

    Args:
        document: the inspection.
        images: all images, worst first.
        classes: widths and their colours.
        environment: with the filters and globals of the report.
        out: folder of ``report.html``.
        close_ups: how many of the worst images are read once more, for their widest places.
        told: what each page says of the inspection.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """
    folder = out / PAGES_NAME
    for old in (*folder.glob("*.html"), *folder.glob("*.jpg")):
        old.unlink()
    template = environment.get_template("report_page.html")
    pages = tuple(f"{number}.html" for number in range(1, -(-len(images) // PER_PAGE) + 1))
    pictures: list[str] = []
    for number, page in enumerate(pages):
        drawn = [
            _drawn(document, image, classes, out, full=image.rank <= close_ups)
            for image in images[number * PER_PAGE : (number + 1) * PER_PAGE]
        ]
        pictures += [picture for _, picture in drawn]
        text = template.render(
            document=document,
            cards=[row for row, _ in drawn if row.finding.error is None],
            images=[row for row, _ in drawn],
            number=number,
            pages=pages,
            classes=classes,
            **told,
        )
        write_text(folder / page, text + "\n")
    addresses = tuple(f"{PAGES_NAME}/{page}" for page in pages)
    data = _data(images, pictures, classes)
    t = Messages(document.details.lang)
    return Gallery(addresses, {**data, "labels": [t(name) for name in VERDICTS]})


def _drawn(document: Document, row: ImageRow, classes: WidthClasses, out: Path, *, full: bool) -> tuple[ImageRow, str]:
    """An image with its drawing, and the address of its small copy for ``report.html``; empty without one."""
    image = row.finding
    if image.error is not None:
        return row, ""
    view = document.view_of(image)
    pixels = document.read_windows(image) or document.read_pixels(image) if full or view is None else None
    name, kept = f"{quote(image.name)}.jpg", view is not None and document.folder.resolve() == out.resolve()
    picture = f"{VIEWS_NAME}/{name}" if kept else ""
    if not kept:
        picture = f"{PAGES_NAME}/{name}" if _copied(image, view, pixels, out) else ""
    drawing = draw(document, image, pixels, classes, address=f"../{picture}" if picture else None)
    return replace(row, drawing=drawing), picture


def _copied(image: Finding, view: Path | None, pixels: Any | FileWindows | None, out: Path) -> bool:
    """Put a small copy of the image beside the pages; whether there is one."""
    target = out / PAGES_NAME / f"{image.name}.jpg"
    if view is not None:
        with replacing(target) as temporary:
            shutil.copyfile(view, temporary)
        return True
    small = small_copy(image, pixels)
    if small is not None:
        write_bytes(target, small)
    return small is not None


def _data(images: Sequence[ImageRow], pictures: Sequence[str], classes: WidthClasses) -> dict[str, Any]:
    elements = list(dict.fromkeys(element_of(row.finding) for row in images))
    number_of = {name: number for number, name in enumerate(elements)}
    rows = [
        (
            row.finding.image,
            -1 if row.finding.verdict is None else VERDICTS.index(row.finding.verdict),
            0 if row.finding.score is None else float(f"{row.finding.score:.4g}"),
            round(row.max_width, 3),
            round(row.length, 1),
            len(row.finding.regions) if row.finding.cracks is None else len(row.rows),
            sorted({DIRECTIONS.index(each.crack.direction) for each in row.rows}),
            sorted({each.grade_index for each in row.rows if each.grade_index is not None}),
            number_of[element_of(row.finding)],
            picture,
        )
        for row, picture in zip(images, pictures, strict=True)
    ]
    said = {"verdicts": VERDICTS, "directions": DIRECTIONS, "elements": elements, "unit": classes.unit}
    return {**said, "perPage": PER_PAGE, "pages": PAGES_NAME, "rows": rows}
