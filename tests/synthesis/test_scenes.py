"""Synthetic images: determined by their arguments, and true to their own truth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from blemish.errors import SettingsError
from blemish.synthesis import DISTRACTORS, SURFACES, SynthesisSettings, draw_image
from blemish.synthesis.crack_paint import random_look, weathered_look
from blemish.synthesis.crack_paths import NETWORKS
from blemish.synthesis.surfaces import ONLY_WHERE_ASKED, draw_surface

PLAIN = SynthesisSettings(
    surfaces={"concrete": 1.0},
    distractors_mean=0,
    uncracked_distractors_mean=0,
    perspective_fraction=0,
    light_crack_fraction=0,
    min_contrast=0,
    min_visibility=0,
)


def of_kind(**changes):
    return PLAIN.model_copy(update=changes)


@pytest.mark.parametrize("cracked", [True, False, None])
def test_the_same_arguments_give_the_same_image(cracked):
    first = draw_image(7, size_px=(120, 200), cracked=cracked)
    again = draw_image(7, size_px=(120, 200), cracked=cracked)
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.mask, again.mask)
    assert (first.surface, first.distractors) == (again.surface, again.distractors)
    assert len(first.cracks) == len(again.cracks)
    for one, other in zip(first.cracks, again.cracks, strict=True):
        assert np.array_equal(one.points, other.points)
        assert np.array_equal(one.width_px, other.width_px)


def test_the_grain_breaks_up_ragged_cracks_and_nothing_else_changes():
    worn = {"surfaces": {"asphalt": 1.0}, "crack_width_px": (8.0, 12.0)}
    smooth = [draw_image(seed, size_px=160, cracked=True, settings=of_kind(**worn)) for seed in range(6)]
    ragged = [
        draw_image(seed, size_px=160, cracked=True, settings=of_kind(**worn, ragged_fraction=1.0)) for seed in range(6)
    ]
    for one, other in zip(smooth, ragged, strict=True):
        assert np.array_equal(one.mask, other.mask)
        assert one.mask.any()
    depths = [
        np.mean([abs(each.image[each.mask].mean() - each.image[~each.mask].mean()) for each in kind])
        for kind in (smooth, ragged)
    ]
    assert depths[1] < 0.8 * depths[0]


def test_a_surface_is_stained_by_the_weather_and_its_cracks_are_paler(monkeypatch: pytest.MonkeyPatch):
    old = {"crack_width_px": (4.0, 8.0)}
    fresh = [draw_image(seed, size_px=160, cracked=True, settings=of_kind(**old)) for seed in range(8)]
    weathered = of_kind(**old, surfaces={"weathered": 1.0})
    stained = [draw_image(seed, size_px=160, cracked=True, settings=weathered) for seed in range(8)]
    assert {one.surface for one in stained} == {"weathered"}
    mottled = [
        np.mean([cv2.GaussianBlur(one.image, (0, 0), 4)[..., 1][~one.mask].std() for one in kind])
        for kind in (fresh, stained)
    ]
    assert mottled[1] > 1.5 * mottled[0]
    aged_looks = []
    monkeypatch.setattr(
        "blemish.synthesis.scenes.weathered_look", lambda *given: aged_looks.append(1) or weathered_look(*given)
    )
    for settings in (of_kind(**old), weathered):
        draw_image(0, size_px=160, cracked=True, settings=settings)
    assert len(aged_looks) == 1
    look = random_look(np.random.default_rng(0), 5.0, 0.0)
    rng = np.random.default_rng(1)
    aged = [weathered_look(look, rng) for _ in range(200)]
    assert all(0.45 * look.darkness <= one.darkness <= look.darkness for one in aged)
    assert np.mean([one.rim for one in aged]) > look.rim + 0.1
    assert min(one.chips_px for one in aged) >= look.chips_px


def test_a_surface_that_came_later_changes_no_image_that_does_not_ask_for_it(monkeypatch: pytest.MonkeyPatch):
    assert {"weathered"} == ONLY_WHERE_ASKED
    assert not ONLY_WHERE_ASKED & set(SynthesisSettings().surfaces)
    beyond = of_kind(distractors_mean=6.0, distractors={"edge": 1.0})
    objects = "blemish.synthesis.distractors_objects"
    drawn: list[str] = []
    monkeypatch.setattr(f"{objects}.draw_surface", lambda name, *rest: drawn.append(name) or draw_surface(name, *rest))
    now = [draw_image(seed, size_px=96, settings=beyond).image for seed in range(120)]
    assert len(drawn) >= 4
    monkeypatch.setattr(f"{objects}.SURFACES", {name: SURFACES[name] for name in SURFACES.keys() - ONLY_WHERE_ASKED})
    before = [draw_image(seed, size_px=96, settings=beyond).image for seed in range(120)]
    assert all(np.array_equal(one, other) for one, other in zip(before, now, strict=True))


def test_the_number_of_threads_changes_nothing():
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        single = [draw_image(seed, size_px=160, cracked=True).image for seed in range(3)]
        cv2.setNumThreads(4)
        several = [draw_image(seed, size_px=160, cracked=True).image for seed in range(3)]
    finally:
        cv2.setNumThreads(threads)
    assert np.array_equal(single, several)


def test_another_seed_gives_another_image():
    assert not np.array_equal(draw_image(1, size_px=64).image, draw_image(2, size_px=64).image)


@pytest.mark.parametrize("size", [32, (97, 333), (333, 97), (256, 256)])
def test_an_image_has_the_size_and_types_it_states(size):
    image = draw_image(3, size_px=size, cracked=True)
    shape = (size, size) if isinstance(size, int) else size
    assert image.image.shape == (*shape, 3)
    assert image.image.dtype == np.uint8
    assert image.image.flags.c_contiguous
    assert image.mask.shape == shape
    assert image.mask.dtype == np.bool_
    for crack in image.cracks:
        assert crack.points.ndim == 2
        assert crack.points.dtype == np.float64
        assert crack.width_px.shape == (len(crack.points),)
        assert (crack.width_px > 0).all()
        assert np.isfinite(crack.points).all()


@pytest.mark.parametrize("seed", range(5))
def test_a_normal_image_has_no_crack_in_its_truth(seed):
    image = draw_image(seed, size_px=96, cracked=False)
    assert not image.mask.any()
    assert image.cracks == ()


def test_the_fraction_of_cracked_images_is_as_asked_for():
    settings = of_kind(crack_fraction=0.25)
    drawn = [bool(draw_image(seed, size_px=48, settings=settings).cracks) for seed in range(60)]
    assert 0.1 < np.mean(drawn) < 0.42
    assert not any(draw_image(seed, size_px=48, settings=of_kind(crack_fraction=0)).cracks for seed in range(10))


def test_a_seed_has_a_cracked_and_a_normal_twin():
    settings = of_kind(crack_width_px=(3, 5))
    cracked, normal = (draw_image(11, size_px=256, cracked=with_, settings=settings) for with_ in (True, False))
    assert cracked.surface == normal.surface
    near = cv2.dilate(cracked.mask.astype(np.uint8), np.ones((61, 61), np.uint8)) > 0
    difference = np.abs(cracked.image.astype(int) - normal.image).mean(axis=2)
    assert near.mean() < 0.7
    assert difference[~near].mean() < 6
    assert difference[cracked.mask].mean() > 25


@pytest.mark.parametrize("surface", sorted(SURFACES))
def test_every_surface_draws_at_odd_sizes(surface):
    settings = of_kind(surfaces={surface: 1.0})
    for seed in range(2):
        image = draw_image(seed, size_px=(97, 333), settings=settings)
        assert image.surface == surface
        assert image.image.std() > 1


@pytest.mark.parametrize("distractor", sorted(DISTRACTORS))
def test_every_distractor_draws_at_odd_sizes_and_stays_out_of_the_mask(distractor):
    settings = of_kind(distractors={distractor: 1.0}, uncracked_distractors_mean=8)
    changed = []
    for seed in range(3):
        image = draw_image(seed, size_px=(97, 333), cracked=False, settings=settings)
        plain = draw_image(seed, size_px=(97, 333), cracked=False, settings=PLAIN)
        assert set(image.distractors) <= {distractor}
        assert not image.mask.any()
        changed.append(np.abs(image.image.astype(int) - plain.image).mean())
    assert max(changed) > 0.5


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_draws_cracks_on_plain_and_on_jointed_surfaces(network):
    for surface in ("concrete", "brick"):
        settings = of_kind(networks={network: 1.0}, surfaces={surface: 1.0})
        assert any(draw_image(seed, size_px=128, cracked=True, settings=settings).mask.any() for seed in range(3))


@pytest.mark.parametrize(("width", "seed"), [(1.5, 0), (3.0, 1), (6.0, 2), (12.0, 3), (25.0, 4)])
def test_the_mask_has_the_area_that_length_and_width_say(width, seed):
    settings = of_kind(crack_width_px=(width, width), networks={"single": 1.0})
    masked = told = 0.0
    for number in range(4):
        image = draw_image(100 * seed + number, size_px=256, cracked=True, settings=settings)
        masked += image.mask.sum()
        for crack in image.cracks:
            step = np.hypot(*np.diff(crack.points, axis=0).T)
            told += float((step * (crack.width_px[1:] + crack.width_px[:-1]) / 2).sum())
    # Rough edges lengthen the centre line a little more than they add area.
    assert masked == pytest.approx(told, rel=0.12)


def edge_distance(mask):
    """Distance of each masked pixel's centre to the mask's edge, px."""
    padded = np.pad(mask, 60, mode="edge").astype(np.uint8)
    return (cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) - 0.5)[60:-60, 60:-60]


@pytest.mark.parametrize("width", [4.0, 9.0, 20.0])
def test_half_the_told_width_is_the_distance_from_the_centre_to_the_edge(width):
    settings = of_kind(crack_width_px=(width, width), networks={"single": 1.0})
    ratios = []
    for seed in range(4):
        image = draw_image(seed, size_px=256, cracked=True, settings=settings)
        away = edge_distance(image.mask)
        for crack in image.cracks:
            column, row = np.rint(crack.points).astype(int).T
            inner = (np.minimum(column, row) > 30) & (np.maximum(column, row) < 226) & (crack.width_px > 2.5)
            # The widest circle about a point near the centre line is what a measuring tool finds.
            largest = cv2.dilate(away, np.ones((5, 5), np.uint8))
            ratios.append(2 * largest[row[inner], column[inner]] / crack.width_px[inner])
    # Rough edges let a circle be somewhat narrower than the opening.
    assert 0.8 < np.median(np.concatenate(ratios)) < 1.1


def test_centre_lines_lie_in_the_mask():
    for seed in range(5):
        image = draw_image(seed, size_px=256, cracked=True, settings=PLAIN)
        for crack in image.cracks:
            wide = crack.width_px > 2
            column, row = np.rint(crack.points[wide]).astype(int).T
            if wide.any():
                assert image.mask[row, column].mean() > 0.97


@pytest.mark.parametrize(("low", "high"), [(0.8, 1.2), (2.0, 4.0), (10.0, 20.0)])
def test_widths_keep_to_the_range_asked_for(low, high):
    settings = of_kind(crack_width_px=(low, high), networks={"single": 1.0, "several": 1.0})
    widest = []
    for seed in range(4):
        image = draw_image(seed, size_px=256, cracked=True, settings=settings)
        widths = np.concatenate([crack.width_px for crack in image.cracks]) if image.cracks else np.array([low])
        widest.append(np.percentile(widths, 90))
        assert widths.max() < 3.5 * high
    assert 0.6 * low < np.median(widest) < 2.2 * high


def test_thin_cracks_hold_together_in_the_mask():
    settings = of_kind(crack_width_px=(0.8, 0.8), networks={"single": 1.0}, min_mask_width_px=1.0)
    image = max(
        (draw_image(s, size_px=128, cracked=True, settings=settings) for s in range(4)), key=lambda p: p.mask.sum()
    )
    count, _ = cv2.connectedComponents(image.mask.astype(np.uint8), connectivity=8)
    assert count - 1 <= 2 * len(image.cracks)
    wider = settings.model_copy(update={"min_mask_width_px": 3.0})
    assert (
        max(draw_image(s, size_px=128, cracked=True, settings=wider).mask.sum() for s in range(4))
        > 2 * image.mask.sum()
    )


def test_cracks_are_darker_than_what_is_beside_them():
    darker = []
    for seed in range(6):
        image = draw_image(seed, size_px=160, cracked=True, settings=of_kind(crack_width_px=(3, 12)))
        grey = image.image.mean(axis=2)
        ring = cv2.dilate(image.mask.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
        darker.append(grey[ring & ~image.mask].mean() - grey[image.mask].mean())
    assert np.median(darker) > 25


def test_what_lies_in_front_of_a_crack_leaves_the_truth():
    settings = of_kind(crack_width_px=(6, 12), networks={"single": 1.0})
    hiding = settings.model_copy(update={"distractors": {"edge": 1.0}, "distractors_mean": 9})
    bare = sum(draw_image(seed, size_px=128, cracked=True, settings=settings).mask.sum() for seed in range(8))
    hidden = sum(draw_image(seed, size_px=128, cracked=True, settings=hiding).mask.sum() for seed in range(8))
    assert hidden < 0.9 * bare


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"surfaces": {"concrte": 1.0}}, 'Did you mean "concrete"'),
        ({"distractors": {"cabel": 1.0}}, 'Did you mean "cable"'),
        ({"networks": {"single": -1.0}}, "must be 0 or more"),
        ({"networks": {"single": 0.0}}, "weight above 0"),
        ({"crack_width_px": (5.0, 2.0)}, "crack width"),
        ({"grain_px": (0.0, 2.0)}, "grain"),
    ],
)
def test_impossible_settings_are_refused_in_a_sentence(change, sentence):
    with pytest.raises(SettingsError, match=sentence):
        SynthesisSettings(**change)


@pytest.mark.parametrize(("seed", "size"), [(-1, 64), (0, 31), (0, (20, 400))])
def test_impossible_seeds_and_sizes_are_refused(seed, size):
    with pytest.raises(SettingsError):
        draw_image(seed, size_px=size)
