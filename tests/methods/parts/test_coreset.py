"""Greedy k-centre: the plain algorithm's points in its order, without its cost."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from blemish.methods.parts import coreset  # noqa: E402
from blemish.methods.parts.coreset import greedy_k_centre, nearest_squared  # noqa: E402

pytestmark = pytest.mark.train


def plain_greedy(
    points: NDArray[np.float64], count: int, first: int, taken: NDArray[np.float64] | None = None
) -> tuple[list[int], float]:
    """As in Gonzalez 1985, one pass over all points for each point taken, in float64."""
    distance = np.full(len(points), np.inf)
    for centre in [] if taken is None else taken:
        distance = np.minimum(distance, np.linalg.norm(points - centre, axis=1))
    chosen: list[int] = []
    following = first if taken is None else int(distance.argmax())
    for _ in range(count):
        chosen.append(following)
        distance = np.minimum(distance, np.linalg.norm(points - points[following], axis=1))
        following = int(distance.argmax())
    return chosen, float(distance.max())


def cloud(kind: str, n: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(7)
    if kind == "round":
        return rng.normal(size=(n, 12))
    if kind == "far from zero":
        return rng.normal(size=(n, 12)) + 300.0
    if kind == "in clumps":
        return rng.normal(size=(9, 12))[rng.integers(0, 9, n)] * 10 + rng.normal(size=(n, 12)) * 0.2
    if kind == "on a line":
        return np.c_[rng.exponential(size=n), np.zeros((n, 3))]
    if kind == "with a far point":
        return np.r_[rng.normal(size=(n - 1, 12)), np.full((1, 12), 50.0)]
    raise ValueError(kind)


@pytest.mark.parametrize(
    ("kind", "count"),
    [(kind, count) for kind in ("round", "far from zero", "with a far point") for count in (1, 2, 60, 250)]
    # Where most points end closer than a thousandth of the cloud's size, float32 cannot tell which is farther.
    + [(kind, count) for kind in ("in clumps", "on a line") for count in (1, 2, 60)],
)
def test_it_takes_the_points_of_the_plain_algorithm_in_their_order(kind: str, count: int, monkeypatch):
    monkeypatch.setattr(coreset, "_ROUND_LIMITS", (40, 100))  # several rounds, as large clouds have
    points = cloud(kind, 700).astype(np.float32)
    expected, radius = plain_greedy(points.astype(np.float64), count, first=5)
    found = greedy_k_centre(torch.from_numpy(points), count, first=5)
    assert found.indices.tolist() == expected
    assert found.radius == pytest.approx(radius, rel=1e-3)


def test_points_taken_before_stay_and_count(monkeypatch):
    monkeypatch.setattr(coreset, "_ROUND_LIMITS", (40, 100))
    points, before = np.split(cloud("round", 500).astype(np.float32), [450])
    expected, radius = plain_greedy(points.astype(np.float64), 80, 0, before.astype(np.float64))
    found = greedy_k_centre(torch.from_numpy(points), 80, taken=torch.from_numpy(before))
    assert found.indices.tolist() == expected
    assert found.radius == pytest.approx(radius, rel=1e-4)


def test_the_radius_is_at_most_twice_that_of_any_other_choice():
    points = torch.from_numpy(cloud("in clumps", 600).astype(np.float32))
    radius = greedy_k_centre(points, 30).radius
    rng = torch.Generator().manual_seed(0)
    for _ in range(20):
        other = points[torch.randperm(600, generator=rng)[:30]]
        assert radius <= 2 * float(torch.cdist(points, other).amin(dim=1).max()) + 1e-3


def test_copies_of_one_point_are_taken_once():
    points = torch.randn(5, 8, generator=torch.Generator().manual_seed(1)).repeat(40, 1)
    found = greedy_k_centre(points, 50)
    assert len(found.indices) == 5
    assert found.radius == pytest.approx(0, abs=1e-2)


@pytest.mark.parametrize("points", [torch.zeros(1, 4), torch.zeros(30, 4), torch.full((30, 4), 7.0)])
def test_a_cloud_of_one_point_gives_that_point(points):
    assert greedy_k_centre(points, 10).indices.tolist() == [0]


def test_asking_for_more_than_there_are_gives_all():
    points = torch.randn(20, 3, generator=torch.Generator().manual_seed(2))
    found = greedy_k_centre(points, 100, first=3)
    assert sorted(found.indices.tolist()) == list(range(20))
    assert found.radius == pytest.approx(0, abs=1e-2)


def test_nearest_distances_agree_with_scipy():
    from scipy.spatial.distance import cdist

    a, b = cloud("round", 1500), cloud("in clumps", 1200)
    found = nearest_squared(torch.from_numpy(a).float(), torch.from_numpy(b).float())
    np.testing.assert_allclose(found.numpy(), cdist(a, b).min(axis=1) ** 2, rtol=1e-4)
