"""Splits that depend on nothing but the images' names, their groups and a seed, and that never cut a group in two."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from blemish.datasets.identity import relative_name
from blemish.datasets.sample import Dataset, Sample, Split
from blemish.errors import DataError


@dataclass(frozen=True, slots=True)
class _Unit:
    """Images that must stay together: a group, or one image that has none."""

    name: str
    stratum: str
    samples: tuple[Sample, ...]


def with_splits(dataset: Dataset, *, test_fraction: float = 0.2, val_fraction: float = 0.0, seed: int = 0) -> Dataset:
    """Give every image without a split one; images whose split is fixed keep it.

    Groups stay whole, and a group with images in a fixed split follows them. Within that, each label is shared out
    in proportion. The order of the files plays no part.

    Args:
        dataset: the images.
        test_fraction: fraction of the images without a split that go to the test split, 0 to below 1.
        val_fraction: fraction of them that go to the validation split.
        seed: another seed, another split.

    Returns:
        The same images in the same order, each with a split.

    Raises:
        DataError: shares out of range, or fewer groups than splits asked for.
    """
    if not (0 <= test_fraction < 1 and 0 <= val_fraction < 1 and test_fraction + val_fraction < 1):
        raise DataError(
            f"A test fraction of {test_fraction:g} and a validation fraction of {val_fraction:g} leave nothing to "
            "train on; "
            "both must be 0 or more and less than 1 together."
        )
    open_samples = [sample for sample in dataset.samples if sample.split is None]
    if not open_samples:
        return dataset
    fixed = {sample.group: sample.split for sample in reversed(dataset.samples) if sample.group and sample.split}
    units = _units(dataset, (sample for sample in open_samples if sample.group not in fixed))
    wanted: list[tuple[Split, float]] = [("test", test_fraction), ("val", val_fraction)]
    wanted = [(split, fraction) for split, fraction in wanted if fraction > 0]
    if units and len(units) <= len(wanted):
        raise DataError(
            f'"{dataset.root}" has {len(units)} separate images or groups without a split, too few for '
            f"{len(wanted) + 1} splits; add images or ask for fewer splits."
        )
    chosen: dict[str, Split] = {}
    for place, (split, fraction) in enumerate(wanted if units else []):
        rest = [unit for unit in units if unit.name not in chosen]
        of_rest = fraction * sum(len(unit.samples) for unit in units) / sum(len(unit.samples) for unit in rest)
        chosen |= dict.fromkeys(_draw(rest, of_rest, f"{seed}:{split}", keep=len(wanted) - place), split)

    def assigned(sample: Sample) -> Sample:
        if sample.split is not None:
            return sample
        return replace(sample, split=fixed.get(sample.group or "") or chosen.get(_unit_name(dataset, sample), "train"))

    return replace(dataset, samples=tuple(assigned(sample) for sample in dataset.samples))


def hold_out(dataset: Dataset, fraction: float, seed: int = 0) -> tuple[Dataset, Dataset]:
    """Set a part of the images aside, for validation or calibration: whole groups, each label in proportion.

    Args:
        dataset: the images, usually the training split.
        share: part to hold out, between 0 and 1; at least one image is held out, and never all.
        seed: another seed, another choice.

    Returns:
        The images to fit on and the images held out, each in the order that they had.

    Raises:
        DataError: a share outside (0, 1), or only one image or group.
    """
    if not 0 < fraction < 1:
        raise DataError(f"The share to hold out is {fraction:g}; it must lie between 0 and 1, as in 0.1.")
    units = _units(dataset, dataset.samples)
    if len(units) < 2:
        raise DataError(
            f'Nothing can be held out of "{dataset.root}": it has {len(dataset)} images that all belong together; '
            "at least two separate images or groups are needed."
        )
    held = _draw(units, fraction, f"{seed}:hold out", keep=1)
    return (
        dataset.where(lambda sample: _unit_name(dataset, sample) not in held),
        dataset.where(lambda sample: _unit_name(dataset, sample) in held),
    )


def _units(dataset: Dataset, samples: Iterable[Sample]) -> list[_Unit]:
    members: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        members[_unit_name(dataset, sample)].append(sample)
    return [_Unit(name, _stratum(group), tuple(group)) for name, group in sorted(members.items())]


def _unit_name(dataset: Dataset, sample: Sample) -> str:
    # These words are hashed: other ones would deal every data set out anew under the same seed.
    return f"group:{sample.group}" if sample.group else f"photo:{relative_name(dataset, sample)}"


def _stratum(samples: list[Sample]) -> str:
    counts = Counter(f"{sample.defective}:{sample.label}" for sample in samples)
    return min(counts, key=lambda label: (-counts[label], label))


def _draw(units: list[_Unit], fraction: float, salt: str, keep: int) -> set[str]:
    """Names of units that make up a fraction of every stratum; at least one, and ``keep`` are left."""
    strata: dict[str, list[_Unit]] = defaultdict(list)
    for unit in sorted(units, key=lambda unit: _hash(salt, unit.name)):
        strata[unit.stratum].append(unit)
    drawn: list[_Unit] = []
    owed = 0.0  # what rounding left over passes on to the next stratum, so that small ones are not all rounded away
    for _, stratum in sorted(strata.items()):
        wanted = fraction * sum(len(unit.samples) for unit in stratum) + owed
        taken = 0
        # A label's last unit stays: a class must not be missing from training.
        for unit in stratum[:-1]:
            if abs(taken + len(unit.samples) - wanted) < abs(taken - wanted):
                drawn.append(unit)
                taken += len(unit.samples)
        owed = wanted - taken
    if not drawn:
        drawn = [min(units, key=lambda unit: (len(unit.samples), _hash(salt, unit.name)))]
    return {unit.name for unit in drawn[: max(1, len(units) - keep)]}


def _hash(salt: str, name: str) -> str:
    return hashlib.sha256(f"{salt}:{name}".encode()).hexdigest()
