"""What is said against images that can be judged, where each fault was put in."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from blemish.images import LoadedImage
from blemish.images.quality import image_quality
from blemish.images.windows import HeldWindows


def wall(side_px: int = 300) -> np.ndarray:
    """Rough, mid-grey, RGB."""
    chance = np.random.default_rng(3)
    grains = (
        size * cv2.GaussianBlur(chance.normal(size=(side_px, side_px)).astype(np.float32), (0, 0), size)
        for size in (0.7, 1.4, 2.8)
    )
    return np.dstack([np.clip(130 + 14 * sum(grains), 0, 255).astype(np.uint8)] * 3)


def in_glare(pixels: np.ndarray) -> np.ndarray:
    pixels = pixels.copy()
    pixels[50:110, 50:110] = 255
    return pixels


def in_shadow(pixels: np.ndarray) -> np.ndarray:
    pixels = pixels.copy()
    pixels[: len(pixels) // 10] = 0
    return pixels


def on_a_screen(pixels: np.ndarray) -> np.ndarray:
    rows, columns = np.indices(pixels.shape[:2])
    waves = sum(np.cos(2 * np.pi * along / 2.6) for along in (columns + 0.05 * rows, rows - 0.05 * columns))
    return np.clip(pixels * (1 + 0.1 * waves[..., None]), 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("pixels", "problems", "said"),
    [
        (wall(), (), ()),
        (cv2.GaussianBlur(wall(), (0, 0), 3), ("out of focus",), ("out of focus: cracks may be missed",)),
        (cv2.blur(wall(), (17, 1)), ("motion",), ("moved while it was taken: cracks may be missed",)),
        (in_glare(wall()), ("too bright",), ("4% of it is at full scale, as in glare",)),
        (wall() // 3, ("too dark",), ("dark, half of it below grey level 60: cracks may be missed there",)),
        (in_shadow(wall()), ("too dark",), ("dark, 10% of it black: cracks may be missed there",)),
        (on_a_screen(wall()), ("screen",), ("under a fine regular pattern, as a photographed monitor or print is",)),
    ],
    ids=["as it should be", "blurred", "moved", "glare", "dark", "shadow", "screen"],
)
def test_each_fault_is_told_in_a_word_and_in_a_sentence(
    pixels: np.ndarray, problems: tuple[str, ...], said: tuple[str, ...]
):
    found = image_quality(pixels)
    assert tuple(found.warnings) == problems
    assert set(problems) <= set(found.problems)
    assert all(map(str.startswith, found.warnings.values(), said))


def test_noise_removal_is_a_problem_of_widths_and_no_warning():
    chance = np.random.default_rng(0)
    field = cv2.GaussianBlur(chance.normal(size=(400, 500)).astype(np.float32), (0, 0), 20)
    noisy = np.where(field > 0, 150, 110) + chance.normal(size=field.shape) * 3
    smoothed = cv2.fastNlMeansDenoising(np.clip(noisy, 0, 255).astype(np.uint8), None, 12, 5, 11)
    found = image_quality(np.dstack([smoothed] * 3))
    assert "smoothed" in found.problems
    assert "smoothed" not in found.warnings


def test_a_very_large_image_is_looked_at_in_parts_at_its_full_size():
    moved = cv2.blur(wall(1800), (17, 1))
    windows = HeldWindows(LoadedImage(moved))
    reduced = cv2.resize(moved, None, fx=0.1, fy=0.1, interpolation=cv2.INTER_AREA)
    assert list(image_quality(reduced, windows).warnings) == list(image_quality(moved).warnings) == ["motion"]
