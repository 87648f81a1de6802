"""A data set prepared for a benchmark: every image in a recorded split, leaks found, contents fingerprinted."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blemish.benchmarking.contenders import Contender
from blemish.benchmarking.leak_guard import Leaks, find_split_leaks
from blemish.datasets import (
    Dataset,
    Sample,
    fingerprint,
    read_dataset,
    relative_name,
    with_duplicate_groups,
    with_known_normals,
    with_known_truth,
    with_splits,
)
from blemish.errors import DataError
from blemish.files import write_text

TEST_FRACTION = 0.2


@dataclass(frozen=True, slots=True)
class BenchmarkData:
    """A data set as every contender gets it.

    Attributes:
        dataset: every image with a split, the training images with their truth settled (`blemish.datasets.truth`).
        fingerprint: of the contents of all images and the split.
        leaked: names of test images that the training may have seen.
        normal_names: the classes named as normal; None takes the usual names.
    """

    dataset: Dataset
    fingerprint: str
    leaked: frozenset[str]
    normal_names: tuple[str, ...] | None = None

    def training(self, *, sees_defects: bool) -> Dataset:
        """The images that a training gets; only normal ones for methods that learn from normal images alone."""
        return self.dataset.where(lambda sample: sample.split != "test" and (sees_defects or sample.defective is False))

    def test(self) -> Dataset:
        """The images that metrics are computed on."""
        return self.dataset.split("test")


def prepare(
    path: Path,
    contenders: Sequence[Contender],
    *,
    allow_leaks: bool = False,
    normal_names: Collection[str] | None = None,
    listing: Path,
    say: Callable[[str], None] = lambda _: None,
) -> BenchmarkData:
    """Read a data set, split it where it has no splits, and look for leaks.

    Args:
        path: folder, table or COCO file.
        contenders: what will be trained on it: images that none of them sees cannot leak.
        allow_leaks: go on in spite of leaks.
        normal_names: the normal classes; None takes the usual names.
        listing: where to write the list of leaks, if there are any.
        say: called with sentences for a person.

    Raises:
        DataError: unreadable data, no training or no test images, or leaks that were not allowed.
    """
    dataset = _with_splits(read_dataset(path, normal_names=normal_names), say)
    sees_defects = any(contender.sees_defects for contender in contenders)
    needs_normals = not all(contender.sees_defects for contender in contenders)
    dataset = with_known_normals(dataset) if needs_normals else with_known_truth(dataset)
    for split, count in (("training", _count(dataset, test=False)), ("test", _count(dataset, test=True))):
        if not count:
            raise DataError(f'"{path}" has no {split} images; a benchmark needs both training and test images.')
    visible = dataset.where(lambda sample: sample.split == "test" or sees_defects or sample.defective is False)
    leaks = find_split_leaks(visible)
    _stop_at(leaks, dataset, allow_leaks, listing, say)
    test_names = {relative_name(dataset, sample) for sample in dataset.split("test").samples}
    named = None if normal_names is None else tuple(normal_names)
    return BenchmarkData(dataset, fingerprint(dataset), frozenset(leaks.test_images & test_names), named)


def save_data(data: BenchmarkData, target: Path) -> None:
    """Write the split, the truth and the leaks as JSON, so that every process uses the same ones."""
    images = {
        relative_name(data.dataset, sample): {
            "split": sample.split,
            "label": sample.label,
            "defective": sample.defective,
            "group": sample.group,
            "leaked": relative_name(data.dataset, sample) in data.leaked,
        }
        for sample in data.dataset.samples
    }
    record = {"fingerprint": data.fingerprint, "normal_names": data.normal_names, "images": images}
    write_text(target, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def load_data(path: Path, saved: Path) -> BenchmarkData:
    """The data set at ``path`` with the split and truth that `save_data` wrote.

    Raises:
        DataError: the data set holds an image that is not in the list.
    """
    record: dict[str, Any] = json.loads(saved.read_text(encoding="utf-8"))
    names, images = record["normal_names"], record["images"]
    dataset = read_dataset(path, normal_names=names)

    def as_saved(sample: Sample) -> Sample:
        known = images[relative_name(dataset, sample)]
        return replace(sample, split=known["split"], defective=known["defective"], group=known["group"])

    try:
        samples = tuple(as_saved(sample) for sample in dataset.samples)
    except KeyError as error:
        raise DataError(
            f'"{path}" changed while the benchmark ran: {error} is new; start the benchmark again.'
        ) from None
    leaked = frozenset(name for name, known in images.items() if known["leaked"])
    return BenchmarkData(
        replace(dataset, samples=samples), record["fingerprint"], leaked, None if names is None else tuple(names)
    )


def _with_splits(dataset: Dataset, say: Callable[[str], None]) -> Dataset:
    if all(sample.split is not None for sample in dataset.samples):
        return dataset
    say(
        f'"{dataset.name}" has images without a split: a fifth of them, by group, is kept for testing. '
        "Every contender and seed gets the same split."
    )
    return with_splits(with_duplicate_groups(dataset), test_fraction=TEST_FRACTION, seed=0)


def _count(dataset: Dataset, *, test: bool) -> int:
    return sum((sample.split == "test") is test for sample in dataset.samples)


def _stop_at(leaks: Leaks, dataset: Dataset, allowed: bool, listing: Path, say: Callable[[str], None]) -> None:
    if not leaks.found:
        return
    write_text(listing, leaks.listing())
    if allowed:
        say(f'"{dataset.name}" leaks, and the benchmark goes on as asked: {leaks.sentence()} The list is in {listing}.')
        return
    raise DataError(
        f'"{dataset.name}" leaks from training into test: {leaks.sentence()} The list is in "{listing}"; '
        f"clean the data, or go on with --allow-leaks {dataset.name}."
    )
