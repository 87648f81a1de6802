"""Two images of one surface: laid over one another, and what became of each crack, where the truth is drawn."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from blemish.errors import DataError
from blemish.measurement import Registration, Scale, compare_cracks, measure_cracks, register_images, registration

SHAPE = (420, 520)
# A camera that stands a little elsewhere: turned by 4 degrees, 6 % nearer, and tilted.
_TURN = cv2.getRotationMatrix2D((260, 210), 4.0, 1.06)
MOVE = np.array([[1, 0, 6], [0, 1, -4], [4e-5, 2e-5, 1]]) @ np.vstack([_TURN, [0, 0, 1]])


def surface(seed: int = 0) -> np.ndarray:
    """Something to recognise: texture in several sizes."""
    chance = np.random.default_rng(seed)
    grain = sum(
        size * cv2.GaussianBlur(chance.normal(size=SHAPE).astype(np.float32), (0, 0), size) for size in (1.0, 2.5, 6.0)
    )
    return np.clip(170 + 22 * grain, 60, 255)


def image_of(wall: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return np.clip(np.where(mask, 30, wall), 0, 255).astype(np.uint8)


def bars(drawing, *sizes: tuple[float, float]):
    """Horizontal bars of (length, width), one below the other."""
    shapes = [drawing.bar(120 + size[0] / 2, 80 + 90 * i, 0, *size) for i, size in enumerate(sizes)]
    return type(drawing)(SHAPE).mask(drawing.together(*shapes))


def seen_later(mask: np.ndarray) -> np.ndarray:
    large = cv2.warpPerspective(mask.astype(np.float32), MOVE, SHAPE[::-1], flags=cv2.INTER_LINEAR)
    return large > 0.5


@pytest.fixture(scope="module")
def found() -> Registration:
    wall = surface().astype(np.uint8)
    return register_images(wall, cv2.warpPerspective(wall, MOVE, SHAPE[::-1], borderMode=cv2.BORDER_REFLECT))


def test_the_way_from_one_image_to_the_other_is_found(found: Registration):
    corners = np.array([[20.0, 20], [500, 20], [500, 400], [20, 400], [260, 210]])
    truth = cv2.perspectiveTransform(corners[np.newaxis], MOVE)[0]
    assert np.abs(found.to_later(corners) - truth).max() < 1.0
    assert np.abs(found.to_earlier(truth) - corners).max() < 1.0
    assert found.rms_px < 1.5
    assert found.matches > 50


@pytest.mark.parametrize(("sign", "fits"), [(1, True), (-1, False)])
def test_a_mirrored_image_shows_another_surface(monkeypatch: pytest.MonkeyPatch, sign: int, fits: bool):
    """Round features are alike in a mirror: their places tell."""
    places = np.random.default_rng(0).uniform(20, 400, (60, 2)).astype(np.float32)
    elsewhere = np.float32([sign, 1]) * places + np.float32([450, 5])
    monkeypatch.setattr(registration, "_matches", lambda *_: (places, elsewhere))
    wall = surface().astype(np.uint8)
    if fits:
        assert register_images(wall, wall).matches == 60
        return
    with pytest.raises(DataError, match="cannot be aligned"):
        register_images(wall, wall)


def test_the_same_images_give_the_same_answer(found: Registration):
    wall = surface().astype(np.uint8)
    again = register_images(wall, cv2.warpPerspective(wall, MOVE, SHAPE[::-1], borderMode=cv2.BORDER_REFLECT))
    assert again == found


@pytest.mark.parametrize(
    "later",
    [
        surface(1).astype(np.uint8),
        np.full(SHAPE, 128, np.uint8),
        np.zeros((1, 1, 3), np.uint8),
        surface().astype(np.uint8)[:, ::-1].copy(),
    ],
    ids=["another wall", "nothing to see", "one pixel", "mirrored"],
)
def test_images_that_do_not_belong_together_are_one_sentence(later: np.ndarray):
    with pytest.raises(DataError, match="cannot be aligned"):
        register_images(surface().astype(np.uint8), later)


def test_images_searched_at_a_smaller_size_align_as_well(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(registration, "LARGEST_PX", 400)
    wall = surface().astype(np.uint8)
    later = cv2.resize(wall, None, fx=1.25, fy=1.25, interpolation=cv2.INTER_LINEAR)
    smaller = register_images(wall, later)
    corners = np.array([[20.0, 20], [500, 20], [500, 400], [20, 400]])
    assert np.abs(smaller.to_later(corners) - 1.25 * corners).max() < 2


def test_growth_in_length_and_width_is_told_with_its_uncertainty(drawing, found: Registration):
    before = measure_cracks(bars(drawing, (200, 5), (200, 3), (200, 5)))
    # The first grows by 60 px, the second by 4 px in width, the third stays.
    after = measure_cracks(seen_later(bars(drawing, (260, 5), (200, 7), (200, 5))))
    changes = compare_cracks(before, after, found)
    at = {round(after[change.later[0] - 1].polyline_px[:, 1].mean() / 90): change for change in changes}
    longer, wider, same = (at[key] for key in sorted(at))
    zoom = np.sqrt(abs(np.linalg.det(MOVE[:2, :2])))
    assert (longer.status, wider.status, same.status) == ("grown", "grown", "static")
    assert longer.length_growth == pytest.approx(60 * zoom, abs=longer.length_uncertainty)
    assert wider.width_growth == pytest.approx(4 * zoom, abs=0.3)
    assert wider.largest_width_growth == pytest.approx(4 * zoom, abs=0.6)
    assert abs(longer.width_growth) < longer.width_uncertainty
    assert abs(same.length_growth) < same.length_uncertainty
    assert {change.unit for change in changes} == {"px"}


def test_new_repaired_and_shrunk_cracks_are_told_apart(drawing, found: Registration):
    before = measure_cracks(bars(drawing, (200, 5), (240, 5)))
    after = measure_cracks(seen_later(bars(drawing, (120, 5), (0, 5), (200, 5))))
    changes = compare_cracks(before, after, found)
    assert sorted(change.status for change in changes) == ["new", "repaired", "smaller"]
    repaired = next(change for change in changes if change.status == "repaired")
    assert repaired.later == ()
    assert repaired.length_growth is None
    assert repaired.length == pytest.approx(240 * 1.06, rel=0.05)


def test_two_cracks_that_have_joined_are_one(drawing, found: Registration):
    apart = type(drawing)(SHAPE).mask(
        drawing.together(drawing.bar(160, 200, 0, 120, 5), drawing.bar(340, 200, 0, 120, 5))
    )
    joined = type(drawing)(SHAPE).mask(drawing.bar(250, 200, 0, 300, 5))
    (change,) = compare_cracks(measure_cracks(apart), measure_cracks(seen_later(joined)), found)
    assert (change.status, sorted(change.earlier)) == ("grown", [1, 2])
    assert change.length_growth == pytest.approx(60 * 1.06, abs=6)


def test_millimetres_follow_the_later_images_scale(drawing, found: Registration):
    scale = Scale.given(0.5)
    before = measure_cracks(bars(drawing, (200, 5)))
    after = measure_cracks(seen_later(bars(drawing, (260, 5))), scale=scale)
    (px,), (mm,) = compare_cracks(before, after, found), compare_cracks(before, after, found, scale=scale)
    assert (mm.unit, px.unit) == ("mm", "px")
    assert mm.length_growth == pytest.approx(0.5 * px.length_growth)
    assert mm.width_uncertainty == pytest.approx(0.5 * px.width_uncertainty)


def test_what_the_other_image_does_not_show_is_neither_new_nor_repaired(drawing):
    aside = Registration(((1, 0, -400), (0, 1, 0), (0, 0, 1)), 99, 0.3, SHAPE[::-1], SHAPE[::-1])
    here = measure_cracks(bars(drawing, (200, 5)))
    assert [change.status for change in compare_cracks(here, [], aside)] == ["out of view"]
    assert [change.status for change in compare_cracks([], here, aside)] == ["out of view"]
    still = Registration(((1, 0, 0), (0, 1, 0), (0, 0, 1)), 99, 0.3, SHAPE[::-1], SHAPE[::-1])
    assert [change.status for change in compare_cracks(here, [], still)] == ["repaired"]
    assert [change.status for change in compare_cracks([], here, still)] == ["new"]


def test_nothing_before_and_nothing_after(found: Registration):
    assert compare_cracks([], [], found) == ()


def test_changes_are_plain_values(drawing, found: Registration):
    before, after = measure_cracks(bars(drawing, (200, 5))), measure_cracks(seen_later(bars(drawing, (260, 5))))
    (change,) = compare_cracks(before, after, found)
    record = json.loads(json.dumps(change.to_record(), allow_nan=False))
    assert record["earlier"] == [1]
    assert record["later"] == [1]
    assert record["status"] == "grown"


def test_badly_aligned_images_tell_less_of_a_cracks_growth(drawing):
    identity = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
    cracks = measure_cracks(bars(drawing, (200, 5)))
    well, badly = (
        compare_cracks(cracks, cracks, Registration(identity, 99, rms_px, SHAPE[::-1], SHAPE[::-1]))[0]
        for rms_px in (0.0, 3.0)
    )
    assert badly.length_uncertainty == pytest.approx(np.hypot(well.length_uncertainty, 3))


STILL = Registration(((1, 0, 0), (0, 1, 0), (0, 0, 1)), 99, 0.0, SHAPE[::-1], SHAPE[::-1])


def test_a_crack_that_was_outlined_in_parts_is_the_same_crack(drawing):
    whole = measure_cracks(type(drawing)(SHAPE).mask(drawing.bar(260, 200, 0, 300, 5)))
    parts = measure_cracks(
        type(drawing)(SHAPE).mask(drawing.together(drawing.bar(180, 200, 0, 140, 5), drawing.bar(340, 200, 0, 140, 5)))
    )
    (joined,), (parted,) = compare_cracks(parts, whole, STILL), compare_cracks(whole, parts, STILL)
    assert (joined.earlier, joined.later) == ((1, 2), (1,))
    assert (parted.earlier, parted.later) == ((1,), (1, 2))
    assert parted.length == pytest.approx(280, abs=4)
    assert joined.length_growth == pytest.approx(-parted.length_growth)


@pytest.mark.parametrize("sign", [1, -1])
def test_growth_counts_beyond_the_uncertainties_of_both_dates_added_up(drawing, sign: int):
    def told(length_px: float):
        before, after = (
            measure_cracks(type(drawing)(SHAPE).mask(drawing.bar(60 + side / 2, 200, 0, side, 5)))
            for side in (200, 200 + sign * length_px)
        )
        (change,) = compare_cracks(before, after, STILL)
        both = before[0].length_uncertainty_px + after[0].length_uncertainty_px
        assert change.length_uncertainty == pytest.approx(both)
        assert change.width_uncertainty == pytest.approx(before[0].width_uncertainty_px + after[0].width_uncertainty_px)
        return change.status

    # 1 px and 0.5 % of 200 px for each date: together 4 px. In quadrature it would be 2.8 px.
    assert told(3) == "static"
    assert told(6) == ("grown" if sign > 0 else "smaller")


def test_a_short_crack_beside_a_long_one_is_new(drawing):
    long = drawing.bar(260, 200, 0, 400, 5)
    before = measure_cracks(type(drawing)(SHAPE).mask(long))
    beside = drawing.together(long, drawing.bar(260, 240, 0, 60, 5))
    after = measure_cracks(type(drawing)(SHAPE).mask(beside))
    assert sorted(change.status for change in compare_cracks(before, after, STILL)) == ["new", "static"]


def test_a_registration_of_smaller_copies_is_one_of_the_images(drawing, found: Registration):
    wall = surface().astype(np.uint8)
    later = cv2.warpPerspective(wall, MOVE, SHAPE[::-1], borderMode=cv2.BORDER_REFLECT)
    large = [cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC) for image in (wall, later)]
    sizes = [(image.shape[1], image.shape[0]) for image in large]
    grown = register_images(wall, later).of_sizes(*sizes)
    assert (grown.earlier_size_px, grown.later_size_px) == tuple(sizes)
    assert grown.rms_px == pytest.approx(2 * found.rms_px)
    # Pixel centres are at whole numbers, so a place x is at 2 x + 0.5 in an image of twice the size.
    places = np.array([[20.0, 20], [500, 20], [500, 400], [20, 400]])
    assert np.allclose(grown.to_later(2 * places + 0.5), 2 * found.to_later(places) + 0.5)
