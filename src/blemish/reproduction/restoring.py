"""What a method under torch makes of an image: a detector's graph gives the map alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from blemish.detectors import DetectorSpec
from blemish.methods import get_method
from blemish.methods.networks.pixels import IMAGENET
from blemish.training.backbones import start_from


def load_restorer(spec: DetectorSpec, weights: Path) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    """A function from an image, uint8 RGB (H, W, 3), to it restored by the network, uint8 (H, W) or (H, W, 3).

    Args:
        spec: of a detector whose method has ``restore``.
        weights: the ``weights.safetensors`` that its training left.

    Raises:
        WeightsError: the weights are missing, or of another architecture.
    """
    kind: Any = get_method(spec.method)
    method: Any = kind(kind.Settings.model_validate(spec.settings), spec.classes, lambda *_: IMAGENET)
    start_from(method, weights)
    method.eval()

    def restore(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        height, width = pixels.shape[:2]
        unit = method.multiple_of
        padded = np.pad(pixels, ((0, -height % unit), (0, -width % unit), (0, 0)), mode="symmetric")
        with torch.inference_mode():
            restored = method.restore(torch.from_numpy(padded[None]))[0].permute(1, 2, 0).numpy()
        levels = np.rint(np.squeeze(restored[:height, :width]) * 255)
        return np.asarray(np.clip(levels, 0, 255), np.uint8)

    return restore
