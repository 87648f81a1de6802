"""How image files are read: which values of deep files become black and white, and how large an image may be."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from blemish.errors import SettingsError

BitRange = tuple[float, float]
"""Raw values that become black and white in images of more than 8 bits."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How image files are read.

    Attributes:
        bit_range: for files deeper than 8 bit, the values that become 0 and 255; None takes the full scale that the
            file states (0 to 65535 in 16 bit). Files of 8 bit ignore it.
        max_megapixels: larger images are refused from their header, before memory is spent on them. None: 500, and less
            where a file is much smaller than such an image makes likely, see `blemish.images.limits`.

    Raises:
        SettingsError: ``bit_range`` is not a pair of rising numbers, or ``max_megapixels`` no number above 0.
    """

    bit_range: BitRange | None = None
    max_megapixels: float | None = None

    def __post_init__(self) -> None:
        if self.bit_range is not None:
            low, high = self.bit_range
            if not (math.isfinite(low) and math.isfinite(high) and low < high):
                raise SettingsError(f"A bit range must be two rising values such as 0,4095, not {low:g},{high:g}.")
        if self.max_megapixels is not None and not 0 < self.max_megapixels < math.inf:
            raise SettingsError(f"The limit of megapixels must be a number above 0, not {self.max_megapixels:g}.")


DEFAULT_OPTIONS = ReadOptions()


def describe_bit_range(bit_range: BitRange) -> str:
    """As it is given on the command line.

    >>> describe_bit_range((0, 4095))
    '0,4095'
    """
    return ",".join(map(number, bit_range))


def likely_range(lowest: float, highest: float, white: int | None) -> BitRange | None:
    """The range of values in use where the stated scale is at least twice as long; None where that fits."""
    if white is None or highest > white // 2:
        return None
    if lowest > highest / 2 and highest - lowest > 1:
        # Temperatures and the like do not begin at 0.
        return outer_range(lowest, highest)
    return 0, max(2 ** int(highest).bit_length() - 1, 255)


def outer_range(lowest: float, highest: float) -> BitRange:
    """Plain numbers around these, to about a tenth of what lies between.

    >>> outer_range(15.5059, 23.9022), outer_range(29_317, 30_142)
    ((15.5, 24.0), (29310.0, 30150.0))
    """
    length = highest - lowest or abs(highest) or 1.0
    digits = 1 - math.floor(math.log10(length))
    unit = 10.0**-digits
    low, high = (
        round(value * unit, max(digits, 0)) for value in (math.floor(lowest / unit), math.ceil(highest / unit))
    )
    return low, high if high > low else low + unit


def range_warning(likely: Iterable[BitRange | None], *, remedy: str = "give") -> str | None:
    """What to say of images whose files' full scale is clearly not that of their values; None where it fits all.

    Args:
        likely: of each image its `likely_range`.
        remedy: what to do with the range, where no option of the command at hand takes it.
    """
    ranges = list(likely)
    doubtful = [each for each in ranges if each is not None]
    if not doubtful:
        return None
    proposed = min(low for low, _ in doubtful), max(high for _, high in doubtful)
    return (
        f"{len(doubtful)} of {len(ranges)} images use only a part of the values that their files can hold, as 12-bit "
        "values in a 16-bit file do, and look nearly uniform when read at full scale: "
        f"{remedy} --bit-range {describe_bit_range(proposed)} if that is the camera's range."
    )


def number(value: float) -> str:
    """Whole numbers in full, others to six digits."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.6g}"
