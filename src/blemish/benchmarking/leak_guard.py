"""The leak guard: test images that the training has seen stop a benchmark, unless they are allowed by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from blemish.datasets import Dataset, Leak
from blemish.datasets.leaks import find_leaks
from blemish.datasets.survey import find_near_duplicates, look_at


@dataclass(frozen=True, slots=True)
class Leaks:
    """Images that stand on both sides of a split.

    Attributes:
        found: by kind: the same image, near-duplicates, or images of one group (tiles of one image are one).
        test_images: names of the test images among them.
    """

    found: tuple[Leak, ...]
    test_images: frozenset[str]

    def sentence(self) -> str:
        """What was found, in one line."""
        return " ".join(leak.sentence for leak in self.found)

    def listing(self) -> str:
        """Every leak, one a line: its kind, then the images that belong together."""
        lines = [f"{leak.kind}\t" + "\t".join(case) for leak in self.found for case in leak.images]
        return "\n".join(lines) + "\n"


def find_split_leaks(dataset: Dataset, on_progress: Callable[[], None] | None = None) -> Leaks:
    """Compare every image of the test split with every image that a training may see.

    Args:
        dataset: images with splits, without those that no training will see.
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
    leaking = tuple(leak for leak in leaks if leak.kind != "two labels")
    return Leaks(leaking, frozenset(name for leak in leaking for case in leak.images for name in case))
