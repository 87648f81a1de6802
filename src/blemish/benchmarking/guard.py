"""The leak guard: no benchmark on test photos that the training has seen, unless that is asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from blemish.datasets import Dataset, Leak
from blemish.datasets.leaks import find_leaks
from blemish.datasets.survey import find_twins, look_at


@dataclass(frozen=True, slots=True)
class Leaks:
    """What stands on both sides of a split.

    Attributes:
        found: by kind: the same photo, look-alikes, or photos of one group (tiles of one photo are one).
        test_photos: names of the test photos that are part of it.
    """

    found: tuple[Leak, ...]
    test_photos: frozenset[str]

    def sentence(self) -> str:
        """What was found, one line."""
        return " ".join(leak.sentence for leak in self.found)

    def listing(self) -> str:
        """Every case, one a line: its kind, then the photos that belong together."""
        lines = [f"{leak.kind}\t" + "\t".join(case) for leak in self.found for case in leak.photos]
        return "\n".join(lines) + "\n"


def find_crossings(dataset: Dataset, on_progress: Callable[[], None] | None = None) -> Leaks:
    """Compare every photo of the test split with every photo that a training may see.

    Args:
        dataset: photos with splits; what no training will see must be left out before.
        on_progress: called after each photo.

    Returns:
        The leaks, empty where there are none. Validation photos count as training photos: they choose thresholds.
    """
    sides = tuple(
        replace(sample, masks=None, split="test" if sample.split == "test" else "train") for sample in dataset.samples
    )
    two_sided = replace(dataset, samples=sides)
    leaks = find_leaks(two_sided, find_twins(look_at(sides, on_progress)))
    # One photo under two labels is a mistake in the labels, not a leak; `blemish data check` names it.
    crossing = tuple(leak for leak in leaks if leak.kind != "two labels")
    return Leaks(crossing, frozenset(name for leak in crossing for case in leak.photos for name in case))
