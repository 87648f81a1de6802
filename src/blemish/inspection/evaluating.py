"""A detector against labelled images."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Dataset, Sample, Split, image_digests, is_defective
from blemish.detectors import Detector, Inspection, source_of
from blemish.errors import DataError, did_you_mean
from blemish.evaluation import Evaluation
from blemish.inspection.stream import inspect_stream


@dataclass(frozen=True, slots=True)
class Answer:
    """A labelled image with what the detector said about it.

    Attributes:
        sample: the image and what is known about it.
        pixels: the image, uint8 RGB (H, W, 3).
        found: the detector's answer.
        truth: bool (H, W), True where defective; None where the extent is not known.
        ignored: bool (H, W), pixels that count in no metric; None where all count.
        defective: whether the image is, by `blemish.datasets.is_defective`; None where nothing tells.
    """

    sample: Sample
    pixels: NDArray[np.uint8]
    found: Inspection
    truth: NDArray[np.bool_] | None
    ignored: NDArray[np.bool_] | None
    defective: bool | None


def choose_split(dataset: Dataset, name: str, *, trained_on: Collection[str] = ()) -> Dataset:
    """The images to evaluate on: one split, or where the layout has none, all that the detector has never seen.

    Args:
        dataset: any data set.
        name: ``train``, ``val`` or ``test``.
        trained_on: digests of the images that taught the detector, from its provenance.

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
        notes.append(f"{len(leaked)} of them taught the detector byte for byte: the figures flatter it.")
    return replace(chosen, notes=tuple(notes))


def _without_training_images(dataset: Dataset, trained_on: Collection[str]) -> Dataset:
    seen = _seen(dataset, trained_on)
    fresh = dataset.where(lambda sample: sample.path not in seen)
    if not fresh.samples:
        raise DataError(f'All {len(dataset)} images in "{dataset.root}" taught the detector; evaluate it on others.')
    note = f'"{dataset.root}" has no splits: {len(fresh)} images are used'
    note += f", {len(seen)} that taught the detector are left out." if seen else "."
    return replace(fresh, notes=(*dataset.notes, note))


def _seen(dataset: Dataset, trained_on: Collection[str]) -> set[Path]:
    """Images whose content is among the training images'."""
    known = frozenset(trained_on)
    if not known:
        return set()
    digests = zip(dataset.samples, image_digests(dataset), strict=True)
    return {sample.path for sample, digest in digests if digest in known}


def evaluate_each(detector: Detector, dataset: Dataset, evaluation: Evaluation) -> Iterator[Answer]:
    """Inspect every image, compare with what is known about it, and add that to ``evaluation``. Nothing is tuned here.

    Args:
        detector: what is evaluated, with its thresholds as they are.
        dataset: images with labels, masks, or both.
        evaluation: gathers the figures; ``evaluation.result()`` gives them at the end.

    Yields:
        Each image with its answer. The arrays are large: take what is needed and let them go.

    Raises:
        DataError: an image or mask cannot be read or they do not fit each other: figures over a part would mislead.
    """
    sources = (source_of(sample.path) for sample in dataset.samples)
    for sample, found in zip(dataset.samples, inspect_stream(detector, sources, dataset.options), strict=True):
        if found.pixels is None or found.score is None:
            raise DataError(f"The evaluation stopped at an image that cannot be inspected. {found.error}")
        truth = None if sample.masks is None else sample.read_mask(*found.pixels.shape[:2])
        ignored = sample.read_ignored(*found.pixels.shape[:2])
        defective = is_defective(sample.defective, truth)
        evaluation.add(
            score=found.score,
            defective=defective,
            anomaly_map=found.anomaly_map,
            mask_predicted=found.mask,
            mask_truth=truth,
            ignored=ignored,
            class_masks=_class_masks(evaluation.classes, found, sample),
            labels=_labels(detector, found, sample, defective) if evaluation.classes else None,
        )
        yield Answer(sample, found.pixels, found, truth, ignored, defective)


def _class_masks(
    classes: tuple[str, ...], found: Inspection, sample: Sample
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Predicted and true masks of the classes evaluated; defects of other classes count in none of them."""
    if not classes or found.class_masks is None or sample.masks is None:
        return None
    known = replace(sample, masks=tuple(mask for mask in sample.masks if mask.label in classes))
    return found.class_masks, known.read_class_masks(classes, *found.class_masks.shape[1:])


def _labels(
    detector: Detector, found: Inspection, sample: Sample, defective: bool | None
) -> tuple[str | None, str | None] | None:
    """True and predicted class; None where the detector names none, or the image's class is not one of its own."""
    spec = detector.spec
    if len(spec.classes) < 2 or (spec.thresholds.pixel is not None and found.class_masks is None):
        return None
    if defective is False:
        return None, found.label
    return (sample.label, found.label) if sample.label in spec.classes else None
