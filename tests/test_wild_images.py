"""What a limit on the opinion of whole images finds and flags, on numbers whose answers are known."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from wild_images import EXTRA, Images, limits, scaling


def domain(cracked: list[int], outlined: list[int], logits: list[float]) -> Images:
    return Images(np.array(cracked, bool), np.array(outlined, bool), np.array(logits, float))


def test_an_image_is_doubted_by_an_outline_or_by_the_opinion():
    some = domain([1, 1, 1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 1, 0, 0, 0], [-5, 3, 2, -1, -9, 2, 1, 0])
    assert some.doubted(np.inf) == (0.25, 0.25)
    assert some.doubted(2.0) == (0.75, 0.5)
    assert domain([1], [0], [1.0]).doubted(2.0) == (0.0, None)


def test_the_limit_is_the_lowest_that_spares_the_crack_free_images_of_every_domain():
    rng = np.random.default_rng(0)
    calm, odd = rng.normal(0, 1, 1000), rng.normal(3, 1, 1000)
    domains = {
        "calm": domain([0] * 1000, [0] * 1000, list(calm)),
        "odd": domain([0] * 1000, [0] * 1000, list(odd)),
        "outlined": domain([0] * 50 + [0] * 50, [1] * 50 + [0] * 50, [9.0] * 50 + [-9.0] * 50),
        "no crack-free ones": domain([1, 1], [0, 1], [9, 9]),
    }
    found = limits(domains)
    assert list(found) == list(EXTRA)
    for extra, limit in found.items():
        assert (odd >= limit).mean() == pytest.approx(extra, abs=1e-3)
        assert (calm >= limit).mean() <= extra


def test_the_scaling_is_the_true_one_whatever_part_is_cracked():
    rng = np.random.default_rng(1)
    logits = rng.uniform(-6, 8, 60_000)
    cracked = rng.random(logits.size) < 1 / (1 + np.exp(-(0.8 * logits - 1.2)))
    # Cracked and crack-free images weigh the same: as if there were as many of either.
    shift = np.log((~cracked).sum() / cracked.sum())
    factor, offset = scaling({"all": Images(cracked, np.zeros_like(cracked), logits)})
    assert factor == pytest.approx(0.8, abs=0.02)
    assert offset == pytest.approx(-1.2 + shift, abs=0.06)
