"""Calibration: thresholds, conformal p-values, guaranteed false-alarm rates, drift. Plain arrays in, numbers out."""

from blemish.calibration.conformal import benjamini_hochberg, p_value, p_values
from blemish.calibration.crossfit import cross_fitted_scores, folds
from blemish.calibration.drift import Drift, scores_below
from blemish.calibration.groups import ByGroup, by_group
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
from blemish.calibration.published import Choice, best_f1, fixed, mean_plus_std, min_max, min_max_scaled
from blemish.calibration.scores import TooFewImagesError

__all__ = [
    "Bands",
    "ByGroup",
    "Choice",
    "Drift",
    "Guarantee",
    "TooFewImagesError",
    "bands",
    "benjamini_hochberg",
    "best_f1",
    "by_group",
    "cross_fitted_scores",
    "fixed",
    "folds",
    "guaranteed_threshold",
    "image_maxima",
    "images_needed",
    "marginal_threshold",
    "mean_plus_std",
    "min_max",
    "min_max_scaled",
    "p_value",
    "p_values",
    "pixel_threshold",
    "scores_below",
    "strictest_alpha",
    "verdict",
]
