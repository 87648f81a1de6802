"""What was decided about the values of mask files, and what one file then marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.mask_values.layer import Layer


@dataclass(frozen=True, slots=True)
class Marks:
    """What a mask says about each pixel.

    Attributes:
        defective: bool (H, W).
        ignored: bool (H, W), True where the author left open what the pixel shows; None where nothing is left open.
    """

    defective: NDArray[np.bool_]
    ignored: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """How the values of mask files are read. Codes are those of `Layer.code_of`.

    Attributes:
        above: pixels whose brightest channel lies above this are defective; None goes by codes instead.
        normal: codes of the normal surface; every other one is defective.
        marked: the only defective codes; None takes all that are not ``normal``.
        ignored: codes that say nothing about the pixel.
        opacity: ``unused``; ``marks``, where opaque pixels are the defects whatever their colour; or ``on black``,
            where transparent pixels are normal and colours decide elsewhere.
        has_missing: some files hold values that are not numbers, which are ignored too.
        note: what was decided, a sentence; empty where the values leave no choice.
    """

    above: float | None = None
    normal: tuple[int | float, ...] = ()
    marked: tuple[int | float, ...] | None = None
    ignored: tuple[int | float, ...] = ()
    opacity: Literal["unused", "marks", "on black"] = "unused"
    has_missing: bool = False
    note: str = ""

    @property
    def can_ignore(self) -> bool:
        """Whether any pixel of the files may be ignored."""
        return bool(self.ignored) or self.has_missing

    def of(self, layer: Layer) -> Marks:
        """What a decoded file marks."""
        if self.marked is not None:
            defective = layer.is_any_of(self.marked)
        elif self.above is not None:
            defective = np.asarray(layer.levels() > self.above)
        else:
            defective = ~layer.is_any_of(self.normal)
        if self.opacity != "unused" and layer.opacity is not None:
            opaque = np.asarray(layer.opacity > layer.opacity.max() / 2)
            defective = opaque if self.opacity == "marks" else defective & opaque
        ignored = layer.is_any_of(self.ignored) if self.ignored else None
        if layer.missing is not None:
            ignored = layer.missing if ignored is None else ignored | layer.missing
        return Marks(defective if ignored is None else defective & ~ignored, ignored)
