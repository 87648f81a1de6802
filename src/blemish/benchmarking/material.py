"""A data set made ready: every image in a split that is written down, leaks found, contents fingerprinted."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from blemish.benchmarking.guard import Leaks, find_crossings
from blemish.benchmarking.plan import Contender
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
class Material:
    """A data set as every contender gets it.

    Attributes:
        dataset: every image with a split, and the training images with the truth where labels or masks tell it.
        fingerprint: over the contents of all images and the split.
        leaked: names of test images that the training may have seen.
        normal_names: the classes that were said to be free of defects; None where the usual names told.
    """

    dataset: Dataset
    fingerprint: str
    leaked: frozenset[str]
    normal_names: tuple[str, ...] | None = None

    def training(self, *, sees_defects: bool) -> Dataset:
        """The images that a training gets; for methods that learn from normal images nothing but those."""
        return self.dataset.where(lambda sample: sample.split != "test" and (sees_defects or sample.defective is False))

    def test(self) -> Dataset:
        """The images that figures are taken on."""
        return self.dataset.split("test")


def prepare(
    path: Path,
    contenders: Sequence[Contender],
    *,
    allow_leaks: bool = False,
    normal_names: Collection[str] | None = None,
    listing: Path,
    say: Callable[[str], None] = lambda _: None,
) -> Material:
    """Read a data set, deal it out where it has no splits, and look for leaks.

    Args:
        path: folder, table or COCO file.
        contenders: who will learn from it: what none of them sees cannot leak.
        allow_leaks: go on in spite of leaks.
        normal_names: the classes that are free of defects; None knows the usual ones.
        listing: where the list of leaks is written, if there are any.
        say: told what was decided.

    Raises:
        DataError: unreadable data, no training or no test images, or leaks that were not allowed.
    """
    dataset = _dealt(read_dataset(path, normal_names=normal_names), say)
    sees_defects = any(contender.sees_defects for contender in contenders)
    needs_normals = not all(contender.sees_defects for contender in contenders)
    dataset = with_known_normals(dataset) if needs_normals else with_known_truth(dataset)
    for split, there in (("training", _count(dataset, test=False)), ("test", _count(dataset, test=True))):
        if not there:
            raise DataError(f'"{path}" has no {split} images; a benchmark needs both training and test images.')
    visible = dataset.where(lambda sample: sample.split == "test" or sees_defects or sample.defective is False)
    leaks = find_crossings(visible)
    _stop_at(leaks, dataset, allow_leaks, listing, say)
    test_names = {relative_name(dataset, sample) for sample in dataset.split("test").samples}
    named = None if normal_names is None else tuple(normal_names)
    return Material(dataset, fingerprint(dataset), frozenset(leaks.test_images & test_names), named)


def save_material(material: Material, target: Path) -> None:
    """Write down the split, the truth and the leaks, so that every process deals alike and anybody can look."""
    images = {
        relative_name(material.dataset, sample): {
            "split": sample.split,
            "label": sample.label,
            "defective": sample.defective,
            "group": sample.group,
            "leaked": relative_name(material.dataset, sample) in material.leaked,
        }
        for sample in material.dataset.samples
    }
    record = {"fingerprint": material.fingerprint, "normal_names": material.normal_names, "images": images}
    write_text(target, json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def load_material(path: Path, saved: Path) -> Material:
    """The data set at ``path`` dealt out as `save_material` wrote it down.

    Raises:
        DataError: the data set and the list of its images no longer fit each other.
    """
    record: dict[str, Any] = json.loads(saved.read_text(encoding="utf-8"))
    names, images = record["normal_names"], record["images"]
    dataset = read_dataset(path, normal_names=names)

    def dealt(sample: Sample) -> Sample:
        known = images[relative_name(dataset, sample)]
        return replace(sample, split=known["split"], defective=known["defective"], group=known["group"])

    try:
        samples = tuple(dealt(sample) for sample in dataset.samples)
    except KeyError as error:
        raise DataError(
            f'"{path}" changed while the benchmark ran: {error} is new; start the benchmark again.'
        ) from None
    leaked = frozenset(name for name, known in images.items() if known["leaked"])
    return Material(
        replace(dataset, samples=samples), record["fingerprint"], leaked, None if names is None else tuple(names)
    )


def _dealt(dataset: Dataset, say: Callable[[str], None]) -> Dataset:
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
        say(f'"{dataset.name}" leaks, and goes on as asked: {leaks.sentence()} The list is in {listing}.')
        return
    raise DataError(
        f'"{dataset.name}" leaks from training into test: {leaks.sentence()} The list is in "{listing}"; '
        f"clean the data, or go on with --allow-leaks {dataset.name}."
    )
