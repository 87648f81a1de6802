"""Layers and losses of the adversarial family, against published counts, closed forms and derivatives by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from blemish.methods import get_method  # noqa: E402
from blemish.methods.autoencoders.memae import MemaeSettings, Memory, addressed, entropy, shrink  # noqa: E402
from blemish.methods.gans import adae, anogan, egbad, fanogan, ganomaly, skip_ganomaly  # noqa: E402
from blemish.methods.networks import dcgan, ganomaly_networks, residual_gan  # noqa: E402
from blemish.methods.parts.gan_losses import (  # noqa: E402
    bce_fake,
    bce_real,
    feature_distance,
    gradient_penalty,
)
from blemish.methods.parts.latent_search import search  # noqa: E402
from blemish.methods.parts.weight_averaging import averaged  # noqa: E402

pytestmark = pytest.mark.train


def no_weights(name, module):
    pytest.fail(f"{name} asks for weights")


def millions(module: nn.Module) -> float:
    return sum(weight.numel() for weight in module.parameters()) / 1e6


def count(module: nn.Module, kind: type[nn.Module]) -> int:
    return sum(isinstance(layer, kind) for layer in module.modules())


def random(*shape: int, seed: int = 0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("side_px", "generator_millions", "discriminator_millions"), [(32, 3.2, 0.66), (64, 10.7, 2.8), (128, 38, 11)]
)
def test_ganomaly_has_as_many_weights_as_the_official_code(side_px, generator_millions, discriminator_millions):
    with torch.device("meta"):
        assert millions(ganomaly.Generator(3, 64, side_px, 100)) == pytest.approx(generator_millions, rel=0.03)
        assert millions(ganomaly_networks.Discriminator(3, 64, side_px)) == pytest.approx(
            discriminator_millions, rel=0.03
        )


def test_ganomaly_encodes_32_px_by_four_convolutions_without_bias():
    encoder = ganomaly_networks.Encoder(3, 64, 32, 100)
    layers = [layer for layer in encoder.modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in layers] == [64, 128, 256, 100]
    assert all(layer.bias is None for layer in layers)
    assert count(encoder, nn.BatchNorm2d) == 2
    features = ganomaly_networks.Discriminator(3, 64, 32)(torch.zeros(2, 3, 32, 32))[1]
    assert features.shape == (2, 256 * 4 * 4)


def test_skip_ganomaly_goes_down_to_one_position_and_keeps_the_size():
    net = ganomaly_networks.SkipGenerator(3, 64, 32).eval()
    assert [stage[-1 if i in (0, 4) else -2].out_channels for i, stage in enumerate(net.down)] == [
        64,
        128,
        256,
        512,
        512,
    ]
    assert net(torch.zeros(1, 3, 32, 32)).shape == (1, 3, 32, 32)
    biased = [
        layer for layer in net.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) and layer.bias is not None
    ]
    assert len(biased) == 1


def test_fanogan_has_the_official_stages_at_64_px():
    assert residual_gan.stage_widths(64, 64) == [64, 128, 256, 512, 512]
    critic = residual_gan.Critic(1, 8, 64)
    assert critic.body.features == 64 * 16
    assert count(critic, nn.BatchNorm2d) == 0
    assert count(critic, nn.GroupNorm) == 8
    assert residual_gan.ResidualGenerator(128, 1, 8, 64)(random(2, 128)).shape == (2, 1, 64, 64)
    assert residual_gan.ResidualEncoder(128, 1, 8, 64)(random(2, 1, 64, 64)).abs().max().item() <= 1


def test_the_critics_normalisation_is_that_of_a_layer():
    x = random(3, 4, 5, 5)
    torch.testing.assert_close(residual_gan.layer_norm(4)(x), F.layer_norm(x, x.shape[1:]))


def test_egbad_has_the_official_layers():
    assert [layer.out_features for layer in dcgan.Generator(200, 1, 64, 32).dense if isinstance(layer, nn.Linear)] == [
        1024,
        8192,
    ]
    pair = dcgan.PairDiscriminator(200, 1, 64, 32, 0.5)
    assert pair.hidden[0].in_features == 64 * 8 * 8 + 512
    assert pair.hidden[0].out_features == 1024
    body = dcgan.Encoder(200, 1, 64, 32).body
    kinds = [nn.Conv2d, *[nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU] * 2, nn.Flatten]
    assert [type(layer) for layer in body] == kinds
    assert [layer.out_channels for layer in body if isinstance(layer, nn.Conv2d)] == [32, 64, 128]


@pytest.mark.parametrize("side_px", [32, 64, 128, 256])
@pytest.mark.parametrize("name", ["ganomaly", "skip-ganomaly", "fanogan", "egbad", "adae", "memae"])
def test_every_network_works_at_every_size(name: str, side_px: int):
    method = get_method(name)
    values = {"size_px": side_px, "width": 4, "colour": False, "batch_size": 2}
    built = method(method.Settings.model_validate(values), (), no_weights)
    score, maps = built.graph()(torch.zeros(1, side_px, side_px, 3, dtype=torch.uint8))
    assert score.shape == (1,)
    assert maps.shape == (1, side_px, side_px)


def test_cross_entropies_are_those_of_torch():
    logit = random(9) * 4
    for ours, target in ((bce_real, torch.ones(9)), (bce_fake, torch.zeros(9))):
        torch.testing.assert_close(ours(logit), F.binary_cross_entropy_with_logits(logit, target))


def test_ganomaly_losses_are_equation_4():
    x, x_hat, z, z_hat = random(2, 1, 4, 4), random(2, 1, 4, 4, seed=1), random(2, 5), random(2, 5, seed=1)
    f, f_hat = random(2, 7), random(2, 7, seed=1)
    expected = F.mse_loss(f, f_hat) + 50 * F.l1_loss(x, x_hat) + F.mse_loss(z, z_hat)
    loss = ganomaly.generator_loss(x, x_hat, z, z_hat, f, f_hat, ganomaly.GanomalySettings())
    torch.testing.assert_close(loss, expected)
    entropy = F.binary_cross_entropy(torch.sigmoid(x.flatten()), torch.ones(32))
    entropy_fake = F.binary_cross_entropy(torch.sigmoid(x_hat.flatten()), torch.zeros(32))
    torch.testing.assert_close(ganomaly.discriminator_loss(x.flatten(), x_hat.flatten()), (entropy + entropy_fake) / 2)


def test_skip_ganomaly_losses_are_those_of_the_paper():
    x, x_hat, code, code_fake = random(2, 1, 4, 4), random(2, 1, 4, 4, seed=1), random(2, 5), random(2, 5, seed=1)
    logit, logit_fake = random(2, seed=2), random(2, seed=3)
    expected = -torch.sigmoid(logit_fake).log().mean() + 50 * F.l1_loss(x, x_hat) + F.mse_loss(code, code_fake)
    settings = skip_ganomaly.SkipGanomalySettings()
    torch.testing.assert_close(skip_ganomaly.generator_loss(x, x_hat, logit_fake, code, code_fake, settings), expected)
    expected = -torch.sigmoid(logit).log().mean() - (1 - torch.sigmoid(logit_fake)).log().mean()
    torch.testing.assert_close(
        skip_ganomaly.discriminator_loss(logit, logit_fake, code, code_fake), expected + F.mse_loss(code, code_fake)
    )


def test_fanogan_losses_are_those_of_the_paper():
    x, x_hat, f, f_hat = random(2, 1, 4, 4), random(2, 1, 4, 4, seed=1), random(2, 7), random(2, 7, seed=1)
    expected = torch.stack([F.mse_loss(x[i], x_hat[i]) + 3 * F.mse_loss(f[i], f_hat[i]) for i in range(2)])
    torch.testing.assert_close(fanogan.izi_f(x, x_hat, f, f_hat, 3.0), expected)
    torch.testing.assert_close(fanogan.izi(x, x_hat).mean(), F.mse_loss(x, x_hat))
    torch.testing.assert_close(fanogan.ziz(f, f_hat), F.mse_loss(f, f_hat))
    assert float(fanogan.critic_loss(torch.tensor([1.0, 3.0]), torch.tensor([0.5, 0.5]))) == pytest.approx(-1.5)


def test_egbads_generator_and_discriminator_have_opposite_targets():
    logit, logit_fake = random(6), random(6, seed=1)
    torch.testing.assert_close(egbad.discriminator_loss(logit, logit_fake), egbad.pair_loss(logit_fake, logit))
    expected = -torch.sigmoid(logit_fake).log().mean() - (1 - torch.sigmoid(logit)).log().mean()
    torch.testing.assert_close(egbad.pair_loss(logit, logit_fake), expected)


@pytest.mark.parametrize("distances", ["sum", "mean"])
def test_anogan_distance_weighs_sums_as_the_paper_or_means(distances: str):
    x, fake, f, f_fake = random(2, 1, 4, 4), random(2, 1, 4, 4, seed=1), random(2, 7), random(2, 7, seed=1)
    settings = anogan.AnoganSettings(distances=distances)
    found = anogan.anogan_distance(x, fake, f, f_fake, settings)
    if distances == "sum":
        expected = 0.9 * (x - fake).abs().sum(dim=(1, 2, 3)) + 0.1 * (f - f_fake).abs().sum(dim=1)
        torch.testing.assert_close(found * 16, expected)
        return
    expected = torch.stack([0.9 * F.l1_loss(x[i], fake[i]) + 0.1 * F.l1_loss(f[i], f_fake[i]) for i in range(2)])
    torch.testing.assert_close(found, expected)


def test_anogan_weighs_as_the_paper_does_unless_told_otherwise():
    assert anogan.AnoganSettings().distances == "sum"


@pytest.mark.parametrize(
    ("real", "fake", "k"),
    [(0.2, 0.2, 0.505), (0.2, 0.3, 0.5), (0.1, 0.2, 0.495), (0.2, 0.0, 0.515), (1e-3, 1.0, 0.0)],
    ids=["easy-fakes", "balanced", "hard-fakes", "perfect-fakes", "never-below-0"],
)
def test_adaes_k_grows_while_generated_images_are_easier_to_reconstruct(real: float, fake: float, k: float):
    found = adae.balanced(torch.tensor(0.5), torch.tensor(real), torch.tensor(fake), adae.AdaeSettings())
    assert float(found) == pytest.approx(k, abs=1e-5)


def test_adae_with_k_of_one_is_the_papers_loss():
    assert float(adae.discriminator_loss(torch.tensor(0.3), torch.tensor(0.2), torch.tensor(1.0))) == pytest.approx(0.1)


def test_feature_distance_is_the_mean_square():
    assert float(feature_distance(torch.zeros(2, 3), torch.full((2, 3), 0.5))) == pytest.approx(0.25)


def test_the_penalty_of_a_linear_critic_has_a_closed_form():
    weight = random(1, 3, 4, 4)
    penalty = gradient_penalty(
        lambda x: (x * weight).flatten(1).sum(dim=1), random(5, 3, 4, 4), random(5, 3, 4, 4, seed=1), torch.rand(5)
    )
    assert float(penalty) == pytest.approx((float(weight.norm()) - 1) ** 2, rel=1e-5)


def test_the_penalty_and_its_derivative_are_those_by_hand():
    # The critic a · |x|² / 2 has the gradient a · x: the penalty is the mean of (|a| |x| - 1)².
    a = torch.tensor(0.7, requires_grad=True)
    x, fake, fraction = random(4, 1, 3, 3), random(4, 1, 3, 3, seed=1), torch.tensor([0.0, 0.3, 0.6, 1.0])
    penalty = gradient_penalty(lambda mixed: a * mixed.square().flatten(1).sum(dim=1) / 2, x, fake, fraction)
    (slope,) = torch.autograd.grad(penalty, a)
    mixed = (1 - fraction[:, None, None, None]) * x + fraction[:, None, None, None] * fake
    norm = mixed.flatten(1).norm(dim=1)
    assert penalty.item() == pytest.approx(float((0.7 * norm - 1).square().mean()), rel=1e-5)
    assert slope.item() == pytest.approx(float((2 * (0.7 * norm - 1) * norm).mean()), rel=1e-5)


@pytest.mark.parametrize("similarity", ["cosine", "product"])
def test_memory_gives_a_sparse_mixture(similarity: str):
    torch.manual_seed(0)
    memory = Memory(4, MemaeSettings(memory_size=10, similarity=similarity, temperature=0.5))
    x = random(2, 4, 3, 3)
    answer, weights = memory(x)
    rows = x.permute(0, 2, 3, 1).reshape(-1, 4)
    keys = memory.vectors
    if similarity == "cosine":
        rows, keys = rows / rows.norm(dim=1, keepdim=True) / 0.5, keys / keys.norm(dim=1, keepdim=True)
    expected = torch.softmax(rows @ keys.T, dim=1)
    expected = torch.where(expected > 0.1, expected, 0)
    expected = expected / expected.sum(dim=1, keepdim=True)
    torch.testing.assert_close(weights.permute(0, 2, 3, 1).reshape(-1, 10), expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(answer.permute(0, 2, 3, 1).reshape(-1, 4), expected @ memory.vectors)


def test_a_low_temperature_singles_out_a_memory_item_that_plain_cosines_cannot():
    def of(temperature: float) -> tuple[float, float]:
        torch.manual_seed(0)
        memory = Memory(16, MemaeSettings(memory_size=500, temperature=temperature))
        # Queries that are memory items themselves: the clearest case there is.
        return addressed(memory(memory.vectors[:9].detach().T[None, :, :, None])[1].detach())

    (spread, faint), (few, clear) = of(1.0), of(MemaeSettings().temperature)
    assert spread > 200
    assert faint < 0.02
    assert few < 5
    assert clear > 0.9


def test_addressing_counts_the_items_in_use_and_takes_the_largest_weight():
    assert addressed(torch.tensor([[[0.7, 0.0], [0.3, 0.0], [0.0, 1.0]]])) == (1.5, pytest.approx(0.85))


def test_weights_below_the_threshold_vanish_and_the_rest_sum_to_one():
    weights = torch.tensor([[0.5, 0.3, 0.15, 0.05]])
    torch.testing.assert_close(shrink(weights, 0.1), torch.tensor([[0.5, 0.3, 0.15, 0]]) / 0.95)
    assert float(shrink(weights, 0.9).abs().sum()) == 0
    assert float(entropy(torch.full((2, 8, 3, 3), 1 / 8))) == pytest.approx(np.log(8), rel=1e-5)


def test_averaged_weights_follow_slowly_and_statistics_at_once():
    network = nn.BatchNorm1d(2)
    average = averaged(network, 0.4)
    slow: Any = average.module
    nn.init.constant_(network.weight, 3.0)
    network.running_mean.fill_(7.0)
    expected = 1.0
    for step in range(1, 12):
        average.update_parameters(network)
        keep = min(0.4, (1 + step) / (10 + step))
        expected = keep * expected + (1 - keep) * 3.0
        assert slow.weight.tolist() == pytest.approx([expected] * 2)
    assert slow.running_mean.tolist() == [7, 7]
    assert not slow.weight.requires_grad


def valley(z, index):
    """Distance to a target that depends on the image's index only, with a second, higher minimum."""
    target = torch.stack([index.float(), -index.float()], dim=1)
    return (z - target).square().sum(dim=1) + 0.1 * (1 - torch.cos(3 * (z - target))).sum(dim=1)


def test_the_search_finds_the_code_of_every_image():
    starts = random(3, 2)
    found = search(valley, 5, starts, steps=500, learning_rate=0.1, patience=60)
    numbers = torch.arange(5.0)
    torch.testing.assert_close(found.code, torch.stack([numbers, -numbers], dim=1), atol=0.02, rtol=0)
    assert float(found.distance.max()) < 0.01
    assert int(found.steps.min()) < 500


def test_the_best_of_several_starts_counts():
    starts = torch.tensor([[3.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    found = search(lambda z, _: z.square().sum(dim=1), 2, starts, steps=1, learning_rate=0.1, patience=5)
    assert found.distance.tolist() == [1, 1]
    assert found.code.tolist() == [[1, 0], [1, 0]]


def test_an_image_has_the_same_code_alone_as_among_others():
    starts = random(2, 2)
    together = search(valley, 4, starts, steps=80, learning_rate=0.1, patience=10)
    alone = search(lambda z, index: valley(z, index + 3), 1, starts, steps=80, learning_rate=0.1, patience=10)
    torch.testing.assert_close(alone.distance[0], together.distance[3])
    assert alone.steps[0] == together.steps[3]


def test_the_search_by_rows_is_adam():
    starts, steps = random(1, 2), 30
    z = starts.clone().requires_grad_()
    adam = torch.optim.Adam([z], lr=0.1)
    best = float("inf")
    for step in range(1, steps + 1):
        adam.param_groups[0]["lr"] = 0.1 * (1 if step <= 0.4 * steps else 0.1 if step <= 0.6 * steps else 0.05)
        loss = valley(z, torch.tensor([2])).sum()
        best = min(best, loss.item())
        adam.zero_grad()
        loss.backward()
        adam.step()
    found = search(lambda c, _: valley(c, torch.tensor([2])), 1, starts, steps=steps, learning_rate=0.1, patience=99)
    assert float(found.distance) == pytest.approx(best, rel=1e-4)
