"""Counts of visual words and surprises, against plain counting."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from blemish.calibration import p_values  # noqa: E402
from blemish.methods.parts.surprise import Surprise, fused  # noqa: E402
from blemish.methods.parts.visual_words import GRIDS, WordCounts, find_words  # noqa: E402

pytestmark = pytest.mark.train


def test_surprise_is_minus_log_p_at_normal_scores():
    normal = np.random.default_rng(0).normal(size=20)
    found = Surprise(torch.from_numpy(normal).float())(torch.from_numpy(normal).float())
    # The p-value of a normal score counts the score itself; one step less is known to be beyond it.
    expected = -np.log10(p_values(normal, normal) - 1 / 21)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_surprise_rises_with_the_score_and_goes_on_beyond_the_highest():
    surprise = Surprise(torch.tensor([3.0, 1.0, 2.0, 2.0]))
    values = surprise(torch.tensor([-5.0, 1.5, 2.0, 2.5, 3.0, 4.0, 40.0]))
    assert (values.diff() >= 0).all()
    spread = float(torch.tensor([1.0, 2, 2, 3]).std())
    assert float(values[-1] - values[-3]) == pytest.approx(37 / spread / math.log(10), rel=1e-5)


def test_the_largest_counts_corrected_for_their_number():
    found = fused([torch.tensor([2.0, 0.1]), torch.tensor([1.0, 0.2])])
    assert found.tolist() == pytest.approx([2 - math.log10(2), 0.0])


def patches_of(words: np.ndarray) -> torch.Tensor:
    """(n, h, w) numbers of words as features (n, 3, h, w), a corner of a cube for each word."""
    return torch.from_numpy(np.eye(3)[words].transpose(0, 3, 1, 2) * 10).float()


@pytest.mark.parametrize("size", [(8, 8), (5, 7), (4, 9)])
def test_counts_are_those_of_a_plain_count(size: tuple[int, int]):
    words = np.random.default_rng(1).integers(0, 3, (6, *size))
    counting = WordCounts(patches_of(words), 3, seed=0)
    # Which of the centres stands for which word is k-means' choice.
    named = ((counting.centres @ counting.directions.T) + counting.mean).argmax(dim=1).numpy()
    assert sorted(named) == [0, 1, 2]
    for grid, found in zip(GRIDS, counting.counts(patches_of(words)), strict=True):
        assert found.sum(dim=1).tolist() == [size[0] * size[1]] * 6
        expected = np.zeros((grid, grid, 3))
        for y in range(size[0]):
            for x in range(size[1]):
                expected[y * grid // size[0], x * grid // size[1], words[2, y, x]] += 1
        np.testing.assert_array_equal(found[2].reshape(grid, grid, 3).numpy(), expected[..., named])


def test_a_patch_between_two_words_counts_for_both_by_its_distances():
    rng = np.random.default_rng(6)
    tokens = patches_of(rng.integers(0, 3, (6, 4, 4))) + torch.from_numpy(rng.normal(0, 2, (6, 3, 4, 4))).float()
    counting = WordCounts(tokens, 3, seed=0)
    centres = ((counting.centres @ counting.directions.T) + counting.mean).double().numpy()
    rows = tokens.permute(0, 2, 3, 1).reshape(-1, 3).double().numpy()
    squared = ((rows[:, None] - centres[None]) ** 2).sum(axis=2)
    weights = np.exp(-squared / (2 * squared.min(axis=1).mean()))
    weights /= weights.sum(axis=1, keepdims=True)
    expected = weights.reshape(6, 16, 3).sum(axis=1)
    np.testing.assert_allclose(counting.counts(tokens)[0].numpy(), expected, atol=1e-4)
    assert (np.abs(expected - expected.round()) > 0.05).any()


def test_a_normal_image_is_compared_with_all_others():
    words = np.random.default_rng(4).integers(0, 3, (9, 6, 6))
    counting = WordCounts(patches_of(words), 3, seed=0)
    counts = counting.counts(patches_of(words))[1].numpy()
    others = np.delete(counts, 5, axis=0)
    expected = np.sqrt((((counts[5] - others.mean(0)) / (others.std(0) + 0.1)) ** 2).mean())
    assert np.abs(counting.surprises[1].ascending.numpy() - expected).min() < 1e-5


def test_a_missing_part_is_a_surprise_and_its_patches_are_not():
    rng = np.random.default_rng(2)
    words = np.zeros((12, 8, 8), int)
    for image in words:
        image[1:3, 1:3] = image[5:7, 5:7] = 1
        image[0, rng.integers(8)] = 2
    counts = WordCounts(patches_of(words), 3, seed=0)
    missing = words[:1].copy()
    missing[0, 5:7, 5:7] = 0
    usual, odd = (torch.stack(counts(patches_of(each))).amax(dim=0) for each in (words[3:4], missing))
    assert float(odd) > float(usual) + 1


def test_a_moved_part_changes_the_counts_of_cells_alone():
    words = np.zeros((12, 8, 8), int)
    for number, image in enumerate(words):
        image[1:3, 1:3] = 1
        image[7, number % 8] = 2
    counts = WordCounts(patches_of(words), 3, seed=0)
    moved = words[:1].copy()
    moved[0, 1:3, 1:3] = 0
    moved[0, 4:6, 5:7] = 1
    whole, *cells = (float(each) for each in counts(patches_of(moved)))
    assert whole < 1.2 < max(cells)


def test_words_are_the_clusters():
    words = np.random.default_rng(3).integers(0, 3, 180)
    vectors = torch.eye(3)[words] * 10 + 0.1 * torch.randn(180, 3, generator=torch.Generator().manual_seed(0))
    found = find_words(vectors, 3, seed=0)
    order = found.argmax(dim=1).argsort()
    torch.testing.assert_close(found[order], torch.eye(3) * 10, atol=0.1, rtol=0)
    assert torch.equal(found, find_words(vectors, 3, seed=0))
    assert len(find_words(torch.ones(8, 3), 5, seed=0)) == 1, "equal patches are one word"
