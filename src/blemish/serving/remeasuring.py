"""What a corrected mask measures: regions, cracks and widths anew, in the scale that holds for the image.

Score, p-value and verdict stay the detector's: a person corrects what was outlined, not what was decided by.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.detectors import Inspection, Measuring
from blemish.detectors.measuring import DEFAULT_GRADES
from blemish.findings import Finding
from blemish.images import ReadOptions, decode_image
from blemish.measurement import GradeScale, doubts_of, find_regions, load_grades, shipped_grades
from blemish.measurement.scale_sources import ScaleByPoints, Seen
from blemish.serving.answers import TwoPoints
from blemish.serving.pictures import mask_png, thumbnail_jpeg
from blemish.serving.service import Service
from blemish.serving.store.findings import Corrected, held
from blemish.serving.store.tables import FindingRow


def remeasure(service: Service, row: FindingRow, mask: NDArray[np.bool_], points: TwoPoints | None) -> Corrected:
    """Measure a corrected mask, and draw and keep what is shown of it.

    Args:
        service: holds the pictures.
        row: the finding.
        mask: bool (H, W), of the image's size.
        points: two places in the image and the distance between them; None keeps the scale that holds so far.

    Raises:
        SettingsError: a scale that cannot be right, or points outside of the image.
        RefusalError: the image is gone from the store.
    """
    found = Finding.model_validate_json(row.record)
    spec = next((one.detector.spec for one in service.detectors.all() if one.sha == row.detector_sha), None)
    options = ReadOptions(None if spec is None else spec.input.bit_range)
    pixels = decode_image(service.pictures.read(row.image_sha), row.image, options).pixels
    scale = held(row).scale
    if points is not None:
        by_points = ScaleByPoints(points.first, points.second, points.length_mm)
        by_points.check(pixels.shape[1], pixels.shape[0])
        scale = by_points.of(Seen(pixels))
    labels = {region.label for region in found.regions} or {found.label}
    label = labels.pop() if len(labels) == 1 else None
    gap_px = 0 if spec is None else spec.thresholds.gap_px
    regions, _ = find_regions(mask, _map(service, row, mask.shape), gap_px=gap_px, label=label, pixels=pixels)
    told = doubts_of(found.cracks or ())
    notes = tuple(note for note in found.notes if note not in told)
    answer = Inspection(
        found.model_copy(update={"regions": regions, "cracks": None, "notes": notes}),
        pixels=pixels,
        mask=mask,
        crack_mask=None if found.cracks is None else mask,
    )
    measuring = Measuring(scale=scale, grades=None if scale is None else _grades_of(found))
    put = service.pictures.put
    measured = measuring.measure(answer, None).finding
    return Corrected(put(mask_png(mask)), put(thumbnail_jpeg(pixels, mask)), measured)


def _map(service: Service, row: FindingRow, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The anomaly map as its picture tells it, float32 (H, W); the image's score everywhere where there is none."""
    if row.map_sha is None or row.map_low is None or row.map_high is None:
        return np.full(shape, row.score, np.float32)
    levels = cv2.imdecode(np.frombuffer(service.pictures.read(row.map_sha), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert levels is not None
    grown = cv2.resize(levels.astype(np.float32), (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(row.map_low + grown / np.float32(255) * (row.map_high - row.map_low), np.float32)


def _grades_of(found: Finding) -> GradeScale:
    """The grade scale that the finding's cracks were graded by, told from their grades; the usual one without any."""
    given = [crack.grade for crack in found.cracks or ()]
    for name in shipped_grades():
        grades = load_grades(name)
        if any(given) and [grades.graded(crack).grade for crack in found.cracks or ()] == given:
            return grades
    return load_grades(DEFAULT_GRADES)
