"""An inspection read back from its folder is the inspection that was written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from blemish.errors import DataError
from blemish.inspection import read_findings
from blemish.measurement import GradeScale, Scale, measure_cracks
from blemish.reports.document import ImageFindings, read_document
from blemish.reports.finding_lines import CrackRecord
from blemish.reports.records import crack_from_record

from .conftest import ODD_NAME, Drawn, Write, bar, line, ring, specks


def named(folder: Path, name: str) -> ImageFindings:
    return next(image for image in read_document(folder).images if image.name == name)


PLANE = Scale.from_plane([(0, 0), (300, 20), (310, 230), (5, 200)], [(0, 0), (50, 0), (50, 40), (0, 40)])


@pytest.mark.parametrize("scale", [None, Scale.given(0.2, uncertainty=0.01), PLANE], ids=["px", "mm", "plane"])
@pytest.mark.parametrize("mask", [line((20, 40), (150, 80), (300, 60)), ring()], ids=["line", "loop"])
def test_a_crack_reads_back_to_the_digits_written(mask, scale: Scale | None):
    (crack, *_) = measure_cracks(mask, scale=scale)
    record = CrackRecord.model_validate(json.loads(json.dumps(crack.to_record())))
    back = crack_from_record(record, scale)
    assert back.to_record() == crack.to_record()
    np.testing.assert_allclose(back.polyline_px, crack.polyline_px, atol=0.006)
    if scale is not None:
        np.testing.assert_allclose(back.mm.polyline, crack.mm.polyline, atol=0.005)
        np.testing.assert_allclose(back.mm.widths, crack.mm.widths, rtol=0.01)


def test_every_image_is_there_in_order_with_its_findings(found: Path):
    document = read_document(found)
    assert [image.number for image in document.images] == list(range(1, 8))
    assert [image.name for image in document.images][:2] == ["wall/wide.png", "wall/thin.png"]
    assert named(found, ODD_NAME).cracks
    assert (document.measured, document.unit) == (True, "mm")
    assert named(found, "wall/wide.png").size_px == (320, 240)
    assert named(found, "floor/broken.png").error is not None
    assert named(found, "floor/normal.png").read_mask() is None
    assert (named(found, "floor/specks.png").read_mask() == specks()).all()


def test_the_older_reader_still_reads_the_same_lines(found: Path):
    older, newer = list(read_findings(found / "findings.jsonl")), read_document(found).images
    assert [str(one.path) for one in older] == [image.path for image in newer]
    assert [one.regions for one in older] == [image.regions for image in newer]


def test_worst_comes_first_and_what_failed_last(found: Path):
    names = [image.name for image in read_document(found).worst_first()]
    assert names[0] == "wall/wide.png"
    assert set(names[:3]) == {"wall/wide.png", "floor/loop.png", ODD_NAME}
    assert names[-2:] == ["floor/normal.png", "floor/broken.png"]


def test_images_are_found_from_another_folder(write_inspection: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    document = read_document(write_inspection(Drawn("wall/wide.png")))
    relative = ImageFindings(1, "images/wall/wide.png", "", "", None, None, None, None)
    monkeypatch.chdir("/")
    assert document.find_image(relative) == tmp_path / "images/wall/wide.png"
    (tmp_path / "images/wall/wide.png").unlink()
    assert document.find_image(relative) is None


def test_a_image_of_the_same_name_below_the_current_folder_is_not_taken(
    write_inspection: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    document = read_document(write_inspection(Drawn("wall.png")))
    (tmp_path / "elsewhere/images").mkdir(parents=True)
    (tmp_path / "elsewhere/images/wall.png").write_bytes(b"another one")
    monkeypatch.chdir(tmp_path / "elsewhere")
    relative = ImageFindings(1, "images/wall.png", "", "", None, None, None, None)
    assert document.find_image(relative) == tmp_path / "images/wall.png"


def test_absolute_and_relative_paths_together_keep_their_names(tmp_path: Path):
    plain = {"score": 1.0, "p_value": None, "verdict": None, "regions": [], "notes": [], "error": None}
    lines = [json.dumps({"path": path, **plain}) + "\n" for path in ("/far/a.jpg", "near/b.jpg", None)]
    (tmp_path / "findings.jsonl").write_text("".join(lines), encoding="utf-8")
    assert [image.name for image in read_document(tmp_path).images] == ["/far/a.jpg", "near/b.jpg", "image 3"]


def test_findings_of_an_older_version_make_a_document_without_measurements(tmp_path: Path):
    record = {
        "path": "a.jpg",
        "score": 1.0,
        "p_value": None,
        "verdict": None,
        "regions": [],
        "notes": [],
        "error": None,
    }
    (tmp_path / "findings.jsonl").write_text(json.dumps(record) + "\n", encoding="utf-8")
    document = read_document(tmp_path)
    assert (document.run, document.grades, document.measured, document.unit) == (None, None, False, "px")
    assert document.images[0].size_px is None


def test_names_that_are_not_unicode_can_be_shown(write_inspection: Write):
    name = os.fsdecode(b"wall \xff.png")
    document = read_document(write_inspection(Drawn(name, line((20, 40), (300, 60)))))
    assert document.images[0].name == "wall \\udcff.png"
    assert document.find_image(document.images[0]) is not None


@pytest.mark.parametrize("text", ["not json\n", "{}\n", "[]\n", '{"path": 1}\n'])
def test_what_is_no_finding_is_said_with_its_line(found: Path, text: str):
    target = found / "findings.jsonl"
    target.write_text(target.read_text(encoding="utf-8") + text, encoding="utf-8")
    with pytest.raises(DataError, match="Line 8"):
        read_document(found)


def test_a_folder_without_findings_is_one_sentence(tmp_path: Path):
    with pytest.raises(DataError, match="blemish inspect --out"):
        read_document(tmp_path)


def test_a_damaged_record_of_the_run_is_one_sentence(found: Path):
    (found / "inspection.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"inspection\.json"):
        read_document(found)


def test_a_mask_of_another_size_is_one_sentence(found: Path):
    from blemish.images import write_png

    write_png(found / "masks" / "wide.png", np.ones((4, 4), np.bool_))
    with pytest.raises(DataError, match=r"wide\.png"):
        named(found, "wall/wide.png").read_mask()


def test_a_grade_near_a_limit_may_be_another(write_inspection: Write):
    scale = GradeScale(name="own", edges_mm=(0.4,), labels=("narrow", "wide"), source="this test")
    document = read_document(write_inspection(Drawn("wall.png", bar(4)), grades=scale))
    assert document.grades == scale
    ((_, crack),) = document.cracks()
    assert document.grade_of(crack) in ("narrow", "wide")
    assert document.grades_within(crack) == ("narrow", "wide")


def test_a_damaged_grade_scale_is_one_sentence(found: Path):
    run = json.loads((found / "inspection.json").read_text())
    run["grades"] = {"name": "own"}
    (found / "inspection.json").write_text(json.dumps(run))
    with pytest.raises(DataError, match="--grade"):
        read_document(found)
