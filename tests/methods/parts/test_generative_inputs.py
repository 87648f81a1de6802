"""What generative methods do with images and sizes that do not fit: padded and said, or refused in a sentence."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from blemish.datasets import Sample  # noqa: E402
from blemish.errors import DataError  # noqa: E402
from blemish.methods import get_method  # noqa: E402
from blemish.methods.data.resized_images import ResizedImages  # noqa: E402
from blemish.training.fitting import fit_by_gradient  # noqa: E402
from blemish.training.log import TrainingLog  # noqa: E402

pytestmark = pytest.mark.train


def built(name: str, **settings: object):
    method = get_method(name)
    return method(method.Settings(**{"width": 4, "epochs": 1, **settings}), (), lambda name, module: None)


def images(folder: Path, count: int, *, channels: int = 3) -> tuple[Sample, ...]:
    rng = np.random.default_rng(0)
    samples = []
    for index in range(count):
        image = rng.integers(80, 160, (32, 32, channels)[: 2 if channels == 1 else 3], dtype=np.uint8)
        samples.append(Sample(folder / f"{index}.png", label="good"))
        cv2.imwrite(str(samples[-1].path), image)
    return tuple(samples)


@pytest.mark.parametrize("name", ["ganomaly", "fanogan", "memae", "skip-ganomaly"])
def test_a_size_that_is_no_power_of_two_is_padded_and_said(name: str):
    extra = {"epochs": 2, "encoder_epochs": 1} if name == "fanogan" else {}
    method = built(name, size_px=48, **extra).eval()
    assert method.side_px == 64
    assert any("48 px is no power of two" in remark and "64 px" in remark for remark in method.remarks())
    with torch.no_grad():
        score, maps = method.graph()(torch.zeros(2, 48, 48, 3, dtype=torch.uint8))
    assert score.shape == (2,)
    assert maps.shape == (2, 48, 48)


def test_a_power_of_two_is_not_remarked_on():
    assert built("memae", size_px=64).remarks() == ()


def test_fewer_images_than_a_batch_train_in_one_batch(tmp_path: Path):
    samples = images(tmp_path, 3)
    _, report = fit_by_gradient(
        lambda: built("ganomaly", size_px=32, batch_size=32),
        samples,
        (),
        seed=0,
        identity="",
        log=TrainingLog(tmp_path / "logs"),
    )
    assert report.epochs == 1


def test_one_image_is_too_few_and_said(tmp_path: Path):
    with pytest.raises(DataError, match="needs at least 2 normal images to learn from, and there is 1"):
        built("memae", size_px=32).examples(images(tmp_path, 1), training=True, seed=0)


def test_turned_examples_repeat_under_their_seed(tmp_path: Path):
    samples = images(tmp_path, 6)
    method = built("memae", size_px=32, augment="rotations")
    first, again, other = (
        torch.stack([examples[index] for index in range(6)])
        for examples in (method.examples(samples, training=True, seed=seed) for seed in (3, 3, 4))
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("colour", [True, False])
def test_grey_files_and_colour_files_suit_a_model_of_either(tmp_path: Path, colour: bool):
    method = built("memae", size_px=32, colour=colour)
    for channels in (1, 3):
        examples = method.examples(images(tmp_path, 2, channels=channels), training=True, seed=0)
        x = method.pixels(torch.stack([examples[0], examples[1]]))
        assert x.shape == (2, 3 if colour else 1, 32, 32)
        if colour and channels == 1:
            torch.testing.assert_close(x[:, 0], x[:, 2])


def test_angle_and_colour_change_from_visit_to_visit_and_little(tmp_path: Path):
    rng = np.random.default_rng(0)
    image = cv2.GaussianBlur(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8), (0, 0), 6)
    cv2.imwrite(str(tmp_path / "a.png"), image)
    sample = Sample(tmp_path / "a.png", label="good")
    plain, changed, again = (
        ResizedImages([sample], size_px=64, augment=augment, seed=0)
        for augment in ("none", "angle-colour", "angle-colour")
    )
    first, second = changed[0].numpy(), changed[0].numpy()
    assert (first != second).any()
    np.testing.assert_array_equal(again[0].numpy(), first)
    still = plain[0].numpy().astype(int)
    assert 0 < np.abs(first.mean(axis=(0, 1)) - still.mean(axis=(0, 1))).max() < 0.25 * still.mean()
    # A tenth of brightness and of a colour each, and no black corners.
    assert first.min() > 0.7 * still.min()
