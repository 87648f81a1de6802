"""Steps of each adversarial method against its paper, written out here: losses, weights, statistics, scores.

Every reference holds the networks alone and calls torch: which network sees what, in which order, what is detached and
which weights move is read off here and compared after several steps.
"""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch.nn import functional as F  # noqa: E402

from optimiser_steps import (  # noqa: E402
    adams,
    assert_same_losses,
    assert_same_scores,
    assert_same_weights,
    build,
    reference,
    run_steps,
    update,
)

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("double_precision")]

REAL, FAKE = 1.0, 0.0


def entropy(logit, target):
    return F.binary_cross_entropy(torch.sigmoid(logit), torch.full_like(logit, target))


def test_ganomaly_steps_as_in_the_paper():
    method = build("ganomaly", latent=5)
    net, losses = run_steps(method)
    before, (g, d) = build("ganomaly", latent=5), (net.generator, net.discriminator)
    adam_g, adam_d = adams((g, d), 2e-4, (0.5, 0.999))

    def step(_, x):
        x_hat = g.decoder(g.encoder(x))
        loss_d = update(adam_d, (entropy(d(x)[0], REAL) + entropy(d(x_hat.detach())[0], FAKE)) / 2)
        g.second_encoder(x_hat.detach())  # the whole generator runs, and its statistics follow
        z = g.encoder(x)
        x_hat = g.decoder(z)
        z_hat = g.second_encoder(x_hat)
        features = F.mse_loss(d(x)[1], d(x_hat)[1])
        loss_g = update(adam_g, features + 50 * F.l1_loss(x_hat, x) + F.mse_loss(z_hat, z))
        return {"generator": loss_g, "discriminator": loss_d}

    assert_same_losses(losses, reference(step, 3))
    assert_same_weights(method, net, before)

    def score(x):
        g.eval()
        z = g.encoder(x)
        x_hat = g.decoder(z)
        return ((z - g.second_encoder(x_hat)) ** 2).mean(dim=1), (x - x_hat).abs()[:, 0]

    assert_same_scores(method, score)


def test_skip_ganomaly_steps_as_in_the_paper():
    method = build("skip-ganomaly", latent=5)
    net, losses = run_steps(method)
    before, (g, d) = build("skip-ganomaly", latent=5), (net.generator, net.discriminator)
    adam_g, adam_d = adams((g, d), 2e-4, (0.5, 0.999))

    def step(_, x):
        x_hat = g(x)
        real_code = d(x)[1]
        logit, code = d(x_hat)
        loss_g = update(adam_g, entropy(logit, REAL) + 50 * F.l1_loss(x_hat, x) + F.mse_loss(code, real_code))
        real_logit, real_code = d(x)
        logit, code = d(g(x).detach())
        loss_d = entropy(real_logit, REAL) + entropy(logit, FAKE) + F.mse_loss(code, real_code)
        return {"generator": loss_g, "discriminator": update(adam_d, loss_d)}

    assert_same_losses(losses, reference(step, 3))
    assert_same_weights(method, net, before)

    def score(x):
        g.eval(), d.eval()
        x_hat = g(x)
        error, codes = (x - x_hat) ** 2, (d(x)[1] - d(x_hat)[1]) ** 2
        return 0.9 * error.mean(dim=(1, 2, 3)) + 0.1 * codes.mean(dim=1), (x - x_hat).abs()[:, 0]

    assert_same_scores(method, score)


def test_the_skip_connections_of_skip_ganomaly_carry_the_image():
    generator = build("skip-ganomaly", latent=5).generator.eval()
    for layer in generator.down[-1]:
        if hasattr(layer, "weight"):
            torch.nn.init.zeros_(layer.weight)
    x = torch.rand(2, 1, 32, 32)
    with torch.no_grad():
        first, second = generator(x)
    assert (first - second).abs().mean() > 1e-4


FANOGAN = {"latent": 5, "epochs": 2, "encoder_epochs": 1, "critic_steps": 2, "kappa": 0.7}


def test_fanogan_steps_as_in_the_paper():
    """Four steps of the critic, every second followed by one of the generator; then four of the encoder alone."""
    method = build("fanogan", **FANOGAN)
    net, losses = run_steps(method, batches=4)
    before, (g, d, e) = build("fanogan", **FANOGAN), (net.generator, net.discriminator, net.encoder)
    adam_g, adam_d = adams((g, d), 1e-4, (0.0, 0.9))
    rmsprop = torch.optim.RMSprop(e.parameters(), lr=5e-5, alpha=0.9)

    def distance(x):
        x_hat = g(e(x))
        features = ((d(x)[1] - d(x_hat)[1]) ** 2).mean(dim=1)
        return ((x - x_hat) ** 2).mean(dim=(1, 2, 3)) + 0.7 * features, (x - x_hat).abs()[:, 0]

    def step(number, x):
        if number >= 4:
            g.eval(), d.eval()
            return {"encoder": update(rmsprop, distance(x)[0].mean())}
        fake = g(torch.randn(4, 5)).detach()
        fraction = torch.rand(4)[:, None, None, None]
        between = (fraction * fake + (1 - fraction) * x).requires_grad_()
        (slope,) = torch.autograd.grad(d(between)[0].sum(), between, create_graph=True)
        penalty = ((slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
        found = {"discriminator": update(adam_d, d(fake)[0].mean() - d(x)[0].mean() + 10 * penalty)}
        if number % 2 == 1:
            found["generator"] = update(adam_g, -d(g(torch.randn(4, 5)))[0].mean())
        return found

    assert_same_losses(losses, reference(step, 8, batches=4))
    assert_same_weights(method, net, before)
    e.eval()
    assert_same_scores(method, distance)
