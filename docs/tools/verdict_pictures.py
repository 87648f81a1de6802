"""Draw the pictures of docs/verdicts.md: one image for each verdict, and one wall at every level of sensitivity.

python docs/tools/verdict_pictures.py       needs the extra train (Matplotlib)

Everything is drawn by blemish and inspected by ``concrete-crack``, so the pictures change only where these do.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from numpy.typing import NDArray

import blemish
from blemish.detectors import Inspection, at_sensitivity
from blemish.reports.overlays import outline
from blemish.synthesis import draw_image
from blemish.synthesis.arrangements import draw_arrangement

PICTURES = Path(__file__).resolve().parents[1] / "pictures"
SIZE_PX = 512
OUTLINE_RGB = (0, 255, 255)
VERDICT_COLOURS = {"pass": "#1f7a3a", "review": "#b26a00", "reject": "#b3202c"}
UNDECIDED_COLOUR = "#5d6875"
# Walls by their seeds: without a crack, with a faint one, with a clear one, in the dark; and one whose crack fades.
CLEAR, FAINT, CRACKED, FADING = 107, 158, 114, 118


def main() -> None:
    """Both pictures."""
    mpl.rcParams["font.size"] = 10
    detector = blemish.load("concrete-crack")
    wall = draw_image(CLEAR, size_px=SIZE_PX, cracked=False).image
    images = [
        wall,
        draw_image(FAINT, size_px=SIZE_PX, cracked=True).image,
        draw_image(CRACKED, size_px=SIZE_PX, cracked=True).image,
        (wall * 0.08).astype(np.uint8),
        draw_arrangement("board", np.random.default_rng(0), size_px=SIZE_PX).pixels,
    ]
    found = [detector.inspect(image) for image in images]
    draw("verdicts.jpg", found, [why(one) for one in found], columns=5)
    levels = detector.spec.sensitivity.levels if detector.spec.sensitivity else ()
    fading = draw_image(FADING, size_px=SIZE_PX, cracked=True).image
    at_levels = [
        detector.with_spec(at_sensitivity(detector.spec, level + 1)).inspect(fading) for level in range(len(levels))
    ]
    draw("sensitivity.jpg", at_levels, [f"level {level + 1}" for level in range(len(levels))], columns=len(levels))


def why(found: Inspection) -> str:
    """The score, and the first note where there is one, in a few lines."""
    said = f"score {found.score:.2f}"
    if found.verdict not in VERDICT_COLOURS and found.notes:
        said = found.notes[0].partition(":")[0].partition(" (")[0]
    return "\n".join(textwrap.wrap(said, 30))


def draw(name: str, found: Sequence[Inspection], lines: Sequence[str], *, columns: int) -> None:
    """Images in a row, with what was outlined, the verdict above and a line below each.

    Args:
        name: of the picture.
        found: what was said about each image.
        lines: what stands below each.
        columns: how many there are.
    """
    figure, row = plt.subplots(
        1, columns, figsize=(13, 13 / columns + 0.1 + 0.22 * max(line.count("\n") + 2 for line in lines))
    )
    for axes, one, line in zip(row, found, lines, strict=True):
        draw_one(axes, one.pixels, one)
        axes.set_xlabel(line)
    figure.tight_layout(pad=0.2, w_pad=0.5)
    target = PICTURES / name
    figure.savefig(target, dpi=100, pil_kwargs={"quality": 85, "optimize": True})
    plt.close(figure)
    print(target, f"{target.stat().st_size / 1000:.0f} kB")


def draw_one(axes: Axes, image: NDArray[np.uint8], found: Inspection) -> None:
    """One image with its outlines, below its verdict."""
    pixels = np.array(image)
    if found.mask is not None:
        outline(pixels, found.mask, OUTLINE_RGB)
    axes.imshow(pixels)
    axes.set_title(str(found.verdict), color=VERDICT_COLOURS.get(str(found.verdict), UNDECIDED_COLOUR), weight="bold")
    axes.set_xticks([])
    axes.set_yticks([])


if __name__ == "__main__":
    main()
