"""Levels of sensitivity: a few pairs of thresholds for outlines, measured on labelled images that were held out.

Every pair of `PIXELS` and `PEAKS` is tried. For each of `MAX_FALSE_ALARMS`, the pair with the best F2 is taken whose
outlines stand in no larger fraction of the normal images: F2 is the F score, within 2 px, in which recall counts twice
as much as precision. A pair that would raise a threshold above that of the level before is no candidate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Dataset, Sample, is_defective, read_dataset
from blemish.detectors import Detector, Sensitivity, SensitivityLevel, Thresholds, load
from blemish.errors import DataError, SettingsError
from blemish.evaluation import ToleranceCounts, count_within
from blemish.inspection.evaluation_data import choose_split
from blemish.inspection.progress import Say, silent
from blemish.measurement.components import find_components
from blemish.measurement.small_components import remove_small_components

PIXELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
PEAKS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
MAX_FALSE_ALARMS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
_TOLERANCE_PX = 2.0
# With fewer, a fraction of them says little.
_MIN_IMAGES = 20

SeenImage = tuple[NDArray[np.float32], NDArray[np.bool_] | None, bool]
"""A map, the mask where the extent of the defect is known, and whether there is one."""


@dataclass(frozen=True)
class _Tried:
    """What came of a pair of thresholds."""

    level: SensitivityLevel
    f2: float


def set_sensitivity(
    file: Path,
    data: Path,
    *,
    split: str = "test",
    layout: str | None = None,
    out: Path | None = None,
    say: Say = silent,
) -> Sensitivity:
    """Measure levels of sensitivity on a labelled data set and write them into a detector.

    Args:
        file: the detector.
        data: folder, table or COCO file of the data set, with masks.
        split: the split that is used; where the data has none, all images that did not train the detector.
        layout: how the data is read; see `blemish.datasets.read_dataset`.
        out: where to write; None replaces ``file``.
        say: told what was left out.

    Raises:
        DataError: as `measure_sensitivity`, or the data cannot be read.
        DetectorError: ``file`` is no detector.
        SettingsError: as `measure_sensitivity`.
    """
    detector = load(file)
    chosen = choose_split(read_dataset(data, layout=layout), split, trained_on=detector.spec.provenance.images)
    for note in chosen.notes:
        say(note)
    levels = measure_sensitivity(detector, chosen, source=f"the images of {chosen.name}")
    detector.with_spec(detector.spec.model_copy(update={"sensitivity": levels})).save(out or file)
    return levels


def measure_sensitivity(detector: Detector, dataset: Dataset, *, source: str) -> Sensitivity:
    """The levels of a detector.

    Args:
        detector: with one map, and a pixel threshold.
        dataset: labelled images that did not train it; defective ones without a mask only count as found or missed.
        source: which images these are, in words, for whoever reads the fractions.

    Raises:
        DataError: fewer than 20 normal images or 20 with masks of defects, or an image that cannot be read.
        SettingsError: the detector gives no map or several, or no two levels differ.
    """
    if not detector.spec.localises or len(detector.spec.classes) > 1:
        raise SettingsError("Levels of sensitivity are for detectors with one anomaly map; this has none or several.")
    seen = (_seen(detector, sample) for sample in dataset.samples)
    return levels_of(seen, detector.spec.thresholds, source=source)


def levels_of(seen: Iterable[SeenImage], limits: Thresholds, *, source: str) -> Sensitivity:
    """The levels from maps of labelled images, such as those of networks that were trained without them.

    Args:
        seen: of each image its map, float32 (H, W); its mask, bool (H, W), None where the extent is not known; and
            whether it is defective.
        limits: of the detector; its window and least area hold at every level.
        source: which images these are, in words, for whoever reads the fractions.

    Raises:
        DataError: fewer than 20 normal images or 20 with masks of defects.
        SettingsError: no two levels differ.
    """
    counts = _Counts(limits)
    for image in seen:
        counts.add(*image)
    if min(counts.n_normal, counts.n_masked) < _MIN_IMAGES:
        raise DataError(
            f"Levels of sensitivity take {_MIN_IMAGES} normal images and {_MIN_IMAGES} with masks of defects; "
            f'"{source}" has {counts.n_normal} and {counts.n_masked}.'
        )
    levels = tuple(_rising(list(counts.tried())))
    if len(levels) < 2:
        raise SettingsError(f'On "{source}" no two levels of sensitivity differ: one threshold does for all.')
    said = f"{source}: {counts.n_normal} normal, {counts.n_defective} with defects, {counts.n_masked} of them masked"
    return Sensitivity(levels=levels, source=said)


def _seen(detector: Detector, sample: Sample) -> SeenImage:
    """Map, mask (None where the extent is not known) and whether the image is defective."""
    pixels = sample.read_image()
    _, anomaly_map = detector.score(pixels)
    assert anomaly_map is not None
    mask = None if sample.masks is None else sample.read_mask(*pixels.shape[:2])
    defective = is_defective(sample.defective, mask)
    if defective is None:
        raise DataError(f'"{sample.path}" has neither label nor mask; levels of sensitivity are measured by them.')
    return anomaly_map.reshape(pixels.shape[:2]), mask, defective


class _Counts:
    """What each pair of thresholds outlines, image by image."""

    def __init__(self, limits: Thresholds) -> None:
        self.limits = limits
        self.n_normal = self.n_defective = self.n_masked = 0
        self.pairs = [(pixel, peak) for pixel, peak in product(PIXELS, PEAKS) if peak >= pixel]
        self.found = dict.fromkeys(self.pairs, 0)
        self.alarms = dict.fromkeys(self.pairs, 0)
        self.within = dict.fromkeys(self.pairs, ToleranceCounts())

    def add(self, anomaly_map: NDArray[np.float32], mask: NDArray[np.bool_] | None, defective: bool) -> None:
        """Count an image."""
        has_extent = mask is not None and bool(mask.any())
        self.n_normal += not defective
        self.n_defective += defective
        self.n_masked += has_extent
        for pair, outlined in self._outlined(anomaly_map):
            (self.found if defective else self.alarms)[pair] += bool(outlined.any())
            if has_extent:
                assert mask is not None
                self.within[pair] += count_within(outlined, mask, (_TOLERANCE_PX,))[0]

    def _outlined(self, anomaly_map: NDArray[np.float32]) -> Iterator[tuple[tuple[float, float], NDArray[np.bool_]]]:
        for pixel in PIXELS:
            mask = remove_small_components(anomaly_map >= np.float32(pixel), self.limits.window_px)
            found = find_components(mask, self.limits.gap_px)
            peaks = np.zeros(len(found.areas_px), np.float32)
            np.maximum.at(peaks, found.labels[mask].astype(np.intp), anomaly_map[mask])
            peaks[found.areas_px < self.limits.min_area_px] = 0
            peaks[0] = 0
            for peak in PEAKS:
                if peak >= pixel:
                    yield (pixel, peak), (peaks >= np.float32(peak))[found.labels]

    def tried(self) -> Iterator[_Tried]:
        """Each pair with its fractions."""
        for pair in self.pairs:
            within = self.within[pair]
            recall, precision = within.recall or 0.0, within.precision or 0.0
            level = SensitivityLevel(
                pixel=pair[0],
                peak=pair[1],
                window_px=self.limits.window_px,
                found=self.found[pair] / self.n_defective,
                recall=recall,
                precision=precision,
                false_alarms=self.alarms[pair] / self.n_normal,
            )
            weighed = 4 * precision + recall
            yield _Tried(level, 5 * precision * recall / weighed if weighed else 0.0)


def _rising(tried: Sequence[_Tried]) -> Iterator[SensitivityLevel]:
    last: SensitivityLevel | None = None
    for limit in MAX_FALSE_ALARMS:
        candidates = [one for one in tried if one.level.false_alarms <= limit and _follows(one.level, last)]
        if not candidates:
            continue
        best = max(candidates, key=lambda one: (one.f2, -one.level.false_alarms)).level
        if best != last:
            yield best
            last = best


def _follows(level: SensitivityLevel, last: SensitivityLevel | None) -> bool:
    return last is None or (level.pixel <= last.pixel and level.peak <= last.peak)
