"""Where a supervised detector decides, chosen on images set aside from the training split."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Dataset, is_defective
from blemish.detectors import Calibration, ClassThreshold, Detector, Thresholds
from blemish.evaluation import PixelMetrics, best_f1, best_f1_threshold, dice
from blemish.images import read_image
from blemish.measurement import find_regions

# From a single pixel to a third of the side of an image of 100 px.
_AREAS_PX = (1, 10, 30, 100, 300, 1000)


def choose_thresholds(detector: Detector, held_out: Dataset) -> Thresholds:
    """Thresholds for pixels (where masks are known) and images by best F1 on ``held_out``.

    A detector that tells several classes apart gets a pixel threshold and a least area for each of them, too.

    Images get a threshold of their own only where both normal and defective ones were set aside. Otherwise an image is
    rejected when its worst pixels reach the pixel threshold on average: consistent with what is outlined, no guarantee.
    """
    scores: list[float] = []
    defective: list[bool] = []

    def maps() -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_] | None]]:
        for sample in held_out.samples:
            pixels = read_image(Path(sample.path))
            score, anomaly_map = detector.score(pixels)
            scores.append(score)
            if sample.masks is None:
                defective.append(bool(is_defective(sample.defective, None)))
                continue
            truth = sample.read_mask(*pixels.shape[:2])
            defective.append(bool(is_defective(sample.defective, truth)))
            if anomaly_map is not None:
                worst = anomaly_map if anomaly_map.ndim == 2 else anomaly_map.max(axis=0)
                yield worst, truth, sample.read_ignored(*truth.shape)

    best = best_f1_threshold(maps())
    pixel = None if best is None else best.threshold
    by_class = () if pixel is None else choose_class_thresholds(detector, held_out)
    source = f"best F1 on {len(held_out)} images set aside from training"
    if all(defective):
        source = f"pixels: {source}; images: the same threshold"
        return Thresholds(pixel=pixel, by_class=by_class, reject=pixel, source=source)
    image = best_f1(np.asarray(scores), np.asarray(defective))
    reject = None if image is None else _clear_of_scores(image.threshold, np.asarray(scores))
    return Thresholds(pixel=pixel, by_class=by_class, reject=reject, source=source)


def _clear_of_scores(threshold: float, scores: NDArray[np.float64]) -> float:
    """Half-way down to the next lower score: it decides alike on these images, and hangs on none of them.

    Where normal and defective images are far apart, a threshold at the mildest defect set aside would miss the next.
    """
    below = scores[scores < threshold]
    return threshold if below.size == 0 else float((threshold + below.max()) / 2)


def choose_class_thresholds(detector: Detector, held_out: Dataset) -> tuple[ClassThreshold, ...]:
    """For each class its pixel threshold of best F1, then the least area that serves images with and without it best.

    An area is worth what specks it removes from images without the class, less what small defects it costs where there
    are some. Both sides weigh the same: by Kaggle's mean over all images, which most often show nothing of a class, the
    best answer to a rare one is to find none of it. Classes that no image set aside shows have no entry.

    Args:
        detector: its graph, thresholds not looked at.
        held_out: images set aside from training; those without masks are passed over.

    Returns:
        Entries in the order of the classes; none for a detector of one map.
    """
    classes = detector.spec.classes
    metrics = {label: PixelMetrics() for label in classes}
    for maps, truth, ignored in _class_maps(detector, held_out):
        for label, anomaly_map, mask in zip(classes, maps, truth, strict=True):
            metrics[label].add(anomaly_map, mask, ignored=ignored)
    best = {label: each.result().ranking.best_threshold for label, each in metrics.items()}
    limits = {label: threshold for label, threshold in best.items() if threshold is not None}
    scores: dict[tuple[str, int], list[tuple[float, bool]]] = {
        (label, area): [] for label in limits for area in _AREAS_PX
    }
    for maps, truth, ignored in _class_maps(detector, held_out) if limits else ():
        for label, anomaly_map, mask in zip(classes, maps, truth, strict=True):
            for area in _AREAS_PX if label in limits else ():
                found = find_regions(anomaly_map >= limits[label], anomaly_map, min_area_px=area)[1]
                found = found if ignored is None else found & ~ignored
                scores[label, area].append((dice(found, mask), bool(mask.any())))
    areas = {label: max(_AREAS_PX, key=lambda area: _worth(scores[label, area])) for label in limits}
    return tuple(
        ClassThreshold(label=label, pixel=limits[label], min_area_px=areas[label])
        for label in classes
        if label in limits
    )


def _worth(images: list[tuple[float, bool]]) -> float:
    """Mean Dice of the images that show the class, and fraction of the others in which none is found, averaged."""
    sides = [[score for score, shown in images if shown is side] for side in (True, False)]
    return float(np.mean([np.mean(side) for side in sides if side]))


def _class_maps(
    detector: Detector, held_out: Dataset
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_] | None]]:
    """Maps and true masks of all classes, (K, H, W), and ignored pixels; nothing for a detector of one map."""
    for sample in held_out.samples:
        if sample.masks is None:
            continue
        pixels = read_image(Path(sample.path))
        _, maps = detector.score(pixels)
        if maps is None or maps.ndim == 2:
            return
        size_px = pixels.shape[:2]
        yield maps, sample.read_class_masks(detector.spec.classes, *size_px), sample.read_ignored(*size_px)


def calibrate(detector: Detector, normal: Dataset) -> Calibration | None:
    """Scores of normal images that the training never saw; None without such images."""
    if not normal.samples:
        return None
    scores = sorted(detector.score(read_image(Path(sample.path)))[0] for sample in normal.samples)
    return Calibration(scores=tuple(scores), source=f"{len(normal)} normal images of {normal.name}, unseen in training")
