"""``blemish inspect`` as a user runs it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from blemish.cli.app import app
from blemish.images import write_png


@pytest.fixture
def images(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    folder = tmp_path / "내 images"
    write_png(folder / "금 간 벽.png", wall)
    write_png(folder / "normal wall.png", np.full_like(wall, 220))
    return folder


def test_a_folder_becomes_findings_and_overlays(blemish, darkness_file: Path, images: Path):
    result = blemish("inspect", images, "--detector", darkness_file, "--out", "out")
    assert result.exit_code == 0
    assert re.fullmatch(
        r"2 inspected \(1 pass, 0 review, 1 reject\)\. Findings and report\.html \(0\.\d MB\) are in out\.\n",
        result.stdout,
    )
    written = sorted(str(path) for path in Path("out").rglob("*") if path.is_file())
    assert written == [
        "out/findings.csv",
        "out/findings.jsonl",
        "out/job.json",
        "out/maps/금 간 벽.png",
        "out/masks/금 간 벽.png",
        "out/overlays/normal wall.jpg",
        "out/overlays/금 간 벽.jpg",
        "out/report.html",
        "out/run.json",
        "out/shards/.lock",
        "out/shards/00001.jsonl",
        "out/views/normal wall.jpg",
        "out/views/금 간 벽.jpg",
    ]


def test_json_on_stdout_is_the_findings_and_nothing_else(blemish, darkness_file: Path, images: Path):
    result = blemish("inspect", images, "--detector", darkness_file, "--out", "out", "--json")
    assert result.stdout == Path("out/findings.jsonl").read_text(encoding="utf-8")
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert {record["path"]: record["verdict"] for record in records} == {
        str(images / "금 간 벽.png"): "reject",
        str(images / "normal wall.png"): "pass",
    }
    assert all({"path", "score", "p_value", "verdict", "regions", "error"} <= set(record) for record in records)
    assert "2 inspected" in result.stderr


def test_json_alone_writes_nothing(blemish, darkness_file: Path, images: Path):
    assert blemish("inspect", images, "--detector", darkness_file, "--json").exit_code == 0
    assert list(Path().iterdir()) == []


def test_a_bad_image_is_recorded_and_does_not_spoil_the_run(blemish, darkness_file: Path, images: Path):
    (images / "broken.jpg").write_bytes(b"\xff\xd8\xff not an image")
    result = blemish("inspect", images, "--detector", darkness_file, "--json")
    assert result.exit_code == 3
    errors = [json.loads(line)["error"] for line in result.stdout.splitlines()]
    assert sum(error is not None for error in errors) == 1


def test_when_no_image_could_be_inspected_the_exit_code_says_so(blemish, darkness_file: Path, tmp_path: Path):
    (tmp_path / "empty.png").write_bytes(b"")
    result = blemish("inspect", tmp_path / "empty.png", "--detector", darkness_file, "--out", "out")
    assert result.exit_code == 2
    assert "None of the images" in result.stderr
    assert json.loads(Path("out/findings.jsonl").read_text())["error"] is not None


def damage(kind: str, detector: Path, images: Path) -> list[object]:
    """Arguments of an inspection in which one thing is wrong."""
    whole = detector.read_bytes()
    arguments: list[object] = ["inspect", images, "--detector", detector, "--out", "out"]
    match kind:
        case "detector missing":
            detector.unlink()
        case "detector empty":
            detector.write_bytes(b"")
        case "detector truncated":
            detector.write_bytes(whole[: len(whole) // 2])
        case "detector tampered":
            with zipfile.ZipFile(detector) as archive:
                member = archive.getinfo("graph.onnx")
            # Inside the member's data: a bit of the zip's own headers may be one that means nothing.
            middle = member.header_offset + 30 + len(member.filename) + member.compress_size // 2
            detector.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        case "detector a folder":
            arguments[3] = images
        case "no such image":
            arguments[1] = images / "없음.png"
        case "folder without images":
            arguments[1] = images / "empty"
            (images / "empty").mkdir()
        case "out is a file":
            Path("out").write_text("here first")
        case "no place for findings":
            del arguments[4:]
        case "bit range of one number":
            arguments += ["--bit-range", "4095"]
        case "no threads":
            arguments += ["--threads", "0"]
        case "no such detector":
            arguments[3] = "no-such-detector"
    return arguments


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("detector missing", "darkness.blemish"),
        ("detector empty", "darkness.blemish"),
        ("detector truncated", "darkness.blemish"),
        ("detector tampered", "darkness.blemish"),
        ("detector a folder", "내 images"),
        ("no such image", "없음.png"),
        ("folder without images", "empty"),
        ("out is a file", "out"),
        ("no place for findings", "--out DIR"),
        ("bit range of one number", "--bit-range wants 2 numbers"),
        ("no threads", "--threads"),
        ("no such detector", "no-such-detector"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(blemish, darkness_file: Path, images: Path, kind: str, said: str):
    arguments = damage(kind, darkness_file, images)
    result = blemish(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    left = list(Path().rglob("*"))
    assert left == ([Path("out")] if kind == "out is a file" else [])


def test_the_command_itself_works_in_a_process_of_its_own(darkness_file: Path, images: Path, tmp_path: Path):
    command = [Path(sys.executable).with_name("blemish"), "inspect", images, "--detector", darkness_file, "--json"]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env={**os.environ, "LC_ALL": "C"}, check=False)
    assert done.returncode == 0, done.stderr
    assert "금 간 벽.png" in done.stdout.decode("utf-8")


def test_a_run_that_is_stopped_says_what_is_kept_and_leaves_no_table(
    darkness_file: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("blemish.detectors.sources.load_image", stop)
    out = tmp_path / "out"
    result = CliRunner().invoke(app, ["inspect", str(images), "--detector", str(darkness_file), "--out", str(out)])
    assert result.exit_code == 130
    assert result.stderr == (
        f'Stopped: 0 of 2 images are done and kept in "{out}"; the same command goes on with the others.\n'
    )
    assert names_in(out) == JOB - {"shards/00001.jsonl"}


JOB = {"job.json", "run.json", "shards/.lock", "shards/00001.jsonl"}


def names_in(folder: Path | str) -> set[str]:
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file()}


def test_begun_anew_nothing_of_an_earlier_run_survives_beside_the_new_findings(
    blemish, darkness_file: Path, images: Path
):
    everything = "html,csv,jsonl,coco,geojson,dxf,masks"
    blemish("inspect", images, "--detector", darkness_file, "--out", "out", "--mm-per-px", 0.5)
    blemish("report", "out", "--format", everything)
    Path("out/notes of mine.txt").write_text("keep")
    Path("out/dxf/mine.dwg").write_text("keep")
    (images / "금 간 벽.png").rename(images / "왼쪽.png")
    blemish("inspect", images / "왼쪽.png", "--detector", darkness_file, "--out", "out", "--no-report", "--anew")
    assert names_in("out") == {
        *JOB,
        "findings.csv",
        "findings.jsonl",
        "maps/왼쪽.png",
        "masks/왼쪽.png",
        "overlays/왼쪽.jpg",
        "views/왼쪽.jpg",
        "notes of mine.txt",
        "dxf/mine.dwg",
    }


def test_a_data_sets_own_masks_are_never_overwritten(blemish, darkness_file: Path, images: Path):
    write_png(Path("dataset/masks/금 간 벽.png"), np.zeros((4, 4), np.bool_))
    before = Path("dataset/masks/금 간 벽.png").read_bytes()
    result = blemish("inspect", images, "--detector", darkness_file, "--out", "dataset")
    assert result.exit_code == 2
    assert "no inspection wrote" in result.stderr
    assert names_in("dataset") == {"masks/금 간 벽.png"}
    assert Path("dataset/masks/금 간 벽.png").read_bytes() == before
