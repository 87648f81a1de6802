"""Pixel thresholds from the image maximum of normal images."""

import numpy as np
import pytest

from blemish.calibration import TooFewImagesError, image_maxima, pixel_threshold
from blemish.errors import DataError


def stained_maps(rng, n):
    """Maps whose pixels are strongly correlated: a smooth bump of random height."""
    bump = np.exp(-(np.linspace(-2, 2, 8) ** 2))
    return (np.outer(bump, bump) * rng.exponential() + 0.01 * rng.random((8, 8)) for _ in range(n))


@pytest.mark.parametrize("confidence", [0.95, None])
def test_few_normal_images_show_any_false_pixel(confidence):
    rng = np.random.default_rng(0)
    guarantee = pixel_threshold(image_maxima(stained_maps(rng, 200)), 0.1, confidence)
    shown = np.mean([(m >= guarantee.threshold).any() for m in stained_maps(rng, 1000)])
    assert 0.01 < shown <= 0.13


def test_too_few_images_are_refused_however_many_pixels_they_have():
    with pytest.raises(TooFewImagesError, match=r"needs 29 .* there are 3"):
        pixel_threshold(image_maxima(np.random.default_rng(0).random((3, 100, 100))), 0.1)


@pytest.mark.parametrize("bad", [np.full((2, 2), np.nan), np.full((2, 2), np.inf), np.empty((0, 2))])
def test_an_unusable_map_is_named(bad):
    with pytest.raises(DataError, match="Anomaly map number 2"):
        image_maxima([np.zeros((2, 2)), bad])


def test_no_map_gives_no_scores_to_calibrate_on():
    with pytest.raises(DataError, match="no calibration scores"):
        pixel_threshold(image_maxima([]), 0.1)
