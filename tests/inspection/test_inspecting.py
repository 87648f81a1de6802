"""The verb `inspect` in Python does what its command does."""

from __future__ import annotations

import csv
import json
import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import blemish
from blemish.detectors import Container, write_container
from blemish.errors import ImageError, SettingsError
from blemish.findings import read_findings, read_run
from blemish.images import write_png
from blemish.measurement import ScaleByMarker, ScaleByMetadata, ScaleByPoints, ScaleByTable


@pytest.fixture
def images(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    for name, image in {"a/wall.png": wall, "b/wall.png": np.full_like(wall, 220)}.items():
        write_png(tmp_path / "images" / name, image)
    (tmp_path / "images" / "broken.png").write_bytes(b"no image")
    (tmp_path / "images" / "film.mp4").write_bytes(b"\0\0\0\x20ftypisom")
    return tmp_path / "images"


def test_a_folder_gets_findings_record_and_report(darkness_file: Path, images: Path, tmp_path: Path):
    said: list[str] = []
    out = tmp_path / "out"
    summary = blemish.inspect(images, detector=darkness_file, out=out, scale=0.5, say=said.append)
    assert (summary.inspected, summary.failed, summary.left_out) == (2, 1, 1)
    assert summary.verdicts == {"reject": 1, "pass": 1}
    assert summary.page == out / "report.html"
    assert [one.image for one in summary.findings] == ["a/wall.png", "b/wall.png", "broken.png", "film.mp4"]
    assert list(summary.findings) == list(read_findings(out / "findings.jsonl"))
    assert read_run(out) == summary.run
    assert summary.run.options.scale == "0.5 mm per pixel (given)"
    assert summary.run.grades is not None
    assert [sentence.split(":")[0] for sentence in said] == ["Left out 1 .mp4", "Skipped"]
    assert str(summary).startswith("2 inspected (1 pass, 0 review, 1 reject), 1 could not be inspected, 1 left out.")


def test_without_a_folder_the_findings_are_kept_and_nothing_is_written(
    darkness_file: Path, images: Path, tmp_path: Path
):
    before = sorted(tmp_path.rglob("*"))
    summary = blemish.inspect(images, detector=darkness_file)
    assert len(summary.findings) == 4
    assert summary.findings[0].cracks
    assert sorted(tmp_path.rglob("*")) == before


def test_bytes_arrays_files_and_folders_can_be_mixed(darkness_file: Path, images: Path, wall: NDArray[np.uint8]):
    data = (images / "a/wall.png").read_bytes()
    with (images / "a/wall.png").open("rb") as file:
        summary = blemish.inspect([wall, data, file, images / "a", images / "b/wall.png"], detector=darkness_file)
    assert [one.verdict for one in summary.findings] == ["reject"] * 4 + ["pass"]
    assert len({one.name for one in summary.findings}) == 5


def test_each_finding_and_the_progress_are_told(darkness_file: Path, images: Path):
    told: list[object] = []
    blemish.inspect(
        images,
        detector=blemish.load(darkness_file),
        on_finding=lambda finding: told.append(finding.image),
        on_progress=lambda now: told.append((now.done, now.total)),
    )
    assert told[:4] == ["a/wall.png", (1, 4), "b/wall.png", (2, 4)]


def test_a_summary_can_be_saved_into_another_folder(darkness_file: Path, images: Path, tmp_path: Path):
    summary = blemish.inspect(images, detector=darkness_file)
    summary.save(tmp_path / "handed in")
    assert sorted(path.name for path in (tmp_path / "handed in").iterdir()) == [
        "findings.csv", "findings.jsonl", "report.html", "run.json",
    ]  # fmt: skip
    assert next(read_findings(tmp_path / "handed in" / "findings.jsonl")).image == "a/wall.png"


def test_a_notebook_shows_the_worst_first(darkness_file: Path, images: Path):
    page = blemish.inspect(images, detector=darkness_file)._repr_html_()
    assert page.index("a/wall.png") < page.index("b/wall.png") < page.index("broken.png")


def test_a_bit_range_may_have_fractions_and_is_recorded(darkness_file: Path, images: Path):
    summary = blemish.inspect(images / "a", detector=darkness_file, bit_range=(0.5, 4095.5))
    assert json.loads(summary.run.model_dump_json())["options"]["bit_range"] == [0.5, 4095.5]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"source": "nowhere"}, ImageError, "nowhere"),
        ({"source": 3}, ImageError, "not as int"),
        ({"grades": "eurocode-2"}, SettingsError, "scale=0.2"),
        ({"scale": 0.2, "grades": "none-such"}, SettingsError, "none-such"),
        ({"scale": 0.0}, SettingsError, "0 mm per pixel"),
    ],
)
def test_bad_input_is_a_sentence(darkness_file: Path, images: Path, options: dict, error: type, said: str):
    with pytest.raises(error, match=said):
        blemish.inspect(**{"source": images, "detector": darkness_file, **options})


@pytest.fixture
def pores_file(darkness: Container, tmp_path: Path) -> Path:
    """A detector of dark places that are no cracks."""
    spec = darkness.spec.model_copy(update={"classes": ("pore",), "finds": None})
    write_container(tmp_path / "pores.blemish", replace(darkness, spec=spec))
    return tmp_path / "pores.blemish"


def test_what_other_detectors_find_is_called_regions_everywhere(pores_file: Path, images: Path, tmp_path: Path):
    out = tmp_path / "out"
    summary = blemish.inspect(images, detector=pores_file, out=out, scale=0.5)
    (pore,) = summary.findings[0].regions
    assert summary.findings[0].cracks is None
    assert (pore.area_px, pore.area_mm2, pore.length_mm, pore.width_mm) == pytest.approx((160, 40, 20, 2))
    assert pore.contrast == pytest.approx(20 - 200)
    assert next(read_findings(out / "findings.jsonl")).regions == (pore,)
    with (out / "findings.csv").open(encoding="utf-8-sig", newline="") as table:
        row = next(csv.DictReader(table))
    assert row["cracks"] == ""
    told = [float(row[name]) for name in ("worst_area_mm2", "defect_area_mm2", "worst_length_mm", "worst_contrast")]
    assert told == [40, 40, 20, -180]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "crack" not in re.sub(r"<style.*?</style>|<script.*?</script>|<dt>.*?</dd>", "", page, flags=re.S).lower()
    assert summary.run.detector.finds == "regions"
    assert not summary.run.options.measure
    assert summary.run.grades is None


def test_everything_is_measured_as_cracks_where_that_is_asked_for(pores_file: Path, images: Path):
    summary = blemish.inspect(images, detector=pores_file, measure=True, scale=0.5)
    assert summary.findings[0].cracks
    assert summary.run.options.measure


def test_grades_of_a_detector_of_regions_are_refused(pores_file: Path, images: Path):
    with pytest.raises(SettingsError, match="darkness finds regions"):
        blemish.inspect(images, detector=pores_file, scale=0.5, grades="eurocode-2")


def test_a_marker_that_is_nowhere_found_is_said_at_the_end_and_at_the_head_of_the_report(
    darkness_file: Path, images: Path, tmp_path: Path
):
    said: list[str] = []
    summary = blemish.inspect(
        images, detector=darkness_file, out=tmp_path / "out", scale=ScaleByMarker(50), say=said.append
    )
    assert said[-1].startswith("No image tells its scale by a marker of 50 mm in each image: all sizes are in pixels.")
    assert summary.run.options.scale == "a marker of 50 mm in each image"
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert page.count("No image tells its scale by a marker of 50 mm") == 1
    assert page.index("No image tells its scale") < page.index("Images, worst first")
    assert "No ArUco or AprilTag marker was found" in summary.findings[0].notes[-1]


def test_images_without_a_row_in_the_scale_table_are_said(darkness_file: Path, images: Path, tmp_path: Path):
    (tmp_path / "scales.csv").write_text("path,mm_per_px\na,0.5\n")
    said: list[str] = []
    table = ScaleByTable.read(tmp_path / "scales.csv")
    one, other, *_ = blemish.inspect(images, detector=darkness_file, scale=table, say=said.append).findings
    assert (one.scale.mm_per_px, one.scale.source) == (0.5, '"scales.csv", row "a"')
    assert other.scale is None
    assert other.notes[-1] == 'The table "scales.csv" has no row for this image'
    assert said[-1].startswith('1 image of 2 without a scale by the table "scales.csv" (1 rows)')


def test_points_outside_the_image_stop_the_run_before_it_begins(darkness_file: Path, images: Path, tmp_path: Path):
    with pytest.raises(SettingsError, match=r"at 900, 5 lies outside the image of 150 x 100 px"):
        blemish.inspect(images, detector=darkness_file, out=tmp_path / "out", scale=ScaleByPoints((1, 1), (900, 5), 9))
    assert not (tmp_path / "out").exists()


def test_the_scale_of_real_drone_images_comes_from_their_metadata():
    folder = os.environ.get("BLEMISH_DATA")
    photos = sorted(Path(folder, "drone-photos").glob("*.JPG")) if folder else []
    if not photos:
        pytest.skip("needs BLEMISH_DATA/drone-photos")
    (found,) = blemish.inspect(photos[0], scale=ScaleByMetadata()).findings
    # Taken 40.1 m above the place of take-off, 20 mm on 35 mm film, stored at 1024 x 576 px.
    assert found.scale.mm_per_px == pytest.approx(40_100 * 43.27 / 20 / np.hypot(1024, 576), rel=1e-3)
    assert "height above take-off 40.1 m" in found.scale.source
