"""EXIF orientation: what turns stored pixels into the image as it is shown."""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

UPRIGHT = 1
QUARTER_TURNS = frozenset({5, 6, 7, 8})
"""Orientations that exchange height and width."""

# (transpose first, then OpenCV's code for the flip).
_TURNS: dict[int, tuple[bool, int | None]] = {
    1: (False, None),
    2: (False, 1),
    3: (False, -1),
    4: (False, 0),
    5: (True, None),
    6: (True, 1),
    7: (True, -1),
    8: (True, 0),
}
# OpenCV moves values of these types, older releases of no others; only the size of a value matters for moving it.
_CARRIERS: dict[int, type[np.generic]] = {1: np.uint8, 2: np.uint16, 4: np.int32, 8: np.float64}

_Values = TypeVar("_Values", bound=NDArray[Any])


def turn_upright(values: _Values, orientation: int) -> _Values:
    """Stored pixels as an EXIF orientation shows them.

    Args:
        values: (H, W) or (H, W, C) with at most 4 channels, of any real type.
        orientation: 1 to 8.

    Returns:
        (H, W), or (W, H) for `QUARTER_TURNS`, with the same channels and type.
    """
    transposed, flip = _TURNS[orientation]
    turned: NDArray[Any] = values.view(_CARRIERS[values.dtype.itemsize])
    if transposed:
        turned = cv2.transpose(turned)
    if flip is not None:
        turned = cv2.flip(turned, flip)
    return turned.view(values.dtype).reshape(*turned.shape[:2], *values.shape[2:])  # type: ignore[return-value]
