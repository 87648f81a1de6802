"""Reviewed images out of the store as a data set (COCO), which `blemish.datasets.read_dataset` and other tools read.

One image, however often it was inspected, counts once: by its latest decision. A fifth of the images, always the same
by their content, are the test split: no training from reviews ever sees them, so that an old and a new detector can be
compared on them. Images that look the same stay on one side.
"""

from __future__ import annotations

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.datasets import Dataset, Sample, with_duplicate_groups
from blemish.errors import DataError
from blemish.files import appearing
from blemish.findings import Finding
from blemish.images import IMAGE_SUFFIXES
from blemish.inspection.names import unique_names
from blemish.serving.answers import Rle
from blemish.serving.learning.labels import Mask, label_of
from blemish.serving.pictures import run_lengths
from blemish.serving.store import Blobs, Database
from blemish.serving.store.findings import every_review
from blemish.serving.store.tables import FindingRow, ReviewRow

_IMAGES = "images"
_TEST_ONE_IN = 5


@dataclass(frozen=True, slots=True)
class ReviewedImage:
    """An image that a person has decided about.

    Attributes:
        finding_id: of its finding.
        name: as it was sent.
        sha: SHA-256 of its content.
        size_px: (width, height).
        defective: whether it shows a defect.
        label: the class of its defects where the extent is not known.
        masks: its masks by class; empty where it is normal; None where the extent is not known.
    """

    finding_id: str
    name: str
    sha: str
    size_px: tuple[int, int]
    defective: bool
    label: str
    masks: Mapping[str, Rle] | None


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What was written.

    Attributes:
        normal: normal images.
        defective: defective images.
        without_extent: defective ones of which nobody has drawn where.
        test: images of the test split.
        undecided: decisions that say nothing about their image.
    """

    normal: int
    defective: int
    without_extent: int
    test: int
    undecided: int

    @property
    def sentence(self) -> str:
        """For a person."""
        left_out = f" {self.undecided} decisions say nothing about their image." if self.undecided else ""
        return (
            f"{self.normal + self.defective} reviewed images: {self.normal} normal, {self.defective} defective "
            f"({self.without_extent} of unknown extent); {self.test} are kept for testing.{left_out}"
        )


def write_reviewed(database: Database, pictures: Blobs, folder: Path, *, detector: str | None = None) -> Reviewed:
    """Write the reviewed images of a store as a data set: ``images/`` and ``instances_train.json``, ``…_test.json``.

    Args:
        database: of the service.
        pictures: of the service.
        folder: where; new or empty.
        detector: only images that the detector of this name has inspected; None takes all.

    Raises:
        DataError: no image is reviewed, or a picture is gone.
        BlemishError: the folder cannot be written.
    """
    with database.transaction() as session:
        decided = list(_decided(session, pictures, detector))
    images = [image for image in decided if isinstance(image, ReviewedImage)]
    if not images:
        raise DataError("No reviewed image to learn from: decide about findings first.")
    with appearing(folder) as target:
        samples = _link(images, pictures, target / _IMAGES)
        is_test = _test_split(samples, images, target)
        for split, wanted in (("train", False), ("test", True)):
            chosen = [number for number, test in enumerate(is_test) if test is wanted]
            if chosen:
                document = _coco([images[number] for number in chosen], [samples[number].path for number in chosen])
                (target / f"instances_{split}.json").write_text(json.dumps(document), encoding="utf-8")
    defective = sum(image.defective for image in images)
    return Reviewed(
        len(images) - defective,
        defective,
        sum(image.masks is None for image in images),
        sum(is_test),
        len(decided) - len(images),
    )


def _decided(session: Session, pictures: Blobs, detector: str | None) -> Iterator[ReviewedImage | None]:
    """The latest decision about each image; None for one that says nothing."""
    query = select(FindingRow).where(FindingRow.state != "open", FindingRow.known_id.is_(None))
    if detector is not None:
        query = query.where(FindingRow.detector == detector)
    rows = {row.id: row for row in session.scalars(query)}
    latest: dict[str, tuple[FindingRow, ReviewRow]] = {}
    for review in every_review(session):
        if (row := rows.get(review.finding_id)) is not None:
            latest[row.image_sha] = (row, review)
    for row, review in latest.values():
        finding = Finding.model_validate_json(row.record)
        label = label_of(row.state, finding, _mask(pictures, row.mask_sha), _mask(pictures, review.mask_sha))  # type: ignore[arg-type]
        if label is None or finding.size_px is None:
            yield None
            continue
        # Run lengths: as arrays, the masks of many large images would not fit into memory.
        masks = None if label.masks is None else {name: run_lengths(mask) for name, mask in label.masks.items()}
        yield ReviewedImage(row.id, row.image, row.image_sha, finding.size_px, label.defective, label.label, masks)


def _mask(pictures: Blobs, sha: str | None) -> Mask | None:
    if sha is None:
        return None
    levels = cv2.imdecode(np.frombuffer(pictures.read(sha), np.uint8), cv2.IMREAD_GRAYSCALE)
    if levels is None:
        raise DataError(f"The mask {sha[:12]} of the store is damaged; restore it from a backup.")
    return np.asarray(levels > 127)


def _link(images: Sequence[ReviewedImage], pictures: Blobs, folder: Path) -> list[Sample]:
    """The images under names for people: without a copy where the file system can."""
    folder.mkdir()
    names = unique_names([Path(image.sha, PurePosixPath(image.name)) for image in images])
    samples = []
    for image, name in zip(images, names, strict=True):
        suffix = PurePosixPath(image.name).suffix.lower()
        target = folder / f"{name}{suffix if suffix in IMAGE_SUFFIXES else '.png'}"
        source = pictures.path(image.sha)
        if not source.is_file():
            raise DataError(f'The image "{image.name}" is gone from the store; restore it from a backup.')
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        samples.append(Sample(target, image.label, image.defective))
    return samples


def _test_split(samples: Sequence[Sample], images: Sequence[ReviewedImage], root: Path) -> list[bool]:
    """Whether each image is in the test split: as the smallest digest of its look-alikes says."""
    grouped = with_duplicate_groups(Dataset("reviewed", root, "", tuple(samples), ()))
    smallest: dict[str, str] = defaultdict(lambda: "g")
    keys = [sample.group or image.sha for sample, image in zip(grouped.samples, images, strict=True)]
    for key, image in zip(keys, images, strict=True):
        smallest[key] = min(smallest[key], image.sha)
    return [int(smallest[key][:8], 16) % _TEST_ONE_IN == 0 for key in keys]


def _coco(images: Sequence[ReviewedImage], files: Sequence[Path]) -> dict[str, Any]:
    classes = sorted({name for image in images if image.defective for name in image.masks or (image.label,)})
    annotations: list[dict[str, Any]] = []
    for number, image in enumerate(images, start=1):
        if not image.defective:
            continue
        for name in image.masks or (image.label,):
            category = classes.index(name) + 1
            annotation: dict[str, Any] = {"id": len(annotations) + 1, "image_id": number, "category_id": category}
            if image.masks:
                rle = image.masks[name]
                annotation |= {"iscrowd": 1, "area": sum(rle.counts[1::2]), "segmentation": rle.model_dump()}
            annotations.append(annotation)
    return {
        "images": [
            {
                "id": number,
                "file_name": f"{_IMAGES}/{file.name}",
                "width": image.size_px[0],
                "height": image.size_px[1],
                "finding": image.finding_id,
            }
            for number, (image, file) in enumerate(zip(images, files, strict=True), start=1)
        ],
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for number, name in enumerate(classes, start=1)],
    }
