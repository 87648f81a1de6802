"""Deep and large images on the command line: --bit-range and --max-megapixels wherever images are read."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.detectors import load, read_container, write_container
from blemish.errors import ImageError
from blemish.images import UsabilityLimits, write_png

SMALL = ["--set", "backbone=scattering", "--set", "size_px=64"]


def write_tiff(path: Path, values: NDArray[np.generic]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), values)


@pytest.fixture
def thermal(tmp_path: Path) -> Path:
    """Temperatures in degrees, as floating-point TIFFs: six normal ones."""
    rng = np.random.default_rng(0)
    for number in range(6):
        values = 20 + 0.05 * number + rng.normal(0, 0.1, (64, 64))
        write_tiff(tmp_path / "set" / "good" / f"{number}.tif", values.astype(np.float32))
    return tmp_path / "set"


def deep_walls(folder: Path, wall: NDArray[np.uint8], factor: int) -> Path:
    """Four walls in 16-bit files, their 8-bit values times a factor: 16 for a 12-bit camera, 257 for full scale."""
    for number in range(4):
        values = wall[..., 0].astype(np.uint16) * np.uint16(factor)
        values[0, 0] = number  # no copies
        write_tiff(folder / f"{number}.tif", values)
    return folder


@pytest.fixture
def camera(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    """Walls by a 12-bit camera, its values as they are in 16-bit files."""
    return deep_walls(tmp_path / "camera", wall, 16)


@pytest.mark.parametrize(
    "command", ["inspect", "evaluate", "calibrate", "train", "measure", "data check", "data tiles"]
)
def test_every_verb_that_reads_images_has_both_options(blemish, command: str):
    said = blemish(*command.split(), "--help").stdout
    assert "--bit-range" in said
    assert "--max-megapixels" in said


@pytest.mark.parametrize("text", ["4095", "a,b", "5,5", "10,2", "nan,1", "0,inf", "1,2,3", ""])
def test_a_range_that_is_none_is_one_sentence(blemish, darkness_file: Path, camera: Path, text: str):
    result = blemish("inspect", camera, "--detector", darkness_file, "--json", "--bit-range", text)
    assert result.exit_code == 2
    assert "bit" in result.stderr


def test_values_of_a_camera_are_proposed_as_the_range_and_then_used(blemish, darkness_file: Path, camera: Path):
    result = blemish("inspect", camera, "--detector", darkness_file, "--out", "out")
    assert "4 of 4 images use only a part of the values that their files can hold" in result.stderr
    assert "--bit-range 0,4095" in result.stderr
    page = Path("out/report.html").read_text(encoding="utf-8")
    assert page.index("4 of 4 images use only a part") < page.index("3.tif")
    ranged = blemish("inspect", camera, "--detector", darkness_file, "--out", "ranged", "--bit-range", "0,4095")
    assert "use only a part" not in ranged.stderr
    assert "4 inspected (0 pass, 0 review, 4 reject)" in ranged.stdout
    assert json.loads(Path("ranged/run.json").read_text())["options"]["bit_range"] == [0, 4095]


@pytest.mark.parametrize(
    ("values", "proposed"),
    [
        ((0, 1023), "0,1023"),
        ((5, 4000), "0,4095"),
        ((300, 16000), "0,16383"),
        ((29_300, 30_150), "29300,30150"),
        ((0, 200), "0,255"),
        ((0, 65535), None),
        ((0, 40_000), None),
        ((60_000, 61_000), None),
    ],
)
def test_a_range_is_proposed_only_where_it_clearly_does_not_fit(
    blemish, darkness_file: Path, tmp_path: Path, values: tuple[int, int], proposed: str | None
):
    write_tiff(tmp_path / "a.tif", np.linspace(*values, 64 * 64).astype(np.uint16).reshape(64, 64))
    result = blemish("inspect", tmp_path / "a.tif", "--detector", darkness_file, "--json")
    if proposed is None:
        assert "--bit-range" not in result.stderr
    else:
        assert f"--bit-range {proposed} if that is the camera's range" in result.stderr


def test_thermal_images_name_the_option_and_are_read_with_it(blemish, darkness_file: Path, thermal: Path):
    for command in (
        ("inspect", thermal, "--detector", darkness_file, "--json"),
        ("evaluate", "--detector", darkness_file, "--data", thermal),
        (
            "calibrate",
            "--detector",
            darkness_file,
            "--data",
            thermal / "good",
            "--alpha",
            "0.5",
            "--marginal",
            "--out",
            "c.blemish",
        ),
        ("train", "patchcore", "--data", thermal, "--out", "t.blemish", *SMALL),
        ("data", "check", thermal),
    ):
        if command[0] == "train":
            pytest.importorskip("torch")
        said = blemish(*command)
        assert "give --bit-range LOW,HIGH" in said.stderr + said.stdout, command
        result = blemish(*command, "--bit-range", "19,22")
        assert result.exit_code == 0, result.stderr
        assert "give --bit-range" not in result.stderr + result.stdout


def test_a_calibrated_detector_keeps_the_range(blemish, darkness_file: Path, thermal: Path):
    blemish(
        "calibrate", "--detector", darkness_file, "--data", thermal / "good", "--alpha", "0.5", "--marginal",
        "--out", "c.blemish", "--bit-range", "19,22",
    )  # fmt: skip
    assert read_container(Path("c.blemish")).spec.input.bit_range == (19, 22)
    assert "6 inspected" in blemish("inspect", thermal, "--detector", "c.blemish", "--out", "out").stdout
    assert json.loads(Path("out/run.json").read_text())["options"]["bit_range"] == [19, 22]


@pytest.mark.train
def test_a_trained_detector_keeps_the_range(blemish, thermal: Path):
    pytest.importorskip("torch")
    result = blemish("train", "patchcore", "--data", thermal, "--out", "t.blemish", *SMALL, "--bit-range", "19,21")
    assert result.exit_code == 0, result.stderr
    assert read_container(Path("t.blemish")).spec.input.bit_range == (19, 21)
    assert "6 inspected" in blemish("inspect", thermal, "--detector", "t.blemish", "--json").stderr
    grown = blemish("detector", "add", "t.blemish", thermal / "good", "--out", "g.blemish")
    assert grown.exit_code == 0, grown.stderr


@pytest.mark.train
def test_training_says_that_a_range_is_missing(blemish, camera: Path):
    pytest.importorskip("torch")
    result = blemish("train", "patchcore", "--data", camera, "--normal", "unlabelled", "--out", "t.blemish", *SMALL)
    assert result.stderr.replace("\n", " ").count("--bit-range 0,4095 if that is the camera's range") == 1


@pytest.mark.train
def test_training_on_full_16_bit_images_says_nothing_and_what_is_added_to_it_names_the_way_out(
    blemish, tmp_path: Path, wall: NDArray[np.uint8], camera: Path
):
    pytest.importorskip("torch")
    full = deep_walls(tmp_path / "full", wall, 257)
    trained = blemish("train", "patchcore", "--data", full, "--normal", "unlabelled", "--out", "t.blemish", *SMALL)
    assert trained.exit_code == 0, trained.stderr
    assert "use only a part" not in trained.stderr
    added = blemish("detector", "add", "t.blemish", camera, "--out", "g.blemish").stderr.replace("\n", " ")
    assert added.count("4 of 4 images use only a part") == 1
    assert "train it anew with --bit-range 0,4095 if that is the camera's range" in added
    assert "use only a part" not in blemish("detector", "add", "t.blemish", full, "--out", "h.blemish").stderr


MARGINAL = ["--alpha", "0.5", "--marginal", "--out", "c.blemish", "--force"]


def test_calibration_says_once_that_a_range_is_missing_also_of_images_too_dark_for_it(
    blemish, darkness_file: Path, tmp_path: Path, wall: NDArray[np.uint8], camera: Path
):
    full, half = deep_walls(tmp_path / "full", wall, 257), deep_walls(tmp_path / "half", wall, 120)
    container = read_container(darkness_file)
    limited = container.spec.model_copy(update={"usability": UsabilityLimits()})
    write_container(tmp_path / "limited.blemish", replace(container, spec=limited))
    calibrate = ("calibrate", "--detector", tmp_path / "limited.blemish", *MARGINAL)

    def said(*arguments: object) -> list[str]:
        return [line for line in blemish(*calibrate, *arguments).stderr.splitlines() if "use only a part" in line]

    [of_normals] = said("--data", half)
    assert of_normals.startswith("4 of 4 images")
    [of_dark] = said("--data", camera)  # none can be judged
    assert of_dark.startswith("4 of 4 images")
    assert "--bit-range 0,4095 if" in of_dark
    for defects in (half, camera):
        [of_defects] = said("--data", full, "--defects", defects)
        assert of_defects.startswith("Images of defects: 4 of 4 images")
    assert not said("--data", full)
    assert not said("--data", camera, "--bit-range", "0,4095")


def test_a_data_set_is_told_its_range(blemish, camera: Path):
    assert "--bit-range 0,4095 if that is the camera's range" in blemish("data", "check", camera).stdout
    assert "use only a part" not in blemish("data", "check", camera, "--bit-range", "0,4095").stdout


def test_measure_reads_its_image_with_the_range(blemish, tmp_path: Path, thermal: Path):
    mask = np.zeros((64, 64), np.bool_)
    mask[30:33, 5:60] = True
    write_png(tmp_path / "mask.png", mask)
    image = thermal / "good" / "0.tif"
    refused = blemish("measure", tmp_path / "mask.png", "--image", image)
    assert "give --bit-range LOW,HIGH" in refused.stderr
    assert blemish("measure", tmp_path / "mask.png", "--image", image, "--bit-range", "19,21").exit_code == 0


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "inf"])
def test_a_limit_of_megapixels_that_cannot_be_is_refused(blemish, darkness_file: Path, tmp_path: Path, limit: str):
    write_png(tmp_path / "a.png", np.full((40, 40), 90, np.uint8))
    arguments = ["inspect", tmp_path / "a.png", "--detector", darkness_file, "--json", "--max-megapixels", limit]
    assert "must be a number above 0" in blemish(*arguments).stderr


def test_the_limit_of_megapixels_is_named_and_can_be_raised(blemish, darkness_file: Path, tmp_path: Path):
    write_png(tmp_path / "wide.png", np.full((100, 200), 200, np.uint8))
    arguments = ["inspect", tmp_path / "wide.png", "--detector", darkness_file, "--json", "--max-megapixels"]
    refused = blemish(*arguments, "0.01")
    assert refused.exit_code == 2
    assert "200 x 100 pixels, more than the limit of 0.01 megapixels; give --max-megapixels 1" in refused.stdout
    assert blemish(*arguments, "1").exit_code == 0


def test_bytes_and_open_files_are_inspected(darkness_file: Path, tmp_path: Path, wall: NDArray[np.uint8]):
    path = tmp_path / "wall.png"
    write_png(path, wall)
    detector = load(darkness_file)
    expected = detector.inspect(path)
    data = path.read_bytes()
    with path.open("rb") as stream:
        for image in (data, bytearray(data), memoryview(data), BytesIO(data), stream):
            assert detector.inspect(image).score == expected.score
    for damaged in (b"", b"no image", data[:100]):
        with pytest.raises(ImageError, match='"image" '):
            detector.inspect(damaged)
