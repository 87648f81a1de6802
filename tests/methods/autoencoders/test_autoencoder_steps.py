"""Steps of each autoencoder against its paper, written out here: loss, weights, statistics, scores.

See `optimiser_steps`; the references use the networks of the method and nothing else of it.
"""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from optimiser_steps import (  # noqa: E402
    assert_same_losses,
    assert_same_scores,
    assert_same_weights,
    build,
    fixed_images,
    in_range,
    reference,
    run_steps,
    update,
)

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("double_precision")]

CODE = {"latent": 5, "learning_rate": 2e-3, "code_rate": 0.5}
SIDE_PX = 32


def adam_of(net):
    """Adam at Kingma and Ba's betas; the layers of the code take steps half as large."""
    layers = [layer for name, layer in net.named_children() if name.startswith("code_")]
    code = [weight for layer in layers for weight in layer.parameters()]
    others = [weight for part in (net.encoder, net.decoder) for weight in part.parameters()]
    groups = [{"params": others}, {"params": code, "lr": 1e-3}]
    return torch.optim.Adam(groups, lr=2e-3, betas=(0.9, 0.999), eps=1e-8)


def compare(name: str, loss, score, **settings: object):
    """``loss`` (method before, images) and ``score`` (trained method, images) are the paper's."""
    method = build(name, **CODE, **settings)
    net, losses = run_steps(method)
    before, adam = build(name, **CODE, **settings), adam_of(net)
    assert_same_losses(losses, reference(lambda _, x: {"loss": update(adam, loss(net, x))}, 3))
    assert_same_weights(method, net, before)
    net.eval()
    assert_same_scores(method, lambda x: score(net, x))


def sampled(net, x):
    """The encoder's last block, the mean, the log variance, and a code drawn by them: z = μ + σ · ε."""
    blocks = net.encoder(x)
    mean, log_variance = net.code_mean(blocks.flatten(1)), net.code_log_variance(blocks.flatten(1))
    return blocks, mean, log_variance, mean + torch.exp(log_variance / 2) * torch.randn(len(x), 5)


def divergence(mean, log_variance):
    """From N(0, I), summed over the code: Kingma and Welling 2014, eq. 10."""
    return -0.5 * (1 + log_variance - mean**2 - torch.exp(log_variance)).sum(dim=1)


def squared(x, x_hat):
    """Summed over each image."""
    return ((x - x_hat) ** 2).sum(dim=(1, 2, 3))


def error_of_the_mean_code(net, x):
    """The score and the map of all three: the squared error of the reconstruction from the mean code."""
    error = (x - net.decoder(net.code_mean(net.encoder(x).flatten(1)))) ** 2
    return error.mean(dim=(1, 2, 3)), error[:, 0]


def test_the_autoencoder_steps_down_its_squared_error():
    def loss(net, x):
        return F.mse_loss(net.decoder(net.code_mean(net.encoder(x).flatten(1))), x)

    compare("autoencoder", loss, error_of_the_mean_code)


def test_the_vae_steps_as_in_the_paper():
    def loss(net, x):
        _, mean, log_variance, code = sampled(net, x)
        return (squared(x, net.decoder(code)) + 2.0 * divergence(mean, log_variance)).mean()

    compare("vae", loss, error_of_the_mean_code, beta=2.0)


def attention_before_the_sigmoid(net, blocks):
    """Grad-CAM on the mean code, by autograd: Σ_k α_k f_k with α_k the mean over positions of ∂Σz / ∂f_k."""
    (slope,) = torch.autograd.grad(net.code_mean(blocks.flatten(1)).sum(), blocks, create_graph=True)
    return (slope.mean(dim=(2, 3), keepdim=True) * blocks).sum(dim=1)


def test_the_vae_with_attention_steps_as_in_the_paper():
    def loss(net, x):
        blocks, mean, log_variance, code = sampled(net, x)
        missing = 1 - torch.sigmoid(attention_before_the_sigmoid(net, blocks)).mean(dim=(1, 2))
        # The linear branch of ψ_t: a sigmoid never covers the whole image.
        barrier = 20 * missing - math.log(1 / 20**2) / 20 + 1 / 20
        return (squared(x, net.decoder(code)) + 2.0 * divergence(mean, log_variance) + 30 * barrier).mean()

    def score(net, x):
        with torch.enable_grad():
            blocks = net.encoder(x).detach().requires_grad_()
            attention = attention_before_the_sigmoid(net, blocks)[:, None].detach()
        size = (SIDE_PX, SIDE_PX)
        return error_of_the_mean_code(net, x)[0], F.interpolate(attention, size, mode="bilinear")[:, 0]

    compare("vae-attention", loss, score, beta=2.0, barrier=30.0, steepness=20.0)


def test_inattention_is_attention_negated():
    x = in_range(fixed_images())
    with torch.no_grad():
        (score, maps), (other_score, other_maps) = (
            build("vae-attention", map=kind, **CODE).eval().score_and_map(x) for kind in ("attention", "inattention")
        )
    assert maps.std() > 0
    torch.testing.assert_close(other_maps, -maps)
    torch.testing.assert_close(other_score, score)


def test_codes_are_drawn_while_training_and_nowhere_else():
    method = build("vae", **CODE)
    images = fixed_images()
    with torch.no_grad():
        assert float(method.compute_loss(images)) != float(method.compute_loss(images))
        graph = method.graph()
        torch.testing.assert_close(graph(images)[0], graph(images)[0], rtol=0, atol=0)
        assert float(method.compute_loss(images)) == float(method.compute_loss(images))


MEMAE = {"memory_size": 10, "shrinkage": 0.9, "temperature": 0.5, "entropy_weight": 0.3, "learning_rate": 2e-3}


@pytest.mark.parametrize("similarity", ["cosine", "product"])
def test_memae_steps_as_in_the_paper(similarity: str):
    settings = {**MEMAE, "similarity": similarity}
    method = build("memae", **settings)
    net, losses = run_steps(method)
    before = build("memae", **settings)
    adam = torch.optim.Adam(net.parameters(), lr=2e-3, betas=(0.9, 0.999))

    def remembered(x):
        """Reconstruction by a mixture of memory items, eqs. 3 to 7, and the weights (positions, items)."""
        code = net.encoder(x)
        query, items = code.permute(0, 2, 3, 1).flatten(0, 2), net.memory.vectors
        if similarity == "cosine":
            alike = F.cosine_similarity(query[:, None], items[None], dim=2) / 0.5
        else:
            alike = query @ items.T
        weights = torch.softmax(alike, dim=1)
        weights = torch.where(weights > 0.9 / 10, weights, 0.0)
        weights = weights / weights.sum(dim=1, keepdim=True)
        mixed = (weights @ items).unflatten(0, (len(x), *code.shape[2:])).permute(0, 3, 1, 2)
        return net.decoder(mixed), weights

    def step(_, x):
        x_hat, weights = remembered(x)
        entropy = -(weights * torch.log(weights + 1e-12)).sum(dim=1).mean()
        return {"loss": update(adam, F.mse_loss(x_hat, x) + 0.3 * entropy)}

    assert_same_losses(losses, reference(step, 3))
    assert_same_weights(method, net, before)

    def score(x):
        net.eval()
        error = (x - remembered(x)[0]) ** 2
        return error.mean(dim=(1, 2, 3)), error[:, 0]

    assert_same_scores(method, score)


def test_a_memory_of_one_item_reconstructs_every_image_alike():
    method = build("memae", **MEMAE).double().eval()
    x = in_range(fixed_images())
    with torch.no_grad():
        various = method(x)[0]
        method.memory.vectors[:] = method.memory.vectors[0].clone()
        alike = method(x)[0]
    assert various.std(dim=0).max() > 1e-6
    torch.testing.assert_close(alike, alike[:1].expand_as(alike))
