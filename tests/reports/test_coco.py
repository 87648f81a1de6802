"""COCO files pass the reference implementation, pixel for pixel."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest

from blemish.datasets import read_dataset
from blemish.errors import DataError
from blemish.reports.coco import write_coco
from blemish.reports.document import read_document

from .conftest import Drawn, Write, line, ring, specks

coco = pytest.importorskip("pycocotools.coco", reason="checks the files")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def load(path: Path):
    with contextlib.redirect_stdout(io.StringIO()):
        return coco.COCO(str(path))


def test_run_lengths_and_areas_are_those_of_the_masks(found: Path, tmp_path: Path):
    document = read_document(found)
    exact, polygons = write_coco(document, tmp_path / "out")
    reference = load(exact)
    assert len(reference.imgs) == 6
    for number, image in enumerate(document.images, start=1):
        if image.error is not None:
            continue
        mask = document.read_mask(image)
        annotations = reference.imgToAnns[number]
        decoded = [reference.annToMask(annotation).astype(bool) for annotation in annotations]
        assert (
            np.logical_or.reduce([np.zeros((240, 320), bool), *decoded]) == (mask if mask is not None else False)
        ).all()
        assert [one.sum() for one in decoded] == [annotation["area"] for annotation in annotations]
        for one, annotation in zip(decoded, annotations, strict=True):
            rows, columns = np.nonzero(one)
            box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert annotation["bbox"] == box
        assert len(annotations) == len(image.regions)
    assert load(polygons).anns.keys() == reference.anns.keys()


def network() -> np.ndarray:
    """Cracks that close fields, one of them with a speck inside that touches a corner."""
    mask = (
        line((10, 40), (300, 60))
        | line((10, 200), (300, 180))
        | line((40, 10), (60, 230))
        | line((250, 10), (240, 230))
    )
    mask[120:123, 100:103] = mask[123:126, 103:106] = True
    return mask | ring(20)


def noise() -> np.ndarray:
    return np.random.default_rng(0).random((240, 320)) < 0.55


def test_polygons_cover_the_masks_exactly_holes_and_all(write_inspection: Write, tmp_path: Path):
    masks = [line((20, 40), (150, 80), (300, 60)), ring(), specks(), network(), noise(), np.ones((240, 320), np.bool_)]
    found = write_inspection(*(Drawn(f"{number}.png", mask) for number, mask in enumerate(masks)))
    reference = load(write_coco(read_document(found), tmp_path / "out")[1])
    for number, mask in enumerate(masks, start=1):
        filled = np.logical_or.reduce([reference.annToMask(one).astype(bool) for one in reference.imgToAnns[number]])
        np.testing.assert_array_equal(filled, mask)


def test_what_was_exported_reads_back_as_a_data_set(found: Path):
    document = read_document(found)
    images = Path(document.images[0].path).parents[1]
    write_coco(document, images)
    (images / "coco-polygons.json").unlink()
    dataset = read_dataset(images)
    assert dataset.classes == ("crack",)
    by_name = {sample.path.name: sample for sample in dataset.samples}
    assert (by_name["specks.png"].read_mask(240, 320) == specks()).all()
    assert not by_name["normal.png"].defective


def test_nothing_found_is_a_valid_file(write_inspection: Write, tmp_path: Path):
    exact, _ = write_coco(read_document(write_inspection(Drawn("normal.png"))), tmp_path)
    assert len(load(exact).imgs) == 1
    assert json.loads(exact.read_text())["annotations"] == []


def test_findings_without_masks_are_one_sentence(found: Path, tmp_path: Path):
    target = found / "findings.jsonl"
    target.write_text(
        target.read_text(encoding="utf-8").replace('"mask_file":"', '"mask_file":null,"_":"'), encoding="utf-8"
    )
    with pytest.raises(DataError, match="inspect again"):
        write_coco(read_document(found), tmp_path)
