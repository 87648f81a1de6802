"""Fast random fields: value noise, fractal noise, cells and warps, all from one `numpy` generator.

A field is drawn on a coarse grid and enlarged by OpenCV, so that its price does not depend on its grain
(value noise, Perlin 1985; octaves, Musgrave 1993).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
Generator = np.random.Generator


def white(rng: Generator, shape: tuple[int, int]) -> Field:
    """White noise, mean 0 and standard deviation 1, float32 (H, W): each the sum of three bytes."""
    count = shape[0] * shape[1]
    thirds = np.frombuffer(rng.bytes(3 * count), dtype=np.uint8).reshape(3, count)
    total = np.add(thirds[0], thirds[1], dtype=np.uint16) + thirds[2]
    field = total.astype(np.float32)
    field -= np.float32(382.5)
    field *= np.float32(1 / 127.99)
    return np.reshape(field, shape)


def value_noise(rng: Generator, shape: tuple[int, int], cell_px: float | tuple[float, float]) -> Field:
    """Smooth noise of one grain: mean about 0, standard deviation about 1.

    Args:
        rng: source of chance.
        shape: (height, width), pixels.
        cell_px: size of a grain, pixels; or (height, width) of it for noise with a direction.

    Returns:
        float32 (H, W).
    """
    height, width = shape
    cell_y, cell_x = (cell_px, cell_px) if isinstance(cell_px, int | float) else cell_px
    cell_y, cell_x = max(cell_y, 1.0), max(cell_x, 1.0)
    grid = white(rng, (int(np.ceil(height / cell_y)) + 3, int(np.ceil(width / cell_x)) + 3))
    return _stretch(rng, grid, shape, cell_y, cell_x)


def _stretch(rng: Generator, grid: Field, shape: tuple[int, int], cell_y: float, cell_x: float) -> Field:
    """The grid enlarged to cells of that size, cut at random: else its lines lie at the same pixels in every image."""
    height, width = shape
    # Coarse noise is drawn small and enlarged: far cheaper, and no eye can tell.
    coarse = 4 if min(cell_y, cell_x) > 12 else 1
    size = (round(grid.shape[1] * cell_x / coarse), round(grid.shape[0] * cell_y / coarse))
    field = cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
    small = (-(-height // coarse), -(-width // coarse))
    top, left = (int(rng.integers(0, max(1, room + 1))) for room in np.subtract(field.shape, small))
    field = field[top : top + small[0], left : left + small[1]]
    if coarse > 1 or field.shape != shape:
        field = cv2.resize(field, (small[1] * coarse, small[0] * coarse), interpolation=cv2.INTER_LINEAR)[
            :height, :width
        ]
    # Between grid points the interpolation averages, which costs about a quarter of the spread.
    return np.asarray(field * np.float32(1.25 if min(cell_y, cell_x) > 1.5 else 1.0), dtype=np.float32)


def _enlarge(field: NDArray[np.floating], times: int) -> Field:
    height, width = field.shape
    return np.asarray(
        cv2.resize(field, (width * times, height * times), interpolation=cv2.INTER_CUBIC), dtype=np.float32
    )


def fractal_noise(
    rng: Generator,
    shape: tuple[int, int],
    coarsest_px: float,
    finest_px: float = 2.0,
    *,
    persistence: float = 0.6,
    stretch: float = 1.0,
) -> Field:
    """Octaves of value noise, each half as coarse and ``persistence`` times as strong as the one before.

    Args:
        rng: source of chance.
        shape: (height, width), pixels.
        coarsest_px: grain of the first octave.
        finest_px: no octave is finer.
        persistence: strength of an octave relative to the one before it; .5 is smooth, .8 rough.
        stretch: above 1 the grains are that much wider than high; below 1 higher than wide.

    Returns:
        float32 (H, W), mean about 0, standard deviation about 1.
    """
    height, width = shape
    finest_px = min(max(finest_px, 1.0), coarsest_px)
    count = 1 + int(np.log2(coarsest_px / finest_px))
    finest = coarsest_px / 2 ** (count - 1)
    cell_y, cell_x = max(finest, 1.0), max(finest * stretch, 1.0)
    # Each octave is the one before, enlarged twice, with new grains added: a pyramid costs little more than its base.
    sizes = [
        (int(np.ceil(height / (cell_y * 2**k))) + 2, int(np.ceil(width / (cell_x * 2**k))) + 2) for k in range(count)
    ]
    total = white(rng, sizes[-1])
    power = 1.0
    for octave, size in enumerate(reversed(sizes[:-1]), start=1):
        larger = _enlarge(total, 2)
        spare = (larger.shape[0] - size[0], larger.shape[1] - size[1])
        top, left = (int(rng.integers(0, room + 1)) for room in spare)
        weight = persistence**octave
        total = larger[top : top + size[0], left : left + size[1]] + np.float32(weight) * white(rng, size)
        power += weight**2
    return np.asarray(_stretch(rng, total, shape, cell_y, cell_x) / np.float32(np.sqrt(power)), dtype=np.float32)


def grain(rng: Generator, shape: tuple[int, int], size_px: float) -> Field:
    """Isotropic speckle of about one size (blurred white noise), mean 0 and standard deviation 1."""
    if size_px > 4:  # A fine blur of a wide kernel is slow, and the eye cannot tell.
        small = (max(2, int(shape[0] / (size_px / 2))), max(2, int(shape[1] / (size_px / 2))))
        speckle = grain(rng, small, 2.0)
        field = np.asarray(cv2.resize(speckle, shape[::-1], interpolation=cv2.INTER_CUBIC), dtype=np.float32)
    else:
        field = white(rng, shape)
        if size_px > 1:
            field = np.asarray(cv2.GaussianBlur(field, (0, 0), size_px / 2), dtype=np.float32)
    return np.asarray((field - field.mean()) / (field.std() + 1e-6), dtype=np.float32)


def noise_along(rng: Generator, count: int, cell: float, *, octaves: int = 3, persistence: float = 0.6) -> Field:
    """Fractal noise, about N(0, 1), along ``count`` samples; the coarsest grain is ``cell`` long; float32 (count,)."""
    total = np.zeros(count, dtype=np.float64)
    power = 0.0
    at = np.arange(count)
    for octave in range(octaves):
        step = max(cell / 2**octave, 1.0)
        knots = rng.standard_normal(int(count / step) + 3)
        weight = persistence**octave
        total += weight * np.interp(at / step + rng.random(), np.arange(len(knots)), knots)
        power += weight**2
    return np.asarray(total * 1.2 / np.sqrt(power), dtype=np.float32)


def cells(rng: Generator, shape: tuple[int, int], size_px: float) -> tuple[NDArray[np.int32], Field]:
    """A Voronoi partition into random cells, as aggregate and crystals make it (Worley 1996).

    Args:
        rng: source of chance.
        shape: (height, width), pixels.
        size_px: mean cell size, pixels.

    Returns:
        Cell number of each pixel, int32 (H, W) from 0; and its distance to its cell's seed, pixels, float32 (H, W).
    """
    if size_px >= 7:  # Large cells are drawn small and enlarged, their borders shaken.
        times = 2 if size_px < 14 else 3
        small = (-(-shape[0] // times) + 2, -(-shape[1] // times) + 2)
        number, away = cells(rng, small, size_px / times)
        rows, columns = coordinates(shape)
        columns += np.float32(0.9) * value_noise(rng, shape, 4)
        rows += np.float32(0.9) * value_noise(rng, shape, 4)
        columns *= np.float32(1 / times)
        rows *= np.float32(1 / times)
        shaken = cv2.remap(number.astype(np.float32), columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
        distance = cv2.remap(away, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return shaken.astype(np.int32), np.asarray(distance * np.float32(times), dtype=np.float32)
    return voronoi(rng, shape, size_px)


def voronoi(rng: Generator, shape: tuple[int, int], size_px: float) -> tuple[NDArray[np.int32], Field]:
    """The same as `cells` with straight borders, at full resolution whatever the size."""
    height, width = shape
    count = max(2, round(height * width / max(size_px, 1.5) ** 2))
    free = np.full(shape, 255, dtype=np.uint8)
    free.ravel()[rng.integers(0, height * width, count)] = 0
    away, labels = cv2.distanceTransformWithLabels(free, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    return np.asarray(labels - 1, dtype=np.int32), np.asarray(away, dtype=np.float32)


def warp(image: Field, rng: Generator, *, amplitude_px: float, cell_px: float) -> Field:
    """The image with its pixels moved about by smooth noise; float32, same shape."""
    shape = image.shape[:2]
    rows, columns = coordinates(shape)
    columns += np.float32(amplitude_px) * value_noise(rng, shape, cell_px)
    rows += np.float32(amplitude_px) * value_noise(rng, shape, cell_px)
    return np.asarray(cv2.remap(image, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101))


def coordinates(shape: tuple[int, int]) -> tuple[Field, Field]:
    """Row and column of each pixel, each float32 (H, W)."""
    rows, columns = np.indices(shape, dtype=np.float32)
    return np.asarray(rows), np.asarray(columns)


def exp(field: NDArray[np.floating[Any]]) -> Field:
    """The exponential, by OpenCV: ten times as fast as numpy's."""
    return np.asarray(cv2.exp(field), dtype=np.float32)


def smoothstep(low: float, high: float, field: NDArray[np.integer[Any] | np.floating[Any]]) -> Field:
    """0 below ``low``, 1 above ``high``, smooth between; works downwards too when ``low`` exceeds ``high``."""
    ramp = (field - np.float32(low)) * np.float32(1 / (high - low))
    np.clip(ramp, 0, 1, out=ramp)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), dtype=np.float32)


def log_uniform(rng: Generator, low: float, high: float) -> float:
    """A number between ``low`` and ``high`` whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
