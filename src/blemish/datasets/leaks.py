"""What would let a test score lie: the same image, part or label conflict on both sides of a split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from blemish.datasets.duplicates import groups_of_pairs
from blemish.datasets.identity import relative_name
from blemish.datasets.sample import Dataset, Sample
from blemish.datasets.survey import NearDuplicates, find_near_duplicates, look_at

LeakKind = Literal["same image", "look-alike", "same group", "two labels"]


@dataclass(frozen=True, slots=True)
class Leak:
    """One way in which splits or labels contradict themselves.

    Attributes:
        kind: the same image, look-alikes or one group in two splits; or the same image under two labels.
        sentence: what was found, for a person.
        images: the images that belong together, by relative name; one entry per case.
    """

    kind: LeakKind
    sentence: str
    images: tuple[tuple[str, ...], ...]


def find_leaks(dataset: Dataset, near_duplicates: NearDuplicates) -> tuple[Leak, ...]:
    """All leaks of a data set whose images were compared already.

    Args:
        dataset: the images, with splits where they have some.
        near-duplicates: which of them show the same, from `survey.find_near_duplicates`.
    """
    exact = [[dataset.samples[index] for index in group] for group in near_duplicates.exact]
    near = [[dataset.samples[index] for index in group] for group in near_duplicates.near]
    groups: dict[str, list[Sample]] = defaultdict(list)
    for sample in dataset.samples:
        if sample.group is not None and sample.split is not None:
            groups[sample.group].append(sample)
    found = [
        _leak(dataset, "same image", filter(_crosses, exact), "the same pixels in more than one split"),
        _leak(dataset, "look-alike", filter(_crosses, near), "look-alikes in more than one split"),
        _leak(dataset, "same group", filter(_crosses, groups.values()), "one group in more than one split"),
        _leak(dataset, "two labels", filter(_disagrees, exact), "the same pixels under two labels"),
    ]
    return tuple(leak for leak in found if leak is not None)


def with_duplicate_groups(dataset: Dataset) -> Dataset:
    """Put images that show the same, exactly or to the eye, into one group, so that splits keep them together.

    Groups that are known already stay whole; two of them that share an image become one. Reads every image.
    """
    samples = dataset.samples
    near_duplicates = find_near_duplicates(look_at([replace(sample, masks=None) for sample in samples]))
    first_of: dict[str, int] = {}
    alike = [*near_duplicates.exact, *near_duplicates.near]
    links = [(group[0], other) for group in alike for other in group[1:]]
    links += [(first_of.setdefault(sample.group, index), index) for index, sample in enumerate(samples) if sample.group]
    pairs = np.asarray(links, dtype=np.int64).reshape(-1, 2)
    members: dict[int, list[int]] = defaultdict(list)
    for index, number in enumerate(groups_of_pairs(len(samples), pairs).tolist()):
        members[number].append(index)
    grouped = list(samples)
    for indices in members.values():
        known = sorted({group for index in indices if (group := samples[index].group) is not None})
        name = known[0] if known else f"like {relative_name(dataset, samples[indices[0]])}"
        for index in indices if known or len(indices) > 1 else ():
            grouped[index] = replace(samples[index], group=name)
    return replace(dataset, samples=tuple(grouped))


def _crosses(samples: list[Sample]) -> bool:
    return len({sample.split for sample in samples if sample.split is not None}) > 1


def _disagrees(samples: list[Sample]) -> bool:
    return len({(sample.label, sample.defective) for sample in samples}) > 1


def _leak(dataset: Dataset, kind: LeakKind, cases: Iterable[list[Sample]], what: str) -> Leak | None:
    found = list(cases)
    if not found:
        return None
    names = tuple(tuple(relative_name(dataset, sample) for sample in case) for case in found)
    labels = Counter(" / ".join(sorted({sample.label for sample in case})) for case in found)
    of = ", ".join(f"{label}: {count}" for label, count in sorted(labels.items()))
    count = "1 case" if len(found) == 1 else f"{len(found):,} cases"
    first = found[0][0]
    other = next((each for each in found[0] if (each.split, each.label) != (first.split, first.label)), found[0][-1])
    one, two = relative_name(dataset, first), relative_name(dataset, other)
    return Leak(kind, f'{count} of {what} ({of}), such as "{one}" and "{two}".', names)
