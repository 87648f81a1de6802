"""An inspection read back from its folder is the inspection that was written."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.errors import DataError
from blemish.findings import Finding, to_line
from blemish.images import write_png
from blemish.measurement import GradeScale, Scale, ScaleByTable
from blemish.measurement.scale_sources import TableRow
from blemish.reports.csv_tables import write_csv
from blemish.reports.document import Document, read_document

from .conftest import ODD_NAME, SHAPE, Drawn, Write, bar, line, specks


def named(folder: Path, name: str) -> Finding:
    return next(image for image in read_document(folder).images if image.image == name)


def mask_of(folder: Path, name: str) -> NDArray[np.bool_] | None:
    return read_document(folder).read_mask(named(folder, name))


def test_every_image_is_there_in_order_with_its_findings(found: Path):
    document = read_document(found)
    assert len(document.images) == 7
    assert [image.image for image in document.images][:2] == ["wall/wide.png", "wall/thin.png"]
    assert named(found, ODD_NAME).cracks
    assert (document.measured, document.unit) == (True, "mm")
    assert named(found, "wall/wide.png").size_px == (320, 240)
    assert named(found, "floor/broken.png").error is not None
    assert mask_of(found, "floor/normal.png") is None
    assert (mask_of(found, "floor/specks.png") == specks()).all()


def test_worst_comes_first_and_what_failed_last(found: Path):
    names = [image.image for image in read_document(found).worst_first()]
    assert names[0] == "wall/wide.png"
    assert set(names[:3]) == {"wall/wide.png", "floor/loop.png", ODD_NAME}
    assert names[-2:] == ["floor/normal.png", "floor/broken.png"]


def test_images_are_found_from_another_folder(write_inspection: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    document = read_document(write_inspection(Drawn("wall/wide.png")))
    relative = Finding(image="wall.png", path="images/wall/wide.png", name="wall")
    monkeypatch.chdir("/")
    assert document.find_image(relative) == tmp_path / "images/wall/wide.png"
    (tmp_path / "images/wall/wide.png").unlink()
    assert document.find_image(relative) is None


def test_an_image_of_the_same_name_below_the_current_folder_is_not_taken(
    write_inspection: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    document = read_document(write_inspection(Drawn("wall.png")))
    (tmp_path / "elsewhere/images").mkdir(parents=True)
    (tmp_path / "elsewhere/images/wall.png").write_bytes(b"another one")
    monkeypatch.chdir(tmp_path / "elsewhere")
    relative = Finding(image="wall.png", path="images/wall.png", name="wall")
    assert document.find_image(relative) == tmp_path / "images/wall.png"


def test_a_bare_table_of_findings_makes_a_document_without_measurements(tmp_path: Path):
    line = to_line(Finding(image="a.jpg", path="a.jpg", name="a", score=1.0))
    (tmp_path / "findings.jsonl").write_text(line + "\n", encoding="utf-8")
    document = read_document(tmp_path)
    assert (document.run, document.grades, document.measured, document.unit) == (None, None, False, "px")
    assert document.images[0].size_px is None


@pytest.mark.parametrize("kept", [1, 40, 400])
def test_a_last_line_that_is_cut_off_leaves_a_gap_that_is_told(found: Path, kept: int):
    target = found / "findings.jsonl"
    *whole, last = target.read_bytes().splitlines(keepends=True)
    target.write_bytes(b"".join(whole) + last[: min(kept, len(last) - 2)])
    document = read_document(found)
    assert len(document.images) == len(whole)
    assert "Line 7" in document.gaps[0]
    assert "cut off" in document.gaps[0]


def test_with_nothing_but_a_cut_line_there_is_no_inspection(tmp_path: Path):
    (tmp_path / "findings.jsonl").write_text('{"path": "wall')
    with pytest.raises(DataError, match="cut off"):
        read_document(tmp_path)


def test_an_inspection_by_an_earlier_version_is_refused_in_one_sentence(found: Path):
    (found / "run.json").rename(found / "inspection.json")
    with pytest.raises(DataError, match=r"earlier blemish.*inspect again"):
        read_document(found)


def test_names_that_are_not_unicode_can_be_shown(write_inspection: Write):
    name = os.fsdecode(b"wall \xff.png")
    document = read_document(write_inspection(Drawn(name, line((20, 40), (300, 60)))))
    assert document.images[0].image == "wall \\udcff.png"
    assert document.find_image(document.images[0]) is not None


def test_a_folder_without_findings_is_one_sentence(tmp_path: Path):
    with pytest.raises(DataError, match="blemish inspect --out"):
        read_document(tmp_path)


def test_a_mask_of_another_size_is_one_sentence(found: Path):
    from blemish.images import write_png

    write_png(found / "masks" / "wide.png", np.ones((4, 4), np.bool_))
    with pytest.raises(DataError, match=r"wide\.png"):
        mask_of(found, "wall/wide.png")


def test_a_grade_near_a_limit_may_be_another(write_inspection: Write):
    scale = GradeScale(name="own", edges_mm=(0.4,), labels=("narrow", "wide"), source="this test")
    document = read_document(write_inspection(Drawn("wall.png", bar(4)), grades=scale))
    assert document.grades == scale
    ((_, crack),) = document.cracks()
    assert crack.grade in ("narrow", "wide")
    assert crack.grades_within == ("narrow", "wide")


def test_the_mask_of_a_very_large_image_is_read_though_its_file_is_small(tmp_path):
    mask = np.zeros((6000, 6000), bool)
    mask[100:104, 200:900] = True  # a file of a few kilobytes
    write_png(tmp_path / "masks" / "a.png", mask)
    assert (tmp_path / "masks" / "a.png").stat().st_size < 200_000
    finding = Finding(image="a.tif", name="a", size_px=(6000, 6000), mask_file="masks/a.png")
    np.testing.assert_array_equal(Document(tmp_path, None, None, [finding]).read_mask(finding), mask)


def test_worst_first_goes_by_millimetres_where_there_is_a_scale(write_inspection: Write, tmp_path: Path):
    rows = [TableRow("near.png", 2, Scale.given(0.1)), TableRow("far.png", 3, Scale.given(1.0))]
    drawn = [Drawn(name, bar(width), "reject") for name, width in (("near.png", 9), ("far.png", 4), ("none.png", 20))]
    document = read_document(write_inspection(*drawn, scale=ScaleByTable("scales.csv", tuple(rows))))
    assert [image.image for image in document.worst_first()] == ["far.png", "near.png", "none.png"]
    table, *_ = write_csv(document, tmp_path)
    with table.open(encoding="utf-8-sig", newline="") as file:
        told = {row["image"]: row for row in csv.DictReader(file)}
    assert float(told["far.png"]["max_width_mm"]) == pytest.approx(4, abs=0.5)
    assert float(told["far.png"]["total_length_mm"]) == pytest.approx(280, abs=5)
    assert float(told["near.png"]["max_width_px"]) == pytest.approx(9, abs=0.5)
    assert told["none.png"]["max_width_mm"] == ""


@pytest.mark.parametrize("shrink", [2, 7, 8])
def test_a_mask_that_is_read_smaller_keeps_every_pixel(found: Path, shrink: int):
    document = read_document(found)
    image = next(image for image in document.images if image.mask_file is not None)
    mask = np.zeros(SHAPE, np.bool_)
    mask[17, 33] = mask[239, 319] = True
    write_png(found / (image.mask_file or ""), mask)
    small = document.read_mask(image, shrink=shrink)
    assert small is not None
    assert small.shape == (-(-SHAPE[0] // shrink), -(-SHAPE[1] // shrink))
    assert np.argwhere(small).tolist() == [[17 // shrink, 33 // shrink], [239 // shrink, 319 // shrink]]
