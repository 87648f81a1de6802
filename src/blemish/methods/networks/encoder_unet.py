"""A U-Net whose contracting half is any encoder of segmentation-models-pytorch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from blemish.errors import SettingsError, did_you_mean


def encoder_unet(encoder: str, decoder_channels: Sequence[int], channels_out: int) -> Any:
    """The network, untrained: normalised (N, 3, H, W) -> linear (N, channels_out, H, W).

    Args:
        encoder: its name there, or ``tu-NAME`` for any of timm.
        decoder_channels: of the expanding half, coarse to fine, one for each halving.
        channels_out: of the output.

    Raises:
        SettingsError: there is no such encoder.
    """
    # Imported here: it takes seconds, and neither the plain network nor a list of methods needs it.
    import segmentation_models_pytorch as smp

    try:
        return smp.Unet(
            encoder,
            encoder_weights=None,
            encoder_depth=len(decoder_channels),
            decoder_channels=tuple(decoder_channels),
            classes=channels_out,
        )
    except (KeyError, RuntimeError):
        names = ["plain", *smp.encoders.get_encoder_names()]
        near = did_you_mean(encoder, names) if not encoder.startswith("tu-") else ""
        raise SettingsError(f'There is no encoder "{encoder}" for a U-Net.{near}') from None
