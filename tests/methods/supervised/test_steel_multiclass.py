"""Several classes of defects at once: losses against references, examples per class, flips, the whole way."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch.nn import functional as F  # noqa: E402

import blemish  # noqa: E402
from blemish.datasets import ClassMask, FileMask, Sample, read_dataset  # noqa: E402
from blemish.detectors.runtime import OnnxRuntime  # noqa: E402
from blemish.errors import SettingsError  # noqa: E402
from blemish.methods.data.masked_images import MaskedImages  # noqa: E402
from blemish.methods.networks.gated_unet import gate_loss  # noqa: E402
from blemish.methods.networks.pixels import top_mean  # noqa: E402
from blemish.methods.networks.plain_unet import PlainUNet  # noqa: E402
from blemish.methods.parts.segmentation_losses import (  # noqa: E402
    LOSSES,
    bce_dice_loss,
    class_probabilities,
    focal_loss,
    lovasz_loss,
    softmax_loss,
)
from blemish.methods.supervised.steel_multiclass import (  # noqa: E402
    SteelMulticlass,
    SteelMulticlassSettings,
    balanced,
)
from blemish.training.export import export_graph  # noqa: E402
from blemish.training.fitting import batches  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(2, 3, 8, 6, generator=torch.Generator().manual_seed(0)) * 2


@pytest.fixture
def target() -> torch.Tensor:
    which = torch.randint(0, 4, (2, 8, 6), generator=torch.Generator().manual_seed(1))
    return F.one_hot(which, 4).permute(0, 3, 1, 2)[:, 1:].float()


def build(classes: tuple[str, ...] = ("a", "b"), **settings: object) -> SteelMulticlass:
    defaults = {"pretrained": False, "network": "plain"}
    return SteelMulticlass(SteelMulticlassSettings(**{**defaults, **settings}), classes, _no_weights)


def _no_weights(name: str, module: object) -> None:
    raise AssertionError(f"{name} was asked for")


def test_softmax_is_the_usual_cross_entropy_with_background_first(target: torch.Tensor):
    logits = torch.randn(2, 4, 8, 6)
    index = torch.cat([1 - target.sum(1, keepdim=True), target], dim=1).argmax(dim=1)
    torch.testing.assert_close(softmax_loss(logits, target), F.cross_entropy(logits, index))


def test_overlapping_classes_fraction_their_pixel():
    logits, target = torch.zeros(1, 3, 1, 1), torch.ones(1, 2, 1, 1)
    torch.testing.assert_close(softmax_loss(logits, target), torch.log(torch.tensor(3.0)))


def test_focal_loss_without_focus_is_cross_entropy(logits: torch.Tensor, target: torch.Tensor):
    torch.testing.assert_close(
        focal_loss(logits, target, gamma=0.0), F.binary_cross_entropy_with_logits(logits, target)
    )


def test_the_weights_of_the_focal_loss_are_constants(logits: torch.Tensor, target: torch.Tensor):
    logits = logits.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(focal_loss(logits, target, gamma=2.0), logits)
    probability = logits.detach().sigmoid()
    weight = (probability * (1 - target) + (1 - probability) * target).clamp(min=1e-6) ** 2
    torch.testing.assert_close(gradient, weight * (probability - target) / weight.sum())


def test_the_first_channel_of_a_softmax_is_the_background_in_training_and_in_use():
    logits = torch.zeros(1, 3, 1, 3)
    for pixel in range(3):
        logits[0, pixel, 0, pixel] = 20.0  # pixel 0 is background, 1 the first class, 2 the second
    found = class_probabilities(logits, "softmax")
    torch.testing.assert_close(found[0, :, 0], torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]), atol=1e-6, rtol=0)
    assert softmax_loss(logits, found.round()) < 1e-6


def test_lovasz_is_that_of_its_authors(logits: torch.Tensor, target: torch.Tensor):
    smp = pytest.importorskip("segmentation_models_pytorch")
    hinge = smp.losses.LovaszLoss("multilabel", per_image=False)
    theirs = torch.stack([hinge(logits[:, k], target[:, k]) for k in range(3)]).mean()
    entropy = F.binary_cross_entropy_with_logits(logits, target)
    torch.testing.assert_close(lovasz_loss(logits, target), 0.5 * theirs + 0.5 * entropy)


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("what", ["all normal", "all defective"])
def test_a_loss_falls_as_the_answer_gets_right(name: str, what: str):
    target = torch.full((1, 2, 4, 4), float(what == "all defective"))
    target[:, 1] = 0.0
    sign = (target * 2 - 1) if name != "softmax" else torch.cat([1 - 2 * target[:, :1], target * 2 - 1], dim=1)
    values = [LOSSES[name](size * sign, target).item() for size in (-3.0, 0.0, 3.0, 9.0)]
    assert values == sorted(values, reverse=True)
    assert np.isfinite(values).all()


def test_a_class_absent_from_the_batch_is_still_pushed_down():
    logits = torch.zeros(1, 1, 4, 4, requires_grad=True)
    bce_dice_loss(logits, torch.zeros(1, 1, 4, 4)).backward()
    assert (logits.grad > 0).all()


def test_finding_nothing_is_no_merit_where_classes_are_rare():
    """Four classes of which the batch shows one: half of that one must pay more than nothing of all."""
    target = torch.zeros(2, 4, 16, 16)
    target[0, 1, 4:8, 4:8] = 1
    nothing = torch.full_like(target, -8.0)
    half = nothing.clone()
    half[0, 1, 4:6, 4:8] = 8.0
    assert bce_dice_loss(nothing, target) > 0.45
    # By hand: Dice of 8 right pixels out of 8 found and 16 labelled, softened by one.
    expected = 0.5 * F.binary_cross_entropy_with_logits(half, target) + 0.5 * (1 - 17 / 25)
    assert bce_dice_loss(half, target).item() == pytest.approx(expected.item(), abs=0.01)


def write_image(folder: Path, name: str, classes: dict[str, tuple[int, int]], size_px: int = 64) -> Sample:
    """A grey image with one square per class: bright for "a", dark for others; the value is its corner."""
    image = np.random.default_rng(0).normal(128, 5, (size_px, size_px)).clip(0, 255).astype(np.uint8)
    masks = []
    for label, (y, x) in classes.items():
        mask = np.zeros((size_px, size_px), np.uint8)
        mask[y : y + 20, x : x + 20] = 255
        image[mask > 0] = 230 if label == "a" else 20
        file = folder / label / "masks" / f"{name}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(file), mask)
        masks.append(ClassMask(label, FileMask(file)))
    home = folder / next(iter(classes), "good") / "images"
    home.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(home / f"{name}.png"), image)
    return Sample(home / f"{name}.png", next(iter(classes), "good"), defective=bool(classes), masks=tuple(masks))


def test_examples_have_a_mask_per_class_that_moves_with_the_image(tmp_path: Path):
    sample = write_image(tmp_path, "0", {"a": (4, 4), "b": (30, 36)})
    examples = MaskedImages((sample,), crop_px=64, augment=True, seed=0, classes=("b", "a", "none"))
    for _ in range(6):
        image, mask = examples[0]
        assert mask.shape == (3, 64, 64)
        assert mask[2].sum() == 0
        grey = image.float().mean(dim=2)
        for channel in range(2):
            if (inside := mask[channel] == 1).any():
                darker = grey[inside].mean() < grey[mask.sum(0) == 0].mean()
                assert bool(darker) is (channel == 0)


def test_one_class_keeps_its_axis(tmp_path: Path):
    sample = write_image(tmp_path, "0", {"a": (4, 4)}, size_px=50)
    for crop_px in (32, 64):
        examples = MaskedImages((sample,), crop_px=crop_px, augment=True, seed=1, classes=("a",))
        assert {examples[0][1].shape for _ in range(8)} == {(1, crop_px, crop_px)}


@pytest.mark.parametrize("crop_px", [64, 96])
def test_there_may_be_many_classes(tmp_path: Path, crop_px: int):
    labels = tuple("abcdefg")
    sample = write_image(tmp_path, "0", {label: (8 * number, 8 * number) for number, label in enumerate(labels)})
    mask = MaskedImages((sample,), crop_px=crop_px, augment=True, seed=1, classes=labels)[0][1]
    assert mask.shape == (7, crop_px, crop_px)
    assert 0 <= mask.min() <= mask.max() <= 1
    assert mask.any()


def test_images_of_rare_classes_are_shown_more_often():
    def sample(name: str, *labels: str) -> Sample:
        masks = tuple(ClassMask(label, FileMask(Path("m.png"))) for label in labels)
        return Sample(Path(name), labels[0] if labels else "good", masks=masks)

    samples = tuple([sample(f"{i}", "common") for i in range(90)] + [sample(f"r{i}", "rare") for i in range(10)])
    weights = balanced(samples)
    assert weights.sum() == pytest.approx(1)
    assert weights[90:].sum() == pytest.approx(0.5)
    assert build(balance=True).sampling_weights(samples) == pytest.approx(weights)
    assert build().sampling_weights(samples) is None


def test_each_epoch_draws_other_images(monkeypatch: pytest.MonkeyPatch):
    # Of 90 images of a common class an epoch shows about 38; ten epochs together show nearly all.
    samples = tuple(Sample(Path(f"{i}"), "common" if i < 90 else "rare") for i in range(100))
    method = build(balance=True, batch_size=10)
    monkeypatch.setattr(method, "examples", lambda samples, **_: list(range(len(samples))))
    monkeypatch.setattr(method, "sampling_weights", lambda _: np.array([0.5 / 90] * 90 + [0.05] * 10))
    loader = batches(method, samples, training=True, seed=0)
    epochs = [Counter(int(number) for batch in loader for number in batch) for _ in range(10)]
    rare = [sum(count for number, count in drawn.items() if number >= 90) for drawn in epochs]
    assert all(drawn.total() == 100 for drawn in epochs)
    assert 40 <= np.mean(rare) <= 60
    assert all(len({number for number in drawn if number < 90}) < 50 for drawn in epochs)
    assert len({number for drawn in epochs for number in drawn if number < 90}) > 85


def test_held_out_images_are_each_seen_once_whatever_their_weights(monkeypatch: pytest.MonkeyPatch):
    samples = tuple(Sample(Path(f"{i}"), "common" if i < 9 else "rare") for i in range(10))
    method = build(balance=True, batch_size=3)
    monkeypatch.setattr(method, "examples", lambda samples, **_: list(range(len(samples))))
    loader = batches(method, samples, training=False, seed=0)
    assert [int(number) for batch in loader for number in batch] == list(range(10))


@pytest.mark.parametrize("loss", ["softmax", "bce-dice"])
def test_the_fast_network_tells_classes_apart_at_full_size(loss: str):
    method = build(classes=("a", "b", "c"), network="fast", loss=loss)
    score, maps = method.graph()(torch.zeros(2, 64, 96, 3, dtype=torch.uint8))
    assert score.shape == (2,)
    assert maps.shape == (2, 3, 64, 96)


def test_the_fast_network_wants_four_numbers_of_channels():
    with pytest.raises(SettingsError, match="needs 4 decoder_channels, but 3"):
        build(network="fast", decoder_channels=(8, 8, 8))


def test_the_plain_cnn_has_no_skip_connections():
    with_skips, without = PlainUNet(3, 1), PlainUNet(3, 1, skips=False)
    assert without(torch.zeros(1, 3, 32, 48)).shape == (1, 1, 32, 48)
    assert sum(p.numel() for p in without.parameters()) < sum(p.numel() for p in with_skips.parameters())


def test_filters_and_kernels_of_the_plain_network_can_be_set():
    method = build(network="plain", filters=(4, 8), kernel_px=3)
    sizes = [tuple(module.weight.shape) for module in method.modules() if isinstance(module, torch.nn.Conv2d)]
    assert sizes[:3] == [(4, 3, 3, 3), (4, 4, 3, 3), (8, 4, 3, 3)]


@pytest.mark.parametrize("loss", ["softmax", "bce-dice"])
def test_with_flips_the_answer_is_mirrored_with_the_image(loss: str):
    graph = build(tta="flips", loss=loss).graph()
    image = torch.randint(0, 256, (1, 32, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        score, maps = graph(image)
        score_mirrored, maps_mirrored = graph(image.flip([2]))
    torch.testing.assert_close(maps_mirrored, maps.flip([3]), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(score_mirrored, score, rtol=1e-4, atol=1e-5)


def test_the_union_is_one_class():
    score, maps = build(targets="union").graph()(torch.zeros(2, 32, 32, 3, dtype=torch.uint8))
    assert score.shape == (2,)
    assert maps.shape == (2, 32, 32)


def test_an_unknown_encoder_is_named():
    with pytest.raises(SettingsError, match='Did you mean "resnet18"'):
        build(network="resnet81")


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["bce-dice", "softmax"])
def test_folders_of_classes_become_a_detector_with_a_map_for_each(loss: str, tmp_path: Path):
    rng = np.random.default_rng(2)
    for number in range(24):
        label = "ab"[number % 2]
        write_image(tmp_path / "steel", f"{number:02d}", {label: tuple(rng.integers(2, 40, 2).tolist())})
    settings = {"network": "plain", "crop_px": 64, "tile_px": 64, "epochs": 6, "patience": 6, "learning_rate": 0.01}
    settings |= {"filters": (8, 16, 32), "kernel_px": 3}
    data = read_dataset(tmp_path / "steel")
    detector = blemish.train("steel-multiclass", data, tmp_path / "s.blemish", settings={**settings, "loss": loss})
    assert detector.spec.classes == ("a", "b")
    for label in "ab":
        image = next((tmp_path / "steel" / label / "images").iterdir())
        assert detector.inspect(image).regions[0].label == label


def test_a_softmax_trained_for_seconds_has_its_channels_in_the_order_of_the_classes():
    """Squares of two grey levels on a third: each class is in its own map, and the background in none."""
    torch.manual_seed(0)
    method = build(classes=("dark", "light"), loss="softmax", filters=(4, 8), kernel_px=3)
    image = torch.full((2, 32, 32, 3), 128, dtype=torch.uint8)
    image[:, 4:12, 4:12], image[:, 18:28, 18:28] = 10, 240
    masks = torch.stack([image[..., 0] == 10, image[..., 0] == 240], dim=1).float()
    optimizer = torch.optim.Adam(method.parameters(), lr=0.03)
    for _ in range(40):
        optimizer.zero_grad()
        method.compute_loss((image, masks)).backward()
        optimizer.step()
    with torch.no_grad():
        maps = method.graph()(image)[1]
    for own in (0, 1):
        inside, other = masks[:, own].bool(), maps[:, 1 - own]
        assert maps[:, own][inside].mean() > 1.5 * other[inside].mean()
        assert maps[:, own][inside].mean() > 1.5 * maps[:, own][masks.sum(dim=1) == 0].mean()


GATED = {"network": "resnet18", "gate": True, "decoder_channels": (16, 8, 8, 8)}


@pytest.mark.parametrize("loss", ["softmax", "bce-dice"])
def test_a_closed_gate_silences_its_class_alone(loss: str):
    method = build(**GATED, loss=loss).eval()
    image = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        method.net.gate.weight.zero_()
        method.net.gate.bias.copy_(torch.tensor([-50.0, 50.0]))
        score, maps = method.graph()(image)
        ungated = class_probabilities(method(image)[0], loss)
    assert maps[:, 0].max() < 1e-6
    torch.testing.assert_close(maps[:, 1], ungated[:, 1])
    assert (score > 0).all()


def test_the_gate_learns_which_classes_an_image_shows():
    method = build(**GATED)
    image = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    mask = torch.zeros(2, 2, 64, 64)
    mask[0, 1, :8, :8] = 1
    method.compute_loss((image, mask)).backward()
    # The target is shown once by the second class and never by the first: the first is pushed down twice.
    assert method.net.gate.bias.grad[0] > 0
    gate = torch.tensor([[-9.0, 9.0], [-9.0, -9.0]])
    assert gate_loss(gate, mask) < 0.01 < gate_loss(-gate, mask)


@pytest.mark.parametrize("network", ["plain", "cnn", "fast"])
def test_a_gate_needs_an_encoder(network: str):
    with pytest.raises(SettingsError, match=f'"{network}" is none'):
        build(network=network, gate=True)


def test_the_gate_is_inside_the_graph(tmp_path: Path):
    method = build(**GATED).eval()
    torch.nn.init.constant_(method.net.gate.bias, -3.0)
    image = torch.randint(0, 256, (1, 64, 96, 3), dtype=torch.uint8)
    session = OnnxRuntime(export_graph(method.graph(), method.input_spec()), threads=1)
    with torch.no_grad():
        score, maps = method.graph()(image)
    prediction = session(image.numpy())
    np.testing.assert_allclose(prediction.maps, maps.numpy(), atol=1e-4)
    np.testing.assert_allclose(prediction.scores, score.numpy(), atol=1e-4)


@pytest.mark.parametrize(
    ("loss", "targets", "adds_up"),
    [("softmax", "classes", True), ("softmax", "union", False), ("bce-dice", "classes", False)],
)
def test_the_classes_of_a_softmax_exclude_one_another_and_its_score_is_of_their_sum(
    loss: str, targets: str, adds_up: bool
):
    method = build(network="plain", loss=loss, targets=targets).eval()
    assert method.exclusive_classes is adds_up
    if not adds_up:
        return
    image = torch.randint(0, 256, (1, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        score, maps = method.graph()(image)
    torch.testing.assert_close(score, top_mean(maps.sum(dim=1), 64))
    assert (score > top_mean(maps.amax(dim=1), 64)).all()
