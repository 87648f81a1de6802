"""The leak guard: no benchmark on test images that the training has seen, unless that is asked for by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from blemish.datasets import Dataset, Leak
from blemish.datasets.leaks import find_leaks
from blemish.datasets.survey import find_near_duplicates, look_at


@dataclass(frozen=True, slots=True)
class Leaks:
    """What stands on both sides of a split.

    Attributes:
        found: by kind: the same image, look-alikes, or images of one group (tiles of one image are one).
        test_images: names of the test images that are part of it.
    """

    found: tuple[Leak, ...]
    test_images: frozenset[str]

    def sentence(self) -> str:
        """What was found, one line."""
        return " ".join(leak.sentence for leak in self.found)

    def listing(self) -> str:
        """Every case, one a line: its kind, then the images that belong together."""
        lines = [f"{leak.kind}\t" + "\t".join(case) for leak in self.found for case in leak.images]
        return "\n".join(lines) + "\n"


def find_crossings(dataset: Dataset, on_progress: Callable[[], None] | None = None) -> Leaks:
    """Compare every image of the test split with every image that a training may see.

    Args:
        dataset: images with splits; what no training will see must be left out before.
        on_progress: called after each image.

    Returns:
        The leaks, empty where there are none. Validation images count as training images: they choose thresholds.
    """
    sides = tuple(
        replace(sample, masks=None, split="test" if sample.split == "test" else "train") for sample in dataset.samples
    )
    two_sided = replace(dataset, samples=sides)
    leaks = find_leaks(two_sided, find_near_duplicates(look_at(sides, on_progress)))
    # One image under two labels is a mistake in the labels, not a leak; `blemish data check` names it.
    crossing = tuple(leak for leak in leaks if leak.kind != "two labels")
    return Leaks(crossing, frozenset(name for leak in crossing for case in leak.images for name in case))
