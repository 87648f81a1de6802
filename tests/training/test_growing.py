"""Detectors that learn more normal images, and memories that become one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

import blemish  # noqa: E402
from blemish.errors import DataError, DetectorError  # noqa: E402
from blemish.methods.parts.graph_memory import read_memory  # noqa: E402
from blemish.training.growing import add_normal_images, merge_memory_banks  # noqa: E402

pytestmark = pytest.mark.train

SMALL = {"backbone": "squeezenet1_1", "pretrained": False, "size_px": 64, "smoothing_px": 1.0}


def stripes(rng: np.random.Generator, *, upright: bool) -> NDArray[np.uint8]:
    y, x = np.mgrid[:64, :64]
    grey = 128 + 50 * np.sin((x if upright else y) / 1.5 + rng.uniform(0, 6)) + rng.normal(0, 3, (64, 64))
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def images(folder: Path, *, upright: bool, count: int = 6, seed: int = 0) -> list[Path]:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for index in range(count):
        cv2.imwrite(str(folder / f"{index}.png"), stripes(rng, upright=upright))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("upright")
    images(folder / "good", upright=True)
    blemish.train("patchcore", folder / "good", folder / "stripes.blemish", settings=SMALL)
    return folder / "stripes.blemish"


def mean_score(detector: blemish.Detector, paths: list[Path]) -> float:
    return float(np.mean([detector.inspect(path).score for path in paths]))


def test_a_kind_that_was_added_is_no_longer_unusual(upright: Path, tmp_path: Path):
    flat, fresh = images(tmp_path / "a", upright=False), images(tmp_path / "b", upright=False, seed=5)
    before = blemish.load(upright)
    said: list[str] = []
    grown = add_normal_images(upright, flat, tmp_path / "grown.blemish", say=said.append)
    assert mean_score(grown, fresh) < 0.7 * mean_score(before, fresh)
    assert "further normal images added" in said[0]
    assert "further normal images added" in grown.container.card
    assert grown.spec.provenance.n_train == before.spec.provenance.n_train + 6
    again = blemish.load(tmp_path / "grown.blemish")
    assert again.spec == grown.spec


def test_no_image_scores_higher_than_before(upright: Path, tmp_path: Path):
    flat = images(tmp_path / "a", upright=False)
    grown = add_normal_images(upright, flat[:3], tmp_path / "grown.blemish")
    before = blemish.load(upright)
    for path in flat:
        assert grown.inspect(path).score <= before.inspect(path).score + 1e-3
    assert grown.spec.thresholds == before.spec.thresholds


def test_what_is_known_already_adds_next_to_nothing(upright: Path, tmp_path: Path):
    known = sorted((upright.parent / "good").iterdir())
    grown = add_normal_images(upright, known, tmp_path / "grown.blemish")
    before, after = (len(read_memory(each.container.graph, "x").bank) for each in (blemish.load(upright), grown))
    assert before <= after <= 2 * before


def test_memories_of_two_sites_become_one(upright: Path, tmp_path: Path):
    flat, dark = images(tmp_path / "a", upright=False), tmp_path / "dark"
    dark.mkdir()
    cv2.imwrite(str(dark / "0.png"), np.full((64, 64, 3), 20, np.uint8))
    one = add_normal_images(upright, flat, tmp_path / "one.blemish")
    other = add_normal_images(upright, [dark / "0.png"], tmp_path / "other.blemish")
    both = merge_memory_banks([tmp_path / "one.blemish", tmp_path / "other.blemish"], tmp_path / "both.blemish")
    assert both.inspect(dark / "0.png").score == pytest.approx(other.inspect(dark / "0.png").score, abs=0.2)
    assert mean_score(both, flat) == pytest.approx(mean_score(one, flat), rel=0.1)


def test_a_memory_of_many_blocks_stays_what_it_was(upright: Path):
    memory = read_memory(blemish.load(upright).container.graph, "x")
    many = np.concatenate([memory.bank, memory.bank[::-1] + 1000.0] * 20).astype(np.float32)
    from blemish.detectors.runtime import OnnxRuntime

    batch = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    before = OnnxRuntime(blemish.load(upright).container.graph)(batch)
    after = OnnxRuntime(memory.with_bank(many))(batch)
    np.testing.assert_allclose(after.scores, before.scores, rtol=1e-5)
    assert len(read_memory(memory.with_bank(many), "x").bank) == len(many)


def test_what_cannot_grow_is_a_sentence(upright: Path, tmp_path: Path):
    good = upright.parent / "good"
    with pytest.raises(DataError, match="at least one normal image"):
        add_normal_images(upright, [], tmp_path / "x.blemish")
    blemish.train("patch-gaussian", good, tmp_path / "gaussian.blemish", settings=SMALL)
    with pytest.raises(DetectorError, match="no memory that could grow"):
        add_normal_images(tmp_path / "gaussian.blemish", sorted(good.iterdir()), tmp_path / "x.blemish")
    blemish.train("patchcore", good, tmp_path / "reweighted.blemish", settings={**SMALL, "reweighting": 3})
    with pytest.raises(DetectorError, match="re-weights"):
        add_normal_images(tmp_path / "reweighted.blemish", sorted(good.iterdir()), tmp_path / "x.blemish")
    blemish.train("patchcore", good, tmp_path / "stranger.blemish", settings=SMALL, seed=1)
    with pytest.raises(DetectorError, match="not grown from the same detector"):
        merge_memory_banks([upright, tmp_path / "stranger.blemish"], tmp_path / "x.blemish")
    assert not (tmp_path / "x.blemish").exists()


def test_a_memory_of_tokens_grows_too(tmp_path: Path):
    images(tmp_path / "good", upright=True)
    settings = {"backbone": "test_vit", "patch_px": 16, "pretrained": False, "blocks": [1, 3], "size_px": 64}
    blemish.train("dino-memory", tmp_path / "good", tmp_path / "tokens.blemish", settings=settings)
    before = blemish.load(tmp_path / "tokens.blemish")
    flat = images(tmp_path / "flat", upright=False)
    grown = add_normal_images(tmp_path / "tokens.blemish", flat, tmp_path / "grown.blemish")
    assert mean_score(grown, flat) < mean_score(before, flat) / 2


def test_a_detector_that_flags_low_scores_does_not_grow(upright: Path, tmp_path: Path):
    """A larger memory lowers scores: normal images would be flagged that were not before."""
    more = images(tmp_path / "more", upright=True, count=40, seed=5)
    calibrated = tmp_path / "both.blemish"
    blemish.calibrate(more, detector=upright, alpha=0.2, confidence=None, tails="both", out=calibrated)
    with pytest.raises(DetectorError, match="calibrate it with --tails upper first"):
        add_normal_images(calibrated, more[:3], tmp_path / "grown.blemish")
    with pytest.raises(DetectorError, match="unusually low scores"):
        merge_memory_banks([upright, calibrated], tmp_path / "merged.blemish")
    assert not (tmp_path / "grown.blemish").exists()
