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
    depth = _LINE * (len(cliques) + (k + 1) // 2 + 1)
    title = f"{ranks.metric}: average rank over {len(ranks.data)} data sets"
    with png_figure(target, width_in=6.5, height_in=1.2 + depth, title=title) as figure:
        axes = figure.add_subplot()
        axes.set(xlim=(k + 0.15, 0.85), ylim=(-depth, 0.45), xticks=range(1, k + 1), yticks=[])
        axes.xaxis.tick_top()
        axes.spines["top"].set_visible(True)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.plot([1, min(k, 1 + ranks.critical_difference)], [0.3, 0.3], color=DEFECTIVE, lw=2)
        axes.text(1, 0.34, f"critical difference {ranks.critical_difference:.2f}", ha="right", va="bottom", fontsize=8)
        for row, clique in enumerate(cliques, start=1):
            ends = [ranks.average[clique[0]] - 0.03, ranks.average[clique[-1]] + 0.03]
            axes.plot(ends, [-_LINE * row] * 2, color=NORMAL, lw=4, solid_capstyle="round")
        for i, (name, place) in enumerate(zip(names, places, strict=True)):
            # The better half is named on the right, where the scale begins, the others on the left.
            better = i < (k + 1) // 2
            row = len(cliques) + 1 + (i if better else k - 1 - i)
            edge = 0.85 if better else k + 0.15
            axes.plot([place, place, edge], [0, -_LINE * row, -_LINE * row], color="#1d2126", lw=0.8)
            label = f"{name}  {place:.2f}"
            axes.text(edge, -_LINE * row + 0.03, label, ha="right" if better else "left", va="bottom", fontsize=8)
