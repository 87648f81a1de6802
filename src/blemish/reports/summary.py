"""What an inspection comes to: key numbers, cracks by width and grade, distributions, and what a reader must know."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from blemish.findings import UNDECIDED, VERDICTS, Finding, GuaranteeRecord
from blemish.images import range_warning
from blemish.measurement.crack import Crack
from blemish.reports.document import Document, Unit, size_of, widest_reliable, widths_of
from blemish.reports.histograms import Histogram, count_by_size, length_by_class, length_by_direction
from blemish.reports.messages import Messages
from blemish.reports.scale_count import ScaleCount
from blemish.reports.width_classes import WidthClasses

# Reasons beyond these stand in the table of images only.
_MAX_REASONS = 8
# Names beyond these stand in the table of images only.
_MAX_NAMES = 60


@dataclass(frozen=True, slots=True)
class Group:
    """One line of a breakdown: cracks by width class or by grade, images by verdict."""

    label: str
    colour: str
    count: int
    length: str


@dataclass(frozen=True, slots=True)
class NameList:
    """Images that a reader must know of, each with its reason."""

    title: str
    names: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The page's first screen.

    Attributes:
        metrics: (name, value, remark) in large type.
        verdicts: images by verdict; empty where there are none.
        classes: cracks by the width class of their largest width.
        grades: cracks by grade, in the scale's order; empty without one.
        histograms: widths, lengths, directions; empty without cracks.
        notes: sentences that a reader must know before trusting a number.
        lists: what was not inspected and what could not be judged, by name.
    """

    metrics: tuple[tuple[str, str, str], ...]
    verdicts: tuple[Group, ...]
    classes: tuple[Group, ...]
    grades: tuple[Group, ...]
    histograms: tuple[Histogram, ...]
    notes: tuple[str, ...]
    lists: tuple[NameList, ...]


def summarise(document: Document, classes: WidthClasses) -> Summary:
    """Sum an inspection up. Cracks on images without a scale are left out where others have one, and a note says so."""
    unit, t = classes.unit, Messages(document.details.lang)
    cracks = [(image, crack) for image, crack in document.cracks() if size_of(crack, "length", unit) is not None]
    return Summary(
        metrics=_metrics(document, cracks, unit, t),
        verdicts=_verdicts(document),
        classes=_by_class([crack for _, crack in cracks], classes) if document.measured else (),
        grades=_by_grade(document, [crack for _, crack in cracks], unit, t),
        histograms=_histograms(cracks, classes, t) if cracks else (),
        notes=_notes(document, unit, t),
        lists=_lists(document, t),
    )


def told_length(length: float, unit: Unit) -> str:
    """A length to three digits, in metres from one metre on.

    >>> told_length(1234.5, "mm"), told_length(87.6, "px")
    ('1.23 m', '87.6 px')
    """
    if unit == "mm" and length >= 1000:
        return f"{_digits(length / 1000)} m"
    return f"{_digits(length)} {unit}"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _metrics(
    document: Document, cracks: list[tuple[Finding, Crack]], unit: Unit, t: Messages
) -> tuple[tuple[str, str, str], ...]:
    answered = [image for image in document.images if image.error is None]
    failed = len(document.images) - len(answered)
    metrics = [(t("images inspected"), f"{len(answered):,}", t("{count} could not be", count=failed) if failed else "")]
    if not document.measured:
        found = sum(len(image.regions) for image in answered)
        marked = t.images(sum(bool(image.regions) for image in answered))
        metrics.append((t("regions outlined"), f"{found:,}", t("in {images}", images=marked)))
        return (*metrics, *_largest_region(document, unit, t))
    cracked = sum(bool(image.cracks) for image in answered)
    total = sum(len(image.cracks or ()) for image in answered)
    metrics.append((t("cracks"), f"{total:,}", t("in {images}", images=t.images(cracked))))
    if cracks:
        metrics.append((t("largest width"), *_largest_width(cracks, unit, t)))
        lengths = [size_of(crack, "length", unit) or 0.0 for _, crack in cracks]
        number, length_unit = told_length(sum(lengths), unit).rsplit(" ", 1)
        longest = t("longest {length}", length=told_length(max(lengths), unit))
        metrics.append((t("total length"), f"{number} {length_unit}", longest))
        metrics += _density(document, t)
    return tuple(metrics)


def _largest_width(cracks: list[tuple[Finding, Crack]], unit: Unit, t: Messages) -> tuple[str, str]:
    """The largest width that can be trusted with its ± and image, and how many larger ones cannot be."""
    widest = widest_reliable((crack for _, crack in cracks), unit)
    if widest is None:
        return "–", t("no width could be measured reliably")
    width, about = (size_of(widest, name, unit) or 0.0 for name in ("max_width", "width_uncertainty"))
    image = next(image for image, crack in cracks if crack is widest)
    larger = sum((size_of(crack, "max_width", unit) or 0.0) > width for _, crack in cracks)
    said = [f"± {about:.2f}, {image.image}"]
    if larger:
        said.append(
            t("1 larger width could not be measured reliably")
            if larger == 1
            else t("{count} larger widths could not be measured reliably", count=f"{larger:,}")
        )
    return f"{width:.2f} {unit}", "; ".join(said)


def _largest_region(document: Document, unit: Unit, t: Messages) -> list[tuple[str, str, str]]:
    """The largest area, in the report's unit, with its image."""
    name, square = ("area_mm2", "mm²") if unit == "mm" else ("area_px", "px")
    areas = [(getattr(region, name) or 0, image.image) for image in document.images for region in image.regions]
    if not areas:
        return []
    area, image_name = max(areas)
    return [(t("largest region"), f"{_digits(area)} {square}", image_name)]


def _density(document: Document, t: Messages) -> list[tuple[str, str, str]]:
    area_mm2 = length_mm = 0.0
    for image in document.images:
        if image.scale is None or image.scale.to_plane is not None or image.size_px is None or image.cracks is None:
            continue
        area_mm2 += image.size_px[0] * image.size_px[1] * image.scale.mm_per_px**2
        length_mm += sum(size_of(crack, "length", "mm") or 0.0 for crack in image.cracks)
    if not area_mm2:
        return []
    return [
        (
            t("crack length per area"),
            f"{_digits(1000 * length_mm / area_mm2)} m/m²",
            t("over {area} m² of images", area=f"{area_mm2 / 1e6:.3g}"),
        )
    ]


def _verdicts(document: Document) -> tuple[Group, ...]:
    counts = Counter(image.verdict for image in document.images if image.verdict)
    return tuple(
        Group(name, "", counts[name], "") for name in VERDICTS if counts and (counts[name] or name not in UNDECIDED)
    )


def _by_class(cracks: list[Crack], classes: WidthClasses) -> tuple[Group, ...]:
    of_crack = classes.index_of([size_of(crack, "max_width", classes.unit) or 0.0 for crack in cracks])
    fractions = []
    for number, (label, colour) in enumerate(zip(classes.labels, classes.colours, strict=True)):
        inside = [crack for crack, its in zip(cracks, of_crack, strict=True) if its == number]
        fractions.append(Group(label, colour, len(inside), _total(inside, classes.unit)))
    return tuple(fractions)


def _by_grade(document: Document, cracks: list[Crack], unit: Unit, t: Messages) -> tuple[Group, ...]:
    if document.grades is None or unit != "mm" or not document.measured:
        return ()
    grades = [crack.grade for crack in cracks]
    fractions = []
    for label in document.grades.labels:
        inside = [crack for crack, grade in zip(cracks, grades, strict=True) if grade == label]
        fractions.append(Group(t.quoted(label), "", len(inside), _total(inside, unit)))
    return tuple(fractions)


def _total(cracks: list[Crack], unit: Unit) -> str:
    return told_length(sum(size_of(crack, "length", unit) or 0.0 for crack in cracks), unit) if cracks else "–"


def _histograms(found: list[tuple[Finding, Crack]], classes: WidthClasses, t: Messages) -> tuple[Histogram, ...]:
    unit, cracks = classes.unit, [crack for _, crack in found]
    lengths = np.array([size_of(crack, "length", unit) for crack in cracks], dtype=np.float64)
    by_class = np.zeros(len(classes.labels))
    for (image, crack), length in zip(found, lengths, strict=True):
        widths = widths_of(image, crack, unit)
        known = np.empty(0) if widths is None else widths[np.isfinite(widths)]
        if known.size:
            by_class += length * np.bincount(classes.index_of(known), minlength=len(by_class)) / known.size
    # Metres as soon as the sum of all lengths needs them.
    size, length_unit = (1000.0, "m") if unit == "mm" and lengths.sum() >= 2000 else (1.0, str(unit))
    return (
        length_by_class(
            t("Width along the cracks ({unit} of crack)", unit=length_unit),
            t("local width, {unit}", unit=unit),
            length_unit,
            [label.replace(" – ", "–") for label in classes.labels],
            classes.colours,
            by_class / size,
        ),
        count_by_size(t("Length (number of cracks)"), t("crack length, {unit}", unit=unit), unit, lengths),
        length_by_direction(
            t("Direction ({unit} of crack)", unit=length_unit),
            t("main direction in the image"),
            length_unit,
            [crack.orientation_deg for crack in cracks],
            lengths / size,
        ),
    )


def _notes(document: Document, unit: Unit, t: Messages) -> tuple[str, ...]:
    notes = [t.quoted(gap) for gap in document.gaps]
    gone = sum(
        image.error is None and document.find_image(image) is None and document.view_of(image) is None
        for image in document.images
    )
    if gone:
        notes.append(t("{images} no longer where inspected: only what was found can be drawn.", images=t.images(gone)))
    depth = range_warning(image.likely_range for image in document.images if image.error is None)
    if depth is not None:
        notes.append(t.quoted(depth))
    guarantee = None if document.run is None else document.run.guarantee
    if guarantee is not None and guarantee.sentence is not None:
        notes.append(_guarantee(guarantee, guarantee.sentence, t))
    failed = sum(image.error is not None for image in document.images)
    notes += _not_inspected(document, t)
    unusable = sum(image.verdict == "unusable" for image in document.images)
    if unusable:
        notes.append(t("{images} cannot be judged (unusable): neither pass nor reject.", images=t.images(unusable)))
    unknown = sum(image.verdict == "unknown surface" for image in document.images)
    if unknown:
        notes.append(
            t(
                "{images} show a surface that the detector does not know (unknown surface): neither pass nor reject.",
                images=t.images(unknown),
            )
        )
    doubted = sum(image.verdict == "pass" and bool(image.problems) for image in document.images)
    if doubted:
        notes.append(
            t(
                "Passed although out of focus, moved, dark or in part at full scale: {images}. A pass says less there.",
                images=t.images(doubted),
            )
        )
    scaled = ScaleCount()
    for image in document.images:
        scaled.add(image)
    asked = scaled.said(None if document.run is None else document.run.options.scale, t)
    if asked is not None:
        notes.append(asked)
    elif document.measured and unit == "px":
        notes.append(t("No scale was given: sizes are in pixels of each image, and no grade can be told from them."))
    unscaled = sum(bool(image.cracks) and image.scale is None for image in document.images)
    if unit == "mm" and unscaled:
        notes.append(
            t(
                "{images} with cracks without a scale: those cracks are listed in pixels and are in no figure, "
                "distribution or grade.",
                images=t.images(unscaled),
            )
        )
    if not document.images:
        notes.append(t("The inspection holds no images."))
    elif not document.measured:
        if failed < len(document.images) and not _finds_regions(document):
            notes.append(t("Cracks were not measured in this inspection: regions are listed as they were outlined."))
    elif not any(image.cracks for image in document.images):
        notes.append(t("No crack was found."))
    return tuple(notes)


def _finds_regions(document: Document) -> bool:
    """Whether it goes without saying that no cracks were measured."""
    return document.run is not None and document.run.detector.finds == "regions"


def _guarantee(guarantee: GuaranteeRecord, sentence: str, t: Messages) -> str:
    if t.lang == "en":
        return sentence
    if guarantee.state == "not applicable":
        return t(
            "{flagged} of {images} images did not pass. The guaranteed false-alarm rate is about surfaces that are "
            "mostly normal and says nothing about a set of mostly damaged ones.",
            flagged=guarantee.flagged,
            images=guarantee.images,
        )
    return t(
        'Guarantee suspended from "{image}" on (number {number}): {reason}.',
        image=guarantee.suspended_from,
        number=guarantee.number,
        reason=t.quoted(guarantee.reason),
    )


def _not_inspected(document: Document, t: Messages) -> list[str]:
    """What could not be inspected, by ending and reason."""
    reasons = Counter(
        (PurePath(image.path or image.image).suffix.lower() or "file", _reason(image, t))
        for image in document.images
        if image.error is not None
    )
    notes = [
        t("{count} {ending} not inspected: {reason}.", count=count, ending=ending, reason=why)
        for (ending, why), count in reasons.most_common(_MAX_REASONS)
    ]
    others = reasons.total() - sum(count for _, count in reasons.most_common(_MAX_REASONS))
    if others:
        notes.append(t("{images} more could not be inspected: the table of images says why.", images=t.images(others)))
    return notes


def _reason(image: Finding, t: Messages) -> str:
    """Why an image has no answer, without its own name, which stands before it."""
    said = t.quoted(image.error)
    for start in (f'"{image.path}" is ', f'"{image.path}": '):
        said = said.removeprefix(start)
    return said.removesuffix(".")


def _lists(document: Document, t: Messages) -> tuple[NameList, ...]:
    left_out = [(image.image, _reason(image, t)) for image in document.images if image.error is not None]
    undecided = {
        verdict: [
            (image.image, "; ".join(map(t.quoted, image.notes)))
            for image in document.images
            if image.verdict == verdict
        ]
        for verdict in UNDECIDED
    }
    lists = []
    for title, names in (
        ("Not inspected: {count}", left_out),
        ("Unusable: {count}", undecided["unusable"]),
        ("Unknown surface: {count}", undecided["unknown surface"]),
    ):
        shown = names[:_MAX_NAMES]
        if len(names) > len(shown):
            shown.append((t("and {count} more", count=len(names) - len(shown)), ""))
        if names:
            lists.append(NameList(t(title, count=len(names)), tuple(shown)))
    return tuple(lists)
