"""Calibration: thresholds, conformal p-values, guaranteed false-alarm rates, drift. Plain arrays in, numbers out."""

from blemish.calibration.conformal import p_value, p_values
from blemish.calibration.drift import Drift, scores_below
from blemish.calibration.guarantee import (
    Bands,
    Guarantee,
    bands,
    guaranteed_threshold,
    images_needed,
    marginal_threshold,
    strictest_alpha,
    verdict,
)
from blemish.calibration.pixels import image_maxima, pixel_threshold
from blemish.calibration.rules import ThresholdRule
from blemish.calibration.scores import TooFewImagesError

__all__ = [
    "Bands",
    "Drift",
    "Guarantee",
    "ThresholdRule",
    "TooFewImagesError",
    "bands",
    "guaranteed_threshold",
    "image_maxima",
    "images_needed",
    "marginal_threshold",
    "p_value",
    "p_values",
    "pixel_threshold",
    "scores_below",
    "strictest_alpha",
    "verdict",
]
