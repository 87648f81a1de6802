"""Networks that give patch features: pretrained ones by name, cut after the last layer at each stride.

Names are looked up in this order: ``scattering`` (built in, no weights), ``resnetv2_50_gluon``, timm's, and
torchvision's that are one ``features`` sequence (mobilenet_v2, squeezenet1_1, vgg, densenet, efficientnet, convnext).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from blemish.errors import SettingsError, WeightsNotFoundError, did_you_mean
from blemish.methods.contract import LoadWeights
from blemish.methods.networks.pixels import IMAGENET, Normalisation
from blemish.methods.networks.scattering import SCATTERING_PIXELS, Scattering

SCATTERING = "scattering"
AUTO = "auto"
AUTO_FIRST = "mobilenet_v2"
_PREACTIVATED = "resnetv2_50_gluon"
_PROBE_PX = 128


@dataclass(frozen=True, slots=True)
class Pyramid:
    """A network with feature maps at several strides.

    Attributes:
        net: float (N, 3, H, W), normalised -> one (N, C, h, w) for each stride, largest first.
        name: of the network, never ``auto``.
        channels: C of each map.
        normalisation: of its pixels.
    """

    net: nn.Module
    name: str
    channels: tuple[int, ...]
    normalisation: Normalisation


def build_pyramid(name: str, strides: Sequence[int], load_weights: LoadWeights, *, pretrained: bool = True) -> Pyramid:
    """The network called ``name``, cut after the last layer at each stride, in eval mode and without gradients.

    Args:
        name: a network, or ``auto`` for mobilenet_v2 where its weights are available and ``scattering`` where not.
        strides: image size by map size, ascending powers of two.
        load_weights: where pretrained weights come from.
        pretrained: False leaves the network's random initial weights.

    Raises:
        SettingsError: no such network, or it has no layers at a stride.
        WeightsError: its weights are missing or of another architecture; ``auto`` only stands in for missing ones.
    """
    if name == AUTO:
        try:
            return build_pyramid(AUTO_FIRST, strides, load_weights, pretrained=pretrained)
        except WeightsNotFoundError:
            name = SCATTERING
    if name == SCATTERING:
        scattering = Scattering(strides)
        return Pyramid(scattering.eval(), name, scattering.channels, SCATTERING_PIXELS)
    net, known_as = _build(name, strides)
    normalisation = load_weights(known_as, net) if pretrained else IMAGENET
    net.eval().requires_grad_(False)
    with torch.inference_mode():
        maps = net(torch.zeros(1, 3, _PROBE_PX, _PROBE_PX))
    return Pyramid(net, name, tuple(each.shape[1] for each in maps), normalisation)


def _build(name: str, strides: Sequence[int]) -> tuple[nn.Module, str]:
    """The network, and the name of its weights."""
    # Imported here: it takes seconds, and a list of methods needs neither.
    import timm
    import torchvision

    plain = name.removeprefix("tu-").removeprefix("timm/")
    if plain == _PREACTIVATED:
        return _preactivated(strides), plain
    if timm.is_model(plain):
        return _from_timm(plain, strides), f"tu-{plain}"
    if plain in torchvision.models.list_models(module=torchvision.models):
        return _from_torchvision(plain, strides), plain
    choices = [SCATTERING, AUTO, _PREACTIVATED, *timm.list_models(), *torchvision.models.list_models()]
    hint = did_you_mean(plain, choices)
    raise SettingsError(f'There is no network "{name}".{hint if "Did you" in hint else ""}')


def _from_timm(name: str, strides: Sequence[int], **options: Any) -> Any:
    import timm

    # These weights were trained with TensorFlow's padding.
    if name.startswith("mobilenetv2"):
        options["pad_type"] = "same"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            info = timm.create_model(name, features_only=True, pretrained=False, **options).feature_info
        except (RuntimeError, AttributeError, TypeError):
            raise SettingsError(
                f'The network "{name}" has no feature maps at several strides; choose a convolutional one.'
            ) from None
        reductions = list(info.reduction())
        wanted = [_last(reductions, stride, name) for stride in strides]
        return timm.create_model(name, features_only=True, pretrained=False, out_indices=tuple(wanted), **options)


def _preactivated(strides: Sequence[int]) -> Any:
    """GluonCV's ResNet-50 v2: as timm's, with normalisation around the first convolution, without the last stage."""
    if max(strides) > 16:
        raise SettingsError(
            f'The network "{_PREACTIVATED}" has no layers at stride {max(strides)}; it has 4, 8 and 16.'
        )
    net = _from_timm("resnetv2_50", strides)
    stem = net["stem_conv"]
    net["stem_conv"] = nn.Sequential(nn.BatchNorm2d(3), stem, nn.BatchNorm2d(64), nn.ReLU())
    return net


class _Sequence(nn.Module):
    """A sequence of layers with the last map at each stride as output."""

    def __init__(self, layers: Sequence[nn.Module], taps: Sequence[int]) -> None:
        super().__init__()
        self.features = nn.Sequential(*layers[: max(taps) + 1])
        self.taps = tuple(taps)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.taps:
                maps.append(x)
        return maps


def _from_torchvision(name: str, strides: Sequence[int]) -> nn.Module:
    import torchvision

    layers = getattr(torchvision.models.get_model(name, weights=None), "features", None)
    if not isinstance(layers, nn.Sequential):
        raise SettingsError(
            f'The network "{name}" of torchvision has no layers in sequence; take timm\'s network of that kind.'
        )
    layers = layers.eval()
    reductions = []
    with torch.inference_mode():
        x = torch.zeros(1, 3, _PROBE_PX, _PROBE_PX)
        for layer in layers:
            x = layer(x)
            # Without padding a map is a little smaller than by its stride.
            reductions.append(2 ** round(_log2(_PROBE_PX / x.shape[-1])))
    return _Sequence(list(layers), [_last(reductions, stride, name) for stride in strides])


def _log2(value: float) -> float:
    return float(torch.tensor(value).log2())


def _last(reductions: list[int], stride: int, name: str) -> int:
    """Index of the network's last layer at this stride."""
    if stride not in reductions:
        there = ", ".join(map(str, sorted(set(reductions))))
        raise SettingsError(f'The network "{name}" has no layers at stride {stride}; it has {there}.')
    return len(reductions) - 1 - reductions[::-1].index(stride)
