"""Looking a data set over before anybody trains on it: counts, sizes, masks, unreadable files, duplicates, leaks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from blemish.datasets.identity import relative_name
from blemish.datasets.leaks import Leak, find_leaks
from blemish.datasets.sample import Dataset
from blemish.datasets.survey import Look, find_near_duplicates, look_at
from blemish.datasets.white_masks import ALL_WHITE, MOSTLY_WHITE, white_question
from blemish.images import range_warning

NO_SPLIT = "no split"


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the readable images are: smallest, median and largest side, and how many different sizes."""

    min_height_px: int
    median_height_px: float
    max_height_px: int
    min_width_px: int
    median_width_px: float
    max_width_px: int
    distinct: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one class's masks cover.

    Attributes:
        images: images in which a mask marks the class.
        pixel_fraction: defective pixels of the class over all pixels of the images whose extent is known.
    """

    images: int
    pixel_fraction: float


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What `check_dataset` found. Images stand by their name relative to the data set.

    Attributes:
        name, root, layout, notes: from the data set; notes also say where a bit range seems to be missing.
        images: number of images.
        counts: images by label and split.
        classes: names of the defect classes.
        normal_labels: labels that mean "without a defect".
        sizes: None where no image can be read.
        coverage: by class.
        unknown_extent: images whose masks are not known.
        empty_masks: images with masks of which none holds a defective pixel.
        mostly_white_masks: images with a mask that is more than half defective; inverted masks look like that.
        all_white_masks: images with a mask that is defective everywhere.
        unreadable: image and reason.
        mask_problems: image and reason: missing, damaged or of another size.
        reading_notes: what reading had to decide (first page of several, 16 bit, …), with the number of images.
        exact_duplicates: groups of images with the same pixels.
        near_duplicates: groups of images that look the same.
        leaks: what contradicts the splits or the labels.
    """

    name: str
    root: str
    layout: str
    notes: tuple[str, ...]
    images: int
    counts: dict[str, dict[str, int]]
    classes: tuple[str, ...]
    normal_labels: tuple[str, ...]
    sizes: Sizes | None
    coverage: dict[str, Coverage]
    unknown_extent: int
    empty_masks: tuple[str, ...]
    mostly_white_masks: tuple[str, ...]
    all_white_masks: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...]
    mask_problems: tuple[tuple[str, str], ...]
    reading_notes: dict[str, int]
    exact_duplicates: tuple[tuple[str, ...], ...]
    near_duplicates: tuple[tuple[str, ...], ...]
    leaks: tuple[Leak, ...]

    def to_record(self) -> dict[str, Any]:
        """The report as plain dicts, lists, numbers and text, for JSON."""
        return asdict(self)


def check_dataset(dataset: Dataset, on_progress: Callable[[], None] | None = None) -> DatasetReport:
    """Read every image and mask once and report on them; nothing on disk is changed.

    Args:
        dataset: as read.
        on_progress: called after each image.
    """
    looks = look_at(dataset.samples, on_progress)
    names = [relative_name(dataset, sample) for sample in dataset.samples]
    near_duplicates = find_near_duplicates(looks)
    fractions = [_mask_fractions(look) for look in looks]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sample in dataset.samples:
        counts[sample.label][sample.split or NO_SPLIT] += 1
    return DatasetReport(
        name=dataset.name,
        root=str(dataset.root),
        layout=dataset.layout,
        notes=(*dataset.notes, *_depth_notes(looks)),
        images=len(dataset),
        counts={label: dict(sorted(by_split.items())) for label, by_split in sorted(counts.items())},
        classes=dataset.classes,
        normal_labels=tuple(sorted({sample.label for sample in dataset.samples if sample.defective is False})),
        sizes=_sizes(looks),
        coverage=_coverage(dataset, looks),
        unknown_extent=sum(sample.masks is None for sample in dataset.samples),
        empty_masks=_named(names, [bool(fraction) and max(fraction) == 0 for fraction in fractions]),
        mostly_white_masks=_named(
            names, [any(white_question(part) == MOSTLY_WHITE for part in fraction) for fraction in fractions]
        ),
        all_white_masks=_named(
            names, [any(white_question(part) == ALL_WHITE for part in fraction) for fraction in fractions]
        ),
        unreadable=tuple((name, look.problem) for name, look in zip(names, looks, strict=True) if look.problem),
        mask_problems=tuple(
            (name, look.mask_problem) for name, look in zip(names, looks, strict=True) if look.mask_problem
        ),
        reading_notes=dict(Counter(note for look in looks for note in look.notes)),
        exact_duplicates=tuple(tuple(names[index] for index in group) for group in near_duplicates.exact),
        near_duplicates=tuple(tuple(names[index] for index in group) for group in near_duplicates.near),
        leaks=find_leaks(dataset, near_duplicates),
    )


def _mask_fractions(look: Look) -> list[float]:
    if look.size_px is None:
        return []
    return [pixels / (look.size_px[0] * look.size_px[1]) for _, pixels in look.mask_px]


def _depth_notes(looks: Sequence[Look]) -> list[str]:
    warning = range_warning(look.likely_range for look in looks if look.size_px is not None)
    return [] if warning is None else [warning]


def _sizes(looks: Sequence[Look]) -> Sizes | None:
    sizes = [look.size_px for look in looks if look.size_px is not None]
    if not sizes:
        return None
    heights, widths = zip(*sizes, strict=True)
    middle = float(median(heights)), float(median(widths))
    return Sizes(min(heights), middle[0], max(heights), min(widths), middle[1], max(widths), len(set(sizes)))


def _coverage(dataset: Dataset, looks: Sequence[Look]) -> dict[str, Coverage]:
    images: Counter[str] = Counter()
    defective_px: Counter[str] = Counter()
    known_px = 0
    for sample, look in zip(dataset.samples, looks, strict=True):
        if sample.masks is None or look.size_px is None or look.mask_problem is not None:
            continue
        known_px += look.size_px[0] * look.size_px[1]
        for label, pixels in look.mask_px:
            images[label] += pixels > 0
            defective_px[label] += pixels
    return {
        label: Coverage(images[label], defective_px[label] / known_px) for label in dataset.classes if images[label]
    }


def _named(names: Sequence[str], chosen: Sequence[bool]) -> tuple[str, ...]:
    return tuple(name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen)
