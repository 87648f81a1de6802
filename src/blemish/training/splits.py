"""Which training images are fitted on, which are held out for stopping and thresholds, which calibrate.

No test image is ever opened here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from blemish.datasets import (
    Dataset,
    Sample,
    hold_out,
    is_defective,
    with_known_normals,
    with_known_truth,
    with_splits,
)
from blemish.errors import DataError, ImageError
from blemish.text import counted

Say = Callable[[str], None]

_HELD_OUT_FRACTION = 0.1
_CALIBRATION_FRACTION = 0.2
# With fewer normal images than this, holding some out costs the training more than a p-value is worth.
_MIN_NORMALS_TO_CALIBRATE = 20
# Of normal images alone: here the held-out ones also calibrate.
_HELD_OUT_FRACTION_OF_NORMALS = 0.2
_MIN_NORMALS_TO_HOLD_OUT = 5
# So many support "at most one in twenty"; with fewer, a part for the epoch alone costs more than it is worth.
_MIN_NORMALS_TO_CALIBRATE_APART = 19


@dataclass(frozen=True, slots=True)
class TrainingSplit:
    """The training images, split.

    Attributes:
        fit: seen by the optimiser.
        held_out: stop the training and choose thresholds.
        calibration: normal images that nothing else sees; may be empty.
    """

    fit: Dataset
    held_out: Dataset
    calibration: Dataset


def split_masked_images(dataset: Dataset, *, seed: int, say: Say) -> TrainingSplit:
    """Split the training images of a data set with masks.

    Raises:
        DataError: no image with a mask, no defect at all, or too few images.
    """
    train = training_samples(dataset, seed=seed, say=say)
    masked = train.where(lambda sample: sample.masks is not None)
    if len(masked) < len(train):
        say(f"{len(train) - len(masked)} images without masks are left out.")
    if not any(sample.masks for sample in masked.samples):
        raise DataError(
            f'"{dataset.root}" ({dataset.layout}) has no masks, and this method learns from masks; '
            "add a masks folder beside the images."
        )
    screened = _with_settled_masks(masked, say=say)
    defective = sum(sample.defective is True for sample in screened.samples)
    if defective == 0:
        raise DataError(
            f'Every mask of the training images in "{dataset.root}" is empty: there is no defect to learn from.'
        )
    if len(screened) < 3 or defective < 2:
        raise DataError(
            f'"{dataset.root}" has {len(screened)} usable training images, {defective} of them with a defect; '
            "at least 3 and 2 are needed."
        )
    shown = Counter(label for sample in screened.samples for label in {mask.label for mask in sample.masks or ()})
    for label in (label for label, count in sorted(shown.items()) if count == 1):
        say(f'The class "{label}" is in one training image: it can hardly be learned, nor its threshold chosen.')
    return _split_labelled(screened, seed=seed, say=say)


def split_labelled_images(dataset: Dataset, *, seed: int, say: Say) -> TrainingSplit:
    """Split the training images of a data set whose images have labels.

    Raises:
        DataError: images without a label, one class only, or too few images.
    """
    train = with_known_truth(readable_images(training_samples(dataset, seed=seed, say=say), say=say))
    unknown = [sample for sample in train.samples if sample.defective is None]
    if unknown:
        raise DataError(
            f'"{unknown[0].path}" is neither normal nor defective by its label "{unknown[0].label}", and this method '
            "learns from labels; sort the images into one folder per class."
        )
    # Several normal classes are one, and images with masks share one label whatever their masks mark.
    labels = Counter(sample.label if sample.defective else "normal" for sample in train.samples)
    if len(labels) < 2:
        raise DataError(
            f'All {len(train)} training images in "{dataset.root}" are of the class "{next(iter(labels), "")}"; '
            "to tell classes apart, images of at least two are needed."
        )
    rare = [label for label, count in labels.items() if count < 2]
    if rare:
        raise DataError(
            f'The class "{rare[0]}" in "{dataset.root}" has one image; at least two are needed to learn it.'
        )
    return _split_labelled(train, seed=seed, say=say)


def split_normal_images(dataset: Dataset, *, seed: int, say: Say) -> TrainingSplit:
    """Split the normal training images: four fifths to fit on, the others choose thresholds and calibrate.

    Images that are defective by `blemish.datasets.is_defective`, or of unknown truth, are left out: this kind of
    method never sees one.

    Raises:
        DataError: no normal image, or nothing tells which images are normal.
    """
    train = normal_training_samples(dataset, seed=seed, say=say)
    normal = train.where(lambda sample: sample.defective is False)
    if len(normal) < len(train):
        say(f"{len(train) - len(normal)} training images that are defective or unknown are left out.")
    return _split_normal(normal, seed=seed, say=say)


def with_calibration_apart(split: TrainingSplit, *, seed: int) -> TrainingSplit:
    """Half of the held-out normal images stop the training, the others calibrate; as it was where these are too few.

    Images that chose the epoch look a little more normal to that epoch than new ones do.
    """
    if len(split.held_out) < 2 * _MIN_NORMALS_TO_CALIBRATE_APART:
        return split
    stopping, calibration = hold_out(split.held_out, 0.5, seed)
    return replace(split, held_out=stopping, calibration=calibration)


def fit_on_all_normal_images(dataset: Dataset, *, seed: int, say: Say) -> TrainingSplit:
    """All normal training images to fit on; nothing is held out.

    Raises:
        DataError: as `split_normal_images`.
    """
    train = normal_training_samples(dataset, seed=seed, say=say)
    normal = train.where(lambda sample: sample.defective is False)
    if not normal.samples:
        raise DataError(f'"{normal.root}" has no readable normal training images, and this method needs them.')
    nothing = normal.where(lambda _: False)
    return TrainingSplit(normal, nothing, nothing)


def split_few_labels(dataset: Dataset, *, seed: int, say: Say) -> TrainingSplit:
    """As `split_normal_images`, with the labelled defects of the training images in ``fit`` beside the normal ones.

    Thresholds and p-values still come from normal images alone. A defect that shares its group with a held-out normal
    image is left out.

    Raises:
        DataError: no normal image, or a mask that does not fit its image.
    """
    train = normal_training_samples(dataset, seed=seed, say=say)
    defects = train.where(lambda sample: sample.defective is True)
    if not defects.samples:
        return split_normal_images(dataset, seed=seed, say=say)
    split = _split_normal(train.where(lambda sample: sample.defective is False), seed=seed, say=say)
    held_out = {sample.group for sample in split.held_out.samples if sample.group}
    apart = tuple(sample for sample in defects.samples if sample.group not in held_out)
    with_masks = sum(1 for sample in apart if sample.masks)
    say(f"{len(apart)} labelled defects are trained on too, {with_masks} of them with masks.")
    return replace(split, fit=replace(split.fit, samples=(*split.fit.samples, *apart)))


def with_test_split(dataset: Dataset, *, seed: int, say: Say) -> Dataset:
    """The data set with a split for every image: the layout's, or a fifth kept for testing.

    Where no image is known or marked as defective all of them train, since they could test nothing.
    """
    if any(sample.split for sample in dataset.samples):
        return dataset
    if not any(sample.defective or (sample.defective is None and sample.masks) for sample in dataset.samples):
        return replace(dataset, samples=tuple(replace(sample, split="train") for sample in dataset.samples))
    say(f'"{dataset.name}" has no fixed split: a fifth is kept for testing (seed {seed}).')
    return with_splits(dataset, test_fraction=0.2, seed=seed)


def training_samples(dataset: Dataset, *, seed: int, say: Say) -> Dataset:
    """The images of the training split; where the layout fixes no split, all but a fifth that is kept for testing.

    Raises:
        DataError: there are none.
    """
    if not dataset.samples:
        raise DataError(f'"{dataset.root}" holds no images to learn from.')
    train = with_test_split(dataset, seed=seed, say=say).where(lambda sample: sample.split in ("train", "val"))
    if not train.samples:
        raise DataError(f'"{dataset.root}" has no training images: there is no "train" folder or split in it.')
    return train


def normal_training_samples(dataset: Dataset, *, seed: int, say: Say) -> Dataset:
    """The readable training samples with their truth settled, for methods that learn from normal images.

    Raises:
        DataError: no training images, or nothing tells which of them are normal.
    """
    return readable_images(training_samples(with_known_normals(dataset), seed=seed, say=say), say=say)


def readable_images(dataset: Dataset, *, say: Say) -> Dataset:
    """The images whose files decode to their end; the others are named and left out."""

    def check(sample: Sample) -> Sample | str:
        try:
            sample.read_image()
        except ImageError as error:
            return str(error)
        return sample

    return _checked(dataset, check, say=say)


def _split_labelled(train: Dataset, *, seed: int, say: Say) -> TrainingSplit:
    """Some held out to stop the training and choose thresholds, some normal ones to calibrate, the others to fit on.

    What shares its group with a calibration image, as tiles of one image do, is left out.
    """
    held_out = train.split("val")
    if held_out.samples:
        fit = train.where(lambda sample: sample.split != "val")
    else:
        fit, held_out = hold_out(train, _HELD_OUT_FRACTION, seed)
    normal = fit.where(lambda sample: sample.defective is False)
    calibration = fit.where(lambda _: False)
    if len(normal) >= _MIN_NORMALS_TO_CALIBRATE:
        _, calibration = hold_out(normal, _CALIBRATION_FRACTION, seed)
        unseen = {sample.path for sample in calibration.samples}
        groups = {sample.group for sample in calibration.samples if sample.group}
        rest = fit.where(lambda sample: sample.path not in unseen)
        apart = rest.where(lambda sample: sample.group not in groups)
        if _kinds(apart) != _kinds(rest):
            say("The groups are too few to calibrate on normal images that share none with what is trained on.")
            return TrainingSplit(fit, held_out, fit.where(lambda _: False))
        if len(apart) < len(rest):
            say(f"Training images that share a group with a calibration image are left out: {len(rest) - len(apart)}.")
        fit = apart
    return TrainingSplit(fit, held_out, calibration)


def _kinds(part: Dataset) -> set[tuple[str, bool | None]]:
    return {(sample.label, sample.defective) for sample in part.samples}


def _split_normal(normal: Dataset, *, seed: int, say: Say) -> TrainingSplit:
    """Normal images, some of them held out where there are enough."""
    if not normal.samples:
        raise DataError(f'"{normal.root}" has no readable normal training images, and this method needs them.')
    nothing = normal.where(lambda _: False)
    if len(normal) < _MIN_NORMALS_TO_HOLD_OUT:
        one_by_one = ' "blemish train auto" holds each of them out in turn, and sets some.' if len(normal) > 1 else ""
        few = counted(len(normal), "normal image is", "normal images are")
        say(f"{few} too few to hold any out: the detector gets no thresholds.{one_by_one}")
        return TrainingSplit(normal, nothing, nothing)
    fit, held_out = hold_out(normal, _HELD_OUT_FRACTION_OF_NORMALS, seed)
    return TrainingSplit(fit, held_out, nothing)


def _with_settled_masks(dataset: Dataset, *, say: Say) -> Dataset:
    """Only readable images with their truth settled; a mask of the wrong size is an error.

    An image that is labelled defective while its mask marks nothing would train defects as background.
    """

    def check(sample: Sample) -> Sample | str:
        try:
            height_px, width_px = sample.read_image().shape[:2]
        except ImageError as error:
            return str(error)
        mask = sample.read_mask(height_px, width_px)
        defective = is_defective(sample.defective, mask)
        if defective and not mask.any():
            return f'"{sample.path}" is labelled "{sample.label}", and its mask marks nothing.'
        return replace(sample, defective=defective)

    return _checked(dataset, check, say=say)


def _checked(dataset: Dataset, check: Callable[[Sample], Sample | str], *, say: Say) -> Dataset:
    """What ``check`` gives for each image; where that is a sentence, it is said and the image is left out."""
    with ThreadPoolExecutor() as pool:
        checked = list(pool.map(check, dataset.samples))
    for problem in checked:
        if isinstance(problem, str):
            say(f"Left out: {problem}")
    return replace(dataset, samples=tuple(sample for sample in checked if isinstance(sample, Sample)))
