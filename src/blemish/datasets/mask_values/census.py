"""Which values stand in a set of mask files, and how they lie beside one another: what the rules decide from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.datasets.mask_values.layer import Layer, read_layer
from blemish.errors import DataError

MAX_VALUES = 4096
"""Distinct values beyond which they are no longer told apart."""
_MAX_SETS = 64
_FEW, _MOSTLY = 32, 0.8
_SATURATED = 32
_DIM = (32, 160)
# Grey levels that compression leaves beside a bright stroke, and by which it roughens an even one.
_NO_RINGING, _FLAT = 48, 4

Value = int | float


@dataclass(frozen=True, slots=True)
class Census:
    """Counts over one file or over a set of like files.

    Attributes:
        files: names of up to three of them, for messages.
        full_scale: 255 or 65535; 0 for floating-point, signed and 32-bit numbers.
        lossy: the files are JPEGs.
        has_opacity: the files have an opacity channel.
        values: pixels by code, see `Layer.code_of`; of pixels that are not transparent where the files have opacity.
        hidden: pixels by code of transparent pixels.
        too_many: more than `MAX_VALUES` distinct codes, so that ``values`` is not complete.
        brightest: the largest level.
        together: which values stand in one file, for files of few values.
        between: pixels strictly between black and the full scale.
        graded: those of them with a darker and a brighter neighbour, as on a smoothed edge.
        dim_colours: pixels of a JPEG in a dark, saturated colour.
        ridges: pixels of a grey JPEG that no pixel within 7 px outshines, below mid-grey and above it: not black, and
            not the smoothed edge of something brighter.
        missing: pixels that are not a number.
        opacity: smallest and largest opacity.
        opaque_px: pixels more opaque than half the largest opacity of their file.
        total_px: all pixels.
        index_zero: codes that a palette has at index 0.
        index_255: codes that a palette has at index 255 beside indices up to 127.
    """

    files: tuple[str, ...]
    full_scale: int
    lossy: bool
    has_opacity: bool
    values: Counter[Value]
    hidden: Counter[Value] = field(default_factory=Counter)
    too_many: bool = False
    brightest: float = 0.0
    together: frozenset[frozenset[Value]] = frozenset()
    between: int = 0
    graded: int = 0
    dim_colours: int = 0
    ridges: tuple[int, int] = (0, 0)
    missing: int = 0
    opacity: tuple[int, int] | None = None
    opaque_px: int = 0
    total_px: int = 0
    index_zero: frozenset[Value] = frozenset()
    index_255: frozenset[Value] = frozenset()

    @property
    def kind(self) -> tuple[int, bool, bool]:
        """Files of one kind are decided together."""
        return self.full_scale, self.lossy, self.has_opacity

    def __add__(self, other: Census) -> Census:
        opacities = [limits for limits in (self.opacity, other.opacity) if limits is not None]
        values = self.values + other.values
        return Census(
            files=(*self.files, *other.files)[:3],
            full_scale=self.full_scale,
            lossy=self.lossy,
            has_opacity=self.has_opacity,
            values=Counter(dict(values.most_common(MAX_VALUES))) if len(values) > MAX_VALUES else values,
            hidden=self.hidden + other.hidden,
            too_many=self.too_many or other.too_many or len(values) > MAX_VALUES,
            brightest=max(self.brightest, other.brightest),
            together=self.together | other.together if len(self.together) < _MAX_SETS else self.together,
            between=self.between + other.between,
            graded=self.graded + other.graded,
            dim_colours=self.dim_colours + other.dim_colours,
            ridges=(self.ridges[0] + other.ridges[0], self.ridges[1] + other.ridges[1]),
            missing=self.missing + other.missing,
            opacity=(min(low for low, _ in opacities), max(high for _, high in opacities)) if opacities else None,
            opaque_px=self.opaque_px + other.opaque_px,
            total_px=self.total_px + other.total_px,
            index_zero=self.index_zero | other.index_zero,
            index_255=self.index_255 | other.index_255,
        )


def take_census(layer: Layer, name: str) -> Census:
    """Count one file's values; ``name`` is what messages call it."""
    raw = layer.raw_codes()
    hidden: Counter[Value] = Counter()
    if layer.opacity is None:
        values, too_many = _counted(raw, layer)
        opaque_px = raw.size
    else:
        visible = layer.opacity > layer.opacity.max() / 2
        values, too_many = _counted(raw[visible], layer)
        hidden, _ = _counted(raw[~visible], layer)
        opaque_px = int(visible.sum())
    levels = layer.levels()
    between, graded = _gradation(levels, layer.full_scale) if len(values) > 2 else (0, 0)
    zero, last = _palette_ends(layer)
    return Census(
        files=(name,),
        full_scale=layer.full_scale,
        lossy=layer.lossy,
        has_opacity=layer.opacity is not None,
        values=values,
        hidden=hidden,
        too_many=too_many,
        brightest=float(levels.max()),
        together=frozenset([frozenset(values)]) if len(values) <= _MAX_SETS else frozenset(),
        between=between,
        graded=graded,
        dim_colours=_dim_colours(layer) if layer.lossy else 0,
        ridges=_ridges(layer) if layer.lossy else (0, 0),
        missing=0 if layer.missing is None else int(layer.missing.sum()),
        opacity=None if layer.opacity is None else (int(layer.opacity.min()), int(layer.opacity.max())),
        opaque_px=opaque_px,
        total_px=raw.size,
        index_zero=zero,
        index_255=last,
    )


def looks_like_mask(path: Path) -> bool:
    """Whether nearly all pixels of a file have one of two values, or all one of a few: photographs never do."""
    try:
        values = take_census(read_layer(path), path.name).values
    except DataError:
        return False
    return len(values) <= _FEW or sum(count for _, count in values.most_common(2)) >= _MOSTLY * values.total()


def merged(censuses: Iterable[Census]) -> Census:
    """The census of all files together, which must be of one `Census.kind`."""
    return reduce(lambda one, other: one + other, censuses)


def _counted(raw: NDArray[Any], layer: Layer) -> tuple[Counter[Value], bool]:
    """Pixels by code."""
    flat = raw.ravel()
    if not flat.size:
        return Counter(), False
    if flat.dtype.kind == "u" and flat.dtype.itemsize <= 2:
        counts = np.bincount(flat)
        values = np.flatnonzero(counts)
        counts = counts[values]
    else:
        # Runs are counted, not pixels: masks are mostly of one value, and sorting a few runs is quick.
        starts = np.flatnonzero(np.concatenate([[True], flat[1:] != flat[:-1]]))
        lengths = np.diff(np.append(starts, flat.size))
        values, where = np.unique(flat[starts], return_inverse=True)
        counts = np.bincount(where, weights=lengths, minlength=len(values)).astype(np.int64)
    kept = np.argsort(-counts, kind="stable")[:MAX_VALUES]
    return Counter({layer.code_of(values[i].item()): int(counts[i]) for i in kept}), len(values) > MAX_VALUES


def _gradation(levels: NDArray[Any], full_scale: int) -> tuple[int, int]:
    """Pixels between black and white, and how many of them have a darker and a brighter neighbour."""
    planes = levels if full_scale else levels.astype(np.float32)
    top = full_scale or planes.max()
    square = np.ones((3, 3), np.uint8)
    between = (planes > 0) & (planes < top)
    graded = between & (cv2.erode(planes, square) < planes) & (cv2.dilate(planes, square) > planes)
    return int(between.sum()), int(graded.sum())


def _dim_colours(layer: Layer) -> int:
    """Pixels of a saturated colour whose brightest channel lies below or about mid-grey."""
    if layer.values.ndim == 2:
        return 0
    levels = layer.levels()
    is_saturated = levels - layer.values.min(axis=2) > _SATURATED
    return int((is_saturated & (levels > _DIM[0]) & (levels <= _DIM[1])).sum())


def _ridges(layer: Layer) -> tuple[int, int]:
    if layer.values.ndim == 3 or layer.values.dtype != np.uint8:
        return 0, 0
    levels, middle = layer.levels(), layer.full_scale // 2
    is_ridge = (levels > _NO_RINGING) & (cv2.dilate(levels, np.ones((15, 15), np.uint8)) - levels <= _FLAT)
    return int((is_ridge & (levels <= middle)).sum()), int((is_ridge & (levels > middle)).sum())


def _palette_ends(layer: Layer) -> tuple[frozenset[Value], frozenset[Value]]:
    """The codes of index 0, and of index 255 where all others are small."""
    if layer.index is None:
        return frozenset(), frozenset()
    used = np.flatnonzero(np.bincount(layer.index.ravel(), minlength=256))
    others = used[(used > 0) & (used < 255)]
    is_void = 255 in used and others.size > 0 and others.max() <= 127
    return _codes_at(layer, 0), _codes_at(layer, 255) if is_void else frozenset()


def _codes_at(layer: Layer, index: int) -> frozenset[Value]:
    """The code that the palette shows at an index, if any pixel has it."""
    return frozenset(layer.code_of(raw) for raw in layer.raw_codes()[layer.index == index][:1].tolist())
