"""Thresholds that carry a guarantee about false alarms.

The strong guarantee: "with 95 % confidence, at most a fraction alpha of normal images will be rejected". It speaks of
*this* calibration set. Rejecting above the (k + 1)-th largest of n calibration scores gives a false-alarm rate that
follows Beta(k + 1, n - k), so it exceeds alpha with probability P(Binomial(n, alpha) <= k): the largest k for which
that is at most 1 - confidence is taken. (Order statistics; as tolerance limits Wilks, Ann. Math. Stat. 12, 1941; for
conformal detection Vovk, "Conditional validity of inductive conformal predictors", 2012.) Ties only make the rate
smaller.

The weaker one, by its own name: a marginal threshold keeps the rate at alpha on average over calibration sets. For the
set at hand it may well be higher: with 100 images at alpha = .05, above .089 once in twenty times.

Both need calibration images that the detector never saw in training, each of another part (tiles or augmentations of
one part count as one image), exchangeable with the normal images to come. Nothing is guaranteed about defects found.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.calibration.scores import TooFewImagesError, checked_fraction, checked_varied, just_above
from blemish.errors import SettingsError
from blemish.text import percent


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A threshold and what it guarantees.

    Attributes:
        threshold: an image is flagged at ``score >= threshold``.
        alpha: the guaranteed false-alarm rate.
        confidence: with which it holds for this calibration set; None: it holds on average over calibration sets only.
        n: calibration images.
        above: calibration images that the threshold itself flags.
    """

    threshold: float
    alpha: float
    confidence: float | None
    n: int
    above: int

    def describe(self, items: str = "images") -> str:
        """The guarantee in one sentence, about ``items``."""
        return (
            f"{_kind(self.confidence).capitalize()}, at most {percent(self.alpha)} of normal {items} are flagged"
            f" ({self.n} calibration {items})."
        )


def images_needed(alpha: float, confidence: float | None = 0.95, above: int = 0) -> int:
    """Smallest number of calibration images that support a guarantee.

    Args:
        alpha: guaranteed false-alarm rate, in (0, 1).
        confidence: in (0, 1), or None for the marginal guarantee.
        above: calibration images that the threshold may flag; more images tolerate more of them.

    Returns:
        The smallest n with P(Binomial(n, alpha) <= above) <= 1 - confidence; marginal: with (above + 1) / (n + 1)
        <= alpha.

    Raises:
        SettingsError: a fraction outside (0, 1), or ``above`` negative.
    """
    checked_fraction(alpha, "alpha")
    if above < 0:
        raise SettingsError(f"above counts images and cannot be negative; got {above}.")
    if confidence is None:
        return math.ceil((above + 1) / alpha * (1 - 1e-12)) - 1
    checked_fraction(confidence, "confidence")
    low, high = above, above + 1
    while _risk(high, alpha, above) > 1 - confidence:
        low, high = high, high * 2
    while high - low > 1:  # the risk falls as n grows
        middle = (low + high) // 2
        low, high = (low, middle) if _risk(middle, alpha, above) <= 1 - confidence else (middle, high)
    return high


def strictest_alpha(n: int, confidence: float | None = 0.95) -> float:
    """The lowest false-alarm rate that n calibration images can support.

    Args:
        n: calibration images, at least 1.
        confidence: in (0, 1), or None for the marginal guarantee.

    Returns:
        In (0, 1).

    Raises:
        SettingsError: no image, or ``confidence`` outside (0, 1).
    """
    if n < 1:
        raise SettingsError(f"At least one calibration image is needed; got {n}.")
    if confidence is None:
        return 1.0 / (n + 1)
    return -math.expm1(math.log1p(-checked_fraction(confidence, "confidence")) / n)


def what_images_support(n: int, confidence: float = 0.95) -> str:
    """What n calibration images can guarantee, and what it would take to guarantee more, in sentences.

    >>> what_images_support(8)
    'With 8 images the guarantee holds on average over such sets, from 11.2 % on; with 95 % confidence about this very \
set it would start at 31.3 %. That takes 29 images for 10 %, 59 for 5 %, 299 for 1 %.'
    """
    average, strict = (math.ceil(1000 * strictest_alpha(n, level)) / 1000 for level in (None, confidence))
    needed = {alpha: images_needed(alpha, confidence) for alpha in (0.1, 0.05, 0.01)}
    more = [f"{count} for {percent(alpha)}" for alpha, count in needed.items() if count > n]
    takes = f" That takes {', '.join(more).replace(' for', ' images for', 1)}." if more else ""
    return (
        f"With {n} images the guarantee holds on average over such sets, from {percent(average)} on; with "
        f"{percent(confidence)} confidence about this very set it would start at {percent(strict)}.{takes}"
    )


def guaranteed_threshold(scores: ArrayLike, alpha: float, confidence: float = 0.95) -> Guarantee:
    """The lowest threshold with: "with this confidence the false-alarm rate is at most alpha".

    Args:
        scores: (n,) raw scores of held-out normal images.
        alpha: guaranteed false-alarm rate, in (0, 1).
        confidence: in (0, 1).

    Returns:
        The guarantee, ``confidence`` set.

    Raises:
        TooFewImagesError: n is too small; the message and ``needed`` give the number that would do.
        DataError: NaN, infinite or all equal scores, or none.
        SettingsError: alpha or confidence outside (0, 1).
    """
    checked_fraction(alpha, "alpha")
    checked_fraction(confidence, "confidence")
    values = np.sort(checked_varied(scores))
    above = flagged_within_risk(values.size, alpha, confidence)
    if above < 0:
        raise too_few_images(values.size, alpha, confidence)
    return _flagging(values, above, alpha, confidence)


def marginal_threshold(scores: ArrayLike, alpha: float) -> Guarantee:
    """The lowest threshold whose false-alarm rate is at most alpha on average over calibration sets.

    The same as rejecting when the conformal p-value is at most alpha. For the set at hand the rate may be higher; see
    `guaranteed_threshold` for the guarantee that speaks of it.

    Args:
        scores: (n,) raw scores of held-out normal images.
        alpha: guaranteed mean false-alarm rate, in (0, 1).

    Returns:
        The guarantee, ``confidence`` None.

    Raises:
        TooFewImagesError: n is too small: the smallest p-value, 1 / (n + 1), exceeds alpha.
        DataError: NaN, infinite or all equal scores, or none.
        SettingsError: alpha outside (0, 1).
    """
    checked_fraction(alpha, "alpha")
    values = np.sort(checked_varied(scores))
    above = flagged_within_risk(values.size, alpha, None)
    if above < 0:
        raise too_few_images(values.size, alpha, None)
    return _flagging(values, min(above, values.size - 1), alpha, None)


def _risk(n: int, alpha: float, above: int) -> float:
    """Probability that the false-alarm rate exceeds alpha: P(Binomial(n, alpha) <= above)."""
    return float(_risks(np.array([above]), n, alpha)[0])


def _risks(above: NDArray[np.int_], n: int, alpha: float) -> NDArray[np.float64]:
    """`_risk` of several counts at once."""
    from scipy.special import bdtr  # here, so that loading a detector need not wait for it

    return np.asarray(bdtr(above.astype(np.float64), n, alpha), dtype=np.float64)


def _flagging(ascending: NDArray[np.float64], above: int, alpha: float, confidence: float | None) -> Guarantee:
    threshold = just_above(float(ascending[-above - 1]))
    n_above = int(np.count_nonzero(ascending >= threshold))
    return Guarantee(threshold=threshold, alpha=alpha, confidence=confidence, n=ascending.size, above=n_above)


def flagged_within_risk(n: int, alpha: float, confidence: float | None) -> int:
    """How many of n calibration images a threshold may flag and keep its guarantee; -1 where n is too small for any.

    Args:
        n: calibration images.
        alpha: guaranteed false-alarm rate, in (0, 1).
        confidence: in (0, 1); None: on average over calibration sets.
    """
    if confidence is None:
        # The slack keeps (k + 1) / (n + 1) = alpha, which rounding would lose.
        return math.floor(alpha * (n + 1) * (1 + 1e-12)) - 1
    # The risk rises with the images flagged.
    return int(np.count_nonzero(_risks(np.arange(n), n, alpha) <= 1 - confidence)) - 1


def too_few_images(n: int, alpha: float, confidence: float | None, above: int = 0) -> TooFewImagesError:
    """The error for n images where the guarantee must allow ``above`` of them to be flagged."""
    needed = images_needed(alpha, confidence, above)
    if above:
        remedy = "add images, or ask for a higher rate"
    else:
        least = math.ceil(strictest_alpha(n, confidence) * 1000) / 1000
        remedy = f"add images, or ask for {percent(least)} or more" if least < 1 else "add images"
    return TooFewImagesError(
        f"A false-alarm rate of at most {percent(alpha)} {_kind(confidence)} needs {needed} held-out normal images"
        f"{' for verdicts by both tails' if above else ''}, and there {'is 1' if n == 1 else f'are {n}'}; {remedy}.",
        given=n,
        needed=needed,
    )


def _kind(confidence: float | None) -> str:
    return "on average over calibration sets" if confidence is None else f"with {percent(confidence)} confidence"
