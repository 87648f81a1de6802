"""The critical-difference picture: contenders on a scale of average ranks, those not told apart joined by a bar.

Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006, figure 1.
"""

from __future__ import annotations

from pathlib import Path

from blemish.benchmarking.ranks import Ranks
from blemish.reports.png_figure import DEFECTIVE, NORMAL, png_figure

_LINE = 0.32


def draw_ranks(target: Path, ranks: Ranks) -> None:
    """Draw the picture.

    Args:
        target: PNG file to write.
        ranks: two contenders or more.

    Raises:
        MissingExtraError: Matplotlib is not installed.
        BlemishError: the file cannot be written.
    """
    names, places = list(ranks.average), list(ranks.average.values())
    k, cliques = len(names), ranks.cliques()
    depth = _LINE * (len(cliques) + (k + 1) // 2 + 2)
    title = f"{ranks.metric}: average rank over {len(ranks.data)} data sets"
    with png_figure(target, width_in=6.5, height_in=1.2 + depth, title=title) as figure:
        axes = figure.add_subplot()
        # Names stand beside the scale, a quarter of the width on either side, so that no line runs through them.
        margin, gap = (k - 1) / 2, (k - 1) / 40
        axes.set(xlim=(k + margin, 1 - margin), ylim=(-depth, 0), xticks=range(1, k + 1), yticks=[])
        axes.xaxis.tick_top()
        axes.spines["top"].set(visible=True, bounds=(1, k))
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        for row, clique in enumerate(cliques, start=1):
            ends = [ranks.average[clique[0]] - 0.03, ranks.average[clique[-1]] + 0.03]
            axes.plot(ends, [-_LINE * row] * 2, color=NORMAL, lw=4, solid_capstyle="round")
        for i, (name, place) in enumerate(zip(names, places, strict=True)):
            # The better half is named on the right, where the scale begins, the others on the left.
            better = i < (k + 1) // 2
            y = -_LINE * (len(cliques) + 1 + (i if better else k - 1 - i))
            edge = 1 - gap if better else k + gap
            axes.plot([place, place, edge], [0, y, y], color="#1d2126", lw=0.8)
            label = f" {name}  {place:.2f} "
            axes.text(edge, y, label, ha="left" if better else "right", va="center", fontsize=8)
        bottom = -depth + 0.1
        axes.plot([1, min(k, 1 + ranks.critical_difference)], [bottom] * 2, color=DEFECTIVE, lw=2)
        said = f" critical difference {ranks.critical_difference:.2f}"
        axes.text(1, bottom, said, ha="left", va="center", fontsize=8)
