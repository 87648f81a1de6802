"""Two thresholds with a guarantee each make three bands: pass, review, reject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from blemish.calibration.guarantee import Guarantee, guaranteed_threshold, marginal_threshold
from blemish.calibration.tails import two_sided_threshold
from blemish.errors import SettingsError
from blemish.findings import Verdict

Tails = Literal["upper", "both"]
"""Which scores are unusual: high ones, or low ones as well."""


@dataclass(frozen=True, slots=True)
class Bands:
    """Two guarantees make three bands: pass below ``review``, review up to ``reject``, reject from there on.

    Each guarantee holds at its own confidence; that both hold at once has at least 1 - (1 - a) - (1 - b).
    """

    review: Guarantee
    reject: Guarantee

    def verdict(self, score: float) -> Verdict:
        """The band that a score falls into.

        Args:
            score: raw image score, finite.
        """
        return verdict(score, review=self.review.threshold, reject=self.reject.threshold)


def bands(
    scores: ArrayLike,
    *,
    reject_alpha: float = 0.01,
    review_alpha: float = 0.05,
    confidence: float | None = 0.95,
    tails: Tails = "upper",
) -> Bands:
    """Thresholds for three bands: at most ``reject_alpha`` of normal images rejected, ``review_alpha`` not passed.

    Args:
        scores: (n,) raw scores of held-out normal images.
        reject_alpha: guaranteed fraction of normal images rejected.
        review_alpha: guaranteed fraction of normal images rejected or sent to review, at least ``reject_alpha``.
        confidence: of each guarantee; None for the marginal ones.
        tails: ``both`` gives thresholds on `blemish.calibration.unusualness` in place of the scores.

    Raises:
        TooFewImagesError: n is too small for ``reject_alpha``.
        DataError: NaN, infinite or all equal scores, or none.
        SettingsError: a fraction outside (0, 1), or ``review_alpha`` below ``reject_alpha``.
    """
    if review_alpha < reject_alpha:
        raise SettingsError(
            f"review_alpha must be at least reject_alpha, since every rejected image was above review too; got"
            f" {review_alpha:g} and {reject_alpha:g}."
        )

    def guarantee(alpha: float) -> Guarantee:
        if tails == "both":
            return two_sided_threshold(scores, alpha, confidence)
        if confidence is None:
            return marginal_threshold(scores, alpha)
        return guaranteed_threshold(scores, alpha, confidence)

    # First, since it needs the most images: a refusal must name that number.
    reject = guarantee(reject_alpha)
    return Bands(review=guarantee(review_alpha), reject=reject)


def verdict(score: float, *, review: float | None, reject: float | None) -> Verdict:
    """The band that a score falls into; a bound that is None has no band.

    Args:
        score: raw image score, finite.
        review: sent to review at ``score >= review``.
        reject: rejected at ``score >= reject``.
    """
    if reject is not None and score >= reject:
        return "reject"
    return "review" if review is not None and score >= review else "pass"
