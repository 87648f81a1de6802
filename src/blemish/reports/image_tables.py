"""Images side by side in PNG files: reconstructions, best and worst cases, and any other table of images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.errors import DataError
from blemish.evaluation.ranking import checked_pairs
from blemish.reports.png_figure import DEFECTIVE, png_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_CELL_IN, _TABLE_CELL_IN = 1.7, 1.35
_CELL_PX = 360
_HIT_RGB, _FALSE_RGB, _MISSED_RGB = (40, 200, 90), (235, 60, 60), (60, 140, 255)


@dataclass(frozen=True, slots=True)
class Triple:
    """One image and what a reconstructing method made of it.

    Attributes:
        original: uint8 (H, W, 3) RGB or (H, W) grey.
        reconstruction: the same shape.
        difference: float32 (H, W), higher is worse.
        caption: beside the row.
    """

    original: NDArray[np.uint8] = field(repr=False)
    reconstruction: NDArray[np.uint8] = field(repr=False)
    difference: NDArray[np.floating[Any]] = field(repr=False)
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One image with its anomaly map.

    Attributes:
        image: uint8 (H, W, 3) RGB or (H, W) grey.
        anomaly_map: float32 (H, W), higher is worse; None where the detector does not localise.
        truth: bool (H, W), outlined; None where it is not known.
        caption: above it.
    """

    image: NDArray[np.uint8] = field(repr=False)
    anomaly_map: NDArray[np.floating[Any]] | None = field(default=None, repr=False)
    truth: NDArray[np.bool_] | None = field(default=None, repr=False)
    caption: str = ""


def notable_cases(scores: ArrayLike, defective: ArrayLike, count: int = 5) -> dict[str, NDArray[np.intp]]:
    """Which images are worth looking at: where the ranking was most wrong and most right.

    Args:
        scores: (n,) raw scores, higher is worse.
        defective: (n,) bool.
        count: at most so many of each kind.

    Returns:
        Image numbers, most telling first, by kind: ``missed`` (defective, lowest scores), ``false alarms`` (normal,
        highest), ``found`` (defective, highest) and ``passed`` (normal, lowest). A kind without images is empty.

    Raises:
        DataError: NaN or infinite scores, or lengths that differ.
    """
    values, truth = checked_pairs(scores, defective)
    rising = np.argsort(values, kind="stable")
    bad, good = rising[truth[rising]], rising[~truth[rising]]
    return {
        "missed": bad[:count],
        "false alarms": good[::-1][:count],
        "found": bad[::-1][:count],
        "passed": good[:count],
    }


def draw_triples(target: Path, rows: Sequence[Triple], *, title: str = "") -> None:
    """Original, reconstruction and difference, one image a row; all differences on one colour scale.

    Args:
        target: PNG file to write.
        rows: the images.
        title: above everything.

    Raises:
        DataError: no rows.
        MissingExtraError: Matplotlib is not installed.
    """
    if not rows:
        raise DataError("There are no images to draw.")
    low, high = _range([row.difference for row in rows])
    with png_figure(target, width_in=3 * _CELL_IN + 0.9, height_in=len(rows) * _CELL_IN + 0.5, title=title) as figure:
        grid = figure.subplots(len(rows), 3, squeeze=False)
        for axes, heading in zip(grid[0], ("original", "reconstruction", "difference"), strict=True):
            axes.set_title(heading)
        for (left, middle, right), row in zip(grid, rows, strict=True):
            _show(left, row.original)
            _show(middle, row.reconstruction)
            shown = right.imshow(_small(row.difference), cmap="inferno", vmin=low, vmax=high)
            left.set_ylabel(row.caption, fontsize=8)
            for axes in (left, middle, right):
                _bare(axes)
        figure.colorbar(shown, ax=grid[:, 2].tolist(), shrink=min(1.0, 2 / len(rows)))


def draw_cases(target: Path, kinds: Mapping[str, Sequence[Case]], *, title: str = "") -> None:
    """Images with the true outline, and below each its anomaly map; one kind a band, all maps on one colour scale.

    Args:
        target: PNG file to write.
        kinds: cases by kind, such as those that `notable_cases` names; kinds without cases are left out.
        title: above everything.

    Raises:
        DataError: no cases.
        MissingExtraError: Matplotlib is not installed.
    """
    shown = {kind: list(cases) for kind, cases in kinds.items() if cases}
    if not shown:
        raise DataError("There are no images to draw.")
    maps = [case.anomaly_map for cases in shown.values() for case in cases if case.anomaly_map is not None]
    rows_each = 2 if maps else 1
    low, high = _range(maps) if maps else (0.0, 1.0)
    columns, rows = max(map(len, shown.values())), rows_each * len(shown)
    width, height = columns * _CELL_IN + 0.6, rows * _CELL_IN + 0.3 * len(shown) + 0.4
    with png_figure(target, width_in=width, height_in=height, title=title) as figure:
        grid = figure.subplots(rows, columns, squeeze=False)
        for axes in grid.flat:
            _bare(axes)
        for band, (kind, cases) in enumerate(shown.items()):
            top = grid[rows_each * band]
            top[0].set_ylabel(kind, fontsize=10)
            for column, case in enumerate(cases):
                _show(top[column], case.image)
                top[column].set_title(case.caption, fontsize=8)
                if case.truth is not None and case.truth.any() and not case.truth.all():
                    truth = _small(case.truth.astype(np.float32))
                    top[column].contour(truth, levels=[0.5], colors=DEFECTIVE, linewidths=0.8)
                if case.anomaly_map is not None:
                    below = grid[rows_each * band + 1, column]
                    below.imshow(_small(case.anomaly_map), cmap="inferno", vmin=low, vmax=high)


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


def draw_table(
    target: Path,
    headings: Sequence[str],
    rows: Sequence[Sequence[NDArray[np.generic]]],
    *,
    captions: Sequence[str] = (),
    title: str = "",
) -> None:
    """A table of images: one image a row, one step or one method a column.

    Args:
        target: PNG file to write.
        headings: one for each column.
        rows: images, one for each heading: uint8 RGB (H, W, 3), bool (H, W), or float (H, W) from 0 to 1.
        captions: one at the left of each row, or none.
        title: above everything.

    Raises:
        DataError: no rows, or rows of another length than the headings.
        MissingExtraError: Matplotlib is not installed.
    """
    if not rows or any(len(row) != len(headings) for row in rows):
        raise DataError(f"A table of images needs rows of {len(headings)} images, one for each heading.")
    width_in, height_in = len(headings) * _TABLE_CELL_IN + 0.4, len(rows) * _TABLE_CELL_IN + (0.7 if title else 0.4)
    with png_figure(target, width_in=width_in, height_in=height_in, title=title) as figure:
        grid = figure.subplots(len(rows), len(headings), squeeze=False)
        for axes, heading in zip(grid[0], headings, strict=True):
            axes.set_title(heading)
        for line, row in zip(grid, rows, strict=True):
            for axes, cell in zip(line, row, strict=True):
                axes.imshow(cell, cmap="gray", vmin=0, vmax=255 if cell.dtype == np.uint8 else 1)
                _bare(axes)
        for line, caption in zip(grid, captions, strict=False):
            line[0].set_ylabel(caption, fontsize=8)


def _range(maps: Sequence[NDArray[np.floating[Any]]]) -> tuple[float, float]:
    """One colour scale for all maps: a shared scale shows which image is worse; each its own would hide it."""
    ends = [np.quantile(each, [0.01, 0.999]) for each in maps]
    low, high = float(min(end[0] for end in ends)), float(max(end[1] for end in ends))
    return low, high if high > low else low + 1.0


def _show(axes: Axes, image: NDArray[np.uint8]) -> None:
    axes.imshow(_small(image), cmap="gray", vmin=0, vmax=255)


def _small(image: NDArray[Any]) -> NDArray[Any]:
    """The picture no larger than its cell is drawn."""
    scale = _CELL_PX / max(image.shape[:2])
    if scale >= 1.0:
        return image
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    source = image if image.dtype == np.uint8 else image.astype(np.float32)
    return np.asarray(cv2.resize(np.ascontiguousarray(source), size, interpolation=cv2.INTER_AREA))


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
