"""The U-Net for whole images: its resolution, its loss for normal images, its score for lines."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from blemish.methods import get_method  # noqa: E402
from blemish.methods.networks.fast_unet import FastUNet  # noqa: E402
from blemish.methods.supervised.fast_unet import (  # noqa: E402
    MostLineLike,
    normal_loss,
)

pytestmark = pytest.mark.train


def test_the_network_keeps_the_size_and_stays_small():
    net = FastUNet((48, 48, 24, 16)).eval()
    assert net(torch.zeros(2, 3, 64, 96)).shape == (2, 1, 64, 96)
    assert sum(p.numel() for p in net.parameters()) < 2_200_000


@pytest.mark.parametrize("channels_out", [1, 3])
def test_reparameterized_it_is_the_same_function(channels_out: int):
    net = FastUNet((8, 8, 8, 8), channels_out).eval()
    image = torch.randn(2, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = net(image)
        assert expected.std() > 0
        for _ in range(2):
            net.reparameterize()
            torch.testing.assert_close(net(image), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("method", ["fast-unet", "steel-multiclass"])
def test_the_graph_is_reparameterized_and_the_method_is_not(method: str):
    chosen = get_method(method)
    settings = {"network": "fast"} if method == "steel-multiclass" else {}
    built = chosen(chosen.Settings(pretrained=False, **settings), ("crack",), lambda *_: pytest.fail("not wanted"))
    assert built.graph().method.net.upscale == 4
    assert built.net.upscale == 2


def test_the_encoder_takes_the_weights_of_mobilenet_v2():
    torchvision = pytest.importorskip("torchvision")
    whole = torchvision.models.mobilenet_v2(weights=None).features.state_dict()
    net = FastUNet((48, 48, 24, 16))
    ours = net.encoder.state_dict()
    assert set(ours) == {f"features.{key}" for key in whole if int(key.split(".")[0]) < 18}
    assert all(ours[f"features.{key}"].shape == whole[key].shape for key in whole if f"features.{key}" in ours)


def test_normal_images_pay_for_their_most_crack_like_pixels():
    logits = torch.full((3, 1, 16, 16), -4.0)
    logits[0, 0, :8, :8] = 2.0  # 64 pixels, normal
    logits[1, 0, :8, :8] = 9.0  # cracked: not counted
    mask = torch.zeros(3, 1, 16, 16)
    mask[1, 0, 0, 0] = 0.3
    expected = (np.log1p(np.exp(2.0)) + np.log1p(np.exp(-4.0))) / 2
    assert float(normal_loss(logits, mask)) == pytest.approx(expected, rel=1e-5)


def test_without_normal_images_that_part_is_zero_and_has_a_gradient():
    logits = torch.zeros(2, 16, 16, requires_grad=True)
    loss = normal_loss(logits, torch.ones(2, 16, 16))
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("angle_deg", [0, 22.5, 45, 90, 112.5, 157.5])
def test_a_line_scores_more_than_a_speck_of_the_same_area(angle_deg: float):
    y, x = np.mgrid[:96, :96] - 48.0
    angle = np.radians(angle_deg)
    across = np.abs(-np.sin(angle) * x + np.cos(angle) * y)
    along = np.abs(np.cos(angle) * x + np.sin(angle) * y)
    line = ((across <= 1) & (along <= 25)).astype(np.float32)
    speck = (x**2 + y**2 <= line.sum() / np.pi).astype(np.float32)
    of_line, of_speck = MostLineLike()(torch.from_numpy(np.stack([line, speck])[:, None]))
    assert float(of_line) > 0.95
    assert float(of_speck) < 0.5


def test_the_line_score_lies_within_the_range_of_the_map():
    maps = torch.rand(4, 1, 64, 96, generator=torch.Generator().manual_seed(0))
    scores = MostLineLike()(maps)
    assert (scores <= maps.flatten(1).amax(dim=1)).all()
    torch.testing.assert_close(MostLineLike()(torch.ones(1, 1, 64, 64)), torch.ones(1))
