"""Tables hold what the findings hold, one row each."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from blemish.measurement.scale import Scale
from blemish.reports.csv_tables import write_csv, write_jsonl
from blemish.reports.document import read_document

from .conftest import ODD_NAME, Drawn, Write, line


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_every_crack_and_image_has_a_row(found: Path, tmp_path: Path):
    document = read_document(found)
    images, cracks, regions = write_csv(document, tmp_path)
    assert [path.name for path in (images, cracks, regions)] == ["findings.csv", "cracks.csv", "regions.csv"]
    assert [row["image"] for row in rows_of(images)] == [image.image for image in document.images]
    pairs = list(document.cracks())
    assert [(row["image"], int(row["crack"])) for row in rows_of(cracks)] == [
        (image.image, crack.number) for image, crack in pairs
    ]
    for row, (_, crack) in zip(rows_of(cracks), pairs, strict=True):
        assert float(row["max_width_mm"]) == pytest.approx(crack.mm.max_width)
        assert float(row["max_width_px"]) == pytest.approx(crack.max_width_px)
        assert (float(row["max_width_x_px"]), float(row["max_width_y_px"])) == pytest.approx(crack.max_width_at)
        assert float(row["mm_per_px"]) == 0.1
    assert len(rows_of(regions)) == sum(len(image.regions) for image in document.images)
    assert ODD_NAME in {row["image"] for row in rows_of(regions)}


def test_an_images_row_sums_its_cracks_up(write_inspection: Write, tmp_path: Path):
    mask = line((20, 40), (300, 40), width_px=6) | line((20, 200), (300, 200), width_px=3)
    document = read_document(write_inspection(Drawn("wall.png", mask)))
    (row,) = rows_of(write_csv(document, tmp_path)[0])
    cracks = document.images[0].cracks
    assert int(row["cracks"]) == 2
    assert (row["width_px"], row["height_px"]) == ("320", "240")
    assert float(row["total_length_mm"]) == pytest.approx(sum(crack.mm.length for crack in cracks), rel=1e-4)
    assert float(row["max_width_mm"]) == pytest.approx(cracks[0].mm.max_width, rel=1e-4)
    assert float(row["defect_area_fraction"]) == pytest.approx(mask.mean(), abs=1e-6)
    # 2 x 28 mm on 32 x 24 mm.
    assert float(row["length_per_area_m_per_m2"]) == pytest.approx(1000 * 57 / (32 * 24), rel=0.03)


def test_without_a_scale_millimetres_stay_empty(write_inspection: Write, tmp_path: Path):
    document = read_document(write_inspection(Drawn("wall.png", line((20, 40), (300, 40))), scale=None))
    images, cracks, _ = write_csv(document, tmp_path)
    assert {value for name, value in rows_of(cracks)[0].items() if name.endswith("_mm")} == {""}
    assert rows_of(images)[0]["total_length_px"] != ""
    assert rows_of(images)[0]["length_per_area_m_per_m2"] == ""


def test_areas_under_perspective_are_not_guessed(write_inspection: Write, tmp_path: Path):
    plane = Scale.from_plane([(0, 0), (300, 20), (310, 230), (5, 200)], [(0, 0), (50, 0), (50, 40), (0, 40)])
    document = read_document(write_inspection(Drawn("wall.png", line((20, 40), (300, 40))), scale=plane))
    images, cracks, regions = write_csv(document, tmp_path)
    assert rows_of(images)[0]["length_per_area_m_per_m2"] == rows_of(regions)[0]["area_mm2"] == ""
    assert float(rows_of(cracks)[0]["length_mm"]) > 0


def test_json_lines_carry_the_whole_crack(found: Path, tmp_path: Path):
    document = read_document(found)
    (path,) = write_jsonl(document, tmp_path)
    records = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    for record, (image, crack) in zip(records, document.cracks(), strict=True):
        assert record["image"] == image.image
        assert record["scale"]["mm_per_px"] == 0.1
        np.testing.assert_allclose(record["polyline_px"], crack.polyline_px)


def test_without_measurements_there_is_no_table_of_cracks(write_inspection: Write, tmp_path: Path):
    document = read_document(write_inspection(Drawn("wall.png", line((20, 40), (300, 40))), cracks=False))
    assert [path.name for path in write_csv(document, tmp_path)] == ["findings.csv", "regions.csv"]
