"""What widths photographs can tell: known pixels, known metadata, and the real ones of a drone."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from blemish.errors import DataError, SettingsError
from blemish.findings.image_check import ImageCheck, ImageChecks, read_image_checks
from blemish.images import Capture
from blemish.images.optics import Optics
from blemish.inspection import check_images, checking_images

SIZE = (640, 480)


def wall(left: int = 0, *, blur: float = 0.0) -> np.ndarray:
    """A part of a long wall, from a column on, RGB."""
    chance = np.random.default_rng(4)
    field = cv2.GaussianBlur(chance.normal(size=(SIZE[1], 2000)).astype(np.float32), (0, 0), 5)
    whole = np.where(field > 0, 150, 115).astype(np.float32) + chance.normal(size=field.shape) * 1.2
    part = whole[:, left : left + SIZE[0]]
    part = cv2.GaussianBlur(part, (0, 0), blur) + chance.normal(size=part.shape) if blur else part
    return np.dstack([np.clip(part, 0, 255).astype(np.uint8)] * 3)


def stored(path: Path, pixels: np.ndarray, **exif: object) -> Path:
    image = Image.fromarray(pixels)
    data = image.getexif()
    for tag, value in exif.items():
        data.get_ifd(0x8769)[
            {"iso": 34855, "f_number": 33437, "subject": 37382, "focal": 37386, "film": 41989}[tag]
        ] = value
    image.save(path, quality=95, exif=data)
    return path


@pytest.fixture
def flight(tmp_path: Path) -> Path:
    folder = tmp_path / "flight"
    folder.mkdir()
    stored(folder / "1.jpg", wall(0))
    stored(folder / "2.jpg", wall(200), iso=800)
    stored(folder / "3.jpg", wall(750, blur=2.2))
    (folder / "4.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return folder


def test_each_photograph_says_what_it_can_tell(flight: Path, tmp_path: Path):
    seen = []
    found = check_images(
        flight, scale=0.1, wanted_mm=0.2, out=tmp_path / "out", on_progress=lambda *at: seen.append(at)
    )
    first, second, blurred, broken = found.images
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert first.problems == ()
    assert first.overlap is None
    assert second.problems == ("high ISO",)
    assert second.overlap == pytest.approx(440 / 640, abs=0.02)
    assert second.overlap_by == "content"
    assert "out of focus" in blurred.problems
    assert blurred.min_width_mm > 1.5 * first.min_width_mm
    assert first.min_width_mm == pytest.approx(0.1 * first.min_width_px, abs=1e-3)
    assert broken.problems == ("unreadable",)
    assert "4.jpg" in broken.error
    assert read_image_checks(tmp_path / "out" / "photos.json") == found
    rows = list(csv.DictReader((tmp_path / "out" / "photos.csv").open(encoding="utf-8-sig")))
    assert [row["image"] for row in rows] == ["1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    assert rows[1]["problems"] == "high ISO"


def test_groups_and_advice_speak_of_the_whole_flight(flight: Path):
    found = check_images(flight, scale=0.1, wanted_mm=0.01)
    assert sum(len(group.images) for group in found.groups) == 3
    assert [group.below for group in found.groups] == sorted(group.below for group in found.groups)
    assert found.groups[0].sentence.startswith("Widths below 0.")
    said = [advice.sentence for advice in found.advice]
    assert said[0].startswith("3 of 4: widths of 0.01 mm need pixels up to")
    assert any("ISO at 200" in sentence for sentence in said)
    assert any("f/8" in sentence for sentence in said)


def test_metadata_tell_scale_and_their_lack_is_said(tmp_path: Path):
    stored(tmp_path / "a.jpg", wall(), subject=2.0, focal=24.0, film=35)
    stored(tmp_path / "b.jpg", wall())
    told, silent = check_images(tmp_path).images
    # 43.27 mm of film over 800 px at 35 mm and 2 m.
    assert told.mm_per_px == pytest.approx(2000 * 43.267 / (35 * 800), rel=0.01)
    assert "focus distance 2 m" in told.scale_source
    assert (silent.mm_per_px, silent.min_width_mm) == (None, None)
    assert silent.problems == ("no scale",)
    assert silent.min_width_px == told.min_width_px


@pytest.mark.parametrize(
    ("pixels", "problem"),
    [
        (np.full_like(wall(), 255), "unusable"),
        ((wall() * 0.37).astype(np.uint8), "too dark"),
        (wall() // 12, "unusable"),
    ],
    ids=["white", "dim", "dark"],
)
def test_wrong_exposures_are_told(tmp_path: Path, pixels: np.ndarray, problem: str):
    stored(tmp_path / "a.jpg", pixels)
    (check,) = check_images(tmp_path, scale=1.0).images
    assert problem in check.problems
    assert (check.min_width_px is None) == (problem == "unusable") == (check.error is not None)


def test_a_tilted_view_tells_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    stored(tmp_path / "a.jpg", wall())
    (straight,) = check_images(tmp_path, scale=0.1).images
    monkeypatch.setattr(checking_images, "_tilt", lambda capture: 60.0)
    (tilted,) = check_images(tmp_path, scale=0.1).images
    assert tilted.min_width_mm == pytest.approx(2 * straight.min_width_mm, rel=1e-3)
    assert tilted.problems == ("tilted",)


@pytest.mark.parametrize(
    ("pitch_deg", "tilt_deg"), [(-90.0, 0.0), (-84.0, 6.0), (0.0, 0.0), (12.5, 12.5), (-45.0, 45.0), (None, None)]
)
def test_the_gimbal_tells_how_far_the_view_is_off_ground_or_wall(pitch_deg: float | None, tilt_deg: float | None):
    assert checking_images._tilt(Capture(optics=Optics(tilt_deg=pitch_deg))) == tilt_deg
    assert checking_images._tilt(None) is None


def test_images_that_show_less_than_asked_are_named():
    straight = ImageCheck(image="a", min_width_px=2.0, min_width_mm=0.2)
    assert ImageChecks(images=(straight,), wanted_mm=0.3).too_coarse == ()
    assert ImageChecks(images=(straight,), wanted_mm=0.1).too_coarse == (straight,)


@pytest.mark.parametrize("wanted_mm", [0.0, -1.0, float("nan")])
def test_absurd_wishes_are_refused(flight: Path, wanted_mm: float):
    with pytest.raises(SettingsError, match="it must be above 0"):
        check_images(flight, wanted_mm=wanted_mm)


def test_a_damaged_file_of_checks_is_one_sentence(tmp_path: Path):
    (tmp_path / "photos.json").write_text(json.dumps({"images": [{"image": 3}]}))
    with pytest.raises(DataError, match="make it anew with blemish photos check"):
        read_image_checks(tmp_path / "photos.json")


def test_real_drone_photographs_are_read_from_metadata_alone():
    folder = Path(os.environ.get("BLEMISH_DATA", "")) / "drone-photos"
    if not os.environ.get("BLEMISH_DATA") or not folder.is_dir():
        pytest.skip("BLEMISH_DATA names no folder with drone-photos")
    found = check_images(folder)
    assert len(found.images) == 4
    for check in found.images:
        # 40 m above the beach with a lens of 20 mm on film, reduced to 1024 px.
        assert check.mm_per_px == pytest.approx(73.7, rel=0.02)
        assert check.tilt_deg == pytest.approx(0, abs=0.2)
        assert check.min_width_mm > 73
    assert [check.overlap_by for check in found.images[1:]] == ["position"] * 3 or all(
        check.overlap is not None for check in found.images[1:]
    )
