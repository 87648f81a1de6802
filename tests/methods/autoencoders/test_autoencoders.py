"""Autoencoder, VAE and VAE with attention: shapes, losses against closed forms, attention against autograd, export."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import uniform_filter

torch = pytest.importorskip("torch")

import blemish  # noqa: E402
from blemish.errors import SettingsError  # noqa: E402
from blemish.methods import get_method  # noqa: E402
from blemish.methods.autoencoders.vae_attention import log_barrier  # noqa: E402
from blemish.methods.networks.pixels import SignedPixels  # noqa: E402
from blemish.methods.parts.bottleneck import cross_entropy, divergence, squared_error  # noqa: E402

from ..conftest import draw_surfaces, samples_of  # noqa: E402

pytestmark = pytest.mark.train

NAMES = ("autoencoder", "vae", "vae-attention")
TINY = {"size_px": 32, "width": 4, "latent": 8, "epochs": 2, "batch_size": 4}


def build(name: str, **settings: object):
    method = get_method(name)
    return method(method.Settings.model_validate({**TINY, **settings}), (), lambda name, module: pytest.fail(name))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("colour", [True, False])
@pytest.mark.parametrize("size_px", [32, 48])
def test_scores_and_maps_have_the_size_of_the_image(name: str, colour: bool, size_px: int):
    graph = build(name, colour=colour, size_px=size_px).graph()
    images = torch.randint(0, 256, (3, size_px, size_px, 3), dtype=torch.uint8)
    score, maps = graph(images)
    assert score.shape == (3,)
    assert maps.shape == (3, size_px, size_px)
    torch.testing.assert_close(graph(images[1:2])[0], score[1:2], rtol=1e-4, atol=1e-6)


def test_a_size_that_is_no_power_of_two_is_padded_and_said():
    method = build("vae", size_px=48)
    assert method.side_px == 64
    assert "64 px" in method.remarks()[0]
    pixels = SignedPixels(48, colour=True)
    images = torch.randint(0, 256, (1, 48, 48, 3), dtype=torch.uint8)
    padded = pixels(images)
    assert padded.shape == (1, 3, 64, 64)
    torch.testing.assert_close(padded[..., 48], padded[..., 46])
    torch.testing.assert_close(pixels.crop(padded), images.permute(0, 3, 1, 2) / 127.5 - 1)


def test_there_are_five_blocks_down_and_five_up():
    method = build("vae-attention", downsamplings=5, size_px=256, width=8, latent=32)
    assert sum(isinstance(layer, torch.nn.Conv2d) for layer in method.encoder) == 5
    assert sum(isinstance(layer, torch.nn.Conv2d) for layer in method.decoder.layers) == 5 + 1
    assert method.encoder(torch.zeros(1, 3, 256, 256)).shape == (1, 64, 8, 8)
    assert method.code_mean.out_features == 32


def test_the_layers_of_the_code_take_smaller_steps():
    method = build("vae", code_rate=0.1, learning_rate=1e-3)
    others, code = method.configure_optimizers().param_groups
    assert (others["lr"], code["lr"]) == (1e-3, pytest.approx(1e-4))
    of_the_code = {
        id(weight) for layer in (method.code_mean, method.code_log_variance) for weight in layer.parameters()
    }
    assert {id(weight) for weight in code["params"]} == of_the_code
    assert len(others["params"]) + len(code["params"]) == len(list(method.parameters()))


def test_the_divergence_is_that_of_two_gaussians():
    torch.manual_seed(0)
    mean, log_variance = torch.randn(6, 4), torch.randn(6, 4)
    ours = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
    unit = torch.distributions.Normal(torch.zeros(6, 4), torch.ones(6, 4))
    expected = torch.distributions.kl_divergence(ours, unit).sum(dim=1).mean()
    torch.testing.assert_close(divergence(mean, log_variance), expected)
    assert float(divergence(torch.zeros(2, 3), torch.zeros(2, 3))) == 0


def test_the_error_is_summed_over_an_image_and_averaged_over_images():
    x = torch.zeros(2, 3, 4, 4)
    assert float(squared_error(x, x + 0.5)) == pytest.approx(3 * 16 * 0.25)


@pytest.mark.parametrize("v", [-2.0, -0.5, -1 / 400 - 1e-4, -1 / 400, -1 / 400 + 1e-4, 0.0, 0.3, 1.0])
def test_the_barrier_is_its_definition(v: float):
    t = 20.0
    expected = -math.log(-v) / t if v <= -1 / t**2 else t * v - math.log(1 / t**2) / t + 1 / t
    at = torch.tensor([v], dtype=torch.float64, requires_grad=True)
    value = log_barrier(at, t)
    value.backward()
    assert value.item() == pytest.approx(expected, rel=1e-9)
    assert float(at.grad) == pytest.approx(-1 / (t * v) if v <= -1 / t**2 else t, rel=1e-9)


def test_the_closed_form_of_the_attention_is_the_gradient():
    method = build("vae-attention").eval()
    blocks = method.encoder(torch.rand(2, 3, 32, 32) * 2 - 1).detach().requires_grad_()
    (slope,) = torch.autograd.grad(method.code_mean(blocks.flatten(1)).sum(), blocks)
    alpha = slope.mean(dim=(2, 3))
    expected = (alpha[:, :, None, None] * blocks).sum(dim=1)
    torch.testing.assert_close(method.attention_logit(blocks), expected)


def test_the_attention_loss_is_the_sum_of_its_parts():
    method = build("vae-attention", beta=2.0, barrier=3.0).eval()
    images = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    error, apart, blocks = method.loss_terms(method.pixels(images))
    left_out = 1 - torch.sigmoid(method.attention_logit(blocks)).mean(dim=(1, 2))
    expected = error + 2 * apart + 3 * (20 * left_out + math.log(400) / 20 + 1 / 20).mean()
    torch.testing.assert_close(method.compute_loss(images), expected)


def test_the_attended_error_is_the_error_around_a_pixel_times_the_relative_attention_there():
    torch.manual_seed(0)
    method, plain = build("vae-attention", map="attended-error").eval(), build("vae-attention").eval()
    plain.load_state_dict(method.state_dict())
    x = torch.rand(2, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        (score, maps), (plain_score, logit) = method.score_and_map(x), plain.score_and_map(x)
        error = (x - method.decoder(method.code_mean(method.encoder(x).flatten(1)))).square().mean(dim=1).numpy()
    attended = np.maximum(logit.numpy(), 0)
    fraction = attended / attended.mean(axis=(1, 2), keepdims=True)
    around = np.stack([uniform_filter(one, 3) for one in error])
    assert 0 < (fraction > 0).mean() < 1
    np.testing.assert_allclose(maps[:, 1:-1, 1:-1], (fraction * around)[:, 1:-1, 1:-1], rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(
        maps[:, 0, 0], fraction[:, 0, 0] * error[:, :2, :2].mean(axis=(1, 2)), rtol=1e-4, atol=1e-7
    )
    torch.testing.assert_close(score, plain_score)


def test_the_constraint_spreads_the_attention_over_normal_images(surfaces: Path):
    torch.manual_seed(0)
    method = build("vae-attention", barrier=50.0)
    images = torch.stack([method.examples(samples_of(surfaces), training=False, seed=0)[i] for i in range(8)])
    optimizer = torch.optim.Adam(method.parameters(), lr=2e-3)
    covered = []
    for _ in range(40):
        optimizer.zero_grad()
        method.compute_loss(images).backward()
        optimizer.step()
        with torch.no_grad():
            covered.append(float(torch.sigmoid(method.attention_logit(method.encoder(method.pixels(images)))).mean()))
    assert covered[-1] > max(0.9, covered[0])


def test_three_normal_images_are_fewer_than_a_batch_and_enough(tmp_path: Path):
    draw_surfaces(tmp_path / "few", count=3)
    detector = blemish.train("autoencoder", tmp_path / "few", tmp_path / "wave.blemish", settings=TINY)
    assert "all normal images were trained on" in detector.spec.thresholds.source


def test_an_impossible_size_is_refused(tmp_path: Path, surfaces: Path):
    with pytest.raises(SettingsError, match="size_px"):
        blemish.train("vae", surfaces, tmp_path / "wave.blemish", settings={"size_px": 8})


def test_the_cross_entropy_is_that_of_torch_and_smallest_at_the_image_itself():
    torch.manual_seed(0)
    x, x_hat = torch.rand(2, 3, 4, 4) * 2 - 1, torch.rand(2, 3, 4, 4) * 2 - 1
    expected = torch.nn.functional.binary_cross_entropy((x_hat + 1) / 2, (x + 1) / 2, reduction="sum") / 2
    torch.testing.assert_close(cross_entropy(x, x_hat), expected)
    assert cross_entropy(x, x) < cross_entropy(x, x_hat)
    assert torch.isfinite(cross_entropy(torch.ones(1, 1, 2, 2), -torch.ones(1, 1, 2, 2)))


def test_the_segmentation_model_reconstructs_by_cross_entropy():
    method, plain = build("vae-attention", reconstruction="bce").eval(), build("vae-attention").eval()
    plain.load_state_dict(method.state_dict())
    images = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    x = method.pixels(images)
    x_hat = method.reconstruct(x)
    expected = cross_entropy(x, x_hat) - squared_error(x, x_hat)
    torch.testing.assert_close(method.compute_loss(images) - plain.compute_loss(images), expected, rtol=1e-3, atol=1e-2)
    torch.testing.assert_close(method.graph()(images), plain.graph()(images))


def test_the_attention_of_the_first_block_is_the_mean_of_its_channels_at_its_own_resolution():
    method = build("vae-attention", attention="first-block", barrier=2.0).eval()
    images = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    x = method.pixels(images)
    with torch.no_grad():
        first = method.encoder[2](method.encoder[1](method.encoder[0](x)))
        maps = method.score_and_map(x)[1]
        loss, (error, kl, _) = method.compute_loss(images), method.loss_terms(x)
    logit = first.mean(dim=1)
    assert logit.shape == (2, 16, 16)
    expected = torch.nn.functional.interpolate(logit[:, None], size=(32, 32), mode="bilinear", align_corners=False)
    torch.testing.assert_close(maps, expected[:, 0])
    missing = 1 - torch.sigmoid(logit).mean(dim=(1, 2))
    torch.testing.assert_close(loss, error + kl + 2.0 * log_barrier(missing, 20.0).mean())
