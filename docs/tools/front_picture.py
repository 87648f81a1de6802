"""Draw ``docs/pictures/front.jpg``: photographs of weathered concrete, and what the bundled detector found in them.

    BLEMISH_DATA=… python docs/tools/front_picture.py        needs the extra train (Matplotlib)

The photographs are drone close-ups under CC0, ``open-cracks/uav_cc0`` of `BLEMISH_DATA`: the side of the split that
it learned from (docs/concrete-crack.md), never its test split. Every one of them shows a crack; the line below the
picture counts how many of them do not pass.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

import blemish
from blemish.detectors import Inspection
from blemish.reports.overlays import outline

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
from wild_domains import ROOT, validation_set

TARGET = ROOT / "docs" / "pictures" / "front.jpg"
# Three that show what is found and measured, and one of which most is missed.
SHOWN = ("slide1589", "slide862", "slide137", "slide942")
OUTLINE_RGB = (0, 255, 255)
VERDICT_COLOURS = {"pass": "#1f7a3a", "review": "#b26a00", "reject": "#b3202c"}


def main() -> None:
    """Inspect all photographs and draw the chosen ones."""
    detector = blemish.load("concrete-crack")
    with tempfile.TemporaryDirectory() as work:
        photographs = [sample.path for sample in validation_set("drone", Path(work)).samples]
    found = {path.stem: detector.inspect(path) for path in photographs}
    mpl.rcParams["font.size"] = 9
    figure, rows = plt.subplots(2, len(SHOWN), figsize=(11, 6.2))
    for column, name in enumerate(SHOWN):
        above, below = rows[0][column], rows[1][column]
        above.imshow(found[name].pixels)
        draw_found(below, found[name])
    for axes in rows.flat:
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_visible(False)
    rows[0][0].set_ylabel("photograph")
    rows[1][0].set_ylabel("what was found")
    seen = sum(each.verdict != "pass" for each in found.values())
    figure.text(
        0.5,
        0.012,
        f"Of {len(found)} such photographs, each of a crack, {seen} do not pass. Of the last one here most is missed.",
        ha="center",
    )
    figure.subplots_adjust(left=0.025, right=0.998, top=0.998, bottom=0.11, wspace=0.02, hspace=0.02)
    figure.savefig(TARGET, dpi=120, pil_kwargs={"quality": 88, "optimize": True})
    print(TARGET, f"{TARGET.stat().st_size / 1000:.0f} kB")


def draw_found(axes: Axes, found: Inspection) -> None:
    """The outlines over the photograph, the widest place of each crack, verdict and measurements below it."""
    pixels = np.array(found.pixels)
    if found.mask is not None:
        outline(pixels, found.mask, OUTLINE_RGB)
    axes.imshow(pixels)
    cracks = found.cracks or ()
    said = f"{found.verdict}\nno crack outlined"
    if cracks:
        widest, length_px = cracks[0], sum(crack.length_px for crack in cracks)
        said = f"{found.verdict}\n{length_px:.0f} px of crack, up to {widest.max_width_px:.1f} px wide"
    axes.set_xlabel(said, color=VERDICT_COLOURS[str(found.verdict)])


if __name__ == "__main__":
    main()
