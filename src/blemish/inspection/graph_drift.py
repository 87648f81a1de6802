"""How far two detectors of the same training differ in what they say about the same images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from blemish.detectors import Inspection


@dataclass(frozen=True, slots=True)
class GraphDrift:
    """What changed between the answers of a graph and those of another form of it; 0 where nothing did.

    Attributes:
        images: how many were compared.
        scores: mean change of an image's score, in standard deviations of the first graph's scores.
        verdicts: fraction of images whose verdict changed.
        masks: 1 - Dice coefficient of all outlined pixels together; None where nothing is outlined by either.
    """

    images: int
    scores: float
    verdicts: float
    masks: float | None

    @property
    def largest(self) -> float:
        """The largest of the three."""
        return max(self.scores, self.verdicts, self.masks or 0.0)

    def __str__(self) -> str:
        masks = "no outlines" if self.masks is None else f"outlines {self.masks:.1%}"
        return (
            f"on {self.images} images scores move by {self.scores:.1%} of their standard deviation, "
            f"verdicts of {self.verdicts:.1%} of the images, {masks}"
        )


class DriftCounter:
    """Gathers a `GraphDrift`, image by image."""

    def __init__(self) -> None:
        self._scores: list[tuple[float, float]] = []
        self._verdicts = 0
        self._both = self._either = 0

    @property
    def images(self) -> int:
        """How many were added."""
        return len(self._scores)

    def add(self, before: Inspection, after: Inspection) -> None:
        """Two answers about one image, both with scores."""
        assert before.score is not None
        assert after.score is not None
        self._scores.append((before.score, after.score))
        self._verdicts += before.verdict != after.verdict
        if before.mask is not None and after.mask is not None:
            self._both += int(np.count_nonzero(before.mask & after.mask))
            self._either += int(np.count_nonzero(before.mask)) + int(np.count_nonzero(after.mask))

    def result(self) -> GraphDrift:
        """Over all images added, at least one."""
        before, after = np.array(self._scores).T
        change = float(np.abs(after - before).mean())
        # Of images that all score alike there is no spread; then the score itself is the measure.
        spread = float(before.std()) or float(np.abs(before).max()) or 1.0
        return GraphDrift(
            images=len(self._scores),
            scores=change / spread,
            verdicts=self._verdicts / len(self._scores),
            masks=1 - 2 * self._both / self._either if self._either else None,
        )
