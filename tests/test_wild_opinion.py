"""The second opinion of wild_cracks.py: what it changes in a network's map, and what it learns from."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import blemish
from blemish.datasets import Dataset, Sample
from blemish.detectors import Detector
from blemish.detectors.runtime import OnnxRuntime
from blemish.errors import DataError
from blemish.images.writing import write_png
from blemish.methods.networks.pixels import IMAGENET
from surface_head import without_head
from wild_bundle import scaled_logits
from wild_opinion import (
    GATE,
    IMAGE_SCALING,
    FrozenFeatures,
    Head,
    Opinion,
    _cells,
    _fit_head,
    _rounded,
    _tiles,
    _turned,
    fit_opinion,
    image_logits,
    with_opinion,
    without_opinion,
)

onnx = pytest.importorskip("onnx")


class Constant(nn.Module):
    """Says the same of every cell of an image: one logit; and another one of the image."""

    def __init__(self, logit: float, of_image: float = -50.0) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.tensor([logit, of_image]))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x[:, :1] * 0 + self.logits[0], x[:, 0, 0, 0] * 0 + self.logits[1]


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(0)
    pixels = rng.normal(150, 8, (1, 256, 320, 3))
    across = 160 + np.cumsum(rng.integers(-2, 3, 256))
    for row, column in enumerate(across):
        pixels[0, row, column : column + 4] = 40
    return np.clip(pixels, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def graph():
    """The bundled network without its opinion, with weights rounded as the opinion's are."""
    bundled = without_opinion(without_head(blemish.load("concrete-crack").container.graph))
    return _rounded(onnx.load_from_string(bundled)).SerializeToString()


@pytest.fixture(scope="module")
def alone(graph, image):
    """Its logits."""
    return logits(graph, image)


def logits(graph: bytes, image: np.ndarray) -> np.ndarray:
    inside = np.clip(OnnxRuntime(graph)(image).maps[0].astype(np.float64), 1e-9, 1 - 1e-9)
    return np.log(inside / (1 - inside))


@pytest.mark.parametrize("opinion", [-2.0, 1.5, -40.0])
def test_an_opinion_counts_where_the_network_sees_a_crack_and_nowhere_else(graph, image, alone, opinion):
    both = logits(with_opinion(graph, Constant(opinion), weight=0.5), image)
    asked = alone >= GATE
    assert 300 < asked.sum() < asked.size / 2
    np.testing.assert_allclose(both[~asked], alone[~asked], atol=1e-3)
    np.testing.assert_allclose(both[asked], np.maximum(alone[asked] + 0.5 * opinion, GATE), atol=2e-3)
    # However sure the opinion, an outline at the gate keeps its extent.
    np.testing.assert_array_equal(both >= GATE - 1e-3, alone >= GATE - 1e-3)


def test_logits_are_scaled_with_the_opinion_on_them(graph, image):
    both = with_opinion(graph, Constant(1.0), weight=0.5)
    before, after = logits(both, image), logits(scaled_logits(both, 0.6, -0.4), image)
    # Nearer to 0 or 1 a probability in 32 bits does not tell the logit.
    told = abs(before) < 6
    assert (told & (before >= GATE + 0.5)).sum() > 200
    np.testing.assert_allclose(after[told], 0.6 * before[told] - 0.4, atol=5e-3)


def test_an_opinion_can_be_taken_away(graph, image, alone):
    assert b"opinion/" in blemish.load("concrete-crack").container.graph
    bare = without_opinion(with_opinion(graph, Constant(3.0, 9.0), 1.0))
    np.testing.assert_array_equal(logits(bare, image), alone)
    np.testing.assert_array_equal(OnnxRuntime(bare)(image).scores, OnnxRuntime(graph)(image).scores)
    assert b"opinion/" not in bare


def test_the_score_of_an_image_is_no_lower_than_the_opinion_of_it(graph, image):
    plain = np.full((2, 96, 96, 3), 150, np.uint8)
    plain[1] = image[0, :96, :96]
    own = OnnxRuntime(with_opinion(graph, Constant(0.0), weight=1.0))
    factor, offset = IMAGE_SCALING
    for logit in (-3.0, 4.0, 9.0):
        told = 1 / (1 + np.exp(-(factor * logit + offset)))
        seen = OnnxRuntime(with_opinion(graph, Constant(0.0, logit), weight=1.0))
        for batch in (plain, image):
            expected = np.maximum(own(batch).scores, told)
            np.testing.assert_allclose(seen(batch).scores, expected, rtol=1e-5)
            np.testing.assert_array_equal(seen(batch).maps, own(batch).maps)


def test_the_opinion_of_an_image_is_that_some_cell_is_cracked(graph):
    torch.manual_seed(0)
    features = FrozenFeatures.CHANNELS
    opinion = Opinion(Pooled(), [Head(torch.zeros(features), torch.ones(features)).eval() for _ in range(2)])
    pixels = np.random.default_rng(0).integers(0, 256, (64, 96, 3)).astype(np.uint8)
    detector = changed_graph(with_opinion(graph, opinion, weight=1.0))
    (found,) = image_logits(detector, [pixels])
    batch = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    mean, std = (torch.tensor(values).reshape(3, 1, 1) for values in (IMAGENET.mean, IMAGENET.std))
    with torch.inference_mode():
        cells = torch.stack([head(Pooled()((batch - mean) / std)) for head in opinion.heads]).mean(0)
    assert cells.shape == (1, 1, 2, 3)
    odds = np.exp(cells.numpy().astype(np.float64))
    assert found == pytest.approx(np.log(odds.sum()), abs=0.02)
    score = detector.score(pixels)[0]
    assert score >= 1 / (1 + np.exp(-(IMAGE_SCALING[0] * found + IMAGE_SCALING[1]))) - 1e-4


class Pooled(nn.Module):
    """Features that are means of cells: fast, and of the right shape."""

    def forward(self, x: Tensor) -> Tensor:
        means = torch.nn.functional.avg_pool2d(x, 32)
        return means.repeat(1, FrozenFeatures.CHANNELS // 3 + 1, 1, 1)[:, : FrozenFeatures.CHANNELS]


def changed_graph(graph: bytes) -> Detector:
    bundled = blemish.load("concrete-crack").container
    thresholds = bundled.spec.thresholds.model_copy(update={"surface": None})
    spec = bundled.spec.model_copy(update={"knows_surfaces": False, "thresholds": thresholds})
    return Detector(replace(bundled, graph=graph, spec=spec))


def test_tiles_cover_an_image_and_know_what_is_cracked_in_each_cell():
    pixels = np.arange(300 * 520 * 3, dtype=np.uint32).reshape(300, 520, 3).astype(np.uint8)
    mask = np.zeros((300, 520), np.float32)
    mask[:32, :32] = 1
    mask[299, 519] = 1
    tiles = list(_tiles(pixels, mask))
    assert len(tiles) == 2 * 3
    np.testing.assert_array_equal(tiles[0][0], pixels[:256, :256])
    np.testing.assert_array_equal(tiles[-1][0], pixels[44:, 264:])
    assert tiles[0][1][0, 0] == 1
    assert tiles[0][1].sum() == 1
    assert tiles[-1][1][-1, -1] == pytest.approx(1 / 1024)


def test_an_image_smaller_than_a_tile_is_magnified_with_its_mask():
    mask = np.zeros((64, 128), np.float32)
    mask[:, :64] = 1
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
    cracked = rng.choice(np.float32([0, 0.01, 0.3, np.nan]), (40, 8, 8))
    found = rng.normal(0, 1, (40, 6, 8, 8)).astype(np.float16)
    found[:, 0] = np.where(cracked > 0.02, 2, -2)
    # Cells with a few cracked or with ignored pixels, and images of no weight, say the contrary: none may count.
    found[:, 0][(cracked == np.float32(0.01)) | np.isnan(cracked)] = 2
    found[30:, 0] *= -1
    weights = np.r_[np.ones(30), np.zeros(10)]
    head = _fit_head(Head(torch.zeros(6), torch.ones(6)), found, cracked, weights, seed=0)
    with torch.inference_mode():
        said = head(torch.from_numpy(found[:30].astype(np.float32)))[:, 0].numpy()
    assert said[cracked[:30] > 0.02].min() > 0 > said[cracked[:30] == 0].max()


class Colours(nn.Module):
    """In place of the frozen encoder: the mean colour of each cell."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.avg_pool2d(x, 32)


@pytest.fixture
def samples(tmp_path, monkeypatch):
    """Two training images, of one tile and of two, and a test image that cannot be read."""
    monkeypatch.setattr("wild_opinion.FrozenFeatures", Colours)
    monkeypatch.setattr("wild_opinion.STEPS", 2)
    for name, width in (("a", 256), ("b", 512)):
        write_png(tmp_path / f"{name}.png", np.full((256, width, 3), 90, np.uint8))
    (tmp_path / "c.png").write_bytes(b"no image")
    splits = {"a": "train", "b": "train", "c": "test"}
    return tuple(
        Sample(tmp_path / f"{name}.png", "good", defective=False, masks=(), split=split, weight=0.5)
        for name, split in splits.items()
    )


def test_an_opinion_is_learned_from_training_images_alone(samples, tmp_path):
    opinion = fit_opinion(Dataset("some", tmp_path, "mixture", samples, ()))
    assert len(opinion.heads) == 3
    of_pixels, of_image = opinion(torch.zeros(1, 3, 64, 96))
    assert (of_pixels.shape, of_image.shape) == ((1, 1, 64, 96), (1,))


def test_tiles_of_an_image_share_its_weight(samples):
    found, cracked, weights = _cells(Colours(), samples[:2])
    assert found.shape == (3, 3, 8, 8)
    assert not cracked.any()
    np.testing.assert_array_equal(weights, [0.5, 0.25, 0.25])


def test_an_image_of_unknown_extent_is_refused_and_not_taken_for_normal(samples, tmp_path):
    unknown = (replace(samples[0], label="crack", defective=True, masks=None),)
    with pytest.raises(DataError, match=r"a\.png.*no mask"):
        fit_opinion(Dataset("some", tmp_path, "mixture", unknown, ()))


def test_cells_with_ignored_pixels_are_of_unknown_content():
    mask, ignored = np.zeros((2, 256, 256), np.bool_)
    mask[:32, :32] = ignored[40, 40] = True
    labelled = SimpleNamespace(
        read_image=lambda: np.zeros((256, 256, 3), np.uint8),
        read_mask=lambda *_: mask,
        read_ignored=lambda *_: ignored,
        weight=1.0,
    )
    _, (cells,), _ = _cells(Colours(), [labelled])
    assert np.argwhere(np.isnan(cells)).tolist() == [[1, 1]]
    assert cells[0, 0] == 1
