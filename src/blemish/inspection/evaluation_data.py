"""Which images of a data set an evaluation takes: one split, or what the detector has never seen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import get_args

from blemish.datasets import Dataset, Split, image_digests
from blemish.errors import DataError, did_you_mean


def choose_split(dataset: Dataset, name: str, *, trained_on: Collection[str] = ()) -> Dataset:
    """The images to evaluate on: one split, or where the layout has none, all that the detector has never seen.

    Args:
        dataset: any data set.
        name: ``train``, ``val`` or ``test``.
        trained_on: digests of the images that the detector was trained on, from its provenance.

    Returns:
        The chosen images, with a sentence in ``notes`` on what was chosen.

    Raises:
        DataError: no such split, or no images.
    """
    if name not in get_args(Split):
        raise DataError(f'There is no split called "{name}".{did_you_mean(name, get_args(Split))}')
    if not dataset.samples:
        raise DataError(f'"{dataset.root}" has no images to evaluate on.')
    there = sorted({sample.split for sample in dataset.samples if sample.split is not None})
    if not there:
        return _without_training_images(dataset, trained_on)
    if name not in there:
        raise DataError(f'"{dataset.root}" has no split called "{name}"; it has {" and ".join(there)}.')
    chosen = dataset.where(lambda sample: sample.split == name)
    notes = [*dataset.notes, f"{len(chosen)} images of the {name} split are used."]
    if name == "test" and (leaked := _seen(chosen, trained_on)):
        notes.append(f"the detector was trained on {len(leaked)} of them, byte for byte: the metrics flatter it.")
    return replace(chosen, notes=tuple(notes))


def _without_training_images(dataset: Dataset, trained_on: Collection[str]) -> Dataset:
    seen = _seen(dataset, trained_on)
    fresh = dataset.where(lambda sample: sample.path not in seen)
    if not fresh.samples:
        raise DataError(
            f'The detector was trained on all {len(dataset)} images in "{dataset.root}"; evaluate it on others.'
        )
    note = f'"{dataset.root}" has no splits: {len(fresh)} images are used'
    note += f", {len(seen)} that the detector was trained on are left out." if seen else "."
    return replace(fresh, notes=(*dataset.notes, note))


def _seen(dataset: Dataset, trained_on: Collection[str]) -> set[Path]:
    """Images whose content is among the training images'."""
    known = frozenset(trained_on)
    if not known:
        return set()
    digests = zip(dataset.samples, image_digests(dataset), strict=True)
    return {sample.path for sample, digest in digests if digest in known}


def check_labelled(dataset: Dataset) -> str | None:
    """A sentence on images of unknown truth; None where everything is known.

    Raises:
        DataError: neither labels nor masks tell of any image whether it is defective.
    """
    unknown = sum(sample.defective is None and sample.masks is None for sample in dataset.samples)
    if unknown == len(dataset):
        raise DataError(
            f'"{dataset.root}" does not tell which images are defective, so there is nothing to compare with: put them '
            'into folders named by class ("good", …), add masks, or name the normal class with --normal. '
            '"blemish inspect" scores images without labels.'
        )
    if not unknown:
        return None
    return f"{unknown} of {len(dataset)} images have neither a label nor a mask, and count in no metric."
