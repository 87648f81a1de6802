"""Drift: do the images that come still look like the calibration images?

Every guarantee stands on exchangeability: normal images to come are drawn as the calibration images were. A lamp that
dims or a new supplier breaks it, and the guarantee with it. The test here bets against exchangeability: capital starts
at 1 and grows only when the bets win. While exchangeability holds, the chance that it *ever* reaches 1 / r is at most r
(Ville's inequality), however long the stream is watched: an alarm may be raised at any time.

The bets are on conformal p-values of each score among all scores before it, calibration and stream, with ties broken
at random: exchangeable scores make them independent and uniform, exactly (Vovk, Gammerman, Shafer, "Algorithmic
Learning in a Random World", 2005). P-values against a fixed calibration set would not do: a set that happens to lie low
makes all of them small, and the capital would grow without any drift. Capital is put in anew before every image, a
fraction 1 / (t (t + 1)) before the t-th, so that a late change is found about as soon as an early one (a mixture over
change points; Vovk, "Testing randomness online", Statistical Science 36, 2021, surveys such martingales).

It cannot tell a changed camera from a run of defects: give it scores of images believed good, such as those that a
person cleared, or those that were not rejected; then leave the rejected ones out of the calibration scores too, with
`scores_below`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.calibration.scores import checked_fraction, checked_scores, just_above
from blemish.errors import DataError

# Exponents of the power bets k p^(k-1): small k wins fast on few tiny p-values, large k slowly on a slight shift.
_EXPONENTS = np.array([0.2, 0.5, 0.8])
# Enough to alarm on at any rate; further growth says nothing more and would overflow.
_CEILING = 1e100


class Drift:
    """Watches a stream of scores for a change; feed it image by image with `add`.

    Keeps all scores, 8 bytes each. The same scores and seed give the same answers.

    Args:
        normal_scores: (n,) raw scores of the calibration images.
        alarm_rate: largest chance of ever raising a false alarm, in (0, 1).
        seed: of the random breaking of ties.

    Attributes:
        seen: images added.
        alarm_at: number, from 1, of the image at which the alarm was raised; None before. An alarm stays: when the
            cause is found, calibrate anew and start a new watch.

    Raises:
        DataError: no, NaN or infinite calibration scores.
        SettingsError: ``alarm_rate`` outside (0, 1).
    """

    def __init__(self, normal_scores: ArrayLike, *, alarm_rate: float = 0.01, seed: int = 0) -> None:
        self.seen = 0
        self.alarm_at: int | None = None
        self._alarm_rate = checked_fraction(alarm_rate, "alarm_rate")
        self._ranked = array("d", np.sort(checked_scores(normal_scores)).tolist())
        self._random = np.random.default_rng(seed)
        self._capital = np.zeros(2 * _EXPONENTS.size)

    @property
    def evidence(self) -> float:
        """The capital: 1 at the start; 1 / r or more is reached with probability at most r while nothing changed."""
        return float(self._capital.sum()) + 1.0 / (self.seen + 1)

    @property
    def alarm(self) -> bool:
        """Whether the alarm was raised: guarantees are suspended from image `alarm_at` on."""
        return self.alarm_at is not None

    def add(self, score: float) -> float:
        """Add the next image's score.

        Args:
            score: raw image score, finite.

        Returns:
            Its p-value among all scores before it, in (0, 1]: small for a high score.

        Raises:
            DataError: NaN or infinite.
        """
        if not np.isfinite(score):
            raise DataError(f"The score of image {self.seen + 1} in the stream is {score}; it must be a finite number.")
        p = self._p_value(score)
        insort(self._ranked, score)
        self.seen += 1
        fresh = 1.0 / (self.seen * (self.seen + 1)) / self._capital.size
        self._capital = np.minimum((self._capital + fresh) * _payoffs(p), _CEILING)
        if self.alarm_at is None and self.evidence >= 1.0 / self._alarm_rate:
            self.alarm_at = self.seen
        return p

    def _p_value(self, score: float) -> float:
        """Randomised rank: uniform on (0, 1] under exchangeability, ties or not."""
        not_above = bisect_right(self._ranked, score)
        ties = not_above - bisect_left(self._ranked, score) + 1
        above = len(self._ranked) - not_above
        return float((above + (1.0 - self._random.random()) * ties) / (len(self._ranked) + 1))


def scores_below(normal_scores: ArrayLike, reject: float | None) -> NDArray[np.float64]:
    """Calibration scores that normal images below the rejection threshold are exchangeable with.

    Given its threshold, what scores below it is drawn from one distribution, cut off there: for the images that come
    and for the calibration images alike. The one calibration score that the threshold was set just above, where there
    is one, was not drawn but chosen, and stays out.

    Args:
        normal_scores: (n,) raw scores of the calibration images.
        reject: images are rejected at ``score >= reject``; None: none is.

    Returns:
        float64 (m,), ascending; empty where all scores are rejected.

    Raises:
        DataError: no, NaN or infinite calibration scores.
    """
    ascending = np.sort(checked_scores(normal_scores))
    if reject is None:
        return ascending
    below = ascending[ascending < reject]
    is_chosen = below.size > 0 and just_above(float(below[-1])) == reject
    return below[:-1] if is_chosen else below


def _payoffs(p: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What one unit on each bet becomes: densities on [0, 1], for scores that rise and for scores that fall."""
    tiny = np.finfo(np.float64).tiny
    sides = np.maximum([p, 1.0 - p], tiny)
    return np.concatenate([_EXPONENTS * side ** (_EXPONENTS - 1.0) for side in sides])
