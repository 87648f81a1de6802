"""The region of interest: where in the image anomalies count."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from blemish.errors import DataError
from blemish.images import read_image


def read_region(path: Path, grid: tuple[int, int]) -> Tensor:
    """The region of interest by patches, float (h, w): 1 where at least half of a patch is inspected.

    Args:
        path: mask of a whole image, of any size, white where the image is inspected.
        grid: h and w of the patch features.

    Raises:
        ImageError: the mask cannot be read.
        DataError: it is black everywhere.
    """
    white = (read_image(path).max(axis=2) > 127).astype(np.float32)
    small = np.asarray(cv2.resize(white, grid[::-1], interpolation=cv2.INTER_AREA))
    region = torch.from_numpy(small >= 0.5).float()
    if not region.any():
        raise DataError(f'The region "{path}" is black everywhere: nothing would be inspected.')
    return region
