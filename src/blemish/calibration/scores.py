"""What calibration accepts: scores of normal images, and rates that are fractions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.errors import DataError, SettingsError


class TooFewImagesError(DataError):
    """There are fewer normal images than the asked-for guarantee needs.

    Attributes:
        given: number of images there are.
        needed: smallest number that would do.
    """

    def __init__(self, message: str, *, given: int, needed: int) -> None:
        super().__init__(message)
        self.given = given
        self.needed = needed


def checked_scores(scores: ArrayLike, what: str = "calibration scores") -> NDArray[np.float64]:
    """Scores as float64 (n,), n >= 1, all finite.

    Args:
        scores: one raw score per image, higher is worse.
        what: how the error names them.

    Raises:
        DataError: not one-dimensional, empty, not numbers, or with NaN or infinity among them.
    """
    try:
        values = np.asarray(scores, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"The {what} must be numbers, one per image.") from error
    if values.ndim != 1:
        raise DataError(f"The {what} must be a list with one number per image; got an array of shape {values.shape}.")
    if values.size == 0:
        raise DataError(f"There are no {what}; at least one normal image is needed.")
    bad = int(np.count_nonzero(~np.isfinite(values)))
    if bad:
        raise DataError(f"{bad} of the {values.size} {what} are NaN or infinite; every score must be a finite number.")
    return values


def checked_varied(scores: ArrayLike, what: str = "calibration scores") -> NDArray[np.float64]:
    """As `checked_scores`, and from two images on not all the same.

    A detector that gives every image the same score tells nothing about them: a threshold drawn from it would be
    a guarantee about nothing.

    Raises:
        DataError: as `checked_scores`, or all scores equal.
    """
    values = checked_scores(scores, what)
    if values.size > 1 and values.min() == values.max():
        raise DataError(
            f"All {values.size} {what} equal {values[0]:g}, so the detector does not tell these images apart;"
            " check the detector and the images before calibrating."
        )
    return values


def checked_fraction(value: float, name: str) -> float:
    """A fraction strictly between 0 and 1.

    Raises:
        SettingsError: outside, or not a number.
    """
    if not 0.0 < value < 1.0:
        raise SettingsError(f"{name} must lie strictly between 0 and 1, such as 0.05; got {value:g}.")
    return float(value)


def just_above(score: float) -> float:
    """The smallest threshold t for which ``s >= t`` means ``s > score``.

    Detectors give float32 scores: where ``score`` is one, so is the answer, and it survives a round trip through
    float32. Else the next float64.
    """
    with np.errstate(over="ignore"):
        single = np.float32(score)
        above = np.nextafter(single, np.float32(np.inf))
    if float(single) == score and np.isfinite(above):
        return float(above)
    return float(np.nextafter(score, np.inf))
