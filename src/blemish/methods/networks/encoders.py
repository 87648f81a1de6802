"""Encoders of segmentation-models-pytorch by name, and a U-Net on any of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from blemish.errors import SettingsError, did_you_mean
from blemish.methods.contract import LoadWeights
from blemish.methods.networks.pixels import IMAGENET, Normalisation

_CLASSIFIER_DEPTH = 5


def encoder_unet(
    encoder: str, decoder_channels: Sequence[int], channels_out: int, load_weights: LoadWeights, *, pretrained: bool
) -> tuple[Any, Normalisation]:
    """The U-Net, normalised (N, 3, H, W) -> logits (N, channels_out, H, W), and the normalisation of its pixels.

    Args:
        encoder: its name there, or ``tu-NAME`` for any of timm.
        decoder_channels: coarse to fine, one for each downsampling.
        channels_out: of the output.
        load_weights: where the encoder's pretrained weights come from.
        pretrained: False leaves the encoder untrained.

    Raises:
        SettingsError: there is no such encoder.
    """
    # Imported here and below: it takes seconds, and a list of methods does not need it.
    import segmentation_models_pytorch as smp

    try:
        network = smp.Unet(
            encoder,
            encoder_weights=None,
            encoder_depth=len(decoder_channels),
            decoder_channels=tuple(decoder_channels),
            classes=channels_out,
        )
    except (KeyError, RuntimeError):
        raise _no_encoder(encoder, "a U-Net", "plain") from None
    return network, load_weights(encoder, network.encoder) if pretrained else IMAGENET


def classifier_encoder(name: str) -> Any:
    """The untrained encoder, normalised (N, 3, H, W) -> maps at strides 1 to 32.

    Raises:
        SettingsError: there is no such encoder.
    """
    from segmentation_models_pytorch.encoders import get_encoder

    try:
        return get_encoder(name, depth=_CLASSIFIER_DEPTH, weights=None)
    except (KeyError, RuntimeError):
        raise _no_encoder(name, "a classifier") from None


def _no_encoder(name: str, purpose: str, *others: str) -> SettingsError:
    from segmentation_models_pytorch.encoders import get_encoder_names

    near = did_you_mean(name, [*others, *get_encoder_names()]) if not name.startswith("tu-") else ""
    return SettingsError(f'There is no encoder "{name}" for {purpose}.{near}')
