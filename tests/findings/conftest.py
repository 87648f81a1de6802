"""One finding with everything in it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.findings import Finding, to_line
from blemish.measurement import Scale, find_regions, load_grades, measure_mask


@pytest.fixture(scope="session")
def whole() -> Finding:
    """A wall with one crack of 5 px, measured in millimetres and graded."""
    canvas = np.zeros((240, 320), np.uint8)
    cv2.polylines(canvas, [np.array([(20, 40), (150, 80), (300, 60)], np.int32)], False, 1, 5)
    scale, grades = Scale.given(0.1, uncertainty=0.01), load_grades("eurocode-2")
    regions, mask = find_regions(canvas > 0, canvas.astype(np.float32) * 0.9, label="crack")
    cracks = tuple(map(grades.graded, measure_mask(mask, scale=scale).cracks))
    return Finding(
        image="왼쪽/wall 1.jpg",
        path="drone/왼쪽/wall 1.jpg",
        name="wall 1",
        size_px=(320, 240),
        score=0.9,
        p_value=0.01,
        verdict="reject",
        label="crack",
        regions=regions,
        cracks=cracks,
        scale=scale,
        mask_file="masks/wall 1.png",
        notes=("the first of 3 pages",),
    )


@pytest.fixture
def written(whole: Finding, tmp_path: Path) -> Path:
    """Three lines: `whole`, one that passes, one that could not be read."""
    findings = [
        whole,
        Finding(image="b.jpg", path="b.jpg", name="b", size_px=(4, 3), score=0.1, verdict="pass"),
        Finding(image="broken.jpg", path="broken.jpg", name="broken", error='"broken.jpg" is empty.'),
    ]
    path = tmp_path / "findings.jsonl"
    path.write_text("".join(to_line(one) + "\n" for one in findings), encoding="utf-8")
    return path
