"""What cannot be judged is told from the image alone, and what can be judged is left in peace."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.images import UsabilityLimits, read_image, usability
from blemish.locations import data_dir

Pixels = NDArray[np.uint8]
DEFAULT = UsabilityLimits()


def surface(seed: int = 0, size: tuple[int, int] = (240, 320), level: float = 130, contrast: float = 12) -> Pixels:
    """A plastered wall: structure of every scale from 1 to 16 px, and a camera's noise."""
    rng = np.random.default_rng(seed)
    octaves = [cv2.GaussianBlur(rng.normal(0, 1, size), (0, 0), sigma) for sigma in (0.7, 1.5, 3, 6, 12)]
    relief = sum(octave / octave.std() for octave in octaves) / len(octaves) ** 0.5
    grey = level + contrast * relief + rng.normal(0, 1, size)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


def scaled(factor: float, plus: float = 0) -> Callable[[Pixels], Pixels]:
    return lambda image: np.clip(image.astype(float) * factor + plus, 0, 255).astype(np.uint8)


def blurred(sigma: float) -> Callable[[Pixels], Pixels]:
    return lambda image: cv2.GaussianBlur(image, (0, 0), sigma)


def as_jpeg(quality: int) -> Callable[[Pixels], Pixels]:
    return lambda image: cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 1)


def half(level: int, *, part: float = 0.5, side: int = 0) -> Callable[[Pixels], Pixels]:
    def lose(image: Pixels) -> Pixels:
        lost = image.swapaxes(0, side).copy()
        lost[int(len(lost) * (1 - part)) :] = level
        return np.ascontiguousarray(lost.swapaxes(0, side))

    return lose


def stuck(image: Pixels) -> Pixels:
    lost = image.copy()
    lost[100:] = lost[99]
    return lost


def after(*steps: Callable[[Pixels], Pixels]) -> Callable[[Pixels], Pixels]:
    def both(image: Pixels) -> Pixels:
        for step in steps:
            image = step(image)
        return image

    return both


UNUSABLE = {
    "black": (lambda image: np.zeros_like(image), "too dark"),
    "nearly black": (scaled(0.05), "too dark"),
    "very dark": (scaled(0.15), "too dark"),
    "12 bits read as 16": (lambda image: (image.astype(np.uint32) * 4095 // 255 // 257).astype(np.uint8), "bit range"),
    "10 bits read as 16": (lambda image: (image.astype(np.uint32) * 1023 // 255 // 257).astype(np.uint8), "bit range"),
    "dark but for a hot pixel": (after(scaled(0.02), lambda image: cv2.circle(image, (9, 9), 3, (255,) * 3)), "dark"),
    "white, or transparent everywhere": (lambda image: np.full_like(image, 255), "blown out: 100%"),
    "blown out": (scaled(1, 150), "blown out"),
    "blown out by a factor": (scaled(3), "blown out"),
    "a fifth of the light": (scaled(0.2), "too dark"),
    "half of it at full scale": (
        after(scaled(1, 60), lambda image: np.where(image > np.median(image), np.uint8(255), image)),
        "at full scale",
    ),
    "washed out": (scaled(0.02, 250), "blown out"),
    "blurred": (blurred(8), "blurred"),
    "a brick wall with dark joints, all bricks at full scale": (
        after(
            scaled(1, 130),
            lambda image: np.where((np.arange(image.shape[0]) % 40 < 10)[:, None, None], image // 3, image),
        ),
        "blown out",
    ),
    "very blurred": (blurred(20), "blurred"),
    "blurred in a JPEG": (after(blurred(8), as_jpeg(85)), "blurred"),
    "enlarged from a thumbnail": (
        lambda image: cv2.resize(cv2.resize(image, (20, 15)), image.shape[1::-1], interpolation=cv2.INTER_CUBIC),
        "blurred",
    ),
    "the lower half grey": (half(128), "incomplete: 50%"),
    "the lower half black": (half(0), "incomplete: 50%"),
    "the right half white": (half(255, side=1), "incomplete"),
    "a third lost": (half(128, part=0.35), "incomplete: 3"),
    "nine tenths lost": (half(128, part=0.9), "incomplete: 9"),
    "half lost in a JPEG": (after(half(128), as_jpeg(80)), "incomplete"),
    "the last line again and again": (stuck, "incomplete"),
    "one grey all over": (lambda image: np.full_like(image, 137), "incomplete"),
    "too small": (lambda image: image[:20], "too small to be judged: 320 × 20 px"),
    "one pixel": (lambda image: image[:1, :1], "too small"),
}
USABLE: dict[str, Callable[[Pixels], Pixels]] = {
    "as it is": scaled(1),
    "rather dark": scaled(0.45),
    "rather light": scaled(1, 70),
    "of little contrast": scaled(0.3, 90),
    "a little soft": blurred(1.2),
    "in a JPEG of quality 30": as_jpeg(30),
    "negative": lambda image: 255 - image,
    "with a black border": half(0, part=0.2),
    "with a white border": half(255, part=0.2, side=1),
    "a dark object on white": lambda image: cv2.copyMakeBorder(
        scaled(0.6)(image), *(120,) * 4, cv2.BORDER_CONSTANT, value=(255,) * 3
    )[60:-60],
    "grey noise": lambda image: np.random.default_rng(1).integers(0, 256, image.shape, dtype=np.uint8),
    "as small as can be": lambda image: image[:32, :32],
    "half black by a shadow": lambda image: np.concatenate([image[:120], scaled(0.1)(image[120:])]),
    "a drawing": lambda image: cv2.line(np.full_like(image, 200), (0, 0), (319, 239), (20, 20, 20), 3),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_judged_is_told_with_its_reason(name: str):
    make, said = UNUSABLE[name]
    for seed in range(3):
        reason = usability(make(surface(seed)), DEFAULT)
        assert reason is not None
        assert said in reason


@pytest.mark.parametrize("name", USABLE)
def test_what_can_be_judged_is_left_in_peace(name: str):
    for seed in range(3):
        assert usability(USABLE[name](surface(seed)), DEFAULT) is None


@pytest.mark.parametrize("name", UNUSABLE)
def test_all_limits_can_be_lifted(name: str):
    assert usability(UNUSABLE[name][0](surface()), UsabilityLimits.none()) is None


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 2), (3, 500)])
def test_images_of_any_size_are_looked_at(size: tuple[int, int]):
    image = np.full((*size, 3), 137, np.uint8)
    assert usability(image, DEFAULT) is not None
    assert usability(image, UsabilityLimits.none()) is None


@pytest.mark.parametrize(
    ("limits", "make"),
    [
        ({"min_side_px": 300}, scaled(1)),
        ({"dark_level": 100}, scaled(0.45)),
        ({"max_white_fraction": 0.2}, scaled(1.8)),
        ({"max_clipped_fraction": 0.05}, scaled(1.8)),
        ({"min_detail": 1.0}, blurred(1)),
        ({"max_repeated_fraction": 0.1}, half(0, part=0.2)),
    ],
)
def test_each_limit_can_be_set(limits: dict[str, float], make: Callable[[Pixels], Pixels]):
    image = make(surface())
    assert usability(image, DEFAULT) is None
    assert usability(image, UsabilityLimits(**limits)) is not None


@pytest.mark.parametrize("limits", [{"min_side_px": 0}, {"max_white_fraction": 1.5}, {"min_detail": float("nan")}])
def test_limits_that_cannot_be_are_refused(limits: dict[str, float]):
    with pytest.raises(ValueError, match="Input should be"):
        UsabilityLimits(**limits)


def test_a_large_photo_is_judged_as_its_reduced_copy():
    large = cv2.resize(surface(size=(1024, 1024)), (3072, 3072), interpolation=cv2.INTER_CUBIC)
    assert usability(large, DEFAULT) is None
    assert usability(blurred(24)(large), DEFAULT) == "too blurred to be judged"


SETS = [
    "deepcrack/*/images/*.jpg",
    "casting/*/*/*.jpeg",
    "magnetic-tile/*/images/*.jpg",
    "steel-sd900/images/*.png",
    "chest-xray/*/*/*",
    "brickwork/*/*.jpg",
    "metu/*/*.jpg",
    "open-cracks/*/images/*",
]


WHITE_ALL_OVER = {"DiamondPlate_004.jpg", "GlazedTerracotta_002.jpg"}


def some(pattern: str, count: int) -> list[Path]:
    root = data_dir()
    if root is None:
        pytest.skip("BLEMISH_DATA is not set")
    files = sorted(path for path in root.glob(pattern) if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    files = [path for path in files if path.name not in WHITE_ALL_OVER]
    if not files:
        pytest.skip(f"no {pattern}")
    return random.Random(0).sample(files, min(count, len(files)))


@pytest.mark.data
@pytest.mark.parametrize("pattern", SETS)
def test_real_images_are_usable_and_their_spoilt_copies_are_not(pattern: str):
    spoilt = {"dark": scaled(0.2), "black": scaled(0.02), "blown out": scaled(2, 210), "blurred": blurred(10)}
    for path in some(pattern, 12):
        image = read_image(path)
        assert usability(image, DEFAULT) is None, path
        for name, spoil in spoilt.items():
            assert usability(spoil(image), DEFAULT) is not None, (path, name)
