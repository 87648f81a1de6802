"""What is kept and shown of an inspection beside its finding: view, thumbnail, mask and anomaly map.

A browser never gets an uploaded file to show: it gets what was made anew from the decoded pixels.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.detectors import Inspection
from blemish.reports.overlays import outline, small_map
from blemish.serving.answers import Rle

VIEW_PX = 2400
"""The longer side of what a person looks at."""
_THUMB_PX = 320
_MAP_PX = 640
_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Pictures:
    """Encoded pictures of one inspection; None where there is nothing to show."""

    view: bytes
    thumb: bytes
    mask: bytes | None
    anomaly_map: bytes | None


def draw_pictures(answer: Inspection) -> Pictures:
    """Pictures of an inspection that holds pixels."""
    assert answer.pixels is not None
    has_mask = answer.mask is not None and bool(answer.mask.any())
    has_map = answer.anomaly_map is not None and answer.map_range is not None
    return Pictures(
        view=view_jpeg(answer.pixels),
        thumb=thumbnail_jpeg(answer.pixels, answer.mask),
        mask=mask_png(answer.mask) if has_mask and answer.mask is not None else None,
        anomaly_map=_png(small_map(answer.anomaly_map, answer.map_range, _MAP_PX))
        if has_map and answer.anomaly_map is not None and answer.map_range is not None
        else None,
    )


def view_jpeg(pixels: NDArray[np.uint8]) -> bytes:
    """An image, uint8 RGB (H, W, 3), as a person looks at it."""
    return _jpeg(_shrunk(pixels, VIEW_PX))


def thumbnail_jpeg(pixels: NDArray[np.uint8], mask: NDArray[np.bool_] | None) -> bytes:
    """An image, uint8 RGB (H, W, 3), small, with the outline of what was found; mask bool (H, W), or None."""
    canvas = _shrunk(pixels, _THUMB_PX).copy()
    if mask is not None and mask.any():
        size = (canvas.shape[1], canvas.shape[0])
        # Averaged before it is cut, so that a hairline crack is not lost.
        fractions = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        outline(canvas, np.asarray(fractions > 0))
    return _jpeg(canvas)


def mask_png(mask: NDArray[np.bool_]) -> bytes:
    """A mask, bool (H, W), as PNG: white where defective."""
    return _png(mask.astype(np.uint8) * np.uint8(255))


def overlay_jpeg(answer: Inspection) -> bytes:
    """The image with what was found drawn on it, at most `VIEW_PX` on its longer side."""
    return _jpeg(_shrunk(answer.overlay(), VIEW_PX))


def run_lengths(mask: NDArray[np.bool_]) -> Rle:
    """A mask, bool (H, W), as COCO's uncompressed run lengths.

    >>> run_lengths(np.array([[False, True], [True, True]])).counts
    [1, 3]
    """
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(flat.astype(np.int8))) + 1
    counts = np.diff(np.concatenate([[0], edges, [flat.size]])).tolist()
    height_px, width_px = mask.shape
    return Rle(size=(height_px, width_px), counts=[0, *counts] if flat[0] else counts)


def in_base64(data: bytes) -> str:
    """Bytes as JSON can hold them."""
    return base64.b64encode(data).decode("ascii")


def _shrunk(picture: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    shrink = side_px / max(picture.shape[:2])
    if shrink >= 1:
        return picture
    size = (max(1, round(picture.shape[1] * shrink)), max(1, round(picture.shape[0] * shrink)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    _, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()


def _png(picture: NDArray[np.uint8]) -> bytes:
    # Masks and maps are mostly flat: the fastest level is nearly as small as the best.
    _, data = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    return data.tobytes()
