"""Streamed moments, fair draws, and the heads of the statistical methods, against scikit-learn and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from blemish.methods.memory.one_class_svm import KernelSum, support_weights  # noqa: E402
from blemish.methods.memory.pca import Residual  # noqa: E402
from blemish.methods.parts.mahalanobis import Mahalanobis  # noqa: E402
from blemish.methods.parts.moments import Moments, shrunk  # noqa: E402
from blemish.methods.parts.patch_features import local_contrast  # noqa: E402
from blemish.methods.parts.patch_scoring import Smoothing  # noqa: E402
from blemish.methods.parts.reservoir import sample_vectors  # noqa: E402

pytestmark = pytest.mark.train


def correlated(n: int, d: int = 6, far: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, d)) @ rng.normal(size=(d, d)) + far


@pytest.mark.parametrize("far", [0.0, 1e4])
def test_streamed_moments_are_those_of_all_vectors_at_once(far: float):
    vectors = correlated(500, far=far).astype(np.float32)
    moments, variances = Moments(6), Moments(6, full=False)
    for part in np.split(vectors, [3, 4, 200]):
        moments.add(torch.from_numpy(part))
        variances.add(torch.from_numpy(part))
    exact = vectors.astype(np.float64)
    np.testing.assert_allclose(moments.mean()[0].numpy(), exact.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(moments.covariance()[0].numpy(), np.cov(exact.T, bias=True), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(variances.variance()[0].numpy(), exact.var(axis=0), rtol=1e-6)


def test_every_position_has_its_own_moments():
    vectors = np.stack([correlated(50), 3 * correlated(50)], axis=1).astype(np.float32)
    moments = Moments(6, positions=2)
    for part in np.split(vectors, [20]):
        moments.add(torch.from_numpy(part))
    for place in range(2):
        np.testing.assert_allclose(
            moments.covariance()[place].numpy(),
            np.cov(vectors[:, place].T.astype(float), bias=True),
            rtol=1e-5,
            atol=1e-5,
        )


@pytest.mark.parametrize("n", [3, 10, 400])
def test_shrinkage_is_that_of_scikit_learn(n: int):
    from sklearn.covariance import oas

    vectors = correlated(n)
    covariance = torch.from_numpy(np.cov(vectors.T, bias=True))
    np.testing.assert_allclose(shrunk(covariance, n).numpy(), oas(vectors)[0], rtol=1e-6, atol=1e-9)


def test_what_never_varies_can_still_be_inverted():
    torch.linalg.cholesky(shrunk(torch.zeros(3, 3, dtype=torch.float64), 1))


def test_mahalanobis_agrees_with_scipy():
    from scipy.spatial.distance import mahalanobis

    vectors = correlated(200)
    mean, covariance = vectors.mean(axis=0), np.cov(vectors.T)
    head = Mahalanobis(torch.from_numpy(mean)[None], torch.from_numpy(covariance)[None])
    patches = np.random.default_rng(1).normal(size=(2, 6, 3, 2))
    found = head(torch.from_numpy(patches).float())
    expected = [
        mahalanobis(row, mean, np.linalg.inv(covariance)) for row in patches.transpose(0, 2, 3, 1).reshape(-1, 6)
    ]
    np.testing.assert_allclose(found.numpy().ravel(), expected, rtol=1e-4)


def test_each_place_is_compared_with_its_own_gaussian():
    means = torch.arange(6.0, dtype=torch.float64)[:, None].repeat(1, 2)
    head = Mahalanobis(means, torch.eye(2, dtype=torch.float64).repeat(6, 1, 1) * 4)
    features = means.float().reshape(1, 2, 3, 2).permute(0, 3, 1, 2)
    torch.testing.assert_close(head(features), torch.zeros(1, 2, 3))
    torch.testing.assert_close(head(features + 2), torch.full((1, 2, 3), 2**0.5))


def test_the_residual_is_what_scikit_learns_pca_cannot_reconstruct():
    from sklearn.decomposition import PCA

    vectors = correlated(300)
    pca = PCA(3).fit(vectors)
    head = Residual(torch.from_numpy(pca.mean_).float(), torch.from_numpy(pca.components_.T).float())
    rows = np.random.default_rng(1).normal(size=(8, 6))
    expected = np.linalg.norm(rows - pca.inverse_transform(pca.transform(rows)), axis=1)
    found = head(torch.from_numpy(rows.reshape(2, 2, 2, 6).transpose(0, 3, 1, 2)).float())
    np.testing.assert_allclose(found.numpy().ravel(), expected, rtol=1e-4)


@pytest.mark.parametrize("nu", [0.05, 0.3, 0.9])
def test_the_one_class_svm_is_that_of_scikit_learn(nu: float):
    from sklearn.svm import OneClassSVM

    vectors, probes = correlated(150), correlated(400)[150:]
    gamma = 1 / vectors.var(axis=0).sum()
    reference = OneClassSVM(kernel="rbf", nu=nu, gamma=gamma, tol=1e-9).fit(vectors)
    kernel = np.exp(-gamma * ((vectors[:, None] - vectors[None]) ** 2).sum(axis=2))
    alpha = support_weights(torch.from_numpy(kernel), nu)
    assert float(alpha.sum()) == pytest.approx(1, abs=1e-6)
    assert 0 <= float(alpha.min()) <= float(alpha.max()) <= 1 / (nu * 150) + 1e-9
    head = KernelSum(torch.from_numpy(vectors).float(), alpha.float(), gamma)
    found = head(torch.from_numpy(probes.T.reshape(1, 6, 250, 1)).float()).numpy().ravel()
    # scikit-learn's weights sum to nu n.
    expected = 1 - reference.score_samples(probes) / (nu * 150)
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_a_sample_is_uniform_and_repeats_under_its_seed():
    stream = [torch.arange(start, start + 25.0)[:, None] for start in range(0, 1000, 25)]
    first = sample_vectors(stream, 40, seed=3)
    assert len(set(first[:, 0].tolist())) == 40
    torch.testing.assert_close(first, sample_vectors(stream, 40, seed=3))
    means = [float(sample_vectors(stream, 40, seed=seed).mean()) for seed in range(200)]
    assert np.mean(means) == pytest.approx(499.5, abs=10)
    assert np.std(means) == pytest.approx(1000 / 12**0.5 / 40**0.5, rel=0.2)


def test_a_sample_of_more_than_there_is_takes_everything():
    assert sorted(sample_vectors([torch.arange(5.0)[:, None]], 40, seed=0)[:, 0].tolist()) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("sigma", [0.0, 1.5, 4.0])
def test_the_blur_is_that_of_scipy(sigma: float):
    from scipy.ndimage import gaussian_filter

    maps = np.random.default_rng(0).random((2, 40, 30)).astype(np.float32)
    expected = np.stack([gaussian_filter(each, sigma, mode="nearest") for each in maps])
    found = Smoothing(sigma)(torch.from_numpy(maps)[:, None])[:, 0]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-5)


def test_local_contrast_takes_light_and_contrast_away():
    rng = np.random.default_rng(0)
    texture = np.repeat(rng.normal(0, 1, (1, 96, 96, 1)), 3, axis=3)
    bright, faint = 150 + 30 * texture, 90 + 15 * texture + np.linspace(-30, 30, 96)[None, None, :, None]
    a, b = (local_contrast(torch.from_numpy(image).float(), 17) for image in (bright, faint))
    inner = np.s_[:, 10:-10, 10:-10]
    assert float((a - b)[inner].abs().mean()) < 3
    assert float(a[inner].std()) > 30
