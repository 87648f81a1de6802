"""An old and a new detector on the same reviewed images, none of which either was trained on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from blemish.datasets import Dataset, image_digests, read_dataset
from blemish.detectors import Detector
from blemish.errors import DataError
from blemish.inspection.gating import Gate, gate
from blemish.serving.answers import Comparison, Rate, Rates

# Those of ``blemish gate``; only what was counted is used here.
_MAX_FALSE_ALARMS, _MIN_RECALL = 0.01, 0.98


def held_out_images(folder: Path) -> Dataset:
    """The test split of a data set of reviewed images.

    Raises:
        DataError: it has no normal or no defective image, so that nothing could be compared.
    """
    dataset = read_dataset(folder).split("test")
    for defective, kind in ((False, "normal"), (True, "defective")):
        if not any(sample.defective is defective for sample in dataset.samples):
            raise DataError(
                f"Among the reviewed images that are kept for comparing (a fifth) is no {kind} one yet; review more."
            )
    return dataset


def compare(folder: Path, old: Detector, new: Detector) -> Comparison:
    """Count what both let pass and flag.

    Args:
        folder: a data set of reviewed images.
        old: the detector that answers now.
        new: the one that was trained.

    Raises:
        DataError: nothing is left to compare on, or a detector has no threshold.
    """
    dataset = held_out_images(folder)
    seen = {*old.spec.provenance.images, *new.spec.provenance.images}
    unseen = [
        sample for sample, digest in zip(dataset.samples, image_digests(dataset), strict=True) if digest not in seen
    ]
    if {sample.defective for sample in unseen} != {True, False}:
        raise DataError(
            "The reviewed images that are kept for comparing have trained one of the two detectors; review new ones."
        )
    fair = replace(dataset, samples=tuple(unseen))
    before, after = (
        _rates(gate(fair, detector=each, max_false_alarms=_MAX_FALSE_ALARMS, min_recall=_MIN_RECALL))
        for each in (old, new)
    )
    return Comparison(
        images=len(unseen),
        old=before,
        new=after,
        is_no_worse=_is_no_worse(before, after),
        sentence=_said(before, after),
    )


def _rates(found: Gate) -> Rates:
    alarms, recall = (
        Rate(count=each.count, n=each.n, low=each.low, high=each.high) for each in (found.normal, found.defective)
    )
    return Rates(false_alarms=alarms, recall=recall)


def _is_no_worse(old: Rates, new: Rates) -> bool:
    return new.false_alarms.count <= old.false_alarms.count and new.recall.count >= old.recall.count


def _said(old: Rates, new: Rates) -> str:
    alarms = f"{new.false_alarms.count} false alarms where the old one has {old.false_alarms.count}"
    found = f"{new.recall.count} of {new.recall.n} defects where the old one finds {old.recall.count}"
    if _is_no_worse(old, new):
        return f"The new detector is no worse on these images: {alarms}, and it finds {found}."
    return f"The new detector is worse on these images: {alarms}, and it finds {found}."
