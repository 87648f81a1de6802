"""Splits that hold still, keep groups whole and share every label out."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.datasets import Dataset, Sample, hold_out, with_splits
from blemish.errors import DataError


def dataset(samples: list[Sample], root: str = "/data/wall") -> Dataset:
    return Dataset("wall", Path(root), "test", tuple(samples), ("crack",))


def images(good: int = 80, crack: int = 20, per_group: int | None = None, root: str = "/data/wall") -> Dataset:
    labels = ["good"] * good + ["crack"] * crack
    return dataset(
        [
            Sample(
                Path(root) / f"{index:03}.jpg",
                label,
                defective=label == "crack",
                group=str(index // per_group) if per_group else None,
            )
            for index, label in enumerate(labels)
        ],
        root,
    )


def by_name(data: Dataset) -> dict[str, str | None]:
    return {sample.path.name: sample.split for sample in data.samples}


def groups_of(data: Dataset) -> set[str | None]:
    return {sample.group for sample in data.samples}


def test_fractions_are_met_for_every_label() -> None:
    split = with_splits(images(), test_fraction=0.2, val_fraction=0.1)
    assert split.split("test").labels() == {"good": 16, "crack": 4}
    assert split.split("val").labels() == {"good": 8, "crack": 2}
    assert split.split("train").labels() == {"good": 56, "crack": 14}


def test_neither_the_order_of_the_files_nor_the_folder_plays_a_part() -> None:
    first = by_name(with_splits(images(), seed=3))
    backwards = images()
    backwards = replace(backwards, samples=backwards.samples[::-1])
    assert by_name(with_splits(backwards, seed=3)) == first
    assert by_name(with_splits(images(root="/elsewhere/copy"), seed=3)) == first


def test_another_seed_is_another_split() -> None:
    assert by_name(with_splits(images(), seed=0)) != by_name(with_splits(images(), seed=1))


def test_a_fixed_split_is_never_moved() -> None:
    samples = [replace(sample, split="test") if index % 3 else sample for index, sample in enumerate(images().samples)]
    split = with_splits(dataset(samples), test_fraction=0.5)
    assert all(new.split == "test" for new, old in zip(split.samples, samples, strict=True) if old.split == "test")
    assert len(split.split("train")) == 17


def test_a_group_follows_its_images_that_are_fixed() -> None:
    samples = [
        replace(sample, split="val") if index % 10 == 0 else sample
        for index, sample in enumerate(images(per_group=10).samples)
    ]
    assert {sample.split for sample in with_splits(dataset(samples)).samples} == {"val"}


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12)), min_size=4, max_size=60),
    st.floats(0.1, 0.5),
    st.integers(0, 5),
)
def test_groups_are_never_cut_and_no_part_is_empty(rows, fraction, seed) -> None:
    data = dataset(
        [Sample(Path(f"/data/wall/{place}.jpg"), label, group=str(group)) for place, (label, group) in enumerate(rows)]
    )
    if len(groups_of(data)) < 2:
        return
    for one, other in (
        hold_out(data, fraction, seed),
        (lambda split: (split.split("train"), split.split("test")))(
            with_splits(data, test_fraction=fraction, seed=seed)
        ),
    ):
        assert one.samples
        assert other.samples
        assert len(one) + len(other) == len(data)
        assert not groups_of(one) & groups_of(other)


def test_holding_out_keeps_the_order_and_the_proportions() -> None:
    fit, held = hold_out(images(), 0.25, seed=1)
    assert held.labels() == {"good": 20, "crack": 5}
    for part in (fit, held):
        assert [sample.path for sample in part.samples] == sorted(sample.path for sample in part.samples)


def test_rounding_does_not_leave_small_classes_out_together() -> None:
    labels = [f"class {index % 20}" for index in range(60)]
    data = dataset([Sample(Path(f"/data/wall/{index}.jpg"), label) for index, label in enumerate(labels)])
    _, held = hold_out(data, 0.1)
    assert len(held) == 6


def test_the_only_image_of_a_class_stays_in_training() -> None:
    data = images(good=30, crack=1)
    for seed in range(20):
        fit, _ = hold_out(data, 0.4, seed)
        assert fit.labels()["crack"] == 1


@pytest.mark.parametrize("fraction", [0.01, 0.99])
def test_at_least_one_is_held_out_and_never_all(fraction) -> None:
    for count in (2, 3, 7):
        fit, held = hold_out(images(good=count, crack=0), fraction)
        assert fit.samples
        assert held.samples


def test_the_last_image_of_a_label_stays_in_training() -> None:
    for seed in range(5):
        assert with_splits(images(good=10, crack=2), test_fraction=0.9, seed=seed).split("train").labels()["crack"] == 1


def test_every_split_gets_an_image_however_small_its_fraction() -> None:
    counts = Counter(by_name(with_splits(images(good=3, crack=0), test_fraction=0.01, val_fraction=0.01)).values())
    assert counts == {"train": 1, "test": 1, "val": 1}


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_a_fraction_out_of_range_is_refused(fraction) -> None:
    with pytest.raises(DataError, match="between 0 and 1"):
        hold_out(images(), fraction)


@pytest.mark.parametrize("fractions", [(0.6, 0.4), (-0.1, 0), (0, 1)])
def test_fractions_that_leave_nothing_to_train_on_are_refused(fractions) -> None:
    with pytest.raises(DataError, match="nothing to train on"):
        with_splits(images(), test_fraction=fractions[0], val_fraction=fractions[1])


def test_one_group_cannot_be_split() -> None:
    with pytest.raises(DataError, match="all belong together"):
        hold_out(images(per_group=1000), 0.2)
    with pytest.raises(DataError, match="too few"):
        with_splits(images(per_group=1000))
