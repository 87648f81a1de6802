"""``blemish measure``, as a user runs it."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.images import write_png

KEYS = {"length", "mean_width", "median_width", "p95_width", "max_width"}


@pytest.fixture
def mask_pixels() -> NDArray[np.bool_]:
    """A bar of 80 × 5 px and one of 3 px across it."""
    mask = np.zeros((240, 320), bool)
    mask[58:63, 40:120] = True
    mask[20:100, 79:82] = True
    return mask


@pytest.fixture
def image_pixels(mask_pixels: NDArray[np.bool_]) -> NDArray[np.uint8]:
    chance = np.random.default_rng(0)
    grain = sum(
        size * cv2.GaussianBlur(chance.normal(size=mask_pixels.shape).astype(np.float32), (0, 0), size)
        for size in (1.0, 2.5, 6.0)
    )
    grey = np.where(mask_pixels, 40, np.clip(170 + 20 * grain, 90, 255)).astype(np.uint8)
    return np.repeat(grey[..., np.newaxis], 3, axis=2)


@pytest.fixture
def mask(tmp_path: Path, mask_pixels: NDArray[np.bool_]) -> Path:
    write_png(tmp_path / "균열 mask.png", mask_pixels)
    return tmp_path / "균열 mask.png"


@pytest.fixture
def image(tmp_path: Path, image_pixels: NDArray[np.uint8]) -> Path:
    write_png(tmp_path / "image.png", image_pixels)
    return tmp_path / "image.png"


def test_json_has_what_an_inspector_writes_down(blemish, mask: Path, image: Path):
    result = blemish("measure", mask, "--image", image, "--mm-per-px", 0.2, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    wide, thin = found["cracks"]
    for crack in (wide, thin):
        assert {f"{key}_px" for key in KEYS} <= set(crack)
        assert set(KEYS) <= set(crack["mm"])
        assert {"max_width_at", "orientation_deg", "direction", "branches", "tortuosity", "polyline_px"} <= set(crack)
        assert crack["mm"]["length"] == pytest.approx(0.2 * crack["length_px"], abs=1e-3)
        assert crack["mm"]["width_uncertainty"] >= 0.1
    assert wide["mean_width_px"] == pytest.approx(5, abs=0.2)
    assert wide["length_px"] == pytest.approx(80, rel=0.02)
    assert thin["mean_width_px"] == pytest.approx(3, abs=thin["width_uncertainty_px"])
    assert (wide["direction"], thin["direction"]) == ("horizontal", "vertical")
    assert wide["grade"].startswith("over 0.4 mm")
    assert found["grade_scale"]["source"].startswith("EN 1992-1-1")
    assert found["scale"] == {"mm_per_px": 0.2, "source": "given", "uncertainty": 0.0, "to_plane": None}


def test_without_a_scale_there_are_pixels_and_no_grade(blemish, mask: Path):
    found = json.loads(blemish("measure", mask, "--json").stdout)
    assert (found["scale"], found["grade_scale"], found["image"]) == (None, None, None)
    assert {(crack["mm"], crack["grade"]) for crack in found["cracks"]} == {(None, None)}


def test_a_table_names_unit_grade_and_source(blemish, mask: Path):
    plain = blemish("measure", mask).stdout
    assert "Lengths and widths in px, widest first" in plain
    assert "grade" not in plain
    graded = blemish("measure", mask, "--mm-per-px", 0.05, "--grade", "aci-224r").stdout
    assert "in mm" in graded
    assert "ACI 224R" in graded
    assert "no verdict on the structure" in graded
    # 0.25 mm, give or take 0.025 mm, has one grade; 0.15 mm lies on an edge.
    assert graded.count(" ?") == 1


@pytest.mark.parametrize(
    ("options", "mm_per_px"),
    [
        (["--scale-points", "0,0,30,40,25"], 0.5),
        (["--scale-camera", "2000,50,36"], 36 / 320 * 1950 / 50),
        (["--scale-plane", "0,0,100,0,100,50,0,50,200,100"], 2.0),
    ],
)
def test_every_way_to_give_a_scale_works_without_an_image(blemish, mask: Path, options: list[str], mm_per_px: float):
    found = json.loads(blemish("measure", mask, "--json", *options).stdout)
    assert found["cracks"][0]["mm"]["length"] == pytest.approx(found["cracks"][0]["length_px"] * mm_per_px, rel=1e-3)


def test_a_marker_is_read_from_the_image(blemish, tmp_path: Path):
    image, mask = np.full((300, 400, 3), 220, np.uint8), np.zeros((300, 400), bool)
    marker = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_250), 7, 100)
    image[40:140, 40:140] = marker[..., np.newaxis]
    mask[200:205, 50:350] = True
    image[mask] = 40
    write_png(tmp_path / "p.png", image)
    write_png(tmp_path / "m.png", mask)
    options = ["measure", tmp_path / "m.png", "--image", tmp_path / "p.png", "--scale-marker", 50, "--json"]
    (crack,) = json.loads(blemish(*options).stdout)["cracks"]
    assert crack["mm"]["length"] == pytest.approx(150, rel=0.03)


def test_a_users_grades_are_used(blemish, mask: Path, tmp_path: Path):
    own = tmp_path / "ours.yaml"
    own.write_text("name: Ours\nedges_mm: [0.8]\nlabels: [fine, repair]\nsource: our handbook\n", encoding="utf-8")
    found = json.loads(blemish("measure", mask, "--mm-per-px", 0.2, "--grade", own, "--json").stdout)
    assert [crack["grade"] for crack in found["cracks"]] == ["repair", "fine"]
    assert found["grade_scale"]["status"] == "own"


def test_two_dates_tell_what_grew(blemish, mask: Path, image: Path, tmp_path: Path, mask_pixels, image_pixels):
    grown = mask_pixels.copy()
    grown[58:63, 120:145] = True
    later = image_pixels.copy()
    later[grown] = 40
    move = np.float32([[1, 0, 3], [0, 1, -2]])
    size = (mask_pixels.shape[1], mask_pixels.shape[0])
    write_png(tmp_path / "later.png", cv2.warpAffine(later, move, size, borderMode=cv2.BORDER_REFLECT))
    write_png(tmp_path / "later mask.png", cv2.warpAffine(grown.astype(np.uint8), move, size) > 0)
    arguments = ["measure", tmp_path / "later mask.png", "--image", tmp_path / "later.png"]
    arguments += ["--earlier-mask", mask, "--earlier-image", image]
    changes = json.loads(blemish(*arguments, "--mm-per-px", 0.5, "--json").stdout)["changes"]
    assert [change["status"] for change in changes] == ["grown", "static"]
    assert changes[0]["unit"] == "mm"
    assert changes[0]["length_growth"] == pytest.approx(12.5, abs=1.5)
    assert changes[0]["length_uncertainty"] > 0
    shown = blemish(*arguments).stdout
    assert "Change since the earlier image, in px" in shown
    assert "grown" in shown


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (np.zeros((50, 60), bool), "No cracks."),
        (np.pad(np.ones((1, 1), bool), 20), "No cracks."),
        (np.pad(np.ones((20, 20), bool), 20), "Lengths and widths"),
        (np.hypot(*(np.mgrid[:60, :60] - 30.0)) // 3 == 6, "Lengths and widths"),
    ],
    ids=["empty", "one pixel", "a square", "a ring"],
)
def test_masks_that_are_no_cracks_are_answered(blemish, tmp_path: Path, pixels: NDArray[np.bool_], said: str):
    write_png(tmp_path / "m.png", pixels)
    result = blemish("measure", tmp_path / "m.png", "--mm-per-px", 0.2)
    assert result.exit_code == 0
    assert said in result.stdout
    json.loads(blemish("measure", tmp_path / "m.png", "--json").stdout)


def test_a_full_mask_is_probably_inverted(blemish, tmp_path: Path):
    write_png(tmp_path / "m.png", np.ones((50, 60), bool))
    result = blemish("measure", tmp_path / "m.png")
    assert result.exit_code == 2
    assert "inverted" in result.stderr


def test_small_components_are_told_on_the_side(blemish, tmp_path: Path, mask_pixels: NDArray[np.bool_]):
    mask_pixels[5, 5] = mask_pixels[110, 10:13] = True
    write_png(tmp_path / "m.png", mask_pixels)
    result = blemish("measure", tmp_path / "m.png")
    assert "2 components" in result.stderr
    assert "components" not in result.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--mm-per-px", "0"], "0 mm per pixel"),
        (["--mm-per-px", "-3"], "-3 mm per pixel"),
        (["--mm-per-px", "1000000"], "1e+06"),
        (["--mm-per-px", "0.2", "--scale-points", "0,0,1,1,5"], "one way only"),
        (["--scale-points", "here and there"], "5 numbers"),
        (["--scale-marker", "50"], "--image"),
        (["--image", "IMAGE", "--scale-marker", "50"], "No ArUco or AprilTag marker"),
        (["--grade", "eurocode-2"], "--mm-per-px"),
        (["--mm-per-px", "0.2", "--grade", "eurocod-2"], 'Did you mean "eurocode-2"?'),
        (["--earlier-mask", "MASK"], "--earlier-image"),
        (["--earlier-mask", "MASK", "--earlier-image", "IMAGE"], "--image as well"),
        (["--image", "nothing.png"], "nothing.png"),
        (["--image", "SMALL"], "must have the size of its image"),
        (["--image", "IMAGE", "--earlier-mask", "SMALL", "--earlier-image", "SMALL"], "cannot be aligned"),
    ],
)
def test_bad_input_is_one_sentence(blemish, mask: Path, image: Path, tmp_path: Path, options: list[str], said: str):
    write_png(tmp_path / "small.png", np.zeros((10, 10, 3), np.uint8))
    files = {"MASK": str(mask), "IMAGE": str(image), "SMALL": str(tmp_path / "small.png")}
    result = blemish("measure", mask, *(files.get(option, option) for option in options))
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("name", ["nothing.png", "folder", "words.png"])
def test_a_mask_that_cannot_be_read_is_one_sentence(blemish, name: str):
    Path("folder").mkdir()
    Path("words.png").write_text("no picture")
    result = blemish("measure", name)
    assert result.exit_code == 2
    assert name in result.stderr


@pytest.mark.parametrize("kind", ["png", "jpg", "grey.png"])
def test_an_image_in_place_of_a_mask_is_refused(blemish, tmp_path: Path, image_pixels: NDArray[np.uint8], kind: str):
    path = tmp_path / f"wall.{kind}"
    grain = np.random.default_rng(1).integers(0, 40, image_pixels.shape, dtype=np.uint8)
    cv2.imwrite(str(path), (image_pixels + grain)[..., 0] if "grey" in kind else image_pixels + grain)
    result = blemish("measure", path)
    assert result.exit_code == 2
    assert f'"{path}" is an image and no mask' in result.stderr


def test_a_mask_saved_as_jpeg_is_measured(blemish, tmp_path: Path, mask_pixels: NDArray[np.bool_]):
    cv2.imwrite(str(tmp_path / "mask.jpg"), mask_pixels.astype(np.uint8) * 255, [cv2.IMWRITE_JPEG_QUALITY, 60])
    assert "80." in blemish("measure", tmp_path / "mask.jpg").stdout


def test_a_mask_that_cannot_be_read_is_said_to_be_that(blemish, tmp_path: Path):
    (tmp_path / "mask.png").write_bytes(b"not an image")
    assert "is an image and no mask" not in blemish("measure", tmp_path / "mask.png").stderr


def test_what_the_image_shows_against_the_mask_is_told(blemish, tmp_path: Path, image: Path, mask_pixels):
    wide = cv2.dilate(mask_pixels.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
    write_png(tmp_path / "wide.png", wide)
    result = blemish("measure", tmp_path / "wide.png", "--image", image)
    assert "Crack 1: the image shows a line of about" in result.stderr
    found = json.loads(blemish("measure", tmp_path / "wide.png", "--image", image, "--json").stdout)
    assert "within the outline" in found["cracks"][0]["doubt"]
    assert found["cracks"][0]["width_uncertainty_px"] > 8
