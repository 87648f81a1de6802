"""Images that are judged with a warning, counted by what is wrong with them, and said where a run ends."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from blemish.findings import UNDECIDED, Finding
from blemish.images.quality import PixelProblem
from blemish.reports.messages import Messages

_NAMES: dict[PixelProblem, str] = {
    "out of focus": "out of focus",
    "motion": "moved",
    "smoothed": "smoothed",
    "too bright": "in glare",
    "too dark": "dark",
    "screen": "of a screen",
}


@dataclass(slots=True)
class ProblemCount:
    """How many images were taken in a way that makes their verdict worth less.

    Attributes:
        images: that are judged, and have any problem.
        by_problem: how many of them have each; one image can have several.
    """

    images: int = 0
    by_problem: Counter[PixelProblem] = field(default_factory=Counter)

    def add(self, image: Finding) -> None:
        """Count an image; one that is not judged has no verdict to doubt."""
        if image.problems and image.verdict not in UNDECIDED:
            self.images += 1
            self.by_problem.update(image.problems)

    def said(self, lang: Messages | None = None) -> str | None:
        """A sentence, in English if not told otherwise; None where no verdict is in doubt."""
        t = lang or Messages()
        if not self.images:
            return None
        counted = [f"{t(name)} {self.by_problem[it]:,}" for it, name in _NAMES.items() if self.by_problem[it]]
        return t(
            "{images} may be judged wrongly: {problems}.", images=t.images(self.images), problems=", ".join(counted)
        )
