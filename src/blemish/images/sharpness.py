"""What focus, motion, noise and noise removal left of an image's fine detail, from its pixels alone.

Blur is read off edges: a step that a lens blurred by a Gaussian of σ has, through derivatives of a Gaussian of s, a
steepest slope proportional to 1 / √(σ² + s²). Two such derivatives give σ without knowing the step's height (Zhuo and
Sim, "Defocus map estimation from a single image", Pattern Recognition 44, 2011). Edges of the surface itself may be
soft, so the strongest ones count.

A rough surface has edges everywhere, which drown in its own texture. There the texture itself tells: a blurred one has
much less detail of 2 px than of 4 px, and a moved one is left with slopes of one direction, block by block.

Noise is what a Laplacian leaves in the plainest parts (Immerkaer, "Fast noise variance estimation", CVIU 64, 1996).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.images.tiling import Box, cut, spread_boxes

# The two derivatives, standard deviations in pixels.
_FINE_PX, _COARSE_PX = 1.0, 2.0
# Edges that count: the strongest fraction of those whose slope, in grey levels a pixel, is at least this, and at least
# this many times the noise. Fewer edges tell nothing.
_STRONG, _MIN_SLOPE, _OVER_NOISE, _MIN_EDGES = 0.2, 0.5, 1.5, 60
# An edge is upright, or level, where the cosine, or sine, of the way across it is above this.
_ACROSS = 0.8
# More blur than this cannot be told from a surface without edges.
MAX_BLUR_PX = 6.0
# Large images are looked at in this many windows a side, of this side each: enough edges, and the speed of a small one.
_WINDOWS, _WINDOW_PX = 3, 512
# Noise is read in blocks of this side, the plainest fraction of them.
_BLOCK_PX, _PLAIN = 16, 0.3
# Blur of one direction this many times that of the other is motion.
_MOTION, _MIN_MOTION_PX = 1.6, 1.2
# Texture of half the size: the difference of the first two blurs is its detail, that of the others its structure, both
# by their peaks in blocks; slopes are told in larger blocks. Less than the first ratio, of detail to structure, is out
# of focus; less than the second, of slopes across to slopes along, is motion. docs/verdicts.md says what that finds.
_TEXTURE_PX, _PEAK_BLOCK_PX, _SLOPE_BLOCK_PX = (0.7, 1.4, 2.8), 9, 16
_MIN_TEXTURE, _MAX_ALONG = 0.78, 0.42
_NO_TEXTURE = 0.3  # of structure, in grey levels: too little to tell anything
# Plain parts that hold less than this, in grey levels, at half the size beside sharp edges have been smoothed: among 17
# photos of seven sets those as taken hold .8 and more, and eight of them .6 or less once their noise is removed.
_SMOOTHED_LEVELS, _SHARP_PX = 0.7, 1.6
_CLIPPED = (3, 252)


@dataclass(frozen=True, slots=True)
class Sharpness:
    """What is left of fine detail.

    Attributes:
        blur_px: standard deviation of the blur of the strongest edges, in pixels; None where there are too few.
        moved: blur in one direction is much larger than in the other, or texture has been smeared along one: motion.
        soft: texture has lost its fine detail.
        noise_levels: standard deviation of noise in plain parts, in grey levels of 255.
        smoothed: plain parts hold neither the texture of a surface nor a sensor's noise, beside sharp edges: noise
            removal, as phones do it, or strong compression.
    """

    blur_px: float | None
    moved: bool
    soft: bool
    noise_levels: float
    smoothed: bool


def sharpness(pixels: NDArray[np.uint8]) -> Sharpness:
    """Blur, motion, noise and noise removal of an image.

    Args:
        pixels: RGB (H, W, 3) or grey (H, W), uint8, at its full size: reducing it sharpens it.
    """
    height, width = pixels.shape[:2]
    return sharpness_in_parts((height, width), partial(cut, pixels))


def sharpness_in_parts(size_px: tuple[int, int], read: Callable[[Box], NDArray[np.uint8]]) -> Sharpness:
    """`sharpness` of an image of that height and width whose parts, at full size, `read` gives."""
    found: list[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]] = []
    noises: list[NDArray[np.float64]] = []
    coarse_noises: list[NDArray[np.float64]] = []
    peaks: list[NDArray[np.float32]] = []
    slopes: list[NDArray[np.float32]] = []
    for window in map(read, _windows(*size_px)):
        grey = window if window.ndim == 2 else np.asarray(cv2.cvtColor(window, cv2.COLOR_RGB2GRAY), np.uint8)
        noises.append(_noise_of_blocks(grey))
        half = _half(grey)
        coarse_noises.append(_noise_of_blocks(half))
        peak, slope = _texture_of_blocks(half)
        peaks.append(peak)
        slopes.append(slope)
        found.append(_edges(grey.astype(np.float32)))
    noise, coarse_noise = _of_plain_parts(noises), _of_plain_parts(coarse_noises)
    strength, blur, along_x = (np.concatenate(parts) for parts in zip(*found, strict=True))
    blur_px, moved = _judge(strength, blur, along_x, noise or 0.0)
    smoothed = blur_px is not None and blur_px < _SHARP_PX and (coarse_noise or np.inf) < _SMOOTHED_LEVELS
    soft, smeared = _judge_texture(np.concatenate(peaks, axis=1), np.concatenate(slopes, axis=1))
    return Sharpness(blur_px, moved or smeared, soft, noise or 0.0, smoothed)


def _windows(height: int, width: int) -> list[Box]:
    """The whole image, or windows evenly spread over a large one."""
    if height * width <= (_WINDOWS * _WINDOW_PX) ** 2:
        return [Box(0, 0, height, width)]
    return spread_boxes(height, width, count=_WINDOWS, side_px=_WINDOW_PX)


def _edges(grey: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Strength, blur (NaN where it is no blurred step) and direction (cosine of the way across) at ridges of slope."""
    slopes = []
    for sigma in (_FINE_PX, _COARSE_PX):
        smooth = cv2.GaussianBlur(grey, (0, 0), sigma)
        across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=1) / 2, cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=1) / 2
        slopes.append((*across, cv2.magnitude(*across)))
    (x, _, fine), (_, _, coarse) = slopes
    highest = fine >= cv2.dilate(fine, np.ones((3, 3), np.uint8))
    highest[[0, -1]] = highest[:, [0, -1]] = False
    ridge = highest & (fine > 0)
    ratio = (fine[ridge] / np.maximum(coarse[ridge], 1e-6)).astype(np.float64) ** 2
    # Central differences blur a little more, alike at both scales.
    square = (_COARSE_PX**2 - ratio * _FINE_PX**2) / np.maximum(ratio - 1.0, 1e-6)
    blur = np.where(ratio > 1.0, np.sqrt(np.clip(square, 0.0, MAX_BLUR_PX**2)), MAX_BLUR_PX)
    return fine[ridge].astype(np.float64), blur, (np.abs(x[ridge]) / fine[ridge]).astype(np.float64)


def _judge(
    strength: NDArray[np.float64], blur: NDArray[np.float64], along_x: NDArray[np.float64], noise: float
) -> tuple[float | None, bool]:
    strong = strength >= max(_OVER_NOISE * noise, _MIN_SLOPE)
    sides = []
    # Motion weakens the edges across it, so the strongest are chosen in each direction by themselves.
    for across in (along_x > _ACROSS, along_x < np.sqrt(1 - _ACROSS**2)):
        chosen = strong & across
        if chosen.sum() >= _MIN_EDGES:
            chosen &= strength >= np.quantile(strength[chosen], 1 - _STRONG)
            sides.append(blur[chosen])
    if not sides:
        return None, False
    typical = [float(np.median(side)) for side in sides]
    moved = len(typical) == 2 and max(typical) >= max(_MOTION * min(typical), _MIN_MOTION_PX)
    return (max(typical) if moved else float(np.median(np.concatenate(sides)))), moved


def _texture_of_blocks(half: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Peaks of detail and structure (2, blocks), and mean products of slopes xx, xy, yy (3, larger blocks)."""
    levels = [cv2.GaussianBlur(half.astype(np.float32), (0, 0), sigma) for sigma in _TEXTURE_PX]
    around, middle = (
        np.ones((_PEAK_BLOCK_PX, _PEAK_BLOCK_PX), np.uint8),
        slice(_PEAK_BLOCK_PX // 2, None, _PEAK_BLOCK_PX),
    )
    peaks = [
        cv2.dilate(cv2.absdiff(finer, coarser), around)[middle, middle].ravel() for finer, coarser in pairwise(levels)
    ]
    x, y = (cv2.Sobel(levels[0], cv2.CV_32F, *order, ksize=1) for order in ((1, 0), (0, 1)))
    slope = cv2.magnitude(x, y)
    # The steepest count no more than others, so that no crack or joint decides.
    kept = np.minimum(1.0, np.quantile(slope[::4, ::4], 0.9) / np.maximum(slope, 1e-6)).astype(np.float32)
    x, y = x * kept, y * kept
    size = tuple(max(1, side // _SLOPE_BLOCK_PX) for side in half.shape[::-1])
    slopes = [cv2.resize(plane, size, interpolation=cv2.INTER_AREA).ravel() for plane in (x * x, x * y, y * y)]
    return np.stack(peaks), np.stack(slopes)


def _judge_texture(peaks: NDArray[np.float32], slopes: NDArray[np.float32]) -> tuple[bool, bool]:
    """Whether fine detail is missing, and whether slopes of one direction are, in most blocks and in all together."""
    if not peaks.size or np.median(peaks[1]) < _NO_TEXTURE:
        return False, False
    detail, structure = (float(np.median(part)) for part in peaks)
    shares = slopes / np.maximum(slopes[0] + slopes[2], 1e-9)
    together = float(_along(*shares.mean(axis=1, keepdims=True))[0])
    return detail < _MIN_TEXTURE * structure, max(together, float(np.median(_along(*slopes)))) < _MAX_ALONG


def _along(xx: NDArray[np.float32], xy: NDArray[np.float32], yy: NDArray[np.float32]) -> NDArray[np.float32]:
    """The smaller over the larger mean square slope of two directions at right angles, 0 to 1."""
    apart, middle = np.sqrt(((xx - yy) / 2) ** 2 + xy**2), (xx + yy) / 2
    return np.asarray((middle - apart) / np.maximum(middle + apart, 1e-9), np.float32)


def _half(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = max(1, grey.shape[1] // 2), max(1, grey.shape[0] // 2)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def _of_plain_parts(noises: list[NDArray[np.float64]]) -> float | None:
    """Noise of the plainest blocks; None where there are none that are not clipped."""
    blocks = np.sort(np.concatenate(noises))
    return float(np.median(blocks[: max(1, round(_PLAIN * blocks.size))])) if blocks.size else None


def _noise_of_blocks(grey: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Noise in each block that is not clipped, in grey levels."""
    rows, columns = (side // _BLOCK_PX * _BLOCK_PX for side in grey.shape)
    if not rows or not columns:
        return np.empty(0)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    rough = np.abs(cv2.filter2D(grey[:rows, :columns], cv2.CV_32F, kernel))
    size = (columns // _BLOCK_PX, rows // _BLOCK_PX)
    noise = cv2.resize(rough, size, interpolation=cv2.INTER_AREA) * np.float32(np.sqrt(np.pi / 2) / 6)
    level = cv2.resize(grey[:rows, :columns], size, interpolation=cv2.INTER_AREA)
    return noise[(level > _CLIPPED[0]) & (level < _CLIPPED[1])].astype(np.float64)
