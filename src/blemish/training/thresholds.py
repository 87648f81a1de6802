"""Where a supervised detector decides, chosen on photos set aside from the training split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Dataset
from blemish.detectors import Calibration, Detector, Thresholds
from blemish.evaluation import best_f1, best_f1_threshold
from blemish.images import read_image


def choose_thresholds(detector: Detector, held_out: Dataset) -> Thresholds:
    """Thresholds for pixels (where masks are known) and photos by best F1 on ``held_out``.

    Photos get a threshold of their own only where both sound and defective ones were set aside. Otherwise a photo is
    rejected when its worst pixels reach the pixel threshold on average: consistent with what is outlined, no promise.
    """
    scores: list[float] = []
    defective: list[bool] = []

    def maps() -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_]]]:
        for sample in held_out.samples:
            pixels = read_image(Path(sample.path))
            score, heat_map = detector.score(pixels)
            scores.append(score)
            if sample.masks is None:
                defective.append(bool(sample.defective))
                continue
            truth = sample.read_mask(*pixels.shape[:2])
            defective.append(bool(truth.any()))
            if heat_map is not None:
                yield (heat_map if heat_map.ndim == 2 else heat_map.max(axis=0)), truth

    best = best_f1_threshold(maps())
    pixel = None if best is None else best.threshold
    source = f"best F1 on {len(held_out)} photos set aside from training"
    if all(defective):
        return Thresholds(pixel=pixel, reject=pixel, source=f"pixels: {source}; photos: the same threshold")
    image = best_f1(np.asarray(scores), np.asarray(defective))
    return Thresholds(pixel=pixel, reject=None if image is None else image.threshold, source=source)


def calibrate(detector: Detector, normal: Dataset) -> Calibration | None:
    """Scores of normal photos that the training never saw; None without such photos."""
    if not normal.samples:
        return None
    scores = sorted(detector.score(read_image(Path(sample.path)))[0] for sample in normal.samples)
    return Calibration(scores=tuple(scores), source=f"{len(normal)} normal photos of {normal.name}, unseen in training")
