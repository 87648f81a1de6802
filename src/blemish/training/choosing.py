"""Which images teach, which stop the training, which calibrate. No test image is ever looked at here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from blemish.datasets import Dataset, Sample, hold_out, is_defective, with_known_truth, with_splits
from blemish.errors import DataError, ImageError
from blemish.images import image_size_px

_HELD_OUT_FRACTION = 0.1
_CALIBRATION_FRACTION = 0.2
# With fewer normal images than this, setting some aside costs the training more than a p-value is worth.
_MIN_NORMALS_TO_CALIBRATE = 20


@dataclass(frozen=True, slots=True)
class Parts:
    """The training images, dealt out.

    Attributes:
        fit: seen by the optimiser.
        held_out: stop the training and choose thresholds.
        calibration: normal images that nothing else sees; may be empty.
    """

    fit: Dataset
    held_out: Dataset
    calibration: Dataset


def split_masked_images(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> Parts:
    """Deal out the training images of a data set with masks.

    Raises:
        DataError: no image with a mask, no defect at all, or too few images.
    """
    train = training_split(dataset, seed=seed, say=say)
    masked = train.where(lambda sample: sample.masks is not None)
    if len(masked) < len(train):
        say(f"{len(train) - len(masked)} images without masks are left out.")
    if not any(sample.masks for sample in masked.samples):
        raise DataError(
            f'"{dataset.root}" ({dataset.layout}) has no masks, and this method learns from masks; '
            "add a masks folder beside the images."
        )
    screened = _screened(masked, say=say)
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
        say(f'The class "{label}" is shown by one training image: it can hardly be learned, nor its threshold chosen.')
    return _dealt(screened, seed=seed)


def split_labelled_images(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> Parts:
    """Deal out the training images of a data set whose images have labels.

    Raises:
        DataError: images without a label, one class only, or too few images.
    """
    train = with_known_truth(readable_images(training_split(dataset, seed=seed, say=say), say=say))
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
    return _dealt(train, seed=seed)


def _dealt(train: Dataset, *, seed: int) -> Parts:
    """Some aside to stop the training and choose thresholds, some normal ones to calibrate, the others to learn."""
    held_out = train.split("val")
    if held_out.samples:
        fit = train.where(lambda sample: sample.split != "val")
    else:
        fit, held_out = hold_out(train, _HELD_OUT_FRACTION, seed)
    normal = fit.where(lambda sample: sample.defective is False)
    calibration = fit.where(lambda _: False)
    if len(normal) >= _MIN_NORMALS_TO_CALIBRATE:
        _, calibration = hold_out(normal, _CALIBRATION_FRACTION, seed)
        aside = {sample.path for sample in calibration.samples}
        fit = fit.where(lambda sample: sample.path not in aside)
    return Parts(fit, held_out, calibration)


def training_split(dataset: Dataset, *, seed: int, say: Callable[[str], None]) -> Dataset:
    """The images that may teach; where the layout fixes no split, a fifth is kept for testing."""
    if not dataset.samples:
        raise DataError(f'"{dataset.root}" holds no images to learn from.')
    if all(sample.split is None for sample in dataset.samples):
        say(f'"{dataset.name}" has no fixed split: a fifth is kept for testing (seed {seed}).')
        dataset = with_splits(dataset, test_fraction=0.2, seed=seed)
    train = dataset.where(lambda sample: sample.split in ("train", "val"))
    if not train.samples:
        raise DataError(f'"{dataset.root}" has no training images: there is no "train" folder or split in it.')
    return train


def _screened(dataset: Dataset, *, say: Callable[[str], None]) -> Dataset:
    """Only readable images with their truth settled; a mask of the wrong size is an error.

    An image that is labelled defective while its mask marks nothing would teach that defects are background.
    """

    def look(sample: Sample) -> Sample | str:
        try:
            height_px, width_px = image_size_px(sample.path)
        except ImageError as error:
            return str(error)
        mask = sample.read_mask(height_px, width_px)
        defective = is_defective(sample.defective, mask)
        if defective and not mask.any():
            return f'"{sample.path}" is labelled "{sample.label}", and its mask marks nothing.'
        return replace(sample, defective=defective)

    return _looked_at(dataset, look, say=say)


def readable_images(dataset: Dataset, *, say: Callable[[str], None]) -> Dataset:
    """Only images whose files can be read."""

    def look(sample: Sample) -> Sample | str:
        try:
            image_size_px(sample.path)
        except ImageError as error:
            return str(error)
        return sample

    return _looked_at(dataset, look, say=say)


def _looked_at(dataset: Dataset, look: Callable[[Sample], Sample | str], *, say: Callable[[str], None]) -> Dataset:
    """What ``look`` gives for each image; where that is a sentence, it is said and the image is left out."""
    with ThreadPoolExecutor() as pool:
        looked = list(pool.map(look, dataset.samples))
    for problem in looked:
        if isinstance(problem, str):
            say(f"Left out: {problem}")
    return replace(dataset, samples=tuple(sample for sample in looked if isinstance(sample, Sample)))
