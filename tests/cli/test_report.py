"""``blemish report``, and the measuring options of ``blemish inspect``, as a user runs them."""

from __future__ import annotations

import csv
import inspect as introspection
import json
import math
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.cli.report import report
from blemish.images import write_png
from blemish.reports.exports import FORMATS
from blemish.reports.page import PICTURES


@pytest.fixture
def images(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    write_png(tmp_path / "images" / "금 간 벽.png", wall)
    write_png(tmp_path / "images" / "normal.png", np.full_like(wall, 220))
    return tmp_path / "images"


def cracks_in(out: str = "out") -> list[dict]:
    lines = Path(out, "findings.jsonl").read_text(encoding="utf-8").splitlines()
    return [crack for line in lines for crack in json.loads(line)["cracks"] or ()]


def test_every_format_is_rebuilt_from_the_findings(blemish, darkness_file: Path, images: Path):
    blemish("inspect", images, "--detector", darkness_file, "--out", "out", "--mm-per-px", 0.5)
    page = Path("out/report.html").read_bytes()
    Path("out/report.html").unlink()
    result = blemish(
        "report", "out", "--format", "html,csv,jsonl, coco", "--format", "geojson,dxf", "--format", "masks"
    )
    assert result.exit_code == 0
    assert Path("out/report.html").read_bytes() == page
    written = {str(path.relative_to("out")) for path in Path("out").rglob("*") if path.is_file()}
    assert {
        "findings.csv",
        "cracks.csv",
        "cracks.jsonl",
        "coco.json",
        "geojson/금 간 벽.geojson",
        "dxf/금 간 벽.dxf",
        "masks/normal.png",
    } <= written
    assert result.stdout.splitlines() == sorted(result.stdout.splitlines())
    assert all(Path(line).exists() for line in result.stdout.splitlines())


def test_a_document_that_somebody_may_have_edited_is_replaced_by_force_only(blemish, darkness_file: Path, images: Path):
    pytest.importorskip("docx")
    blemish("inspect", images, "--detector", darkness_file, "--out", "out")
    assert blemish("report", "out", "--format", "docx").exit_code == 0
    Path("out/report.docx").write_bytes(b"edited")
    refused = blemish("report", "out", "--format", "csv", "--format", "docx")
    assert "report.docx" in refused.stderr
    assert "--force" in refused.stderr
    assert Path("out/report.docx").read_bytes() == b"edited"
    assert blemish("report", "out", "--format", "docx", "--force").exit_code == 0
    assert Path("out/report.docx").read_bytes() != b"edited"


def test_another_folder_gets_the_exports_and_the_findings_stay_alone(blemish, darkness_file: Path, images: Path):
    blemish("inspect", images, "--detector", darkness_file, "--out", "out")
    before = sorted(Path("out").rglob("*"))
    assert blemish("report", "out", "--format", "csv", "--out", "handed in").exit_code == 0
    assert sorted(Path("out").rglob("*")) == before
    assert sorted(path.name for path in Path("handed in").iterdir()) == ["cracks.csv", "findings.csv", "regions.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere"),
        (["out", "--format", "htlm"], 'Did you mean "html"?'),
        (["out", "--format", ""], "html"),
        (["out", "--grade", "no-such-scale"], "no-such-scale"),
        (["out", "--pictures", "-1"], "--pictures"),
        (["damaged"], "Line 1"),
        (["newer"], "newer blemish"),
        (["by hand"], '"score": input should be a valid number'),
        (["out", "--out", "damaged/findings.jsonl"], "damaged"),
    ],
)
def test_bad_input_is_one_sentence(blemish, darkness_file: Path, images: Path, arguments: list[str], said: str):
    blemish("inspect", images, "--detector", darkness_file, "--out", "out", "--no-report")
    Path("damaged").mkdir()
    Path("damaged/findings.jsonl").write_text("{}\n")
    shutil.copytree("out", "newer")
    run = json.loads(Path("newer/run.json").read_text(encoding="utf-8"))
    Path("newer/run.json").write_text(json.dumps(run | {"schema_version": 99}), encoding="utf-8")
    shutil.copytree("out", "by hand")
    finding = json.loads(Path("out/findings.jsonl").read_text(encoding="utf-8").splitlines()[0])
    Path("by hand/findings.jsonl").write_text(json.dumps(finding | {"score": "high"}) + "\n", encoding="utf-8")
    before = sorted(Path().rglob("*"))
    result = blemish("report", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert sorted(Path().rglob("*")) == before


def test_a_last_line_that_is_cut_off_is_a_note_and_the_rest_a_report(blemish, darkness_file: Path, images: Path):
    blemish("inspect", images, "--detector", darkness_file, "--out", "out", "--no-report")
    findings = Path("out/findings.jsonl")
    findings.write_bytes(findings.read_bytes()[:-20])
    result = blemish("report", "out")
    assert result.exit_code == 0
    assert "Note: Line 2" in result.stderr
    assert "Line 2" in Path("out/report.html").read_text(encoding="utf-8")


def test_images_that_were_moved_away_are_a_note_and_the_cracks_are_drawn(blemish, darkness_file: Path, images: Path):
    blemish("inspect", images, "--detector", darkness_file, "--out", "out", "--no-report", "--no-overlays")
    images.rename(images.with_name("moved"))
    assert blemish("report", "out", "--format", "html,csv,jsonl,coco,geojson,dxf,masks").exit_code == 0
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert "2 images no longer where inspected" in page
    assert '<path class="line"' in page


def test_how_large_the_page_is_gets_said(blemish, darkness_file: Path, images: Path):
    blemish("inspect", images, "--detector", darkness_file, "--out", "out", "--no-report")
    result = blemish("report", "out")
    assert result.stdout == "out/report.html\n"
    assert result.stderr == f"report.html has {Path('out/report.html').stat().st_size / 1e6:.1f} MB.\n"


def test_measuring_and_the_report_can_be_left_out(blemish, darkness_file: Path, images: Path):
    assert (
        blemish("inspect", images, "--detector", darkness_file, "--out", "out", "--no-measure", "--no-report").exit_code
        == 0
    )
    assert not Path("out/report.html").exists()
    assert cracks_in() == []
    assert blemish("report", "out").exit_code == 0
    assert "Cracks were not measured" in Path("out/report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("option", "mm_per_px", "told"),
    [
        (("--mm-per-px", "0.2"), 0.2, "0.2 mm per pixel"),
        (("--scale-points", "10,10,40,50,25"), 0.5, "two points 25 mm apart"),
        (("--scale-camera", "2000,50,36"), 36 / 150 * 1950 / 50, "a camera 2000 mm away"),
        (("--scale-plane", "0,0,100,0,100,50,0,50,200,100"), 2.0, "the corners of a rectangle of 200 x 100 mm"),
    ],
)
def test_every_way_to_give_a_scale_reaches_the_findings(
    blemish, darkness_file: Path, images: Path, option: tuple[str, str], mm_per_px: float, told: str
):
    assert (
        blemish("inspect", images, "--detector", darkness_file, "--out", "out", "--no-report", *option).exit_code == 0
    )
    (crack,) = cracks_in()
    assert crack["mm"]["length"] == pytest.approx(crack["length_px"] * mm_per_px, rel=1e-3)
    said = json.loads(Path("out/run.json").read_text())["options"]["scale"]
    assert said.startswith(told)


def test_a_marker_in_the_image_gives_its_scale(blemish, darkness_file: Path, tmp_path: Path):
    image = np.full((400, 400, 3), 220, np.uint8)
    marker = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_250), 7, 100)
    image[40:140, 40:140] = marker[..., np.newaxis]
    write_png(tmp_path / "with marker.png", image)
    arguments = [
        "inspect",
        tmp_path / "with marker.png",
        "--detector",
        darkness_file,
        "--out",
        "out",
        "--scale-marker",
        50,
    ]
    assert blemish(*arguments).exit_code == 0
    (line,) = Path("out/findings.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["scale"]["mm_per_px"] == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mm-per-px", "0"], "0 mm per pixel"),
        (["--mm-per-px", "-1"], "-1 mm per pixel"),
        (["--mm-per-px", "1000000"], "1e+06"),
        (["--mm-per-px", "nan"], "nan"),
        (["--mm-per-px", "0.2", "--scale-marker", "50"], "one way only"),
        (["--scale-points", "1,2,3"], "5 numbers"),
        (["--scale-points", "1,1,1,1,100"], "lie on one another"),
        (["--scale-points", "a,b,c,d,e"], "5 numbers"),
        (["--scale-camera", "40,50,36"], "in focus"),
        (["--scale-marker", "-5"], "above 0"),
        (["--scale-plane", "0,0,1,1,2,2,3,3,10,10"], "one line"),
        (["--mm-per-px", "0.2", "--grade", "nothing"], "nothing"),
        (["--grade", "eurocode-2"], "--mm-per-px"),
    ],
)
def test_an_impossible_scale_stops_before_the_first_image(
    blemish, darkness_file: Path, images: Path, options: list[str], said: str
):
    result = blemish("inspect", images, "--detector", darkness_file, "--out", "out", *options)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("out").exists()


def test_the_command_line_and_the_library_mean_the_same(blemish):
    assert introspection.signature(report).parameters["pictures"].default == PICTURES
    said = blemish("report", "--help").stdout
    assert all(name in said for name in FORMATS)


def test_a_table_of_a_spreadsheet_holds_the_cracks(blemish, darkness_file: Path, images: Path):
    blemish("inspect", images, "--detector", darkness_file, "--out", "out", "--mm-per-px", 0.5)
    blemish("report", "out", "--format", "csv")
    with Path("out/cracks.csv").open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["image"] == "금 간 벽.png"
    assert math.isclose(float(row["max_width_mm"]), 2.0, abs_tol=0.15)
