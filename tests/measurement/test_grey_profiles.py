"""Widths by grey profiles: what one profile says, what an outline leaves to the image, and what is doubtful."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter
from scipy.special import erf

from blemish.errors import DataError
from blemish.measurement import Crack, measure_cracks, measure_profile
from blemish.measurement.width.box_model import OFFSETS_PX, fit_boxes


def profile(width: float, *, blur: float = 0.9, dark: float = 0.88, at: float = 0.0, surface: float = 140.0):
    """A blurred box over each pixel: an independent closed form."""
    places = np.arange(-15, 16) - at
    root = np.sqrt(2) * blur
    return surface * (1 - dark * (erf((places + width / 2) / root) - erf((places - width / 2) / root)) / 2)


@pytest.mark.parametrize("blur", [0.7, 0.9, 1.2])
@pytest.mark.parametrize("width", [0.5, 1.0, 2.0, 3.5, 6.0, 9.0])
@pytest.mark.parametrize("at", [0.0, 0.3])
def test_the_width_of_a_blurred_box_is_found_whatever_the_blur(width: float, blur: float, at: float):
    found = measure_profile(profile(width, blur=blur, at=at))
    assert found.width_px == pytest.approx(width, abs=0.45)
    assert abs(found.width_px - width) <= found.uncertainty_px


def test_a_hairline_rests_on_how_dark_cracks_are_and_says_so():
    thin, wide = measure_profile(profile(0.5)), measure_profile(profile(6.0))
    assert "edges too close" in thin.flags
    assert wide.flags == ()
    # Half as dark is half as wide where only width times darkness shows, and as wide where the edges show.
    assert measure_profile(profile(0.5, dark=0.44)).width_px == pytest.approx(thin.width_px / 2, abs=0.12)
    assert measure_profile(profile(6.0, dark=0.44)).width_px == pytest.approx(6.0, abs=0.3)


@pytest.mark.parametrize(
    ("grey", "flag"),
    [
        (profile(4.0, surface=255.0), "saturated"),
        (60.0 * (np.abs(np.arange(-15, 16)) > 2), "saturated"),
        (profile(3.0, dark=0.08), "low contrast"),
        (profile(8.0, blur=2.2), "out of focus"),
        (profile(2.0) + profile(2.0, at=9.0) - 140.0, "another line"),
        (profile(1.0), "edges too close"),
    ],
)
def test_what_makes_a_width_doubtful_is_said(grey: np.ndarray, flag: str):
    assert flag in measure_profile(np.clip(grey, 0, 255)).flags


@pytest.mark.parametrize("grey", [[1.0] * 10, np.ones((3, 20)), [np.nan] * 20], ids=["short", "a table", "no numbers"])
def test_what_is_no_profile_is_one_sentence(grey):
    with pytest.raises(DataError, match="A profile must be at least 11 grey levels in a row"):
        measure_profile(grey)


@pytest.mark.parametrize("level", [0.0, 128.0, 255.0])
def test_a_profile_without_a_crack_has_a_width_that_says_nothing(level: float):
    found = measure_profile(np.full(31, level))
    assert np.isfinite(found.width_px)
    assert {"low contrast", "saturated"} & set(found.flags)


def test_more_noise_is_more_uncertainty():
    clean = (1 - profile(2.0) / 140.0)[np.newaxis]
    read = np.stack([np.interp(OFFSETS_PX, np.arange(-15, 16), clean[0])])
    calm, rough = (fit_boxes(read, np.array([noise]), np.array([3.0])) for noise in (0.02, 0.2))
    assert rough.sd_px[0] > 1.5 * calm.sd_px[0]
    assert calm.misfit[0] < 0.05


def outlined(drawing, shape, wider, **camera):
    """What a detector gives of a crack that it outlines too wide: its map, its mask and the image."""
    image = drawing.image(shape, **camera)
    anomaly_map = (1 - drawing.image(wider, noise=0) / 255).astype(np.float32)
    return measure_cracks(anomaly_map >= 0.5, image, probability=anomaly_map, level=0.5)


@pytest.mark.parametrize("width", [1.5, 3.0, 5.0, 8.0])
@pytest.mark.parametrize("aside", [0.0, 1.0])
def test_the_outline_only_says_where_to_look(drawing, width: float, aside: float):
    thin, wide = drawing.bar(110, 110, 20, 160, width), drawing.bar(110, 110 + aside, 20, 160, width + 3)
    (crack,) = outlined(drawing, thin, wide, blur=0.8, noise=0.02)
    assert crack.mean_width_px == pytest.approx(width, abs=0.45)
    off = np.abs(crack.widths_px - width)
    known = np.isfinite(crack.width_uncertainties_px)
    assert known.mean() > 0.8
    assert (off <= crack.width_uncertainties_px)[known].mean() > 0.95
    assert abs(crack.max_width_px - width) <= crack.width_uncertainty_px


def test_a_crack_at_the_side_of_its_outline_is_found_there(drawing):
    thin, wide = drawing.bar(110, 110, 20, 160, 2.0), drawing.bar(110, 113, 20, 160, 9.0)
    (crack,) = outlined(drawing, thin, wide, blur=0.8, noise=0.02)
    assert crack.mean_width_px == pytest.approx(2.0, abs=0.45)
    assert crack.flag_fractions.get("no clear line", 0.0) < 0.1


def test_a_blurred_crack_is_flagged_where_it_is_blurred(drawing):
    shape = drawing.bar(110, 110, 10, 160, 6.0)
    (sharp,) = outlined(drawing, shape, drawing.bar(110, 110, 10, 160, 8.0), blur=0.6, noise=0.02)
    (soft,) = outlined(drawing, shape, drawing.bar(110, 110, 10, 160, 8.0), blur=2.4, noise=0.02)
    assert "out of focus" not in sharp.width_flags
    assert soft.flag_fractions["out of focus"] > 0.9
    (first, last), *_ = soft.width_flags["out of focus"]
    assert 0 <= first <= last < len(soft.widths_px)


def test_flags_and_uncertainties_survive_json(drawing):
    (crack,) = outlined(
        drawing, drawing.bar(110, 110, 10, 160, 1.2), drawing.bar(110, 110, 10, 160, 4.0), blur=0.8, noise=0.02
    )
    crack_type = TypeAdapter(Crack)
    again = crack_type.validate_json(crack_type.dump_json(crack))
    assert again.width_flags == crack.width_flags != {}
    assert np.allclose(again.width_uncertainties_px, crack.width_uncertainties_px, atol=1e-3, equal_nan=True)


def test_a_given_mask_keeps_its_own_widths_and_no_flags(drawing):
    shape = drawing.bar(110, 110, 10, 160, 5.0)
    (crack,) = measure_cracks(drawing.mask(shape), drawing.image(shape, noise=0.02))
    assert (crack.width_uncertainties_px, crack.width_flags) == (None, {})


def test_a_widening_crack_is_measured_place_by_place(drawing):
    shape, wider = drawing.wedge(30, 110, 160, 2.0, 8.0), drawing.wedge(30, 110, 160, 5.0, 11.0)
    (crack,) = outlined(drawing, shape, wider, blur=0.7, noise=0.02)
    known = np.isfinite(crack.widths_px)
    true = 2.0 + 6.0 * (crack.polyline_px[known, 0] - 30) / 160
    assert np.median(np.abs(crack.widths_px[known] - true)) < 0.4


def test_where_the_image_shows_hardly_anything_the_outline_stands(drawing):
    shape = drawing.bar(110, 110, 10, 160, 3.0)
    anomaly_map = (1 - drawing.image(drawing.bar(110, 110, 10, 160, 6.0), noise=0) / 255).astype(np.float32)
    plain = np.full_like(drawing.image(shape), 200)
    (crack,) = measure_cracks(anomaly_map >= 0.5, plain, probability=anomaly_map, level=0.5)
    assert crack.mean_width_px == pytest.approx(6.0, abs=0.5)
    assert crack.flag_fractions["low contrast"] > 0.9
