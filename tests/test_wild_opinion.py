"""The second opinion of wild_cracks.py: what it changes in a network's map, and what it learns from."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import blemish
from blemish.detectors.runtime import OnnxRuntime
from wild_opinion import GATE, Head, _fit_head, _rounded, _tiles, _turned, with_opinion

onnx = pytest.importorskip("onnx")


class Constant(nn.Module):
    """Says the same of every cell of an image: one logit."""

    def __init__(self, logit: float) -> None:
        super().__init__()
        self.logit = nn.Parameter(torch.tensor(logit))

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :1] * 0 + self.logit


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(0)
    pixels = rng.normal(150, 8, (1, 256, 320, 3))
    across = 160 + np.cumsum(rng.integers(-2, 3, 256))
    for row, column in enumerate(across):
        pixels[0, row, column : column + 4] = 40
    return np.clip(pixels, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def alone(image):
    """Logits of the network with its weights rounded as the opinion's are."""
    graph = _rounded(onnx.load_from_string(blemish.load("concrete-crack").container.graph)).SerializeToString()
    return logits(graph, image)


def logits(graph: bytes, image: np.ndarray) -> np.ndarray:
    inside = np.clip(OnnxRuntime(graph)(image).maps[0].astype(np.float64), 1e-9, 1 - 1e-9)
    return np.log(inside / (1 - inside))


@pytest.mark.parametrize("opinion", [-2.0, 1.5, -40.0])
def test_an_opinion_counts_where_the_network_sees_a_crack_and_nowhere_else(image, alone, opinion):
    graph = with_opinion(blemish.load("concrete-crack").container.graph, Constant(opinion), weight=0.5)
    both = logits(graph, image)
    asked = alone >= GATE
    assert 300 < asked.sum() < asked.size / 2
    np.testing.assert_allclose(both[~asked], alone[~asked], atol=1e-3)
    np.testing.assert_allclose(both[asked], np.maximum(alone[asked] + 0.5 * opinion, GATE), atol=2e-3)
    # However sure the opinion, an outline at the gate keeps its extent.
    np.testing.assert_array_equal(both >= GATE - 1e-3, alone >= GATE - 1e-3)


def test_tiles_cover_an_image_and_know_what_is_cracked_in_each_cell():
    pixels = np.arange(300 * 520 * 3, dtype=np.uint32).reshape(300, 520, 3).astype(np.uint8)
    mask = np.zeros((300, 520), np.bool_)
    mask[:32, :32] = True
    mask[299, 519] = True
    tiles = list(_tiles(pixels, mask))
    assert len(tiles) == 2 * 3
    np.testing.assert_array_equal(tiles[0][0], pixels[:256, :256])
    np.testing.assert_array_equal(tiles[-1][0], pixels[44:, 264:])
    assert tiles[0][1][0, 0] == 1
    assert tiles[0][1].sum() == 1
    assert tiles[-1][1][-1, -1] == pytest.approx(1 / 1024)


def test_an_image_smaller_than_a_tile_is_magnified_with_its_mask():
    mask = np.zeros((64, 128), np.bool_)
    mask[:, :64] = True
    ((tile, cells),) = _tiles(np.full((64, 128, 3), 7, np.uint8), mask)
    assert tile.shape == (256, 256, 3)
    np.testing.assert_array_equal(cells[:, :4], 1)
    np.testing.assert_array_equal(cells[:, 4:], 0)


def test_features_and_cells_turn_together():
    found = np.arange(2 * 64).reshape(2, 8, 8).astype(np.float16)
    seen = set()
    for how in range(8):
        turned, cells = _turned(found, found[0].astype(np.float32), how)
        np.testing.assert_array_equal(turned[0], cells)
        seen.add(cells.tobytes())
    assert len(seen) == 8


def test_a_head_learns_from_sure_cells_as_often_as_their_images_are_drawn(monkeypatch):
    monkeypatch.setattr("wild_opinion.STEPS", 60)
    rng = np.random.default_rng(0)
    cracked = rng.choice(np.float32([0, 0.01, 0.3]), (40, 8, 8))
    found = rng.normal(0, 1, (40, 6, 8, 8)).astype(np.float16)
    found[:, 0] = np.where(cracked > 0.02, 2, -2)
    # Cells with a few cracked pixels, and images of no weight, say the contrary: neither may count.
    found[:, 0][cracked == np.float32(0.01)] = 2
    found[30:, 0] *= -1
    weights = np.r_[np.ones(30), np.zeros(10)]
    head = _fit_head(Head(torch.zeros(6), torch.ones(6)), found, cracked, weights, seed=0)
    with torch.inference_mode():
        said = head(torch.from_numpy(found[:30].astype(np.float32)))[:, 0].numpy()
    assert said[cracked[:30] > 0.02].min() > 0 > said[cracked[:30] == 0].max()
