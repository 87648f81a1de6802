from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blemish.images import Box, pad_to_multiple, stitch, stitch_bands, tile_boxes

# The machine that runs this may be busy.
patient = settings(deadline=None)


@st.composite
def cuttings(draw):
    """Height, width, tile and overlap of at most 6 × 6 tiles."""
    tile = draw(st.integers(1, 40))
    overlap = draw(st.integers(0, tile - 1))
    side = st.integers(1, tile + 5 * (tile - overlap))
    return draw(side), draw(side), tile, overlap


def _crop(array, box):
    return array[..., box.y : box.y + box.height, box.x : box.x + box.width]


@pytest.mark.parametrize(
    ("cutting", "boxes"),
    [
        ((10, 10, 10, 0), [Box(0, 0, 10, 10)]),
        ((5, 7, 10, 2), [Box(0, 0, 5, 7)]),
        ((5, 15, 10, 2), [Box(0, 0, 5, 9), Box(0, 6, 5, 9)]),
        ((10, 18, 10, 2), [Box(0, 0, 10, 10), Box(0, 8, 10, 10)]),
        ((10, 19, 10, 2), [Box(0, 0, 10, 8), Box(0, 5, 10, 8), Box(0, 11, 10, 8)]),
        ((10, 19, 12, 2, 4), [Box(0, 0, 10, 12), Box(0, 7, 10, 12)]),
        ((10, 25, 12, 2, 4), [Box(0, 0, 10, 12), Box(0, 6, 10, 12), Box(0, 13, 10, 12)]),
        ((4, 2, 2, 0), [Box(0, 0, 2, 2), Box(2, 0, 2, 2)]),
        ((1, 1, 1, 0), [Box(0, 0, 1, 1)]),
    ],
)
def test_boxes_stand_where_expected(cutting, boxes):
    assert tile_boxes(*cutting) == boxes


@patient
@given(cuttings(), st.integers(1, 4))
def test_boxes_cover_the_image_have_one_size_and_overlap(cutting, multiple_of):
    height, width, tile, overlap = cutting
    tile *= multiple_of
    boxes = tile_boxes(height, width, tile, overlap, multiple_of)
    covered = np.zeros((height, width), int)
    for box in boxes:
        assert (box.height, box.width) == boxes[0][2:]
        assert min(box.y, box.x) >= 0
        assert box.y + box.height <= height
        assert box.x + box.width <= width
        _crop(covered, box)[...] += 1
    assert covered.all()
    assert len(set(boxes)) == len(boxes)
    sides = (
        ({box.y for box in boxes}, boxes[0].height, height),
        ({box.x for box in boxes}, boxes[0].width, width),
    )
    for starts, piece, side in sides:
        assert piece <= tile
        assert piece == side if len(starts) == 1 else piece % multiple_of == 0
        assert all(b - a <= piece - overlap for a, b in itertools.pairwise(sorted(starts)))
        # As few as boxes of the full tile allow, and none much larger than covering the side takes.
        assert len(starts) == 1 or (len(starts) - 1) * (tile - overlap) + overlap < side
        assert piece - multiple_of < (side + (len(starts) - 1) * overlap) / len(starts) + 1


@pytest.mark.parametrize(
    "cutting", [(0, 5, 4, 1), (5, 0, 4, 1), (5, 5, 0, 0), (5, 5, 4, 4), (5, 5, 4, -1), (5, 5, 4, 1, 3)]
)
def test_impossible_cuttings_are_refused(cutting):
    with pytest.raises(ValueError, match="must"):
        tile_boxes(*cutting)


@patient
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 33), st.sampled_from([None, 1, 3]))
def test_padding_reflects_as_numpy_does(height, width, multiple, channels):
    shape = (height, width) if channels is None else (height, width, channels)
    image = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    edges = [(0, -height % multiple), (0, -width % multiple), *([(0, 0)] if channels else [])]
    padded = pad_to_multiple(image, multiple)
    np.testing.assert_array_equal(padded, np.pad(image, edges, mode="reflect"))
    assert padded.dtype == np.uint8


def test_padding_nothing_copies_nothing():
    image = np.zeros((8, 16, 3), np.uint8)
    assert pad_to_multiple(image, 8) is image


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_padding_keeps_the_type(kind):
    assert pad_to_multiple(np.ones((3, 5), kind), 4).dtype == kind


@patient
@given(cuttings(), st.sampled_from([(), (1,), (3,)]))
def test_tiles_of_a_map_join_to_that_very_map(cutting, layers):
    height, width, _, overlap = cutting
    whole = np.random.default_rng(1).normal(size=(*layers, height, width)).astype(np.float32)
    joined = stitch(((box, _crop(whole, box)) for box in tile_boxes(*cutting)), height, width, overlap)
    assert joined.dtype == np.float32
    np.testing.assert_array_equal(joined, whole)


@patient
@given(cuttings(), st.floats(-1e6, 1e6, width=32))
def test_a_constant_stays_exactly_constant(cutting, value):
    height, width, _, overlap = cutting
    tiles = ((box, np.full((box.height, box.width), value, np.float32)) for box in tile_boxes(*cutting))
    assert (stitch(tiles, height, width, overlap) == np.float32(value)).all()


@patient
@given(cuttings())
def test_bands_come_from_top_to_bottom_and_hold_little_more_than_a_row_of_tiles(cutting):
    height, width, _, overlap = cutting
    boxes = tile_boxes(*cutting)
    rng = np.random.default_rng(2)
    maps = [rng.random((box.height, box.width), np.float32) for box in boxes]
    below = 0
    for top, rows in stitch_bands(zip(boxes, maps, strict=True), height, width, overlap):
        assert top == below
        assert len(rows) <= boxes[0].height
        assert rows.min() >= min(m.min() for m in maps) - 1e-6
        assert rows.max() <= max(m.max() for m in maps) + 1e-6
        below = top + len(rows)
    assert below == height


@patient
@given(cuttings())
def test_tiles_are_averaged_with_weights_that_fall_towards_inner_edges(cutting):
    height, width, _, overlap = cutting
    boxes = tile_boxes(*cutting)
    rng = np.random.default_rng(3)
    maps = [rng.random((box.height, box.width), np.float32) for box in boxes]
    total, weights = np.zeros((height, width)), np.zeros((height, width))
    for box, tile_map in zip(boxes, maps, strict=True):
        sides = []
        for start, length, whole in ((box.y, box.height, height), (box.x, box.width, width)):
            places = np.arange(length)
            side = np.ones(length)
            if start:
                side = np.minimum(side, (places + 1) / (overlap + 1))
            if start + length < whole:
                side = np.minimum(side, (length - places) / (overlap + 1))
            sides.append(side)
        weight = np.outer(*sides)
        _crop(total, box)[...] += weight * tile_map
        _crop(weights, box)[...] += weight
    joined = stitch(zip(boxes, maps, strict=True), height, width, overlap)
    np.testing.assert_allclose(joined, total / weights, atol=1e-5)


def test_two_tiles_that_disagree_blend_in_a_straight_line():
    tiles = [(Box(0, 0, 1, 10), np.zeros((1, 10), np.float32)), (Box(0, 6, 1, 10), np.ones((1, 10), np.float32))]
    expected = [0] * 6 + [0.2, 0.4, 0.6, 0.8] + [1] * 6
    np.testing.assert_allclose(stitch(tiles, 1, 16, 4)[0], expected, atol=1e-6)


def test_no_seam_shows_where_tiles_disagree():
    height, width, tile, overlap = 300, 310, 96, 32
    boxes = tile_boxes(height, width, tile, overlap)
    tiles = ((box, np.full((box.height, box.width), n % 2, np.float32)) for n, box in enumerate(boxes))
    joined = stitch(tiles, height, width, overlap)
    steps = max(np.abs(np.diff(joined, axis=0)).max(), np.abs(np.diff(joined, axis=1)).max())
    assert steps < 2.5 / overlap


def test_maps_of_half_precision_are_taken():
    assert stitch([(Box(0, 0, 4, 4), np.full((4, 4), 0.5, np.float16))], 4, 4, 0).dtype == np.float32


@pytest.mark.parametrize(
    ("box", "shape"),
    [
        (Box(0, 0, 4, 4), (4, 5)),
        (Box(0, 0, 4, 4), (5, 4)),
        (Box(0, 0, 4, 4), (2, 4, 4)),
        (Box(5, 0, 4, 4), (4, 4)),
        (Box(-1, 0, 4, 4), (4, 4)),
        (Box(0, 6, 4, 4), (4, 4)),
    ],
)
def test_a_map_that_does_not_fit_is_refused(box, shape):
    tiles = [(Box(0, 0, 8, 8), np.zeros((8, 8), np.float32)), (box, np.zeros(shape, np.float32))]
    with pytest.raises(ValueError, match=r"fit|inside"):
        stitch(tiles, 8, 8, 2)


@pytest.mark.parametrize(
    "boxes",
    [
        [],
        [Box(0, 0, 8, 7)],
        [Box(0, 0, 7, 8)],
        [Box(1, 0, 7, 8)],
        [Box(0, 0, 3, 8), Box(4, 0, 4, 8)],
        [Box(0, 0, 8, 3), Box(0, 4, 8, 4)],
    ],
)
def test_a_gap_is_an_error_and_not_zero(boxes):
    with pytest.raises(ValueError, match="do not cover"):
        stitch([(box, np.zeros((box.height, box.width), np.float32)) for box in boxes], 8, 8, 2)


def test_rows_of_tiles_come_in_order():
    boxes = [Box(0, 0, 4, 8), Box(4, 0, 4, 8), Box(0, 0, 4, 8)]
    with pytest.raises(ValueError, match="lies above"):
        stitch([(box, np.zeros((box.height, box.width), np.float32)) for box in boxes], 8, 8, 2)
