"""Bands of rows, looked at one after another, where what is computed for each pixel takes tens of bytes of it."""

from __future__ import annotations

from collections.abc import Iterator

from blemish.images import Box

BAND_PX, MIN_ROWS = 1 << 22, 64


def row_bands(box: Box) -> Iterator[Box]:
    """A box in bands of about 4 megapixels, from the top down."""
    rows = max(MIN_ROWS, BAND_PX // max(box.width, 1))
    bottom = box.y + box.height
    return (Box(y, box.x, min(rows, bottom - y), box.width) for y in range(box.y, bottom, rows))
