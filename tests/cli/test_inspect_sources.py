"""``blemish inspect`` over folders as people have them: other formats, other files, any name."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from blemish.images import formats, write_png

VIDEO = "a video, which is not read; extract its frames as PNG or JPEG, or give the video itself to blemish inspect"


def errors() -> dict[str, str | None]:
    """The errors in the findings of ``out``, by file name."""
    lines = Path("out/findings.jsonl").read_text(encoding="utf-8").splitlines()
    return {Path(record["path"]).name: record["error"] for record in map(json.loads, lines)}


@pytest.fixture
def drone(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    """A folder of images of a phone and a drone, with what lies beside them."""
    folder = tmp_path / "drone"
    write_png(folder / "0.png", wall)
    image = Image.fromarray(wall)
    image.save(folder / "1.avif")
    image.save(folder / "DJI_0002.MPO", "MPO", save_all=True, append_images=[image])
    (folder / "3.jp2").write_bytes(imagecodecs.jpeg2k_encode(wall, level=0))
    (folder / "4.jxl").write_bytes(imagecodecs.jpegxl_encode(wall, lossless=True))
    (folder / "5.psd").write_bytes(b"8BPS")
    (folder / "6.mp4").write_bytes(b"\0\0\0\x20ftypisom")
    (folder / "7.mp4").write_bytes(b"\0\0\0\x20ftypisom")
    (folder / "8.dng").write_bytes(b"II*\0 no camera knows this")
    (folder / "@eaDir").mkdir()
    write_png(folder / "@eaDir" / "0.png", wall)
    (folder / "notes.txt").write_text("a note")
    return folder


def test_every_file_of_a_folder_is_inspected_or_named(blemish, darkness_file: Path, drone: Path):
    result = blemish("inspect", drone, "--detector", darkness_file, "--out", "out")
    assert result.exit_code == 3
    assert result.stdout.startswith("5 inspected (0 pass, 0 review, 5 reject), 1 could not be inspected, 3 left out.")
    assert result.stderr.splitlines()[:2] == [
        "Left out 1 .psd: a Photoshop file, which is not read; export it as TIFF or PNG.",
        f"Left out 2 .mp4: {VIDEO}.",
    ]
    assert "Skipped: " in result.stderr
    assert "8.dng" in result.stderr
    said = errors()
    assert {name for name, error in said.items() if error is None} == {
        "0.png", "1.avif", "DJI_0002.MPO", "3.jp2", "4.jxl",
    }  # fmt: skip
    assert said["6.mp4"] == f'"{drone / "6.mp4"}" is {VIDEO}.'
    with Path("out/findings.csv").open(encoding="utf-8-sig") as table:
        assert {Path(row["path"]).name: row["error"] or None for row in csv.DictReader(table)} == said
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert f"2 .mp4 not inspected: {VIDEO}." in page


def test_what_an_extra_would_read_names_the_extra(blemish, darkness_file: Path, drone: Path, monkeypatch):
    monkeypatch.setattr(formats, "find_spec", lambda module: None)
    monkeypatch.setattr("blemish.images.listing._SUFFIXES", (".png",))
    result = blemish("inspect", drone, "--detector", darkness_file, "--out", "out", "--no-report")
    assert (
        "Left out 1 .jxl: a JPEG XL image, which is read once its extra is installed: "
        'in a checkout of blemish, pip install ".[formats]".'
    ) in result.stderr
    assert errors()["4.jxl"] is not None


def test_a_second_run_does_not_inspect_the_pictures_of_the_first(
    blemish, darkness_file: Path, tmp_path: Path, wall: NDArray[np.uint8]
):
    write_png(tmp_path / "walls" / "wall.png", wall)
    for out in ("results", "."):
        for _ in range(2):
            result = blemish(
                "inspect", tmp_path / "walls", "--detector", darkness_file, "--out", tmp_path / "walls" / out
            )
            assert result.stdout.startswith("1 inspected")


def test_a_folder_of_nothing_but_left_out_files_fails_and_says_why(blemish, darkness_file: Path, tmp_path: Path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "1.pdf").write_bytes(b"%PDF-1.7")
    result = blemish("inspect", tmp_path / "source", "--detector", darkness_file, "--out", "out")
    assert result.exit_code == 2
    assert "Left out 1 .pdf: a PDF" in result.stderr
    assert errors()["1.pdf"] is not None


NAMES = [
    "x" * 240,
    "벽" * 80,
    "two\nlines",
    'a "quoted" name',
    "it's <b>&amp; 100%25 #1?",
    "back\\slash",
    "tab\tand bell\a",
    "colour \x1b[31m",
    "-out",
    " leading and trailing ",
    "dots...",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_inspected_and_has_its_files(
    blemish, darkness_file: Path, tmp_path: Path, wall: NDArray[np.uint8], name: str
):
    write_png(tmp_path / "wall.png", wall)
    for side in ("north", "south"):
        (tmp_path / "source" / side).mkdir(parents=True)
        (tmp_path / "source" / side / f"{name}.png").write_bytes((tmp_path / "wall.png").read_bytes())
    result = blemish("inspect", tmp_path / "source", "--detector", darkness_file, "--out", "out")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("2 inspected (0 pass, 0 review, 2 reject).")
    assert list(errors().values()) == [None]
    assert len(list(Path("out/overlays").iterdir())) == 2
    assert len(list(Path("out/masks").iterdir())) == 2


def test_a_name_that_is_no_unicode_is_inspected(blemish, darkness_file: Path, tmp_path: Path, wall: NDArray[np.uint8]):
    write_png(tmp_path / "wall.png", wall)
    (tmp_path / "source").mkdir()
    path = tmp_path / "source" / b"w\xe4nde \xff.png".decode("utf-8", "surrogateescape")
    path.write_bytes((tmp_path / "wall.png").read_bytes())
    (tmp_path / "source" / b"\xff.psd".decode("utf-8", "surrogateescape")).write_bytes(b"8BPS")
    result = blemish("inspect", tmp_path / "source", "--detector", darkness_file, "--out", "out")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("1 inspected")


def test_same_names_in_deep_folders_are_all_inspected(
    blemish, darkness_file: Path, tmp_path: Path, wall: NDArray[np.uint8]
):
    deep = [f"{place} " + "Bridge inspection, Zenmuse P1 35 mm, original JPEG large" for place in "abcde"]
    for side in ("north", "south"):
        write_png(tmp_path.joinpath("source", side, *deep, "DJI_0001.png"), wall)
    result = blemish("inspect", tmp_path / "source", "--detector", darkness_file, "--out", "out")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("2 inspected")
    overlays = sorted(path.name for path in Path("out/overlays").iterdir())
    assert len(overlays) == 2
    assert all(name.endswith("large__DJI_0001.png.jpg") for name in overlays)
