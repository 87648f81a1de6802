"""Loss curves of a fit as a picture, drawn from its CSV log."""

from __future__ import annotations

import csv
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from blemish.files import replacing


def draw_curves(log: Path, out: Path, *, title: str) -> None:
    """Draw ``train_loss`` and ``val_loss`` by epoch from a Lightning CSV log into a PNG."""
    curves: dict[str, list[tuple[int, float]]] = {"train_loss": [], "val_loss": []}
    with log.open(newline="") as file:
        for row in csv.DictReader(file):
            for name, points in curves.items():
                if row.get(name):
                    points.append((int(row["epoch"]) + 1, float(row[name])))
    with mpl.rc_context({"axes.spines.top": False, "axes.spines.right": False, "font.size": 10}):
        figure = Figure(figsize=(6, 3.6), layout="constrained")
        axes = figure.add_subplot()
        for (name, points), colour in zip(curves.items(), ("#9aa5b1", "#d1495b"), strict=True):
            if points:
                epochs, losses = zip(*points, strict=True)
                axes.plot(epochs, losses, marker="o", ms=3, label=name.replace("_", " "), color=colour)
        if curves["val_loss"]:
            epoch, loss = min(curves["val_loss"], key=lambda point: point[1])
            axes.axvline(epoch, color="#d1495b", lw=0.8, ls=":")
            axes.annotate(f"kept: epoch {epoch}, {loss:.3f}", (epoch, loss), xytext=(4, 8), textcoords="offset points")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="epoch", ylabel="loss", title=title)
        axes.legend(frameon=False)
        with replacing(out) as temporary:
            figure.savefig(temporary, dpi=150)
