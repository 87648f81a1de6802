"""Networks for patch features: by name, from local weights, or refused in one sentence."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from blemish.errors import SettingsError, WeightsError, WeightsNotFoundError  # noqa: E402
from blemish.locations import weights_dir  # noqa: E402
from blemish.methods.networks.feature_pyramid import build_pyramid  # noqa: E402
from blemish.methods.networks.pixels import IMAGENET  # noqa: E402
from blemish.methods.networks.scattering import Scattering  # noqa: E402
from blemish.training.backbones import Backbones  # noqa: E402

pytestmark = pytest.mark.train


def no_weights(name: str, module: object) -> None:
    raise WeightsNotFoundError(f"{name} is not here.")


@pytest.mark.parametrize(
    ("name", "strides", "channels"),
    [
        ("resnet18", (8, 16), (128, 256)),  # layers 2 and 3
        ("tu-resnet18", (4, 8), (64, 128)),
        ("mobilenet_v2", (8, 16), (32, 96)),
        ("squeezenet1_1", (4, 8), (128, 256)),
    ],
)
def test_the_last_layer_at_each_stride_is_taken(name: str, strides: tuple[int, ...], channels: tuple[int, ...]):
    pyramid = build_pyramid(name, strides, no_weights, pretrained=False)
    assert pyramid.channels == channels
    assert not any(parameter.requires_grad for parameter in pyramid.net.parameters())


def test_the_maps_are_those_of_the_whole_network():
    import torchvision

    whole = torchvision.models.resnet18(weights=None).eval()
    pyramid = build_pyramid(
        "resnet18", (8, 16), lambda _, net: net.load_state_dict(whole.state_dict(), False) and IMAGENET
    )
    x = torch.rand(2, 3, 96, 64)
    first = whole.layer2(whole.layer1(whole.maxpool(whole.relu(whole.bn1(whole.conv1(x))))))
    for found, expected in zip(pyramid.net(x), [first, whole.layer3(first)], strict=True):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    ("name", "strides", "said"),
    [
        ("resnet1", (8,), r'no network "resnet1"\. Did you mean "resnet'),
        ("zzzz", (8,), r'no network "zzzz"\.$'),
        ("squeezenet1_1", (8, 64), "no layers at stride 64; it has 2, 4, 8, 16"),
        ("resnetv2_50_gluon", (8, 32), "no layers at stride 32"),
        ("vit_tiny_patch16_224", (8,), "no layers at stride 8|has no feature maps"),
    ],
)
def test_what_cannot_be_is_a_sentence(name: str, strides: tuple[int, ...], said: str):
    with pytest.raises(SettingsError, match=said) as caught:
        build_pyramid(name, strides, no_weights, pretrained=False)
    assert "\n" not in str(caught.value)


def test_auto_takes_the_built_in_network_only_where_weights_are_missing():
    assert build_pyramid("auto", (8, 16), no_weights).name == "scattering"
    assert build_pyramid("auto", (8, 16), lambda *_: IMAGENET).name == "mobilenet_v2"


def test_an_untrained_network_that_is_chosen_by_itself_asks_for_no_weights():
    asked: list[str] = []
    pyramid = build_pyramid("auto", (8, 16), lambda name, _: asked.append(name), pretrained=False)
    assert (pyramid.name, asked) == ("mobilenet_v2", [])
    with pytest.raises(WeightsNotFoundError):
        build_pyramid("mobilenet_v2", (8, 16), no_weights)

    def of_another_architecture(name: str, module: object) -> None:
        raise WeightsError(f"{name} does not fit.")

    with pytest.raises(WeightsError, match="does not fit"):
        build_pyramid("auto", (8, 16), of_another_architecture)


@pytest.mark.parametrize("strides", [(8,), (8, 16), (4, 8, 16)])
def test_scattering_says_how_many_channels_it_gives(strides: tuple[int, ...]):
    net = Scattering(strides)
    maps = net(torch.rand(2, 3, 64, 96))
    assert [each.shape for each in maps] == [
        (2, channels, 64 // stride, 96 // stride) for channels, stride in zip(net.channels, strides, strict=True)
    ]


def test_scattering_sees_texture_where_the_mean_is_the_same():
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    across, along = torch.sin(x * 1.7), torch.sin(y * 1.7)
    images = torch.stack([torch.zeros(64, 64), across, along])[:, None].expand(3, 3, 64, 64) * 0.5
    responses = Scattering((8,))(images)[0][:, :, 4, 4]
    torch.testing.assert_close(responses[0, :3], responses[1, :3], atol=0.05, rtol=0)
    assert (responses[0] - responses[1]).norm() > 1
    assert (responses[1] - responses[2]).norm() > 1


def test_scattering_hardly_moves_when_the_image_moves_by_a_pixel():
    image = torch.rand(1, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    net = Scattering((8,))
    one, other = net(image)[0][..., 3:-3, 3:-3], net(image.roll(1, dims=3))[0][..., 3:-3, 3:-3]
    far = net(image.roll(37, dims=3))[0][..., 3:-3, 3:-3]
    assert (one - other).norm() < 0.6 * (one - far).norm()


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "channels"),
    [
        ("mobilenet_v2", (32, 96)),
        ("mobilenetv2_100", (32, 96)),
        ("squeezenet1_1", (256, 512)),
        ("resnetv2_50_gluon", (512, 1024)),
    ],
)
def test_real_weights_fit(name: str, channels: tuple[int, ...]):
    if weights_dir() is None:
        pytest.skip("BLEMISH_WEIGHTS names no folder")
    assert build_pyramid(name, (8, 16), Backbones().load).channels == channels


@pytest.mark.data
def test_weights_of_another_architecture_name_their_keys():
    folder = weights_dir()
    if folder is None:
        pytest.skip("BLEMISH_WEIGHTS names no folder")
    wrong = Backbones(folder / "squeezenet1_1.in1k.safetensors")
    with pytest.raises(WeightsError, match=r'another architecture.*tensors are missing, the first is "features\.0\.0'):
        build_pyramid("mobilenet_v2", (8, 16), wrong.load)
