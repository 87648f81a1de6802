"""GANs trained for seconds: losses on record, scoring under torch, and what happens when a training goes astray."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file  # noqa: E402

import blemish  # noqa: E402
from blemish.errors import BlemishError, DetectorError, SettingsError  # noqa: E402
from blemish.images import read_image  # noqa: E402
from blemish.methods.gans.fanogan import Fanogan, FanoganSettings  # noqa: E402
from blemish.methods.gans.ganomaly import Ganomaly, GanomalySettings  # noqa: E402
from blemish.methods.parts.gan_method import MAX_DISCRIMINATOR_RESETS  # noqa: E402
from blemish.training import train_under_torch  # noqa: E402
from blemish.training.fitting import fit_by_gradient  # noqa: E402
from blemish.training.log import TrainingLog  # noqa: E402

from ..conftest import images_of, samples_of  # noqa: E402

pytestmark = pytest.mark.train


def no_weights(name, module):
    pytest.fail(f"{name} asks for weights")


TINY = {"size_px": 32, "width": 4, "epochs": 2, "batch_size": 4}


def ganomaly(**settings: object) -> Ganomaly:
    return Ganomaly(GanomalySettings.model_validate({**TINY, **settings}), (), no_weights)


@pytest.mark.parametrize(("name", "more"), [("ganomaly", {}), ("fanogan", {"encoder_epochs": 1, "critic_steps": 2})])
def test_the_losses_of_both_networks_are_recorded_and_the_last_epoch_is_kept(
    name: str, more: dict[str, int], surfaces: Path, tmp_path: Path
):
    detector = blemish.train(name, surfaces, tmp_path / "wave.blemish", settings={**TINY, **more})
    with (tmp_path / "wave.training" / "metrics.csv").open() as file:
        assert {"generator_loss", "discriminator_loss"} <= set(next(csv.reader(file)))
    assert "2 epochs, kept the last" in detector.container.card


@pytest.mark.parametrize("encoder_loss", ["izi_f", "izi", "ziz"])
def test_each_encoder_loss_is_the_papers_and_moves_the_encoder_alone(encoder_loss: str):
    torch.manual_seed(0)
    settings = FanoganSettings.model_validate({**TINY, "encoder_epochs": 1, "latent": 8, "encoder_loss": encoder_loss})
    method = Fanogan(settings, (), no_weights).eval()
    x = torch.rand(4, 3, 32, 32) * 2 - 1
    torch.manual_seed(1)
    loss = method._encoder_loss(x)
    torch.manual_seed(1)
    z, x_hat = torch.randn(4, 8), method.generator(method.encoder(x))
    pixels = (x - x_hat).square().mean()
    features = (method.discriminator(x)[1] - method.discriminator(x_hat)[1]).square().mean()
    noise = (z - method.encoder(method.generator(z))).square().mean()
    torch.testing.assert_close(loss, {"izi_f": pixels + features, "izi": pixels, "ziz": noise}[encoder_loss])
    loss.backward()
    assert all(weight.grad is not None for weight in method.encoder.parameters() if weight.requires_grad)


def test_adaes_autoencoders_compete(surfaces: Path, tmp_path: Path):
    settings = {**TINY, "epochs": 4, "learning_rate": 1e-3}
    blemish.train("adae", surfaces, tmp_path / "wave.blemish", settings=settings)
    assert load_file(tmp_path / "wave.training" / "weights.safetensors")["k"] > 0
    assert "do not compete" not in blemish.load(tmp_path / "wave.blemish").container.card


def test_an_adae_that_does_not_compete_says_so(surfaces: Path, tmp_path: Path):
    detector = blemish.train("adae", surfaces, tmp_path / "w.blemish", settings={**TINY, "balance": 1e-3})
    assert "k is 0: the two autoencoders do not compete" in detector.container.card


def test_the_card_of_memae_says_how_few_items_a_position_mixes(surfaces: Path, tmp_path: Path):
    settings = {**TINY, "memory_size": 20}
    detector = blemish.train("memae", surfaces, tmp_path / "wave.blemish", settings=settings)
    assert "of 20 memory items; the largest weight was 0." in detector.container.card


def test_anogan_gives_no_detector_and_says_where_it_runs(surfaces: Path, tmp_path: Path):
    with pytest.raises(SettingsError, match="trained and tested under torch, by blemish train with a folder for --out"):
        blemish.train("anogan", surfaces, tmp_path / "wave.blemish", settings=TINY)
    with pytest.raises(SettingsError, match="not generative"):
        train_under_torch("unet", surfaces, tmp_path / "logs")


def test_anogan_scores_files_in_batches_as_together_and_leaves_its_curves(surfaces: Path, tmp_path: Path):
    settings = {**TINY, "latent": 8, "search_steps": 15, "search_starts": 2}
    scorer = train_under_torch("anogan", surfaces, tmp_path / "logs", settings=settings)
    images = [read_image(path) for path in images_of(surfaces)]
    scores, maps = scorer.score(images)
    assert maps.shape == (12, 32, 32)
    np.testing.assert_allclose(scorer.score_files(images_of(surfaces), batch=5), scores, rtol=1e-4)
    assert (tmp_path / "logs" / "curves.png").is_file()
    with pytest.raises(DetectorError, match="under torch"):
        scorer.method.graph()


GREY = "The images are grey: colour=false learns the same from a third of the numbers."


class Stuck(Ganomaly):
    """A generator with the same output for every input."""

    def generated(self, x):
        return torch.zeros_like(x)


@pytest.mark.parametrize("epochs", [2, 4])
def test_a_collapsed_generator_starts_again_once_and_is_said(epochs: int, surfaces: Path, tmp_path: Path):
    samples = samples_of(surfaces)
    built = []

    def build() -> Ganomaly:
        built.append(Stuck(GanomalySettings(**{**TINY, "epochs": epochs, "patience": 3}), (), no_weights))
        return built[-1]

    method, report = fit_by_gradient(
        build, samples[:12], samples[12:], seed=0, identity="", log=TrainingLog(tmp_path / "logs")
    )
    if epochs == 2:
        assert len(built) == 1
        assert report.remarks == (GREY,)
        return
    assert len(built) == 2
    assert method is built[1]
    assert report.epochs == 4
    assert "started again from seed 1" in report.remarks[0]
    assert report.remarks[1] == GREY
    assert "collapsed" in report.remarks[2]
    assert "collapsed" in report.describe()


def test_a_saturated_discriminator_is_initialised_anew():
    method = ganomaly()
    first = method.discriminator.last.weight.detach().clone()
    method.reset_saturated_discriminator(torch.tensor(2e-5))
    assert torch.equal(first, method.discriminator.last.weight)
    for _ in range(MAX_DISCRIMINATOR_RESETS + 3):
        method.reset_saturated_discriminator(torch.tensor(1e-6))
    assert not torch.equal(first, method.discriminator.last.weight)
    assert len(method.remarks()) == 1
    assert f"{MAX_DISCRIMINATOR_RESETS} time(s)" in method.remarks()[0]


def test_a_loss_that_is_not_finite_ends_in_one_sentence(surfaces: Path, tmp_path: Path):
    with pytest.raises(BlemishError, match="smaller learning rate"):
        blemish.train(
            "ganomaly", surfaces, tmp_path / "w.blemish", settings={**TINY, "learning_rate": 1e30, "epochs": 4}
        )


def test_an_encoder_that_would_take_all_epochs_is_refused(surfaces: Path, tmp_path: Path):
    with pytest.raises(SettingsError, match="encoder_epochs"):
        blemish.train("fanogan", surfaces, tmp_path / "w.blemish", settings={"epochs": 5, "encoder_epochs": 5})
