"""The domains of ``adversarial-study``: whose images, how the study saw them, and which of them train and test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from blemish.datasets import Dataset, Sample
from blemish.errors import DataError


@dataclass(frozen=True, slots=True)
class Domain:
    """One of the study's domains.

    Attributes:
        labels: of the normal and the defective images, as the readers name them.
        needs: its folders, in words.
        published: the method of its best run, its recipe, and AUROC and AUPR where the study gives a number.
        settings: how the study saw its images.
        paper: how long the study trained its two methods.
        quick: how ``quick`` sees the images instead.
    """

    labels: frozenset[str]
    needs: str
    published: tuple[str, str, Mapping[str, float]]
    settings: Mapping[str, Any]
    paper: Mapping[str, Any]
    quick: Mapping[str, Any] = field(default_factory=dict)


DOMAINS = {
    "building": Domain(
        frozenset({"Negative", "Positive"}),
        "METU's patches (Negative/, Positive/)",
        ("fanogan", "building-fanogan", {"AUROC": 0.995, "AUPR": 0.995}),
        {"size_px": 64, "colour": True},
        {"epochs": 500, "learning_rate": 0.0005},
    ),
    "medical": Domain(
        frozenset({"normal", "covid"}),
        "X-rays (train/normal/, test/normal/, test/covid/)",
        ("ganomaly", "medical-ganomaly", {"AUROC": 0.811, "AUPR": 0.90}),
        {"size_px": 128, "colour": False},
        # The study's batch is one of 16, 32 and 64: of 70 images, 64 are one step an epoch.
        {"epochs": 100, "learning_rate": 0.001, "batch_size": 16},
    ),
    "manufacturing": Domain(
        frozenset({"ok_front", "def_front"}),
        "castings (train/ok_front/, test/ok_front/, test/def_front/)",
        ("ganomaly", "manufacturing-ganomaly", {}),
        {"size_px": 128, "colour": False},
        {"epochs": 100, "learning_rate": 0.001},
        {"size_px": 64},
    ),
}
_TEST_FRACTION = 0.25


def split(domain: str, dataset: Dataset, seed: int, *, max_train: int | None, max_test: int | None) -> Dataset:
    """The domain's data with a split for every image: the study's, or by the seed where it has none.

    Args:
        domain: a name of `DOMAINS`.
        dataset: all of its images.
        seed: of the draw.
        max_train: normal training images at most, drawn by the seed; None takes all.
        max_test: test images of each class at most, where the seed chooses them.
    """
    rng = Random(seed)
    if domain == "building":
        dataset = _dealt(dataset, rng, max_test)
    train = [one for one in dataset.samples if one.split == "train" and one.defective is False]
    if max_train is None or len(train) <= max_train:
        return dataset
    left_out = {one.path for one in train} - {one.path for one in rng.sample(train, max_train)}
    return replace(dataset, samples=tuple(one for one in dataset.samples if one.path not in left_out))


def check_split(name: str, dataset: Dataset) -> None:
    """Raises DataError where the images are not split as the study's."""
    splits = {(sample.split, sample.defective) for sample in dataset.samples}
    wanted = (
        {(None, False), (None, True)} if name == "building" else {("train", False), ("test", False), ("test", True)}
    )
    if not wanted <= splits:
        raise DataError(f'"{dataset.root}" is not split as the study\'s: {DOMAINS[name].needs} are needed.')


def _dealt(dataset: Dataset, rng: Random, max_test: int | None) -> Dataset:
    normal, cracked = (
        sorted((one for one in dataset.samples if one.defective is kind), key=lambda one: one.path)
        for kind in (False, True)
    )
    count = max(1, round(_TEST_FRACTION * len(normal)))
    count = count if max_test is None else min(count, max_test)
    test = rng.sample(normal, count) + rng.sample(cracked, min(count, len(cracked)))
    tests = {sample.path for sample in test}
    train = [replace(one, split="train") for one in normal if one.path not in tests]
    samples: list[Sample] = [*train, *(replace(one, split="test") for one in test)]
    return replace(dataset, samples=tuple(samples))
