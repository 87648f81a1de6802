"""Placing the crack of one image on the surface of another, so that the surface under the crack is known.

Two ways. `multiply` is that of Kim, Sohn, Kim 2020: crack image times label, multiplied onto a crack-free tile. It
gives the whole label one hard edge and makes cracks darker than they are. `transplant` is ours: the crack keeps its
darkness relative to the surface around it, takes the light of the new surface, and fades out over the few pixels around
the label, so that no artefact marks where it was placed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.methods.data.augmentation import Symmetry, exposure_table, random_symmetry
from blemish.methods.data.crack_images import (
    MARGIN_PX,
    CrackImage,
    near_crack,
)

_Floats = NDArray[np.float32]

# Probability that a crack is rotated by quarters only, pixel for pixel: resampling smooths its texture.
_PIXEL_FOR_PIXEL = 0.5
# Probability that a transplanted crack keeps its full strength.
_FULL_STRENGTH = 0.6
_BACKGROUND_TRIES = 8


class Composite(NamedTuple):
    """An image whose surface under the crack is known.

    Attributes:
        cracked: uint8 RGB (S, S, 3), the network's input.
        normal: uint8 RGB (S, S, 3), the same without the crack; equal wherever no crack was placed.
        label: float32 (S, S) in [0, 1], the fraction of each pixel that the placed label covers.
    """

    cracked: NDArray[np.uint8]
    normal: NDArray[np.uint8]
    label: _Floats


Compose = Callable[[Sequence[CrackImage], CrackImage, np.random.Generator], Composite]
"""Places the cracks of some images on the surface of another; everything random comes from the generator."""


def multiply(
    cracks: Sequence[CrackImage],
    background: CrackImage,
    rng: np.random.Generator,
    *,
    side_px: int,
    min_strength: float,
    max_zoom: float,
    augment: bool = True,
) -> Composite:
    """Composite as published: crack image × label (grey value on the crack, 1 elsewhere) × crack-free tile.

    Args:
        cracks: images whose cracks are placed, each at a random position, symmetry, rotation, scale and strength.
        background: image that gives a crack-free square of ``side_px``, or its largest, mirrored to that size.
        rng: decides everything random.
        side_px: side S of the composite.
        min_strength: least strength s; the factor f of a crack becomes 1 - s (1 - f).
        max_zoom: cracks are scaled by 1 / z to z.
        augment: as above; without, a tile of the crack image is multiplied onto the other as it is, as published.
    """
    normal = _crack_free_square(background, side_px, rng, augment=augment)
    factor = np.ones((side_px, side_px), np.float32)
    label = np.zeros((side_px, side_px), np.float32)
    for image in cracks:
        near, placement = _placed(image, side_px, max_zoom, rng, augment=augment)
        grey = cv2.cvtColor(near.pixels, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
        masked = np.where(near.label, grey, np.float32(1))
        placed = _warp_label(near.label, placement, side_px)
        warped = cv2.warpAffine(masked, placement, (side_px, side_px), flags=cv2.INTER_LINEAR, borderValue=1.0)
        strength = rng.uniform(min_strength, 1) if augment else 1.0
        # Exactly 1 off the label, which interpolation alone would not ensure.
        factor *= np.where(placed > 0, 1 - strength * (1 - warped), 1).astype(np.float32)
        label = np.maximum(label, placed)
    cracked = np.rint(normal * factor[..., None]).astype(np.uint8)
    return Composite(cracked, normal, label)


def transplant(
    cracks: Sequence[CrackImage],
    background: CrackImage,
    rng: np.random.Generator,
    *,
    side_px: int,
    min_strength: float,
    max_zoom: float,
    augment: bool = True,
) -> Composite:
    """Composite by the crack's ratio of darkness, feathered.

    The crack image divided by its own surface level, times the level of the background, replaces the background on the
    label and fades out over `MARGIN_PX` around it. The background is any window of an image, its own cracks erased.

    Args:
        cracks: images whose cracks are placed, each at a random position, symmetry, rotation, scale and strength;
            without any the composite is normal.
        background: image of the surface.
        rng: decides everything random.
        side_px: side S of the composite.
        min_strength: least opacity of a crack; most have full strength.
        max_zoom: cracks are scaled by 1 / z to z.
        augment: as above, and in another light; without, a tile of the crack image is placed as it is.
    """
    normal, level = _erased_window(background, side_px, rng, augment=augment)
    image_so_far = normal.astype(np.float32)
    label = np.zeros((side_px, side_px), np.float32)
    for image in cracks:
        near, placement = _placed(image, side_px, max_zoom, rng, augment=augment)
        own_level = surface_level(near.pixels, near_crack(near.label))
        ratio = np.clip(near.pixels / np.maximum(own_level, 1), 0, 1.6).astype(np.float32)
        size = (side_px, side_px)
        warped = cv2.warpAffine(ratio, placement, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        opacity = cv2.warpAffine(_feathered(near.label), placement, size, flags=cv2.INTER_LINEAR, borderValue=0.0)
        faint = augment and rng.random() >= _FULL_STRENGTH
        strength = rng.uniform(min_strength, 1) if faint else 1.0
        image_so_far += (strength * opacity)[..., None] * (level * warped - image_so_far)
        label = np.maximum(label, _warp_label(near.label, placement, side_px))
    exposure = exposure_table(rng) if augment else np.arange(256, dtype=np.uint8)
    cracked = np.clip(np.rint(image_so_far), 0, 255).astype(np.uint8)
    return Composite(exposure[cracked], exposure[normal], label)


def surface_level(pixels: NDArray[np.uint8], unknown: NDArray[np.bool_]) -> _Floats:
    """The brightness of a surface without its texture, interpolated where there is no surface.

    Normalised Gaussian averages over about 10 px; where too little is known within those, over 32 and 96 px (Knutsson,
    Westin, "Normalized and differential convolution", CVPR 1993).

    Args:
        pixels: uint8 RGB (H, W, 3).
        unknown: bool (H, W), True where the pixels are not surface.

    Returns:
        float32 (H, W, 3), grey values.
    """
    height_px, width_px = unknown.shape
    small = (max(1, width_px // 4), max(1, height_px // 4))
    known = np.logical_not(unknown).astype(np.float32)
    weight = cv2.resize(known, small, interpolation=cv2.INTER_AREA)
    light = cv2.resize(pixels * known[..., None], small, interpolation=cv2.INTER_AREA)
    level = np.broadcast_to(light.sum(axis=(0, 1)) / max(float(weight.sum()), 1e-6), light.shape).astype(np.float32)
    for sigma in (24.0, 8.0, 2.5):
        near = cv2.GaussianBlur(weight, (0, 0), sigma)[..., None]
        level = (cv2.GaussianBlur(light, (0, 0), sigma) + 0.05 * level) / (near + 0.05)
    return np.asarray(cv2.resize(level, (width_px, height_px), interpolation=cv2.INTER_LINEAR), np.float32)


def erase(pixels: NDArray[np.uint8], erased: NDArray[np.bool_], level: _Floats) -> NDArray[np.uint8]:
    """Fill pixels with the surface's level and with texture mirrored from elsewhere in the image.

    Args:
        pixels: uint8 RGB (H, W, 3).
        erased: bool (H, W), what to fill.
        level: `surface_level` of them.

    Returns:
        uint8 RGB (H, W, 3), equal to ``pixels`` outside ``erased``.
    """
    if not erased.any():
        return pixels
    texture = pixels - level
    found, missing = np.zeros_like(texture), erased
    for mirror in (np.s_[::-1], np.s_[:, ::-1], np.s_[::-1, ::-1]):
        known = missing & ~erased[mirror]
        found[known] = texture[mirror][known]
        missing = missing & ~known
    filled = np.clip(np.rint(level[erased] + found[erased]), 0, 255).astype(np.uint8)
    normal = pixels.copy()
    normal[erased] = filled
    return normal


def _crack_free_square(
    background: CrackImage, side_px: int, rng: np.random.Generator, *, augment: bool
) -> NDArray[np.uint8]:
    side, corners = background.crack_free_squares(side_px)
    y, x = corners[rng.integers(len(corners))].tolist()
    tile = background.pixels[y : y + side, x : x + side]
    if augment:
        tile = random_symmetry(rng).apply(tile)
    missing = side_px - side
    before = missing // 2
    # Mirrored as often as needed; OpenCV would do so once only.
    return np.pad(tile, ((before, missing - before), (before, missing - before), (0, 0)), mode="symmetric")


def _erased_window(
    background: CrackImage, side_px: int, rng: np.random.Generator, *, augment: bool
) -> tuple[NDArray[np.uint8], _Floats]:
    """A window of the image with its cracks erased, and its surface level."""
    zoom = float(np.exp(rng.uniform(-0.25, 0.25))) if augment and rng.random() < 0.5 else 1.0
    window = max(8, round(side_px / zoom))
    missing = [max(0, window - side) for side in background.label.shape]
    around = [(each // 2, each - each // 2) for each in missing]
    pixels = np.pad(background.pixels, (*around, (0, 0)), mode="symmetric")
    erased = near_crack(np.pad(background.not_normal, around, mode="symmetric"))
    corners = [
        (int(rng.integers(erased.shape[0] - window + 1)), int(rng.integers(erased.shape[1] - window + 1)))
        for _ in range(_BACKGROUND_TRIES)
    ]
    # The first that is mostly normal: the fill is only an estimate of the surface.
    fractions = [erased[y : y + window, x : x + window].mean() for y, x in corners]
    y, x = next(
        (at for at, fraction in zip(corners, fractions, strict=True) if fraction < 0.5),
        corners[int(np.argmin(fractions))],
    )
    symmetry = random_symmetry(rng) if augment else Symmetry(0, False)
    pixels, erased = (symmetry.apply(each[y : y + window, x : x + window]) for each in (pixels, erased))
    normal = erase(pixels, erased, surface_level(pixels, erased))
    if window != side_px:
        smooth = cv2.INTER_AREA if window > side_px else cv2.INTER_LINEAR
        normal = cv2.resize(normal, (side_px, side_px), interpolation=smooth).astype(np.uint8)
    return normal, surface_level(normal, np.zeros((side_px, side_px), np.bool_))


def _placed(
    image: CrackImage, side_px: int, max_zoom: float, rng: np.random.Generator, *, augment: bool
) -> tuple[CrackImage, NDArray[np.float64]]:
    """The part of an image around a random crack pixel, and the affine map (2, 3) from it to the composite."""
    on_crack = np.flatnonzero(image.label)
    y, x = divmod(int(on_crack[rng.integers(len(on_crack))]), image.label.shape[1])
    if not augment:
        # The tile of a grid that the pixel is in; the last tiles reach back into their neighbours.
        top, left = (
            min(at // side_px * side_px, max(0, side - side_px))
            for at, side in zip((y, x), image.label.shape, strict=True)
        )
        tile = np.s_[top : top + side_px, left : left + side_px]
        return CrackImage(image.pixels[tile], image.label[tile]), np.eye(2, 3)
    reach = int(np.ceil(side_px * max_zoom * 1.1)) + MARGIN_PX
    top, left = max(0, y - reach), max(0, x - reach)
    cut = np.s_[top : y + reach + 1, left : x + reach + 1]
    placement = _random_placement((x - left, y - top), side_px, max_zoom, rng)
    return CrackImage(image.pixels[cut], image.label[cut]), placement


def _random_placement(
    centre: tuple[int, int], side_px: int, max_zoom: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Affine map (2, 3) from a crack image to the composite that moves ``centre`` into its middle half."""
    target = rng.integers(side_px // 4, side_px - side_px // 4, 2)
    if rng.random() < _PIXEL_FOR_PIXEL:
        cosine, sine = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][int(rng.integers(4))]
    else:
        angle = rng.uniform(0, 2 * np.pi)
        zoom = max_zoom ** rng.uniform(-1, 1)
        cosine, sine = zoom * np.cos(angle), zoom * np.sin(angle)
    mirror = 1.0 if rng.integers(2) else -1.0
    linear = np.array([[cosine * mirror, -sine], [sine * mirror, cosine]])
    return np.column_stack([linear, target - linear @ np.asarray(centre)])


def _warp_label(label: NDArray[np.bool_], placement: NDArray[np.float64], side_px: int) -> _Floats:
    """float32 (S, S): the fraction of each pixel that the label covers."""
    levels = label.astype(np.uint8) * np.uint8(255)
    warped = cv2.warpAffine(levels, placement, (side_px, side_px), flags=cv2.INTER_LINEAR, borderValue=0)
    return np.asarray(warped, np.float32) / np.float32(255)


def _feathered(label: NDArray[np.bool_]) -> _Floats:
    """1 on the label and one pixel around it, falling to 0 at `MARGIN_PX`, so that a crack keeps its blurred edge."""
    distance = cv2.distanceTransform(np.logical_not(label).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(np.clip((MARGIN_PX - distance) / (MARGIN_PX - 1), 0, 1), np.float32)
