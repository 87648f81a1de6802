"""Run lengths as Severstal's ``train.csv`` writes them: "start length" pairs, 1-based, down the columns first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.sample import CompleteMask
from blemish.errors import DataError


@dataclass(frozen=True, slots=True)
class RunLengthMask(CompleteMask):
    """A mask written as run lengths.

    Attributes:
        runs: "start length start length …"; starts count pixels from 1, top to bottom, then left to right.
        where: table and image that it was read from, for messages.
    """

    runs: str
    where: str = "the run lengths"

    def read(self, height_px: int, width_px: int) -> NDArray[np.bool_]:
        """The mask, bool (H, W), True where defective. Raises DataError when the runs do not fit that size."""
        return decode_run_lengths(self.runs, height_px, width_px, where=self.where)


def encode_run_lengths(mask: NDArray[np.bool_]) -> str:
    """Write a mask as run lengths.

    Args:
        mask: bool (H, W).

    Returns:
        "start length" pairs in rising order, "" for an empty mask.

    >>> encode_run_lengths(np.array([[True, False], [True, True]]))
    '1 2 4 1'
    """
    line = mask.ravel(order="F").astype(np.int8)
    changes = np.flatnonzero(np.diff(line, prepend=0, append=0))
    starts, ends = changes[::2], changes[1::2]
    pairs = np.column_stack([starts + 1, ends - starts])
    return " ".join(map(str, pairs.ravel().tolist()))


def decode_run_lengths(
    runs: str, height_px: int, width_px: int, *, where: str = "the run lengths"
) -> NDArray[np.bool_]:
    """Read a mask from run lengths; runs may come in any order and overlap.

    Args:
        runs: "start length" pairs, 1-based, column-major; "" is an empty mask.
        height_px: height of the image.
        width_px: width of the image.
        where: what to name in messages.

    Returns:
        bool (H, W), True where defective.

    Raises:
        DataError: not whole numbers, an odd count of them, or a run outside the image.
    """
    try:
        numbers = np.array([int(word) for word in runs.split()], dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise DataError(f'{_capital(where)} must hold whole numbers only, as in "1 3 10 5".') from error
    if numbers.size % 2:
        raise DataError(
            f"{_capital(where)} must come in pairs of start and length, but there are {numbers.size} numbers."
        )
    starts, lengths = numbers[::2] - 1, numbers[1::2]
    total = height_px * width_px
    # Compared without adding: a huge length must not wrap round.
    wrong = (starts < 0) | (lengths < 1) | (starts >= total) | (lengths > total - starts)
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise DataError(
            f'{_capital(where)} hold a run "{starts[first] + 1} {lengths[first]}" that does not fit an image of '
            f"{width_px}×{height_px} px ({total} pixels, counted from 1)."
        )
    steps = np.zeros(total + 1, dtype=np.int32)
    np.add.at(steps, starts, 1)
    np.add.at(steps, starts + lengths, -1)
    return np.asarray((np.cumsum(steps[:-1]) > 0).reshape(width_px, height_px).T)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
