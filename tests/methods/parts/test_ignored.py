"""Ignored pixels train nothing: whatever a network says there, losses and gradients stay the same."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from blemish.datasets import Sample, read_dataset  # noqa: E402
from blemish.methods.data.crack_images import check_labels, read_crack_image  # noqa: E402
from blemish.methods.data.masked_images import MaskedImages  # noqa: E402
from blemish.methods.parts.ignored import IGNORED, without_ignored  # noqa: E402
from blemish.methods.parts.noise_head import FeatureExamples  # noqa: E402
from blemish.methods.parts.segmentation_losses import LOSSES, bce_dice_loss  # noqa: E402
from blemish.methods.supervised.fast_unet import normal_loss  # noqa: E402

pytestmark = pytest.mark.train


ALL_LOSSES = {**LOSSES, "absent classes": partial(bce_dice_loss, absent_classes=True), "hardest": normal_loss}


@pytest.mark.parametrize("name", ALL_LOSSES)
@pytest.mark.parametrize("defects", [True, False])
def test_what_a_network_says_on_ignored_pixels_changes_no_loss(name: str, defects: bool):
    torch.manual_seed(0)
    softmax = name == "softmax"
    target = (torch.rand(2, 2, 24, 24) < 0.2).float() * defects
    target[:, :, :10] = IGNORED
    losses, gradients = [], []
    for shift in (0.0, 4.0, -7.0):
        torch.manual_seed(1)
        logits = torch.randn(2, 2 + softmax, 24, 24)
        logits[:, :, :10] += shift
        logits.requires_grad_()
        loss = ALL_LOSSES[name](*without_ignored(logits, target, background_first=softmax))
        loss.backward()
        losses.append(loss.item())
        gradients.append(logits.grad)
    assert losses == [losses[0]] * 3
    assert (gradients[0][:, :, :10] == 0).all()
    assert (gradients[0] != 0).any() or (name == "hardest" and defects)  # that one is of normal images alone


@pytest.mark.parametrize("name", ALL_LOSSES)
def test_without_ignored_pixels_a_loss_is_what_it_was(name: str):
    torch.manual_seed(0)
    softmax = name == "softmax"
    logits, target = torch.randn(2, 2 + softmax, 24, 24), (torch.rand(2, 2, 24, 24) < 0.2).float()
    loss = ALL_LOSSES[name]
    assert torch.equal(loss(*without_ignored(logits, target, background_first=softmax)), loss(logits, target))


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """96 × 96: a dark bar of class 1 at the left, ignored at the right."""
    image = np.full((96, 96, 3), 160, np.uint8)
    image[20:24, 5:60] = 40
    mask = np.zeros((96, 96), np.uint8)
    mask[20:24, 5:60] = 1
    mask[:, 70:] = 255
    for folder, pixels in (("images", image), ("masks", mask)):
        (tmp_path / folder).mkdir()
        Image.fromarray(pixels).save(tmp_path / folder / "a.png")
    return read_dataset(tmp_path).samples[0]


def test_crops_carry_ignored_pixels_with_them(sample: Sample):
    image, target = MaskedImages((sample,), crop_px=96, augment=False, seed=0)[0]
    np.testing.assert_array_equal(target[:, :, 70:], np.full((1, 96, 26), IGNORED))
    assert target[:, :, :70].min() == 0
    assert target[0, 22, 30] == 1
    seen = [MaskedImages((sample,), crop_px=48, augment=True, seed=seed)[0] for seed in range(12)]
    assert all(image.shape == (48, 48, 3) and target.shape == (1, 48, 48) for image, target in seen)
    assert any((target == IGNORED).any() for _, target in seen)
    for image, target in seen:  # what is not ignored stays as it was drawn
        shown = image.float().mean(dim=2)
        target = target[0]
        defective = target > 0.9
        if defective.any():
            assert shown[defective].mean() < shown[target == 0].mean() - 40


def test_crops_of_several_classes_carry_them_in_every_class(sample: Sample):
    _, target = MaskedImages((sample,), crop_px=96, augment=False, seed=0, classes=("other", "defect"))[0]
    assert target.shape == (2, 96, 96)
    assert (target[:, :, 70:] == IGNORED).all()
    assert (target[0, :, :70] == 0).all()


def test_composites_take_no_background_from_ignored_pixels(sample: Sample):
    crack = read_crack_image(sample)
    assert crack.not_normal[:, 70:].all()
    assert not crack.label[:, 70:].any()
    (facts,) = check_labels([sample])
    assert facts.crack_free_px <= 66


def test_a_head_learns_nothing_from_patches_that_are_ignored():
    examples = FeatureExamples()
    mask = torch.zeros(32, 32)
    mask[:8, :8] = 1
    mask[:, 16:] = IGNORED
    examples.add_normal(torch.zeros(3, 4, 4))
    examples.add_defective(torch.ones(3, 4, 4), mask)
    examples.add_defective(torch.ones(3, 4, 4), mask.clamp(max=0))  # nothing is known of it but what is ignored
    features, masks, known, defective = examples.batch(2, torch.Generator().manual_seed(0))
    flawed = defective == 1
    assert features[flawed].min() == 1
    assert known[flawed][0, :, 2:].max() == 0
    assert known[flawed][0, :, :2].min() == 1
    assert masks[flawed][0].sum() == 1
    assert known[~flawed].min() == 1
    assert "1 normal and 1 defective" in examples.describe()
