"""``report.html``: what an inspector hands in. Pictures inside or beside it, no network, fit for paper and phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blemish.errors import ImageError
from blemish.files import write_text
from blemish.findings import REPORT_NAME, TABLE_NAME, Finding
from blemish.findings.image_check import GROUP_TEXT, IMAGE_CHECK_NAME, ImageChecks, read_image_checks
from blemish.images import read_image
from blemish.reports.document import Document
from blemish.reports.drawings import draw, picture_px
from blemish.reports.elements import element_of, elements_of
from blemish.reports.messages import GUIDE, LIMITS, WIDTHS, Messages
from blemish.reports.page_rows import ImageRow, crack_rows, image_rows, region_rows
from blemish.reports.paged import write_gallery
from blemish.reports.pictures import data_uri
from blemish.reports.positions import position_map
from blemish.reports.summary import Summary, summarise, told_length
from blemish.reports.width_classes import WidthClasses, choose_classes
from blemish.text import encodable

if TYPE_CHECKING:
    from jinja2 import Environment

# About 200 kB a picture: a page that mail and phones can take. The other images are in the table.
PICTURES = 50
# Of more images all are shown, on pages beside the report.
MAX_ON_ONE_PAGE = 200
# A table of more rows is one for a spreadsheet, and so are images beyond these: 100 bytes each.
MAX_ROWS, MAX_IMAGES = 3000, 10_000
# So many are laid out at first, and the others when asked for.
_ROWS_AT_ONCE = 200
_CRACKS_ON_A_CARD = 6
_LOGO_PX = 320


def write_page(document: Document, out: Path, *, pictures: int = PICTURES) -> list[Path]:
    """Write ``report.html``: with its pictures inside or, of very many images, beside it (`blemish.reports.paged`).

    Args:
        document: the inspection; its images are read from where they were inspected, where they still are.
        out: folder for the page.
        pictures: how many of the worst images are shown, all being listed; of very many images all are shown, and so
            many with their widest place enlarged.

    Returns:
        The file written.

    Raises:
        BlemishError: ``out`` cannot be written to.
    """
    classes, t = choose_classes(document), Messages(document.details.lang)
    images = image_rows(document, classes.unit)
    rows, regions = crack_rows(images, classes.unit), region_rows(images)
    logo, summary = _logo(document, summarise(document, classes), t)
    told = {
        "title": title_of(document),
        "summary": summary,
        "has_captures": any(image.capture is not None and image.capture.taken for image in document.images),
        "captured": lambda image: told_capture(image, t),
        "mixed": len({row.unit for row in rows}) > 1,
        "rows_at_once": _ROWS_AT_ONCE,
        "cracks_on_a_card": _CRACKS_ON_A_CARD,
    }
    environment, gallery, cards = _environment(t), None, []
    if len(images) > MAX_ON_ONE_PAGE:
        gallery = write_gallery(document, images[:MAX_IMAGES], classes, environment, out, close_ups=pictures, **told)
    else:
        cards = _cards(document, images[:pictures], classes)
    max_rows = MAX_ROWS if gallery is None else _ROWS_AT_ONCE
    page = environment.get_template("report.html").render(
        document=document,
        gallery=gallery,
        details=told_details(document, t),
        logo=logo,
        elements=elements_of(document, classes),
        positions=position_map(document),
        checks=_image_checks(document),
        GROUP_TEXT=GROUP_TEXT,
        unanswered=any(image.error is not None for image in document.images),
        has_maps=any(card.drawing is not None and card.drawing.anomaly for card in cards),
        regions_in_mm=any(region.area_mm2 is not None for _, _, region in regions),
        count_images=t.images,
        classes=classes,
        cards=cards,
        rows=rows[:max_rows],
        rows_left_out=len(rows) - min(len(rows), max_rows),
        images=images,
        images_left_out=len(images) - min(len(images), MAX_IMAGES),
        regions=regions[:max_rows],
        regions_left_out=len(regions) - min(len(regions), max_rows),
        settings=_settings(document, t),
        detector=_detector(document, t),
        scales=_scales(document, t),
        **told,
    )
    target = out / REPORT_NAME
    write_text(target, page + "\n")
    return [target]


def _environment(t: Messages) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # here, for runs without a report

    environment = Environment(
        loader=PackageLoader("blemish.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "g3": lambda value: f"{value:.3g}",
        "told_length": told_length,
        "quoted": t.quoted,
        # Labels may explain themselves behind a colon; the breakdown by grade shows them whole.
        "short": lambda label: t.quoted(label).partition(":")[0],
    }
    # Globals, because macros of other files are given them too.
    environment.globals |= {"t": t, "GUIDE": GUIDE, "WIDTHS": WIDTHS, "LIMITS": LIMITS, "element_of": element_of}
    return environment


def _cards(document: Document, images: Sequence[ImageRow], classes: WidthClasses) -> list[ImageRow]:
    """The images that a page shows, with their drawings."""
    shown = [row for row in images if row.finding.error is None]
    side_px = picture_px(len(shown), PICTURES)
    return [
        replace(row, drawing=draw(document, row.finding, pixels, classes, side_px=side_px))
        for row in shown
        for pixels in [document.read_windows(row.finding) or document.read_pixels(row.finding)]
    ]


def title_of(document: Document) -> str:
    """The title that was given, or the folder's name."""
    return document.details.title or encodable(document.folder.resolve().name)


def told_details(document: Document, t: Messages) -> list[tuple[str, str]]:
    """Client, place, inspector, date, and when the images were taken, as far as they are known."""
    details = document.details
    told = [
        (t("client"), details.client),
        (t("place"), details.place),
        (t("inspector"), details.inspector),
        (t("date"), details.date),
    ]
    times = sorted(image.capture.taken for image in document.images if image.capture and image.capture.taken)
    if times:
        days = list(dict.fromkeys((times[0][:10], times[-1][:10])))
        told.append((t("images taken"), " – ".join(days)))
    return [(name, value) for name, value in told if value]


def told_capture(image: Finding, t: Messages) -> list[tuple[str, str]]:
    """When, where and with what an image was taken, as far as its file says."""
    capture = image.capture
    if capture is None:
        return []
    position = capture.position
    told = [
        (t("taken"), (capture.taken or "").replace("T", " ")),
        (t("camera"), capture.camera or ""),
        (t("position"), "" if position is None else f"{position[0]:.6f}°, {position[1]:.6f}°"),
        (t("altitude"), "" if capture.altitude_m is None else f"{capture.altitude_m:.1f} m"),
    ]
    return [(name, value) for name, value in told if value]


def _image_checks(document: Document) -> ImageChecks | None:
    """What widths the images can tell, where `blemish photos check` left it beside the findings."""
    file = document.folder / IMAGE_CHECK_NAME
    return read_image_checks(file) if file.is_file() else None


def _logo(document: Document, summary: Summary, t: Messages) -> tuple[str | None, Summary]:
    """The logo as a data URI; where it cannot be read, none and one more note."""
    if not document.details.logo:
        return None, summary
    try:
        return data_uri(read_image(document.details.logo), quality=90, side_px=_LOGO_PX), summary
    except ImageError as error:
        note = t("The logo could not be read: {reason}", reason=error)
        return None, replace(summary, notes=(*summary.notes, note))


def _settings(document: Document, t: Messages) -> dict[str, str]:
    run = document.run
    if run is None:
        return {}
    options = {name: value for name, value in run.options.model_dump().items() if value is not None}
    return {t("inspected"): run.date.replace("T", " "), t("with blemish"): run.blemish, **_told(options, t)}


def _detector(document: Document, t: Messages) -> dict[str, str]:
    return {} if document.run is None else _told(document.run.detector.model_dump(), t)


def _told(record: Mapping[str, Any], t: Messages) -> dict[str, str]:
    return {t(name.replace("_", " ")): _plain(value, t) for name, value in record.items()}


def _plain(value: Any, t: Messages) -> str:
    """A setting as a reader wants it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(each, t)}" for name, each in value.items() if each is not None) or t("none")
    if isinstance(value, list | tuple):
        return ", ".join(_plain(each, t) for each in value) or t("none")
    if isinstance(value, bool) or value is None:
        return {True: t("yes"), False: t("no"), None: t("none")}[value]
    return t.quoted(value) if isinstance(value, str) else f"{value:.6g}"


def _scales(document: Document, t: Messages) -> list[str]:
    """Every scale that occurs, in words."""
    told: dict[str, int] = {}
    for image in document.images:
        if image.error is None:
            told[_told_scale(image, t)] = told.get(_told_scale(image, t), 0) + 1
    if len(told) > 8:
        sizes = [image.scale.mm_per_px for image in document.images if image.scale is not None]
        low, high = f"{min(sizes):.4g}", f"{max(sizes):.4g}"
        return [
            t("{low} to {high} mm per pixel, image by image; {file} lists them", low=low, high=high, file=TABLE_NAME)
        ]
    return list(told) if len(told) == 1 else [f"{name}: {t.images(count)}" for name, count in told.items()]


def _told_scale(image: Finding, t: Messages) -> str:
    scale = image.scale
    if scale is None:
        return t("no scale")
    about = f" ± {100 * scale.uncertainty:.2g} %" if scale.uncertainty else ""
    size, source = f"{scale.mm_per_px:.4g}", t.quoted(scale.source)
    if scale.to_plane is not None:
        return t(
            "{size} mm per pixel{about} ({source}, in the middle of the plane's points)",
            size=size,
            about=about,
            source=source,
        )
    return t("{size} mm per pixel{about} ({source})", size=size, about=about, source=source)
