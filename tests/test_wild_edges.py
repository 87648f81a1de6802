"""The edges of wild_cracks.py: what of an outline is cut off, beside the same rule in NumPy and SciPy."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import blemish
from blemish.detectors.runtime import OnnxRuntime
from surface_head import without_head
from wild_bundle import scaled_logits
from wild_edges import LEAST_CONTRAST, REACH_PX, SURE, with_edges, without_edges
from wild_opinion import GATE

onnx = pytest.importorskip("onnx")
FACTOR, OFFSET = 0.482, -1.609


@pytest.fixture(scope="module")
def whole() -> bytes:
    """The bundled graph without edges, its logits as they were before they were scaled."""
    scaled = without_edges(without_head(blemish.load("concrete-crack").container.graph))
    return scaled_logits(scaled, 1 / FACTOR, -OFFSET / FACTOR)


def draw(sign: int) -> np.ndarray:
    """A crack that widens to 14 px, darker or lighter than its surface, with a faint rim at its side."""
    rng = np.random.default_rng(0)
    pixels = rng.normal(140, 6, (1, 256, 320, 3))
    across = 160 + np.cumsum(rng.integers(-2, 3, 256))
    for row, column in enumerate(across):
        pixels[0, row, column : column + 3 + row // 24] += 100 * sign
        pixels[0, row, column - 3 : column] += 12 * sign
    return np.clip(pixels, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return draw(-1)


def with_bias(graph: bytes, raised: float) -> bytes:
    model = onnx.load_from_string(graph)
    bias = next(each for each in model.graph.initializer if each.name.endswith("net.head.bias"))
    bias.CopyFrom(onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(bias) + np.float32(raised), bias.name))
    return model.SerializeToString()


def logits(graph: bytes, image: np.ndarray) -> np.ndarray:
    inside = np.clip(OnnxRuntime(graph)(image).maps[0].astype(np.float64), 1e-9, 1 - 1e-9)
    return np.log(inside / (1 - inside))


def expected(before: np.ndarray, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logits after the cut, and how near each pixel is to the limit: rounding may decide those at it."""
    grey = ((image[0] / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).mean(axis=2)
    # Many pixels lie at the gate itself, where the opinion left them.
    bare = (before < GATE - 1e-4).astype(float)

    def mean(values: np.ndarray, side: int) -> np.ndarray:
        total, inside = (ndimage.uniform_filter(each, side, mode="constant") for each in (values, np.ones_like(values)))
        return total / inside

    def reduced(values: np.ndarray) -> np.ndarray:
        height, width = values.shape
        return values.reshape(height // 4, 4, width // 4, 4).mean(axis=(1, 3))

    surface = mean(reduced(grey * bare), 9) / np.maximum(mean(reduced(bare), 9), 1e-3)
    places = np.meshgrid(*((np.arange(side) + 0.5) / 4 - 0.5 for side in grey.shape), indexing="ij")
    background = ndimage.map_coordinates(surface, places, order=1, mode="nearest")
    contrast = np.abs(mean(grey, 3) - background)
    highest = ndimage.maximum_filter(np.where(bare, 0, contrast), 2 * REACH_PX + 1, mode="constant")
    stays = ((contrast >= LEAST_CONTRAST * highest) | (before >= SURE)) & (bare == 0)
    joined = stays & (mean(stays.astype(float), 3) > 0.3)
    kept = ndimage.maximum_filter(joined.astype(float), 3, mode="constant")
    kept = ndimage.minimum_filter(kept, 3, mode="constant", cval=1) > 0
    doubtful = (abs(contrast - LEAST_CONTRAST * highest) < 1e-3) | (abs(before - SURE) < 1e-2)
    near = ndimage.maximum_filter((doubtful & (bare == 0)).astype(float), 7) > 0
    return np.where(kept, before, np.minimum(before, GATE)), ~near


@pytest.mark.parametrize(("sign", "raised"), [(-1, 0.0), (1, 6.0)])
def test_what_differs_little_from_the_surface_is_cut_off(whole, sign, raised):
    """The network hardly sees light cracks: there its last bias is raised."""
    graph, image = with_bias(whole, raised), draw(sign)
    before, after = logits(graph, image), logits(with_edges(graph), image)
    cut, certain = expected(before, image)
    seen = before >= GATE - 1e-4
    assert seen.sum() > 1000
    assert 100 < (seen & (cut < before)).sum() < 0.6 * seen.sum()
    assert (certain & seen).sum() > 0.8 * seen.sum()
    told = certain & (abs(before) < 6)
    np.testing.assert_allclose(after[told], cut[told], atol=5e-3)


def test_scores_stay_and_edges_can_be_taken_away(whole, image):
    edged = with_edges(whole)
    np.testing.assert_array_equal(OnnxRuntime(edged)(image).scores, OnnxRuntime(whole)(image).scores)
    bare = without_edges(edged)
    np.testing.assert_array_equal(OnnxRuntime(bare)(image).maps, OnnxRuntime(whole)(image).maps)
    assert b"edges/" not in bare
    assert without_edges(bare) == onnx.load_from_string(bare).SerializeToString()


def test_scaling_moves_the_limits_with_the_logits(whole, image):
    edged = with_edges(whole)
    before, after = logits(edged, image), logits(scaled_logits(edged, FACTOR, OFFSET), image)
    told = abs(before) < 6
    assert (told & (before > GATE + 0.5)).sum() > 100
    np.testing.assert_allclose(after[told], FACTOR * before[told] + OFFSET, atol=5e-3)


def test_an_image_that_is_all_crack_keeps_what_it_has(whole):
    """No bare surface anywhere: nothing is divided by nothing."""
    dark = np.full((1, 96, 96, 3), 12, np.uint8)
    assert np.isfinite(OnnxRuntime(with_edges(with_bias(whole, 20.0)))(dark).maps).all()


def test_the_bundled_detector_has_edges():
    assert b"edges/probability" in blemish.load("concrete-crack").container.graph
