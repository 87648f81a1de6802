"""Width classes: the same few steps, with the same colours, in the page's legend and drawings and in DXF layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.reports.document import Document, Unit, widths_of

# Steps that inspectors' tables use, in mm; as good as any in px.
_LADDER = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 30.0, 50.0, 100.0, 200.0, 300.0, 500.0)
_FEWEST_EDGES, _MAX_EDGES = 4, 6
# A step of the ladder this near to a limit of the grade scale gives way to it.
_TOO_NEAR = 1.4
# Pale yellow over red and violet to blue: falling lightness, so that readers with any colour vision can order them; no
# colour is near the outlines' cyan, none near concrete, and all stand out from a dark crack.
_COLOURS = ("#fff3b0", "#ffe14d", "#ffbe2e", "#ff9326", "#f4622f", "#dd2020", "#c2128d", "#8e2de2", "#3730d8")


@dataclass(frozen=True, slots=True)
class WidthClasses:
    """Classes of width: below the first edge, between two edges, from the last edge on.

    Attributes:
        unit: of the edges.
        edges: rising.
    """

    unit: Unit
    edges: tuple[float, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """A name for each class, without the unit."""
        edges = [f"{edge:g}" for edge in self.edges]
        between = [f"{low} – {high}" for low, high in pairwise(edges)]
        return (f"< {edges[0]}", *between, f"≥ {edges[-1]}")

    @property
    def colours(self) -> tuple[str, ...]:
        """A colour for each class, ``#rrggbb``, from yellow over red and violet to blue."""
        places = np.linspace(0, len(_COLOURS) - 1, len(self.edges) + 1)
        return tuple(_COLOURS[round(place)] for place in places)

    def index_of(self, widths: ArrayLike) -> NDArray[np.intp]:
        """The class of each width, in the classes' unit; a width on an edge is in the class above it."""
        return np.searchsorted(np.asarray(self.edges), np.asarray(widths, dtype=np.float64), side="right")


def layer_names(classes: WidthClasses) -> tuple[str, ...]:
    """Names of layers that DXF allows, in the classes' order: ``CRACK_0_BELOW_0P1MM``, ``CRACK_1_FROM_0P1MM``, …"""
    edges = [f"{edge:g}".replace(".", "P") + classes.unit.upper() for edge in classes.edges]
    return (f"CRACK_0_BELOW_{edges[0]}", *(f"CRACK_{i}_FROM_{edge}" for i, edge in enumerate(edges, start=1)))


def choose_classes(document: Document) -> WidthClasses:
    """Classes for an inspection: steps around its widths, and every limit of its grade scale."""
    unit = document.unit
    widths = [each for image, crack in document.cracks() if (each := widths_of(image, crack, unit)) is not None]
    limits: Sequence[float] = document.grades.edges_mm if document.grades is not None and unit == "mm" else ()
    known = np.concatenate([np.empty(0), *widths])
    known = known[np.isfinite(known) & (known > 0)]
    low, middle, high = np.percentile(known, (5, 50, 95)).tolist() if known.size else (1.0, 1.0, 1.0)
    return WidthClasses(unit, _edges(low, middle, high, limits))


def _edges(low: float, middle: float, high: float, limits: Sequence[float]) -> tuple[float, ...]:
    """Steps of the ladder within the range of widths, or the nearest few, and all limits."""
    far = [step for step in _LADDER if all(max(step / limit, limit / step) >= _TOO_NEAR for limit in limits)]
    inside = [step for step in far if low <= step <= high]
    room = max(0, _MAX_EDGES - len(limits))
    # Every second or third of too many, so that the whole range keeps its colours.
    inside = inside[:: -(-len(inside) // room)] if room and inside else []
    if len(inside) + len(limits) < _FEWEST_EDGES:
        inside = sorted(sorted(far, key=lambda step: abs(np.log(step / middle)))[: _FEWEST_EDGES - len(limits)])
    return tuple(sorted({*inside, *limits}))
