"""What real sets of several classes put into a batch: one class alone, images of several sizes, a class seen once."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch.utils.data import DataLoader  # noqa: E402

from blemish.datasets import ClassMask, Dataset, FileMask, RunLengthMask, Sample  # noqa: E402
from blemish.methods.data.labelled_images import LabelledImages  # noqa: E402
from blemish.methods.data.masked_images import MaskedImages  # noqa: E402
from blemish.methods.parts.segmentation_losses import LOSSES  # noqa: E402
from blemish.methods.supervised.crack_classifier import CrackClassifier, CrackClassifierSettings  # noqa: E402
from blemish.methods.supervised.steel_multiclass import SteelMulticlass, SteelMulticlassSettings  # noqa: E402
from blemish.training.splits import split_masked_images  # noqa: E402

pytestmark = pytest.mark.train

SIZES = [(40, 90), (64, 64), (120, 50), (33, 47)]


def no_weights(name: str, module: object) -> None:
    raise AssertionError(f"{name} was asked for")


@pytest.fixture
def images(tmp_path: Path) -> tuple[Sample, ...]:
    """Four images of four sizes, all of class "2"; each has a mask."""
    samples = []
    for number, size in enumerate(SIZES):
        image = np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8)
        mask = np.zeros(size, np.uint8)
        mask[4:20, 4:20] = 255
        for name, pixels in ((f"{number}.png", image), (f"{number}_mask.png", mask)):
            cv2.imwrite(str(tmp_path / name), pixels)
        source = FileMask(tmp_path / f"{number}_mask.png")
        samples.append(Sample(tmp_path / f"{number}.png", "2", defective=True, masks=(ClassMask("2", source),)))
    return tuple(samples)


@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_segmentation_learns_from_images_of_several_sizes_and_one_class(images: tuple[Sample, ...], loss: str):
    classes = ("1", "2", "3")
    settings = SteelMulticlassSettings(network="plain", pretrained=False, loss=loss)
    method = SteelMulticlass(settings, classes, no_weights)
    examples = MaskedImages(images, crop_px=64, augment=True, seed=0, classes=classes)
    batch = next(iter(DataLoader(examples, batch_size=4)))
    assert batch[1].sum(dim=(0, 2, 3)).tolist()[::2] == [0.0, 0.0]
    method.compute_loss(batch).backward()
    gradients = [parameter.grad for parameter in method.parameters() if parameter.requires_grad]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in gradients)


def test_classification_learns_from_images_of_several_sizes_and_one_class(images: tuple[Sample, ...]):
    settings = CrackClassifierSettings(encoder="resnet18", pretrained=False, size_px=64)
    method = CrackClassifier(settings, ("1", "2"), no_weights).train()
    examples = LabelledImages(images, classes=("1", "2"), size_px=64, augment=True, seed=0)
    image, target = next(iter(DataLoader(examples, batch_size=4)))
    assert target.tolist() == [2, 2, 2, 2]
    loss = method.compute_loss((image, target))
    loss.backward()
    assert torch.isfinite(method.head.weight.grad).all()


def test_a_class_that_one_training_image_shows_is_said(images: tuple[Sample, ...], tmp_path: Path):
    rare = Sample(images[3].path, "1", defective=True, masks=(ClassMask("1", RunLengthMask("1 3")),))
    samples = (*images[:3], rare)
    fixed = tuple(Sample(s.path, s.label, s.defective, s.masks, split="train") for s in samples)
    dataset = Dataset("steel", tmp_path, "drawn", fixed, ("1", "2"))
    said: list[str] = []
    parts = split_masked_images(dataset, seed=0, say=said.append)
    assert len(parts.fit) + len(parts.held_out) == 4
    assert any('"1" is in one training image' in sentence for sentence in said)
