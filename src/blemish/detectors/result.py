"""What a detector says about one image: the finding, and the arrays that are too large to be part of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.detectors.large import reduced_mask
from blemish.findings import Finding, Verdict
from blemish.measurement.crack import Crack
from blemish.measurement.regions import CutMap, CutPixels, Region
from blemish.measurement.scale import Scale
from blemish.reports.overlays import draw_overlay
from blemish.reports.pictures import data_uri, save_picture, show, view

_SHOWN_PX = 640


@dataclass(frozen=True, slots=True)
class Cutouts:
    """How to look closer at an image that is looked at part by part.

    Attributes:
        pixels: gives a part at full size, uint8 RGB (h, w, 3).
        near: gives a part of the map, float32 (h, w), true around what is outlined.
        shrink: by how much the inspection's pixels and map are smaller than the image.
        held: all pixels, uint8 RGB (H, W, 3), where they are in memory.
    """

    pixels: CutPixels
    near: CutMap
    shrink: int
    held: NDArray[np.uint8] | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """The answer for one image. What the finding says can be asked of the inspection itself.

    Attributes:
        finding: score, verdict, regions and all else that is kept.
        pixels: the image as it was inspected, uint8 RGB (H, W, 3); None where it could not be read.
        anomaly_map: float32 (H, W) at the image's own size, higher is worse; None where the method does not localise.
        mask: bool (H, W), True where defective after the pixel threshold and the least area; None without one.
        class_masks: the same for each class of a detector that tells several apart, bool (K, H, W), in the order of
            its classes; they may overlap. None of any other.
        crack_mask: the part of ``mask`` that is cracks, bool (H, W); None of a detector that finds none.
        cutouts: set where the image is looked at part by part; ``pixels`` and ``anomaly_map`` are reduced then, the
            latter to the highest value of each pixel.
        map_range: values of the anomaly map that are drawn plain and strongest; None where nothing tells them.

    Example:
        >>> found = detector.inspect("wall.jpg")            # doctest: +SKIP
        >>> found.verdict, [crack.max_width_px for crack in found.cracks or ()]    # doctest: +SKIP
        ('reject', [7.1])
        >>> found.save("wall with findings.png")            # doctest: +SKIP
    """

    finding: Finding
    pixels: NDArray[np.uint8] | None = field(default=None, repr=False)
    anomaly_map: NDArray[np.float32] | None = field(default=None, repr=False)
    mask: NDArray[np.bool_] | None = field(default=None, repr=False)
    class_masks: NDArray[np.bool_] | None = field(default=None, repr=False)
    crack_mask: NDArray[np.bool_] | None = field(default=None, repr=False)
    map_range: tuple[float, float] | None = field(default=None, repr=False)
    cutouts: Cutouts | None = field(default=None, repr=False)

    @property
    def path(self) -> Path | None:
        """The file; None for an array or bytes."""
        return self.finding.file

    @property
    def score(self) -> float | None:
        """Raw image score; higher is worse; its scale is the detector's own. None where there is no answer."""
        return self.finding.score

    @property
    def p_value(self) -> float | None:
        """Fraction of held-out normal images that score as high (split conformal); None without calibration."""
        return self.finding.p_value

    @property
    def verdict(self) -> Verdict | None:
        """Against the detector's thresholds; None where it has none."""
        return self.finding.verdict

    @property
    def label(self) -> str | None:
        """The class that the image shows, by a detector that tells several apart; None where it passes."""
        return self.finding.label

    @property
    def regions(self) -> tuple[Region, ...]:
        """What was outlined, highest score first."""
        return self.finding.regions

    @property
    def cracks(self) -> tuple[Crack, ...] | None:
        """Measured cracks, widest first; None where they were not measured."""
        return self.finding.cracks

    @property
    def scale(self) -> Scale | None:
        """Size of a pixel on the surface; None where it is not known."""
        return self.finding.scale

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading and measuring the image had to decide (first page of several, 16-bit range, …)."""
        return self.finding.notes

    @property
    def error(self) -> str | None:
        """Why there is no answer; then score, verdict and the rest are None or empty."""
        return self.finding.error

    def saying(self, **changes: Any) -> Inspection:
        """The same answer with other fields of `finding`."""
        return replace(self, finding=Finding(**{**dict(self.finding), **changes}))

    def overlay(self) -> NDArray[np.uint8]:
        """The image with the anomaly map as a tint, outlines and the verdict, uint8 RGB (H, W, 3).

        Raises:
            ValueError: there are no pixels to draw on.
        """
        if self.pixels is None:
            raise ValueError(f"There is nothing to draw: {self.error or 'the inspection holds no pixels.'}")
        drawn = self
        if self.cutouts is not None and self.mask is not None:
            drawn = replace(self, mask=reduced_mask(self.mask, self.cutouts.shrink))
        return draw_overlay(self.pixels, drawn, map_range=self.map_range)

    def save(self, path: Path | str) -> None:
        """Write `overlay` as a picture, PNG or JPEG by the suffix.

        Raises:
            ImageError: another suffix.
            BlemishError: it cannot be written.
        """
        save_picture(Path(path), self.overlay())

    def show(self) -> None:
        """Show the finding in a notebook, or `overlay` in the system's image viewer."""
        show(self, lambda: view(self.overlay()))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        told = {
            "verdict": self.verdict,
            "score": None if self.score is None else f"{self.score:.4g}",
            "p": None if self.p_value is None else f"{self.p_value:.3g}",
            "class": self.label,
            "regions": str(len(self.regions)) if self.mask is not None else None,
            "cracks": None if self.cracks is None else str(len(self.cracks)),
            "error": self.error,
        }
        facts = " · ".join(f"{name} <b>{escape(value)}</b>" for name, value in told.items() if value is not None)
        notes = "".join(f"<br><small>{escape(note)}</small>" for note in self.notes)
        picture = "" if self.pixels is None else f'<br><img src="{data_uri(self.overlay(), side_px=_SHOWN_PX)}" alt="">'
        return f"<div>{escape(self.finding.image)}: {facts}{notes}{picture}</div>"
