"""Ranking metrics over the pixels of a whole split, added image by image.

Exact, with 4 bytes kept per normal pixel and 8 per defective one, up to a limit on the number of pixels. Beyond it the
scores are rounded down to about two million levels, at quantiles of the normal and the defective scores seen until
then, and only counted, in 70 MB however many follow. The largest error that this can do to the AUROC is then known and
given.

Why this works. A float32 and its bits, read as an unsigned integer after flipping the sign, sort alike. Sorted integers
need no indices beside them, and a metric changes only at the scores of defective pixels, which are few: so two sorts
and a binary search in place of an argsort over everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

_Unsigned = TypeVar("_Unsigned", np.uint32, np.uint64)

_BLOCK = 1 << 21
_LEVELS = 1 << 19
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class PooledMetrics:
    """Ranking metrics over all pixels added. Each is None where it has no meaning.

    Attributes:
        auroc: area under the ROC curve, ties counting half.
        auroc_error: the exact AUROC lies within this of ``auroc``; 0 when nothing was rounded.
        average_precision: sum over thresholds of (R_k - R_{k-1}) P_k.
        aupro: area under the per-region-overlap curve up to the false-positive rate asked for, over that rate.
        best_f1: highest F1 that any one threshold reaches.
        best_threshold: the threshold that does, ``score >= threshold`` being defective.
    """

    auroc: float | None = None
    auroc_error: float | None = None
    average_precision: float | None = None
    aupro: float | None = None
    best_f1: float | None = None
    best_threshold: float | None = None


class _Steps(NamedTuple):
    """The distinct scores of defective pixels, falling, and what lies at or above each. All (K,)."""

    key: NDArray[np.uint32]
    found: NDArray[np.int64]  # defective pixels at exactly this score
    overlap: NDArray[np.float64]  # sum over them of 1 / pixels in their region
    alarms_above: NDArray[np.int64]  # normal pixels strictly above
    alarms: NDArray[np.int64]  # normal pixels at or above


class PooledScores:
    """Scores of normal and defective pixels, ranked together.

    Args:
        exact_limit: number of pixels up to which metrics are exact. Default 2^27: half a gigabyte when few pixels are
            defective, twice that when all are.
    """

    def __init__(self, exact_limit: int = 1 << 27) -> None:
        self._exact_limit = exact_limit
        self._size = 0
        self._regions = 0
        self._normal: list[NDArray[np.uint32]] = []
        self._defective: list[NDArray[np.uint64]] = []
        self._region_px: list[NDArray[np.int64]] = []
        self._bins: _Bins | None = None

    def add(self, values: NDArray[np.float32], regions: NDArray[np.int32], region_px: NDArray[np.int64]) -> None:
        """Add one image.

        Args:
            values: float32 (H, W), finite.
            regions: int32 (H, W), 0 where normal, else the number, from 1, of the defective region.
            region_px: int64 (R,), number of pixels of each region.
        """
        keys, labels = _keys(values.ravel()), regions.ravel()
        inside = labels > 0
        normal, defective = keys[~inside], keys[inside]
        owner = labels[inside].astype(np.int64) - 1
        self._size += keys.size
        if self._bins is not None:
            self._bins.count(normal, defective, 1.0 / region_px[owner])
        else:
            self._normal.append(normal)
            self._defective.append((defective.astype(np.uint64) << _HALF) | (owner + self._regions).astype(np.uint64))
            self._region_px.append(region_px)
            if self._size > self._exact_limit:
                self._round()
        self._regions += region_px.size

    def metrics(self, pro_limit: float = 0.3) -> PooledMetrics:
        """The metrics over everything added so far.

        Args:
            pro_limit: false-positive rate up to which the per-region-overlap curve is integrated, in (0, 1].
        """
        n_normal, n_defective = self._counts()
        if not n_normal or not n_defective:
            return PooledMetrics()
        sums = _Sums(n_normal, n_defective, self._regions, pro_limit)
        for steps in self._steps():
            sums.take(steps)
        return sums.metrics(self._bins.uncertain_pairs() if self._bins is not None else 0.0)

    def _counts(self) -> tuple[int, int]:
        if self._bins is not None:
            return int(self._bins.normal.sum()), int(self._bins.defective.sum())
        return sum(part.size for part in self._normal), sum(part.size for part in self._defective)

    def _steps(self) -> Iterator[_Steps]:
        if self._bins is not None:
            return self._bins.steps()
        return _exact_steps(*self._sorted())

    def _sorted(self) -> tuple[NDArray[np.uint32], NDArray[np.uint64], NDArray[np.float64]]:
        """Normal keys and packed defective keys, ascending, and 1 / size of every region; kept so from here on."""
        self._normal, self._defective = [_joined(self._normal)], [_joined(self._defective)]
        self._region_px = [np.concatenate(self._region_px)]
        self._normal[0].sort()
        self._defective[0].sort()
        return self._normal[0], self._defective[0], 1.0 / self._region_px[0]

    def _round(self) -> None:
        """Turn what is kept so far into counts by level."""
        normal, packed, overlap = self._sorted()
        self._bins = _Bins(np.concatenate([_quantiles(normal), (_quantiles(packed) >> _HALF).astype(np.uint32)]))
        self._bins.count(normal, (packed >> _HALF).astype(np.uint32), overlap[packed & _LOW])
        self._normal, self._defective, self._region_px = [], [], []


class _Bins:
    """Counts by score rounded down to the nearest level.

    A level and the very next key are both levels, so that scores of exactly that value tie with nothing else: maps that
    saturate at 0 or 1 lose nothing there.

    Args:
        keys: where levels should be, in any order.
    """

    def __init__(self, keys: NDArray[np.uint32]) -> None:
        # The even grid is for scores unlike those seen so far. Finite floats end below the largest key: no + 1 wraps.
        grid = np.arange(0, 1 << 32, 1 << 14, dtype=np.uint32)
        self._levels = np.unique(np.concatenate([grid, keys, keys + np.uint32(1)]))
        self.normal = np.zeros(self._levels.size, dtype=np.int64)
        self.defective = np.zeros(self._levels.size, dtype=np.int64)
        self._overlap = np.zeros(self._levels.size, dtype=np.float64)

    def count(self, normal: NDArray[np.uint32], defective: NDArray[np.uint32], overlap: NDArray[np.float64]) -> None:
        """Add pixels; ``overlap`` belongs to the defective ones."""
        # Sorted look-ups are several times faster than sorting costs.
        for part in _parts(np.sort(normal)):
            np.add.at(self.normal, self._level(part), 1)
        for start in range(0, defective.size, _BLOCK):
            level = self._level(defective[start : start + _BLOCK])
            np.add.at(self.defective, level, 1)
            np.add.at(self._overlap, level, overlap[start : start + _BLOCK])

    def steps(self) -> Iterator[_Steps]:
        """All levels that hold a defective pixel, from the highest down."""
        at_or_above = np.cumsum(self.normal[::-1])[::-1]
        used = np.flatnonzero(self.defective)[::-1]
        yield _Steps(
            key=self._levels[used],
            found=self.defective[used],
            overlap=self._overlap[used],
            alarms_above=at_or_above[used] - self.normal[used],
            alarms=at_or_above[used],
        )

    def uncertain_pairs(self) -> float:
        """Pairs of a normal and a defective pixel that count as tied only because of rounding."""
        wide = np.diff(self._levels, append=np.uint32(0xFFFFFFFF)) > 1
        return float(np.dot(self.normal[wide].astype(np.float64), self.defective[wide].astype(np.float64)))

    def _level(self, keys: NDArray[np.uint32]) -> NDArray[np.intp]:
        return np.searchsorted(self._levels, keys, side="right") - 1


def _exact_steps(
    normal: NDArray[np.uint32], defective: NDArray[np.uint64], overlap: NDArray[np.float64]
) -> Iterator[_Steps]:
    """Steps from ascending keys; ``defective`` carries the region's number in its low half."""
    stop = defective.size
    while stop:
        # A block never cuts a run of one score in two.
        start = int(np.searchsorted(defective, defective[max(stop - _BLOCK, 0)] >> _HALF << _HALF, side="left"))
        block = defective[start:stop][::-1]
        keys = (block >> _HALF).astype(np.uint32)
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        key = keys[first]
        # Ascending look-ups walk through memory; falling ones are no slower once reversed.
        rising = key[::-1]
        yield _Steps(
            key=key,
            found=np.diff(np.append(first, keys.size)),
            overlap=np.add.reduceat(overlap[block & _LOW], first),
            alarms_above=normal.size - np.searchsorted(normal, rising, side="right")[::-1],
            alarms=normal.size - np.searchsorted(normal, rising, side="left")[::-1],
        )
        stop = start


class _Sums:
    """Running sums over blocks of steps, from the highest score down."""

    def __init__(self, n_normal: int, n_defective: int, n_regions: int, pro_limit: float) -> None:
        self._n_normal, self._n_defective, self._n_regions = n_normal, n_defective, n_regions
        self._pro_limit = pro_limit
        self._roc = _Area(limit=float(n_normal))
        self._pro = _Area(limit=pro_limit * n_normal)
        self._precision_gain = 0.0
        self._best_f1, self._best_key = -1.0, np.uint32(0)

    def take(self, steps: _Steps) -> None:
        before = self._roc.height
        found = before + np.cumsum(steps.found)
        precision = found / (found + steps.alarms)
        self._precision_gain += float(np.sum(steps.found * precision))
        f1 = 2.0 * found / (found + steps.alarms + self._n_defective)
        best = int(np.argmax(f1))
        if f1[best] > self._best_f1:
            self._best_f1, self._best_key = float(f1[best]), steps.key[best]
        self._roc.extend(steps.alarms_above, steps.alarms, steps.found.astype(np.float64))
        self._pro.extend(steps.alarms_above, steps.alarms, steps.overlap)

    def metrics(self, uncertain_pairs: float) -> PooledMetrics:
        pairs = float(self._n_normal) * float(self._n_defective)
        return PooledMetrics(
            auroc=self._roc.total() / pairs,
            auroc_error=uncertain_pairs / (2.0 * pairs),
            average_precision=self._precision_gain / self._n_defective,
            aupro=self._pro.total() / (self._n_regions * self._pro_limit * self._n_normal),
            best_f1=self._best_f1,
            best_threshold=_value(self._best_key),
        )


class _Area:
    """Area under a curve of height over false alarms, up to a limit: level between steps, slanting across ties."""

    def __init__(self, limit: float) -> None:
        self.height = 0.0
        self._limit = limit
        self._alarms = 0.0
        self._area = 0.0

    def extend(self, alarms_above: NDArray[np.int64], alarms: NDArray[np.int64], gained: NDArray[np.float64]) -> None:
        after = self.height + np.cumsum(gained)
        before = np.concatenate([[self.height], after[:-1]])
        level_from = np.minimum(np.concatenate([[self._alarms], alarms[:-1]]), self._limit)
        level_to = np.minimum(alarms_above, self._limit)
        slant_to = np.minimum(alarms, self._limit)
        width = slant_to - level_to
        climbed = gained * width / np.maximum(alarms - alarms_above, 1)
        self._area += float(np.sum((level_to - level_from) * before + width * (before + climbed / 2.0)))
        self.height = float(after[-1])
        self._alarms = float(alarms[-1])

    def total(self) -> float:
        """The area when the curve stays level from here to the limit."""
        return self._area + (self._limit - min(self._alarms, self._limit)) * self.height


def _quantiles(ascending: NDArray[_Unsigned]) -> NDArray[_Unsigned]:
    """At most `_LEVELS` of the values, evenly spaced by rank."""
    return ascending[np.unique(np.linspace(0, ascending.size - 1, min(_LEVELS, ascending.size)).astype(np.intp))]


def _parts(values: NDArray[_Unsigned]) -> Iterator[NDArray[_Unsigned]]:
    return (values[start : start + _BLOCK] for start in range(0, values.size, _BLOCK))


def _joined(parts: list[NDArray[_Unsigned]]) -> NDArray[_Unsigned]:
    """All parts in one array; each is let go once copied, so that memory never holds everything twice."""
    whole = np.empty(sum(part.size for part in parts), dtype=parts[0].dtype)
    stop = whole.size
    while parts:
        part = parts.pop()
        whole[stop - part.size : stop] = part
        stop -= part.size
    return whole


def _keys(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Unsigned integers that sort as the values do."""
    bits = (values + np.float32(0.0)).view(np.uint32)  # -0.0 becomes 0.0: they are equal and must tie
    return np.where(bits >> np.uint32(31), ~bits, bits | np.uint32(0x80000000))


def _value(key: np.uint32) -> float:
    """The float32 that a key stands for."""
    bits = key & np.uint32(0x7FFFFFFF) if key >> np.uint32(31) else ~key
    return float(np.array(bits, dtype=np.uint32).view(np.float32))
