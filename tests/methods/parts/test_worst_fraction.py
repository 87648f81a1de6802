"""The score by an image's most unusual pixels, and what generative methods say to awkward images."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import blemish  # noqa: E402
from blemish.detectors import read_container  # noqa: E402
from blemish.images import read_image  # noqa: E402
from blemish.methods import get_method  # noqa: E402

pytestmark = pytest.mark.train

TINY = {"size_px": 48, "width": 4, "epochs": 1}


def draw_images(folder: Path, count: int, *, colour: bool) -> Path:
    """PNG files of noise, of one channel or three."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True)
    for index in range(count):
        pixels = rng.normal(128, 20, (40, 56, *[3] * colour)).clip(0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{index}.png"), pixels)
    return folder


@pytest.mark.parametrize("name", ["autoencoder", "memae", "ganomaly", "vae-attention"])
@pytest.mark.parametrize("fraction", [1e-9, 0.01, 1.0])
def test_the_worst_fraction_is_the_mean_of_the_largest_values_of_the_map(name: str, fraction: float):
    torch.manual_seed(0)
    method = get_method(name)
    built = method(
        method.Settings.model_validate({**TINY, "worst_fraction": fraction}), (), lambda *_: pytest.fail("weights")
    )
    images = torch.randint(0, 256, (3, 48, 48, 3), dtype=torch.uint8)
    with torch.no_grad():
        score, maps = built.graph()(images)
    count = max(1, round(fraction * 48 * 48))
    expected = np.sort(maps.numpy().reshape(3, -1), axis=1)[:, -count:].mean(axis=1)
    np.testing.assert_allclose(score.numpy(), expected, rtol=1e-4)


def test_a_detector_file_holds_the_worst_fraction(tmp_path: Path):
    images = draw_images(tmp_path / "good", 8, colour=False)
    settings = {**TINY, "colour": False, "worst_fraction": 0.01}
    detector = blemish.train("autoencoder", images, tmp_path / "x.blemish", settings=settings)
    # An image of the network's size, so that its map is the graph's own.
    score, anomaly_map = detector.score(np.full((48, 48, 3), 255, np.uint8))
    assert score == pytest.approx(np.sort(anomaly_map.ravel())[-23:].mean(), rel=1e-4)


def test_without_a_fraction_the_score_is_the_methods_own():
    torch.manual_seed(0)
    method = get_method("ganomaly")
    built = method(method.Settings.model_validate(TINY), (), lambda *_: pytest.fail("weights")).eval()
    images = torch.randint(0, 256, (2, 48, 48, 3), dtype=torch.uint8)
    with torch.no_grad():
        torch.testing.assert_close(built.graph()(images)[0], built.score_and_map(built.pixels(images))[0])


@pytest.mark.parametrize("name", ["autoencoder", "ganomaly"])
def test_few_grey_images_train_a_colour_model_and_the_padding_is_said(name: str, tmp_path: Path):
    images = draw_images(tmp_path / "good", 6, colour=False)
    said: list[str] = []
    settings = {**TINY, "colour": True, "batch_size": 32}
    detector = blemish.train(name, images, tmp_path / "grey.blemish", settings=settings, say=said.append)
    assert any("48 px is no power of two" in sentence and "64 px" in sentence for sentence in said)
    assert any("The images are grey" in sentence for sentence in said)
    assert "no power of two" in read_container(tmp_path / "grey.blemish").card
    score, anomaly_map = detector.score(read_image(images / "0.png"))
    assert np.isfinite(score)
    assert anomaly_map is not None
    assert anomaly_map.shape == (40, 56)


@pytest.mark.parametrize(("colour", "settings"), [(True, {"colour": True}), (False, {"colour": False})])
def test_nothing_is_said_where_images_and_model_agree(colour: bool, settings: dict, tmp_path: Path):
    images = draw_images(tmp_path / "good", 5, colour=colour)
    said: list[str] = []
    blemish.train("autoencoder", images, tmp_path / "x.blemish", settings={**TINY, **settings}, say=said.append)
    assert not any("grey" in sentence for sentence in said)
