"""Whether an image can be judged, and what a verdict on it has to be read with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from blemish.detectors.schema import DetectorSpec
from blemish.images import usability
from blemish.images.quality import PixelProblem, image_quality
from blemish.images.windows import ImageWindows


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known of how an image was taken.

    Attributes:
        unusable: why it cannot be judged; None where it can be.
        warnings: what is wrong with it all the same, each with its sentence.
    """

    unusable: str | None = None
    warnings: Mapping[PixelProblem, str] = field(default_factory=dict)


def condition_of(pixels: NDArray[np.uint8], spec: DetectorSpec, windows: ImageWindows | None = None) -> Condition:
    """Look at an image by itself, before any detector does.

    Only a detector of cracks warns: the limits are those for walls and roads, and a part before a black ground is not
    dark. Arguments as of `blemish.images.quality.image_quality`.
    """
    unusable = usability(pixels, spec.usability)
    if unusable is not None or not spec.finds_cracks:
        return Condition(unusable)
    return Condition(None, image_quality(pixels, windows).warnings)
