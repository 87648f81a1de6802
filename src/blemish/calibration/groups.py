"""One threshold per camera, line or lot, where each has images enough; the pooled one, with a warning, where not."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from blemish.calibration.scores import TooFewImagesError, checked_scores
from blemish.errors import DataError

Chosen = TypeVar("Chosen")
Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, slots=True)
class ByGroup(Generic[Group, Chosen]):
    """What was chosen for each group, and for everybody else.

    Attributes:
        pooled: chosen from all images together; None when even all were too few.
        groups: chosen for each group with images enough.
        warnings: one sentence for each group that fell back to the pooled choice.
    """

    pooled: Chosen | None
    groups: Mapping[Group, Chosen]
    warnings: tuple[str, ...] = ()

    def of(self, group: Group | None) -> Chosen:
        """The choice for an image of this group; the pooled one for a group that is None, unknown or too small.

        The pooled guarantee speaks of the mixture of all groups, not of this one.

        Raises:
            DataError: such a group, and no pooled choice.
        """
        if group is not None and group in self.groups:
            return self.groups[group]
        if self.pooled is None:
            raise DataError(f'There is no calibration for the group "{group}", and too few images for a pooled one.')
        return self.pooled

    def is_own(self, group: Group | None) -> bool:
        """Whether `of` speaks of this group, and not of the pooled images."""
        return group is not None and group in self.groups


def by_group(
    scores: ArrayLike, groups: Sequence[Group | None], choose: Callable[[NDArray[np.float64]], Chosen]
) -> ByGroup[Group, Chosen]:
    """Calibrate each group by itself, falling back to all images together.

    Args:
        scores: (n,) raw scores of held-out normal images.
        groups: (n,) the camera, line or lot of each; None where unknown (counts in the pooled choice alone).
        choose: from float64 (m,) scores to a threshold, such as
            ``lambda s: guaranteed_threshold(s, alpha=0.01)``; it refuses what it cannot use with a DataError.

    Returns:
        One choice for each group that had images enough, and the pooled one.

    Raises:
        TooFewImagesError: too few images in every group and in all together.
        DataError: NaN or infinite scores, or as many scores as groups are not given.
    """
    values = checked_scores(scores)
    if len(groups) != values.size:
        raise DataError(f"There are {values.size} calibration scores and {len(groups)} groups; give one group each.")
    members: dict[Group, list[int]] = {}
    for index, group in enumerate(groups):
        if group is not None:
            members.setdefault(group, []).append(index)
    chosen: dict[Group, Chosen] = {}
    warnings: list[str] = []
    for group, indices in members.items():
        try:
            chosen[group] = choose(values[indices])
        except DataError as error:
            warnings.append(
                f'Group "{group}" falls back to the threshold of all groups, whose guarantee speaks of them together:'
                f" {error}"
            )
    try:
        pooled = choose(values)
    except TooFewImagesError:
        if not chosen:
            raise
        return ByGroup(pooled=None, groups=chosen, warnings=tuple(warnings))
    return ByGroup(pooled=pooled, groups=chosen, warnings=tuple(warnings))
