"""Cross-fitting: calibration scores from all normal images where too few can be set aside.

Each fold is scored by a detector trained on the other folds, so that no image is scored by a detector that saw it. The
detector that is kept is trained on all images, and is not quite any of those: the guarantee of
`blemish.calibration.guarantee` is then approximate (for the prediction intervals of such "CV+" schemes twice alpha is
proved: Barber, Candès, Ramdas, Tibshirani, Annals of Statistics 49, 2021). Images set aside give the exact guarantee;
prefer them where there are enough.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.calibration.scores import checked_scores
from blemish.errors import DataError, SettingsError


def folds(
    n: int, count: int = 5, *, seed: int = 0, groups: Sequence[Hashable | None] | None = None
) -> list[NDArray[np.intp]]:
    """Split n images into folds of about equal size, the same for the same seed.

    Args:
        n: number of images.
        count: number of folds, at least 2.
        seed: of the shuffle.
        groups: (n,) images of one part, wall or lot share a group and stay in one fold; None stands alone.

    Returns:
        ``count`` index arrays, ascending, that together hold 0..n-1 once.

    Raises:
        SettingsError: fewer than 2 folds.
        DataError: fewer images, or groups, than folds, or as many groups as images are not given.
    """
    if count < 2:
        raise SettingsError(f"Cross-fitting needs at least 2 folds; got {count}.")
    if groups is not None and len(groups) != n:
        raise DataError(f"There are {n} images and {len(groups)} groups; give one group each.")
    members: dict[Hashable, list[int]] = {}
    for index in range(n):
        group = None if groups is None else groups[index]
        members.setdefault(("alone", index) if group is None else ("group", group), []).append(index)
    if len(members) < count:
        kind = "images" if groups is None else "groups of images"
        raise DataError(f"Cross-fitting with {count} folds needs at least {count} {kind}; got {len(members)}.")
    units = list(members.values())
    order = np.random.default_rng(seed).permutation(len(units))
    # Largest unit first, each to the emptiest fold: sizes come out even; the shuffle decides among equals.
    filled: list[list[int]] = [[] for _ in range(count)]
    for unit in sorted((units[i] for i in order), key=len, reverse=True):
        min(filled, key=len).extend(unit)
    return [np.array(sorted(fold), dtype=np.intp) for fold in filled]


def cross_fitted_scores(
    fit_and_score: Callable[[NDArray[np.intp], NDArray[np.intp]], ArrayLike],
    n: int,
    count: int = 5,
    *,
    seed: int = 0,
    groups: Sequence[Hashable | None] | None = None,
) -> NDArray[np.float64]:
    """A score for each of n normal images from a detector that did not see it.

    Args:
        fit_and_score: trains on the images of the first index array and gives one raw score for each of the second.
        n: number of images.
        count: number of folds: so many detectors are trained.
        seed: of the folds.
        groups: see `folds`.

    Returns:
        float64 (n,), in the order of the images.

    Raises:
        SettingsError, DataError: as `folds`, or scores that are NaN, infinite or not one per image.
    """
    scores = np.empty(n, dtype=np.float64)
    for held_out in folds(n, count, seed=seed, groups=groups):
        fitted = np.setdiff1d(np.arange(n, dtype=np.intp), held_out)
        values = checked_scores(fit_and_score(fitted, held_out), "cross-fitted scores")
        if values.size != held_out.size:
            raise DataError(f"A fold of {held_out.size} images was given {values.size} scores; one each is needed.")
        scores[held_out] = values
    return scores
