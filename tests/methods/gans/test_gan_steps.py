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
    fixed_images,
    in_range,
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


@pytest.mark.parametrize("encoder_loss", ["izi_f", "izi", "ziz"])
def test_fanogan_steps_as_in_the_paper(encoder_loss: str):
    """Four steps of the critic, every second followed by one of the generator; then four of the encoder alone."""
    settings = {**FANOGAN, "encoder_loss": encoder_loss}
    method = build("fanogan", **settings)
    net, losses = run_steps(method, batches=4)
    before, (g, d, e) = build("fanogan", **settings), (net.generator, net.discriminator, net.encoder)
    adam_g, adam_d = adams((g, d), 1e-4, (0.0, 0.9))
    rmsprop = torch.optim.RMSprop(e.parameters(), lr=5e-5, alpha=0.9)

    def distance(x):
        x_hat = g(e(x))
        features = ((d(x)[1] - d(x_hat)[1]) ** 2).mean(dim=1)
        return ((x - x_hat) ** 2).mean(dim=(1, 2, 3)) + 0.7 * features, (x - x_hat).abs()[:, 0]

    def loss_of_the_encoder(x):
        if encoder_loss == "ziz":
            z = torch.randn(4, 5)
            return F.mse_loss(e(g(z)), z)
        return F.mse_loss(g(e(x)), x) if encoder_loss == "izi" else distance(x)[0].mean()

    def step(number, x):
        if number >= 4:
            g.eval(), d.eval()
            return {"encoder": update(rmsprop, loss_of_the_encoder(x))}
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


def follow(average, network, step: int, decay: float) -> None:
    """One step of the moving average of weights: TensorFlow's, which is quicker at the start."""
    keep = min(decay, (1 + step) / (10 + step))
    for old, new in zip(average.module.parameters(), network.parameters(), strict=True):
        old.mul_(keep).add_((1 - keep) * new.detach())
    for old, new in zip(average.module.buffers(), network.buffers(), strict=True):
        old.copy_(new)
    average.n_averaged += 1


def test_anogan_steps_as_in_the_paper():
    settings = {"latent": 5, "ema_decay": 0.4, "search_steps": 20, "search_starts": 2}
    method = build("anogan", **settings)
    net, losses = run_steps(method)
    before, (g, d) = build("anogan", **settings), (net.generator, net.discriminator)
    adam_g, adam_d = adams((g, d), 2e-4, (0.5, 0.999))

    def step(number, x):
        fake = g(torch.randn(4, 5)).detach()
        loss_d = update(adam_d, entropy(d(x)[0], REAL) + entropy(d(fake)[0], FAKE))
        loss_g = update(adam_g, entropy(d(g(torch.randn(4, 5)))[0], REAL))
        follow(net.averaged_generator, g, number + 1, 0.4)
        follow(net.averaged_discriminator, d, number + 1, 0.4)
        return {"generator": loss_g, "discriminator": loss_d}

    assert_same_losses(losses, reference(step, 3))
    assert_same_weights(method, net, before)


@pytest.mark.parametrize("distances", ["sum", "mean"])
def test_anogan_scores_by_equation_6_the_closest_image_that_it_finds(distances: str):
    settings = {"latent": 5, "search_steps": 40, "search_starts": 2, "feature_weight": 0.3, "distances": distances}
    method = build("anogan", **settings).double().eval()
    x = in_range(fixed_images(count=3))
    score, maps = method.score_and_map(x)
    g, d = method.averaged_generator, method.averaged_discriminator

    def distance(closest):
        pixels, features = (x - closest).abs().flatten(1), (d(x)[1] - d(closest)[1]).abs()
        if distances == "mean":
            return 0.7 * pixels.mean(dim=1) + 0.3 * features.mean(dim=1)
        return (0.7 * pixels.sum(dim=1) + 0.3 * features.sum(dim=1)) / pixels.shape[1]

    with torch.no_grad():
        closest = method.reconstruct(x)
        torch.testing.assert_close(score, distance(closest))
        torch.testing.assert_close(maps, (x - closest).abs()[:, 0])
        starts = torch.stack([distance(g(start.expand(3, 5))) for start in method.starts])
    assert (score < starts.amin(dim=0)).all()


def test_egbad_steps_as_in_the_paper():
    settings = {"latent": 5, "ema_decay": 0.4, "dropout": 0.25}
    method = build("egbad", **settings)
    net, losses = run_steps(method)
    before, (g, e, d) = build("egbad", **settings), (net.pair["generator"], net.pair["encoder"], net.discriminator)
    adam_pair, adam_d = adams((net.pair, d), 2e-4, (0.5, 0.999))

    def step(number, x):
        z = torch.randn(4, 5)
        code, fake = e(x).detach(), g(z).detach()
        loss_d = update(adam_d, entropy(d(x, code)[0], REAL) + entropy(d(fake, z)[0], FAKE))
        z = torch.randn(4, 5)
        code, fake = e(x), g(z)
        # The encoder wants its pair to be taken for a generated one, the generator its own for a real one.
        loss_p = update(adam_pair, entropy(d(x, code)[0], FAKE) + entropy(d(fake, z)[0], REAL))
        follow(net.averaged_pair, net.pair, number + 1, 0.4)
        follow(net.averaged_discriminator, d, number + 1, 0.4)
        return {"generator": loss_p, "discriminator": loss_d}

    assert_same_losses(losses, reference(step, 3))
    assert_same_weights(method, net, before)


def test_egbad_scores_by_averaged_weights_and_the_code_of_the_image():
    method = build("egbad", latent=5, feature_weight=0.6).double()
    torch.manual_seed(0)
    for weight in [*method.averaged_pair.parameters(), *method.averaged_discriminator.parameters()]:
        weight.copy_(torch.randn_like(weight) / weight[0].numel() ** 0.5)
    pair, d = method.averaged_pair.module.eval(), method.averaged_discriminator.eval()

    def score(x):
        z = pair["encoder"](x)
        x_hat = pair["generator"](z)
        error, features = (x - x_hat).abs(), (d(x, z)[1] - d(x_hat, z)[1]).abs()
        assert features.mean() > 0.02
        return 0.4 * error.mean(dim=(1, 2, 3)) + 0.6 * features.mean(dim=1), error[:, 0]

    assert_same_scores(method, score)


def test_egbads_discriminator_drops_features_of_image_code_and_pair():
    discriminator = build("egbad", dropout=0.25).discriminator
    dropped = [layer.p for layer in discriminator.modules() if isinstance(layer, torch.nn.Dropout)]
    assert dropped == [0.25] * 4


def test_adae_steps_as_in_the_paper():
    """With a rate of k at which it has risen from 0 after the first step, and counts from the second on."""
    settings = {"balance": 1.5, "balance_rate": 0.5}
    method = build("adae", **settings)
    net, losses = run_steps(method)
    before, (g, d) = build("adae", **settings), (net.generator, net.discriminator)
    adam_g, adam_d = adams((g, d), 1e-4, (0.9, 0.999))

    def step(_, x):
        x_hat = g(x).detach()
        real, fake = F.l1_loss(d(x), x), F.l1_loss(d(x_hat), x_hat)
        loss_d = update(adam_d, real - net.k * fake)
        net.k = (net.k + 0.5 * (1.5 - fake.detach() / real.detach())).clamp(0, 1)
        x_hat = g(x)
        loss_g = update(adam_g, F.l1_loss(x_hat, x) + (x_hat - d(x_hat)).abs().mean())
        return {"generator": loss_g, "discriminator": loss_d}

    assert_same_losses(losses, reference(step, 3))
    assert_same_weights(method, net, before)
    assert 0 < float(method.k) < 1

    def score(x):
        g.eval(), d.eval()
        error = (x - d(g(x))).abs()
        return error.mean(dim=(1, 2, 3)), error[:, 0]

    assert_same_scores(method, score)
