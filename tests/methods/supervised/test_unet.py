"""The supervised U-Net: its networks, its loss, its examples."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from blemish.datasets import ClassMask, FileMask, Sample  # noqa: E402
from blemish.detectors import InputSpec  # noqa: E402
from blemish.detectors.runtime import OnnxRuntime  # noqa: E402
from blemish.errors import SettingsError  # noqa: E402
from blemish.methods.data.masked_images import MaskedImages, _crop  # noqa: E402
from blemish.methods.networks.pixels import IMAGENET, FromBytes, top_mean  # noqa: E402
from blemish.methods.networks.plain_unet import PlainUNet  # noqa: E402
from blemish.methods.parts.segmentation_losses import bce_dice_loss  # noqa: E402
from blemish.methods.supervised.unet import UNet, UNetSettings  # noqa: E402
from blemish.training.export import export_graph  # noqa: E402

pytestmark = pytest.mark.train


def no_weights(name: str, module: object) -> None:
    raise AssertionError(f"{name} was asked for")


def test_the_plain_network_has_the_layers_of_the_paper():
    net = PlainUNet()
    kernels = [m for m in net.modules() if isinstance(m, torch.nn.Conv2d) and m.kernel_size != (1, 1)]
    assert {m.kernel_size for m in kernels} == {(5, 5)}
    # Two convolutions a level, down and up again.
    assert [m.out_channels for m in kernels][::2] == [16, 32, 64, 128, 64, 32, 16]


def test_the_plain_network_keeps_the_size():
    assert PlainUNet(1, 2)(torch.zeros(2, 1, 40, 64)).shape == (2, 2, 40, 64)


def test_bytes_are_normalised_as_torchvision_does():
    from torchvision.transforms.v2 import functional as tv

    image = torch.randint(0, 256, (2, 5, 7, 3), dtype=torch.uint8)
    expected = tv.normalize(tv.to_dtype(image.permute(0, 3, 1, 2), torch.float32, scale=True), *map(list, IMAGENET))
    torch.testing.assert_close(FromBytes()(image), expected)


def test_the_image_score_is_the_mean_of_the_worst_pixels():
    maps = torch.arange(24.0).reshape(2, 3, 4)
    torch.testing.assert_close(top_mean(maps, 3), torch.tensor([10.0, 22.0]))


def test_the_loss_agrees_with_scikit_learn():
    from sklearn.metrics import f1_score, log_loss

    rng = np.random.default_rng(0)
    mask = rng.integers(0, 2, (2, 6, 5)).astype(float)
    sure = rng.choice([-60.0, 60.0], (2, 6, 5))  # so sure that soft Dice is hard Dice
    hard = sure.ravel() > 0
    n = hard.sum() + mask.sum()
    dice = (f1_score(mask.ravel() > 0, hard) * n + 1) / (n + 1)
    found = bce_dice_loss(torch.tensor(sure)[:, None], torch.tensor(mask)[:, None], dice_weight=1)
    assert found.item() == pytest.approx(1 - dice, rel=1e-5)
    mild = rng.normal(size=(2, 6, 5))
    entropy = log_loss(mask.ravel(), 1 / (1 + np.exp(-mild.ravel())))
    found = bce_dice_loss(torch.tensor(mild)[:, None], torch.tensor(mask)[:, None], dice_weight=0)
    assert found.item() == pytest.approx(entropy, rel=1e-5)


def test_images_without_defects_still_push_the_prediction_down():
    logits = torch.zeros(2, 1, 8, 8, requires_grad=True)
    bce_dice_loss(logits, torch.zeros(2, 1, 8, 8), dice_weight=1.0, absent_classes=True).backward()
    assert (logits.grad > 0).all()


def test_an_unknown_encoder_gets_a_suggestion():
    with pytest.raises(SettingsError, match=r'no encoder "mobilenet_v3".*Did you mean "mobilenet_v2"'):
        UNet(UNetSettings(encoder="mobilenet_v3"), ("crack",), no_weights)


def test_an_untrained_network_asks_for_no_weights():
    UNet(UNetSettings(encoder="plain"), ("crack",), no_weights)
    UNet(UNetSettings(pretrained=False), ("crack",), no_weights)


@pytest.mark.parametrize(("tta", "rotations"), [("flips", (0, 2)), ("all", (0, 1, 2, 3))])
def test_tta_averages_the_maps_of_the_views(tta: str, rotations: tuple[int, ...]):
    torch.manual_seed(0)
    alone = UNet(UNetSettings(encoder="plain"), ("crack",), no_weights)
    averaged = UNet(UNetSettings(encoder="plain", tta=tta), ("crack",), no_weights)
    averaged.load_state_dict(alone.state_dict())
    image = torch.randint(0, 256, (2, 32, 64, 3), dtype=torch.uint8)
    views = []
    with torch.no_grad():
        for quarters in rotations:
            for mirrored in (False, True):
                view = torch.rot90(image, quarters, (1, 2))
                answer = alone.graph()(view.flip(2) if mirrored else view)[1]
                views.append(torch.rot90(answer.flip(2) if mirrored else answer, -quarters, (1, 2)))
        score, probability = averaged.graph()(image)
    torch.testing.assert_close(probability, torch.stack(views).mean(dim=0))
    torch.testing.assert_close(score, top_mean(probability, 64))


def test_a_graph_with_tta_runs_without_torch():
    torch.manual_seed(0)
    method = UNet(UNetSettings(encoder="plain", tta="all"), ("crack",), no_weights)
    image = np.random.default_rng(0).integers(0, 256, (1, 64, 96, 3), dtype=np.uint8)
    prediction = OnnxRuntime(export_graph(method.graph(), InputSpec.tiled(64, 32)))(image)
    with torch.no_grad():
        expected = method.graph()(torch.from_numpy(image))[1].numpy()
    np.testing.assert_allclose(prediction.maps, expected, atol=1e-4)


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    rng = np.random.default_rng(0)
    image = rng.integers(100, 255, (90, 160, 3), dtype=np.uint8)
    mask = np.zeros((90, 160), np.uint8)
    mask[40:44, 120:150] = 255
    image[mask > 0] = 5
    cv2.imwrite(str(tmp_path / "image.png"), image)
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    return Sample(tmp_path / "image.png", "crack", masks=(ClassMask("crack", FileMask(tmp_path / "mask.png")),))


@pytest.mark.parametrize(("max_zoom", "least", "most"), [(1.28, 1.15, 1.35), (3.0, 2.4, 3.1)])
def test_crops_show_things_up_to_so_many_times_as_large(tmp_path: Path, max_zoom: float, least: float, most: float):
    mask = np.zeros((200, 200), np.uint8)
    mask[96:104, 96:104] = 255
    cv2.imwrite(str(tmp_path / "square.png"), mask)
    square = ClassMask("crack", FileMask(tmp_path / "square.png"))
    sample = Sample(tmp_path / "square.png", "crack", masks=(square,))
    crops = MaskedImages((sample,), crop_px=64, augment=True, seed=0, max_zoom=max_zoom)
    largest_px = max(float(crops[0][1].sum()) for _ in range(100)) ** 0.5
    assert least < largest_px / 8 < most


def test_image_and_mask_stay_together_through_augmentation(sample: Sample):
    images = MaskedImages((sample,), crop_px=64, augment=True, seed=3)
    overlaps, masked = [], 0
    for _ in range(40):
        image, mask = images[0]
        assert image.shape == (64, 64, 3)
        assert image.dtype == torch.uint8
        assert mask.shape == (1, 64, 64)
        assert 0 <= mask.min() <= mask.max() <= 1
        if mask.sum() > 20:
            masked += 1
            dark = image.float().mean(dim=2) < image.float().mean() * 0.55
            overlaps.append((dark & (mask[0] > 0.5)).sum() / (mask > 0.5).sum())
    assert masked >= 15
    assert np.median(overlaps) > 0.85


def test_zooming_keeps_the_area_of_a_thin_crack():
    image = np.zeros((120, 120, 3), np.uint8)
    mask = np.zeros((120, 120, 2), np.uint8)
    mask[60, :, 0] = 255  # a hairline of one pixel across the image
    rng = np.random.default_rng(0)
    for zoom in (0.5, 0.8, 1.0, 1.25):
        window = round(48 / zoom)
        _, cut = _crop(image, mask, (48, 48), zoom, rng)
        if cut.any():
            assert cut.sum() / 255 == pytest.approx(48 * 48 / window, rel=0.06)


def test_validation_examples_never_change(sample: Sample):
    images = MaskedImages((sample,), crop_px=64, augment=False, seed=3)
    first, again = images[0], images[0]
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])


def test_an_image_smaller_than_the_crop_is_padded(sample: Sample):
    image, mask = MaskedImages((sample,), crop_px=256, augment=False, seed=0)[0]
    assert image.shape == (256, 256, 3)
    assert mask.sum() >= 120


def test_crops_may_be_rectangles_which_are_mirrored_but_not_rotated_by_a_quarter(tmp_path: Path):
    # Brighter to the right: a quarter would turn the gradient upright, and the mask marks where it is brightest.
    image = np.repeat(np.tile(np.linspace(20, 200, 160).astype(np.uint8), (64, 1))[..., None], 3, axis=2)
    cv2.imwrite(str(tmp_path / "image.png"), image)
    cv2.imwrite(str(tmp_path / "mask.png"), np.where(image[..., 0] > 180, np.uint8(255), np.uint8(0)))
    one = Sample(tmp_path / "image.png", "crack", masks=(ClassMask("crack", FileMask(tmp_path / "mask.png")),))
    crops = MaskedImages((one,), crop_px=(64, 160), augment=True, seed=0)
    for _ in range(20):
        pixels, mask = crops[0]
        assert pixels.shape == (64, 160, 3)
        assert mask.shape == (1, 64, 160)
        grey = pixels[..., 0].float()
        assert grey.std(dim=1).min() > 10 * grey.std(dim=0).max()
        if 0 < mask.mean() < 1:
            assert grey[mask[0] == 1].mean() > grey.mean()


def test_without_augmentation_training_crops_move_and_nothing_else(sample: Sample):
    crops = MaskedImages((sample,), crop_px=64, augment=False, seed=0, redraw=True)
    whole = sample.read_image()
    seen = [crops[0][0].numpy() for _ in range(8)]
    assert len({crop.tobytes() for crop in seen}) > 1
    windows = np.lib.stride_tricks.sliding_window_view(whole, (64, 64, 3))
    assert all((windows == crop).all(axis=(3, 4, 5)).any() for crop in seen)


@pytest.mark.parametrize(
    ("settings", "kind", "decay", "schedule"),
    [
        ({}, torch.optim.AdamW, 1e-4, True),
        ({"optimizer": "adam"}, torch.optim.Adam, 0, True),
        ({"optimizer": "adam", "schedule": "constant"}, torch.optim.Adam, 0, False),
    ],
)
def test_optimiser_and_schedule_are_settings(settings, kind, decay, schedule, monkeypatch: pytest.MonkeyPatch):
    method = UNet(UNetSettings(encoder="plain", **settings), ("crack",), lambda *_: IMAGENET)
    monkeypatch.setattr(method, "_trainer", SimpleNamespace(estimated_stepping_batches=10))
    made = method.configure_optimizers()
    optimizer = made["optimizer"] if schedule else made
    assert type(optimizer) is kind
    assert optimizer.defaults["weight_decay"] == decay
    assert ("lr_scheduler" in made) if schedule else optimizer.param_groups[0]["lr"] == method.settings.learning_rate


def test_early_stopping_and_augmentation_are_settings(sample: Sample):
    settings = UNetSettings(encoder="plain", early_stopping=False, augment=False, crop_px=(64, 96))
    method = UNet(settings, ("crack",), lambda *_: IMAGENET)
    assert not method.stops_early
    examples = method.examples((sample,), training=True, seed=0)
    assert (examples.augment, examples.redraw, examples.crop_px) == (False, True, (64, 96))
    assert not method.examples((sample,), training=False, seed=0).redraw
