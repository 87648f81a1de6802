"""Calibration: thresholds, conformal p-values, guaranteed false-alarm rates, drift. Plain arrays in, numbers out."""

from blemish.calibration.bands import Bands, Tails, bands, verdict
from blemish.calibration.conformal import p_value, p_values
from blemish.calibration.drift import Drift, scores_below
from blemish.calibration.guarantee import (
    Guarantee,
    guaranteed_threshold,
    images_needed,
    marginal_threshold,
    strictest_alpha,
    what_images_support,
)
from blemish.calibration.pixels import image_maxima, pixel_threshold
from blemish.calibration.recall import Recall, highest_recall, recall_at, recall_threshold
from blemish.calibration.rules import ThresholdRule
from blemish.calibration.scores import TooFewImagesError
from blemish.calibration.tails import two_sided_p_values, two_sided_threshold, unusualness

__all__ = [
    "Bands",
    "Drift",
    "Guarantee",
    "Recall",
    "Tails",
    "ThresholdRule",
    "TooFewImagesError",
    "bands",
    "guaranteed_threshold",
    "highest_recall",
    "image_maxima",
    "images_needed",
    "marginal_threshold",
    "p_value",
    "p_values",
    "pixel_threshold",
    "recall_at",
    "recall_threshold",
    "scores_below",
    "strictest_alpha",
    "two_sided_p_values",
    "two_sided_threshold",
    "unusualness",
    "verdict",
    "what_images_support",
]
