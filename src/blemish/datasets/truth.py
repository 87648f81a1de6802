"""Whether an image is defective: one rule, for everything that trains, calibrates or scores."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.readers import read_dataset
from blemish.datasets.sample import Dataset, Sample
from blemish.datasets.white_masks import white_mask_warnings
from blemish.errors import DataError, ImageError
from blemish.images import image_size_px, list_images


def is_defective(labelled: bool | None, mask: NDArray[np.bool_] | None) -> bool | None:
    """Whether an image is defective, from its label and its mask.

    A marked pixel outweighs a normal label, and a defective label outweighs an empty mask: an image is normal only
    where nothing says otherwise.

    Args:
        labelled: what the label says; None where it says nothing.
        mask: bool (H, W), True where defective; None where the extent is not known.

    Returns:
        True or False; None where neither label nor mask tells.
    """
    if labelled or (mask is not None and mask.any()):
        return True
    return None if labelled is None and mask is None else False


def with_truth(sample: Sample) -> Sample:
    """The sample with ``defective`` settled by `is_defective`; None stays only where nothing tells.

    The mask is read only where the label does not already say "defective". An image whose size cannot be read stays
    as it is: whoever reads its pixels reports it.

    Raises:
        DataError: the mask cannot be read or does not fit the image.
    """
    if sample.defective or sample.masks is None:
        return sample
    if not sample.masks:
        return replace(sample, defective=False)
    try:
        size_px = image_size_px(sample.path)
    except ImageError:
        return sample
    return replace(sample, defective=is_defective(sample.defective, sample.read_mask(*size_px)))


def with_known_truth(dataset: Dataset) -> Dataset:
    """The data set with the truth of all but its test samples settled; the masks of test samples are not opened.

    Raises:
        DataError: a mask cannot be read or does not fit its image.
    """

    def settled(sample: Sample) -> Sample:
        return sample if sample.split == "test" else with_truth(sample)

    with ThreadPoolExecutor() as pool:
        return replace(dataset, samples=tuple(pool.map(settled, dataset.samples)))


def with_known_normals(dataset: Dataset) -> Dataset:
    """As `with_known_truth`, for methods that learn from normal images alone.

    A plain folder, in which no sample of any split has a label or a mask, holds normal images by agreement.

    Raises:
        DataError: a mask cannot be read, or nothing tells which of the training images are normal.
    """
    if all(sample.defective is None and sample.masks is None for sample in dataset.samples):
        if dataset.unread_labels:
            raise DataError(_unread(dataset))
        samples = (sample if sample.split == "test" else replace(sample, defective=False) for sample in dataset.samples)
        return replace(dataset, samples=tuple(samples))
    known = with_known_truth(dataset)
    train = [sample for sample in known.samples if sample.split != "test"]
    if train and not any(sample.defective is False for sample in train):
        raise DataError(_no_normals(dataset, train))
    return known


def _unread(dataset: Dataset) -> str:
    count, first = len(dataset.unread_labels), dataset.unread_labels[0]
    return (
        f'{count} files beside the images of "{dataset.root}" may label them and are not understood, such as '
        f'"{first}"; convert them (COCO, YOLO, labelme, VOC, VIA and masks are read), or say --normal '
        f"{dataset.samples[0].label} if all images are normal."
    )


def _no_normals(dataset: Dataset, train: list[Sample]) -> str:
    unknown = [sample for sample in train if sample.defective is None]
    if not unknown:
        sentence = (
            f'"{dataset.root}" has no normal training images, and this method learns from them alone; put them into a '
            'folder called "good", or name their class with --normal.'
        )
        return " ".join([sentence, *white_mask_warnings(train)])
    label = unknown[0].label
    return (
        f'"{dataset.root}" does not tell which of its training images are normal: {len(train) - len(unknown)} are '
        f"defective, and {len(unknown)} have neither a label nor a mask; if those are normal, say so with "
        f'--normal {label}, put them into a folder called "good", or give each an empty (black) mask.'
    )


@dataclass(frozen=True, slots=True)
class ListedImages:
    """Images that a person named as normal.

    Attributes:
        paths: the images.
        notes: what was left out, a sentence each.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def list_normal_images(paths: Iterable[Path | str]) -> ListedImages:
    """The normal images that a person means by naming files and folders.

    Files, and folders without labels or masks, are taken as they are. Of a folder that is a data set with defects in
    it, only the images that labels and masks say are normal are taken.

    Raises:
        ImageError: a path does not exist, or a folder holds no image.
        DataError: a mask cannot be read, or nothing tells which images of a data set are normal.
    """
    return _listed(paths, defective=False)


def list_defective_images(paths: Iterable[Path | str]) -> ListedImages:
    """The images of defects that a person means by naming files and folders.

    Files, and folders without labels or masks, are taken as they are. Of a folder that is a data set with defects in
    it, only the images that labels and masks say are defective are taken.

    Raises:
        ImageError: a path does not exist, or a folder holds no image.
        DataError: a mask cannot be read, or nothing tells which images of a data set are defective.
    """
    return _listed(paths, defective=True)


def _listed(paths: Iterable[Path | str], *, defective: bool) -> ListedImages:
    left_out: set[Path] = set()
    chosen: list[Path] = []
    for path in map(Path, paths):
        dataset = _set_with_defects(path)
        if dataset is None:
            chosen.append(path)
            continue
        wanted = [sample.path for sample in dataset.samples if sample.defective is defective]
        chosen += wanted
        left_out |= {sample.path for sample in dataset.samples} - set(wanted)
    others = "normal" if defective else "defective"
    notes = [f"{len(left_out)} images that are {others} or unknown are left out."] * bool(left_out)
    listing = list_images(chosen)
    return ListedImages(listing.images, (*notes, *listing.sentences))


def _set_with_defects(path: Path) -> Dataset | None:
    """The folder as a data set, if labels or masks tell normal from defective images in it."""
    if not path.is_dir():
        return None
    try:
        dataset = read_dataset(path)
    except DataError:  # no data set of any known layout: a folder of images like any other
        return None
    has_normal_label = any(sample.defective is False for sample in dataset.samples)
    if not has_normal_label and all(sample.masks is None for sample in dataset.samples):
        return None  # sub-folders named after lots or days, not after defects
    return with_known_normals(replace(dataset, samples=tuple(replace(each, split=None) for each in dataset.samples)))
