"""Looking a data set over before anybody trains on it: counts, sizes, masks, unreadable files, duplicates, leaks."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from blemish.datasets.fingerprint import relative_name
from blemish.datasets.leaks import Leak, find_leaks
from blemish.datasets.sample import Dataset
from blemish.datasets.survey import Look, find_twins, look_at

NO_SPLIT = "no split"
MOSTLY_WHITE = 0.5


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the readable photos are: smallest, median and largest side, and how many different sizes."""

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
        photos: photos with a mask of the class.
        pixel_share: defective pixels of the class over all pixels of the photos whose extent is known.
    """

    photos: int
    pixel_share: float


@dataclass(frozen=True, slots=True)
class DatasetReport:
    """What `check_dataset` found. Photos stand by their name relative to the data set.

    Attributes:
        name, root, layout, notes: from the data set.
        photos: number of photos.
        counts: photos by label and split.
        classes: names of the defect classes.
        normal_labels: labels that mean "without a defect".
        sizes: None where no photo can be read.
        coverage: by class.
        unknown_extent: photos whose masks are not known.
        empty_masks: photos with masks of which none holds a defective pixel.
        mostly_white_masks: photos with a mask that is more than half defective; inverted masks look like that.
        all_white_masks: photos with a mask that is defective everywhere.
        unreadable: photo and reason.
        mask_problems: photo and reason: missing, damaged or of another size.
        reading_notes: what reading had to decide (first page of several, 16 bit, …), with the number of photos.
        exact_duplicates: groups of photos with the same pixels.
        near_duplicates: pairs that look the same.
        leaks: what contradicts the splits or the labels.
    """

    name: str
    root: str
    layout: str
    notes: tuple[str, ...]
    photos: int
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
    near_duplicates: tuple[tuple[str, str], ...]
    leaks: tuple[Leak, ...]

    def to_record(self) -> dict[str, Any]:
        """The report as plain dicts, lists, numbers and text, for JSON."""
        return asdict(self)


def check_dataset(dataset: Dataset, on_progress: Callable[[], None] | None = None) -> DatasetReport:
    """Read every photo and mask once and report on them; nothing on disk is changed.

    Args:
        dataset: as read.
        on_progress: called after each photo.
    """
    looks = look_at(dataset.samples, on_progress)
    names = [relative_name(dataset, sample) for sample in dataset.samples]
    twins = find_twins(looks)
    shares = [_mask_shares(look) for look in looks]
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for sample in dataset.samples:
        counts[sample.label][sample.split or NO_SPLIT] += 1
    return DatasetReport(
        name=dataset.name,
        root=str(dataset.root),
        layout=dataset.layout,
        notes=dataset.notes,
        photos=len(dataset),
        counts={label: dict(sorted(by_split.items())) for label, by_split in sorted(counts.items())},
        classes=dataset.classes,
        normal_labels=tuple(sorted({sample.label for sample in dataset.samples if sample.defective is False})),
        sizes=_sizes(looks),
        coverage=_coverage(dataset, looks),
        unknown_extent=sum(sample.masks is None for sample in dataset.samples),
        empty_masks=_named(names, [bool(share) and max(share) == 0 for share in shares]),
        mostly_white_masks=_named(names, [any(MOSTLY_WHITE < part < 1 for part in share) for share in shares]),
        all_white_masks=_named(names, [any(part == 1 for part in share) for share in shares]),
        unreadable=tuple((name, look.problem) for name, look in zip(names, looks, strict=True) if look.problem),
        mask_problems=tuple(
            (name, look.mask_problem) for name, look in zip(names, looks, strict=True) if look.mask_problem
        ),
        reading_notes=dict(Counter(note for look in looks for note in look.notes)),
        exact_duplicates=tuple(tuple(names[index] for index in group) for group in twins.exact),
        near_duplicates=tuple((names[first], names[second]) for first, second in twins.near.tolist()),
        leaks=find_leaks(dataset, twins),
    )


def _mask_shares(look: Look) -> list[float]:
    if look.size_px is None:
        return []
    return [pixels / (look.size_px[0] * look.size_px[1]) for _, pixels in look.mask_px]


def _sizes(looks: Sequence[Look]) -> Sizes | None:
    sizes = [look.size_px for look in looks if look.size_px is not None]
    if not sizes:
        return None
    heights, widths = zip(*sizes, strict=True)
    middle = float(median(heights)), float(median(widths))
    return Sizes(min(heights), middle[0], max(heights), min(widths), middle[1], max(widths), len(set(sizes)))


def _coverage(dataset: Dataset, looks: Sequence[Look]) -> dict[str, Coverage]:
    photos: Counter[str] = Counter()
    defective_px: Counter[str] = Counter()
    known_px = 0
    for sample, look in zip(dataset.samples, looks, strict=True):
        if sample.masks is None or look.size_px is None or look.mask_problem is not None:
            continue
        known_px += look.size_px[0] * look.size_px[1]
        for label, pixels in look.mask_px:
            photos[label] += 1
            defective_px[label] += pixels
    return {
        label: Coverage(photos[label], defective_px[label] / known_px) for label in dataset.classes if photos[label]
    }


def _named(names: Sequence[str], chosen: Sequence[bool]) -> tuple[str, ...]:
    return tuple(name for name, is_chosen in zip(names, chosen, strict=True) if is_chosen)
