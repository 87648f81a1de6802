"""Where a detector decides, chosen on held-out training images: by best F1, or with a guarantee from normal ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from blemish.calibration import ThresholdRule, marginal_threshold
from blemish.calibration.scores import just_above
from blemish.datasets import Dataset, is_defective
from blemish.detectors import Calibration, ClassThreshold, Detector, Thresholds
from blemish.evaluation import PixelMetrics, best_f1, best_f1_threshold, dice
from blemish.measurement import find_regions

# "On average at most one normal image in twenty is flagged"; fewer than 19 images support one in n + 1.
_ALPHA = 0.05
# From a single pixel to a third of the side of an image of 100 px.
_AREAS_PX = (1, 10, 30, 100, 300, 1000)


def choose_thresholds(detector: Detector, held_out: Dataset) -> Thresholds:
    """Thresholds for pixels (where masks are known) and images by best F1 on ``held_out``.

    A detector that tells several classes apart also gets a pixel threshold and a least area for each of them.

    Images get a threshold of their own only where both normal and defective ones are held out. Otherwise an image is
    rejected when its worst pixels reach the pixel threshold on average: consistent with what is outlined, no guarantee.
    """
    scores: list[float] = []
    defective: list[bool] = []

    def maps() -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_] | None]]:
        for sample in held_out.samples:
            pixels = sample.read_image()
            score, anomaly_map = detector.score(pixels)
            scores.append(score)
            if sample.masks is None:
                defective.append(bool(is_defective(sample.defective, None)))
                continue
            truth = sample.read_mask(*pixels.shape[:2])
            defective.append(bool(is_defective(sample.defective, truth)))
            if anomaly_map is not None:
                yield detector.spec.union(anomaly_map), truth, sample.read_ignored(*truth.shape)

    best = best_f1_threshold(maps())
    pixel = None if best is None else best.threshold
    by_class = () if pixel is None else choose_class_thresholds(detector, held_out)
    source = f"best F1 on {len(held_out)} held-out training images"
    if all(defective):
        source = f"pixels: {source}; images: the same threshold"
        return Thresholds(pixel=pixel, by_class=by_class, reject=pixel, source=source)
    image = best_f1(np.asarray(scores), np.asarray(defective))
    reject = None if image is None else _clear_of_scores(image.threshold, np.asarray(scores))
    return Thresholds(pixel=pixel, by_class=by_class, reject=reject, source=source)


def _clear_of_scores(threshold: float, scores: NDArray[np.float64]) -> float:
    """Half-way down to the next lower score, which decides the same on these images.

    Where normal and defective images are far apart, a threshold at the mildest held-out defect would miss the next.
    """
    below = scores[scores < threshold]
    return threshold if below.size == 0 else float((threshold + below.max()) / 2)


def choose_class_thresholds(detector: Detector, held_out: Dataset) -> tuple[ClassThreshold, ...]:
    """For each class its pixel threshold of best F1, then the least area that is best on images with and without it.

    A larger area removes false components from images without the class, and small defects from those with it. Both
    sides weigh the same: by Kaggle's mean over all images, most of which show nothing of a class, the best answer to a
    rare one is to find none of it. Classes that no held-out image shows have no entry.

    Args:
        detector: its thresholds are not used.
        held_out: training images; those without masks are skipped.

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
    areas = {label: max(_AREAS_PX, key=lambda area: _balanced_dice(scores[label, area])) for label in limits}
    return tuple(
        ClassThreshold(label=label, pixel=limits[label], min_area_px=areas[label])
        for label in classes
        if label in limits
    )


def _balanced_dice(images: list[tuple[float, bool]]) -> float:
    """The mean of: mean Dice of the images that show the class; fraction of the others in which none is found."""
    sides = [[score for score, shown in images if shown is side] for side in (True, False)]
    return float(np.mean([np.mean(side) for side in sides if side]))


def _class_maps(
    detector: Detector, held_out: Dataset
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_] | None]]:
    """Maps and true masks of all classes, (K, H, W), and ignored pixels; nothing for a detector of one map."""
    for sample in held_out.samples:
        if sample.masks is None:
            continue
        pixels = sample.read_image()
        _, maps = detector.score(pixels)
        if maps is None or maps.ndim == 2:
            return
        size_px = pixels.shape[:2]
        yield maps, sample.read_class_masks(detector.spec.classes, *size_px), sample.read_ignored(*size_px)


def choose_normal_thresholds(
    detector: Detector, held_out: Dataset, *, chose_epoch: bool = False
) -> tuple[Thresholds, Calibration | None]:
    """Thresholds and p-values from normal images that the method was not fitted on.

    Where these also ``chose_epoch``, for want of more, the calibration says so.

    Thresholds keep the guarantee of `blemish.calibration.marginal_threshold`: on average, at most one normal image in
    twenty is rejected, and at most one shows any outline; with n < 19 images at most one in n + 1.
    """
    scores, maxima = [], []
    for sample in held_out.samples:
        score, anomaly_map = detector.score(sample.read_image())
        scores.append(score)
        if anomaly_map is not None:
            maxima.append(float(anomaly_map.max()))
    origin = f"normal images of {held_out.name}" + (", which chose the epoch too" if chose_epoch else "")
    return guaranteed_thresholds(scores, maxima, items="images", origin=origin)


def guaranteed_thresholds(
    scores: Sequence[float], maxima: Sequence[float], *, items: str, origin: str
) -> tuple[Thresholds, Calibration | None]:
    """Thresholds with a marginal guarantee, and the calibration, from held-out normal items.

    Args:
        scores: of the items.
        maxima: of their maps; empty where there are none.
        items: what is scored, in the plural.
        origin: which items, in the plural.
    """
    if not scores:
        return Thresholds(source=f"none: all normal {items} were trained on"), None
    reject, source = _guaranteed(scores, items)
    pixel = _guaranteed(maxima, items)[0] if maxima else None
    calibration = Calibration(scores=tuple(sorted(scores)), source=f"{len(scores)} {origin}, unseen in training")
    return Thresholds(pixel=pixel, reject=reject, source=source), calibration


def _guaranteed(values: Sequence[float], items: str) -> tuple[float, str]:
    """The threshold, and its guarantee in words."""
    if len(set(values)) == 1:
        return just_above(values[0]), f"just above the one score of {len(values)} held-out normal {items}; no guarantee"
    guarantee = marginal_threshold(np.asarray(values), max(_ALPHA, 1 / (len(values) + 1)))
    return guarantee.threshold, guarantee.describe(items)


def ruled(rule: ThresholdRule, chosen: Thresholds, calibration: Calibration | None) -> Thresholds:
    """Thresholds with that of images by a published rule; pixels stay as they were chosen."""
    if calibration is None and rule.name != "fixed":
        return chosen.model_copy(update={"source": f"{chosen.source}; no normal images to set {rule.name} from"})
    scores = () if calibration is None else calibration.scores
    source = f"images: {rule.describe(len(scores))}"
    if chosen.pixel is not None:
        source += f" Otherwise {chosen.source}"
    return chosen.model_copy(update={"reject": rule.threshold(scores), "review": None, "source": source})


def calibrate(detector: Detector, normal: Dataset) -> Calibration | None:
    """Scores of normal images that the training never saw; None without such images."""
    if not normal.samples:
        return None
    scores = sorted(detector.score(sample.read_image())[0] for sample in normal.samples)
    return Calibration(scores=tuple(scores), source=f"{len(normal)} normal images of {normal.name}, unseen in training")
