"""Inspections of drawn images, written as `blemish inspect` writes them, without any detector."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.detectors import Inspection, Measuring, failed
from blemish.findings import DetectorRecord, Finding, Options, RunRecord
from blemish.images import write_png
from blemish.inspection import file_sources
from blemish.inspection.measuring import measure_each
from blemish.inspection.writing import writing_findings
from blemish.measurement import GradeScale, Scale, find_regions, load_grades

SHAPE = (240, 320)
SCALE = Scale.given(0.1)
# A file name cannot hold a slash: the tag stays open.
ODD_NAME = 'floor/금 "간" \'<script>alert(1)<!--.png'


@dataclass
class Drawn:
    """An image, and what is found in it; an image without pixels cannot be read."""

    name: str
    mask: NDArray[np.bool_] | None = None
    verdict: str | None = "pass"
    readable: bool = True
    pixels: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self.pixels = np.full((*SHAPE, 3), 190, np.uint8)
        if self.mask is not None:
            self.pixels[self.mask] = 30


def line(*points: tuple[int, int], width_px: int = 4) -> NDArray[np.bool_]:
    """A mask with one line."""
    canvas = np.zeros(SHAPE, np.uint8)
    cv2.polylines(canvas, [np.array(points, np.int32)], False, 1, width_px)
    return canvas > 0


def bar(width_px: int) -> NDArray[np.bool_]:
    """A mask with one level bar of exactly this width."""
    mask = np.zeros(SHAPE, np.bool_)
    mask[100 : 100 + width_px, 20:300] = True
    return mask


def ring(radius_px: int = 60) -> NDArray[np.bool_]:
    """A mask with one loop."""
    canvas = np.zeros(SHAPE, np.uint8)
    cv2.circle(canvas, (160, 120), radius_px, 1, 5)
    return canvas > 0


def specks() -> NDArray[np.bool_]:
    """A mask of pieces that touch in corners only, with holes."""
    mask = np.zeros(SHAPE, np.bool_)
    mask[20:24, 20:24], mask[24:28, 24:28] = True, True
    mask[60:70, 60:70], mask[63:66, 63:66] = True, False
    mask[100, 100], mask[239, 319] = True, True
    return mask


Write = Callable[..., Path]


def write_to(
    base: Path,
    drawn: Sequence[Drawn],
    *,
    scale: Scale | None = SCALE,
    grades: GradeScale | None = None,
    cracks: bool = True,
) -> Path:
    """Images into ``base/images``, findings into ``base/found``; the folder of the findings."""
    images, out = base / "images", base / "found"
    answers: list[Inspection] = []
    sources = file_sources([images / each.name for each in drawn])
    for each, source in zip(drawn, sources, strict=True):
        path = images / each.name
        if not each.readable:
            answers.append(failed(source, f'"{path}" is empty.'))
            continue
        write_png(path, each.pixels)
        mask = np.zeros(SHAPE, np.bool_) if each.mask is None else each.mask
        anomaly = mask.astype(np.float32) * 0.9
        regions, mask = find_regions(mask, anomaly, label="crack")
        size_px, score = (SHAPE[1], SHAPE[0]), 0.9 if mask.any() else 0.1
        said = {"size_px": size_px, "score": score, "p_value": 0.02, "verdict": each.verdict, "regions": regions}
        answers.append(Inspection(Finding(**source.facts, **said), each.pixels, anomaly, mask))
    measuring = Measuring(cracks=cracks, scale=scale, grades=grades if scale else None)
    with writing_findings(out) as write:
        for measured in measure_each(answers, measuring, level=0.45, out=out):
            write(measured.finding)
    RunRecord(
        blemish="0.2.0",
        date="2026-11-21T10:00:00+00:00",
        folder=str(base),
        detector=DetectorRecord(file="wall.blemish", method="unet"),
        options=Options(measure=cracks),
        grades=grades,
    ).write(out)
    return out


@pytest.fixture
def write_inspection(tmp_path: Path) -> Write:
    """`write_inspection(drawn, …, scale=, grades=, cracks=)` -> the folder of the findings."""
    return lambda *drawn, **options: write_to(tmp_path, drawn, **options)


@pytest.fixture(scope="session")
def found_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven images: a wide line, a thin one, a loop, specks, a crossing, a normal one, and one that cannot be read."""
    drawn = (
        Drawn("wall/wide.png", line((20, 40), (150, 80), (300, 60), width_px=9), "reject"),
        Drawn("wall/thin.png", line((40, 20), (60, 120), (50, 220), width_px=2), "review"),
        Drawn("floor/loop.png", ring(), "reject"),
        Drawn("floor/specks.png", specks(), "review"),
        Drawn(ODD_NAME, line((30, 30), (290, 210)) | line((30, 210), (290, 30)), "reject"),
        Drawn("floor/normal.png"),
        Drawn("floor/broken.png", readable=False, verdict=None),
    )
    return write_to(tmp_path_factory.mktemp("inspection"), drawn, grades=load_grades("eurocode-2"))


@pytest.fixture
def found(found_once: Path, tmp_path: Path) -> Path:
    """A copy of `found_once` to change at will; the images stay where they were inspected."""
    shutil.copytree(found_once, tmp_path / "found")
    return tmp_path / "found"
