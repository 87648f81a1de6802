"""Pictures side by side in a table: one image a row, one step or one method a column."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.errors import DataError
from blemish.evaluation.canvas import picture

_CELL_IN = 1.35
_HIT_RGB, _FALSE_RGB, _MISSED_RGB = (40, 200, 90), (235, 60, 60), (60, 140, 255)


def mark_errors(pixels: NDArray[np.uint8], predicted: NDArray[np.bool_], truth: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Green where prediction and truth agree on a defect, red where only the prediction sees one, blue where missed.

    Args:
        pixels: uint8 RGB (H, W, 3).
        predicted: bool (H, W).
        truth: bool (H, W).

    Returns:
        uint8 RGB (H, W, 3), a new array.
    """
    marked = pixels.copy()
    for mask, colour in (
        (predicted & truth, _HIT_RGB),
        (predicted & ~truth, _FALSE_RGB),
        (truth & ~predicted, _MISSED_RGB),
    ):
        marked[mask] = colour
    return marked


def draw_grid(
    target: Path,
    headings: Sequence[str],
    rows: Sequence[Sequence[NDArray[np.generic]]],
    *,
    captions: Sequence[str] = (),
    title: str = "",
) -> None:
    """Write a table of pictures.

    Args:
        target: PNG file to write.
        headings: one for each column.
        rows: pictures, one for each heading: uint8 RGB (H, W, 3), bool (H, W), or float (H, W) from 0 to 1.
        captions: one at the left of each row, or none.
        title: above everything.

    Raises:
        DataError: no rows, or rows of another length than the headings.
        MissingExtraError: Matplotlib is not installed.
    """
    if not rows or any(len(row) != len(headings) for row in rows):
        raise DataError(f"A table of pictures needs rows of {len(headings)} pictures, one for each heading.")
    width_in, height_in = len(headings) * _CELL_IN + 0.4, len(rows) * _CELL_IN + (0.7 if title else 0.4)
    with picture(target, width_in=width_in, height_in=height_in, title=title) as figure:
        grid = figure.subplots(len(rows), len(headings), squeeze=False)
        for axes, heading in zip(grid[0], headings, strict=True):
            axes.set_title(heading)
        for line, row in zip(grid, rows, strict=True):
            for axes, cell in zip(line, row, strict=True):
                axes.imshow(cell, cmap="gray", vmin=0, vmax=255 if cell.dtype == np.uint8 else 1)
                axes.set_xticks([])
                axes.set_yticks([])
                axes.spines[:].set_visible(False)
        for line, caption in zip(grid, captions, strict=False):
            line[0].set_ylabel(caption, fontsize=8)
