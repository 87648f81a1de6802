"""The base of the methods that train on composites: labelled cracks placed on other surfaces."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from pydantic import Field

from blemish.datasets import Sample
from blemish.methods.data.composites import Composites
from blemish.methods.data.compositing import Composite
from blemish.methods.parts.segmentation import SegmentationMethod, SegmentationSettings


class CompositeSettings(SegmentationSettings):
    """What both forms of crack inpainting have."""

    batch_size: int = Field(4, ge=1, description="composites in one step")
    patience: int = Field(8, ge=1, description="epochs without a better validation loss before stopping")
    min_strength: float = Field(
        0.4, gt=0, le=1, description="least strength of a placed crack, with augment; 1 is as photographed"
    )
    max_zoom: float = Field(1.4, ge=1, description="cracks are scaled by 1 / max_zoom to max_zoom, with augment")


class CompositeMethod(SegmentationMethod):
    """A segmentation method whose masks only serve to cut cracks out.

    Attributes:
        compose: places cracks on a background.
        crack_counts: probability of placing no, one, two … cracks.
        min_background: least side of a background's crack-free square, as a fraction of the composite's side.
    """

    compose: ClassVar[Callable[..., Composite]]
    crack_counts: ClassVar[tuple[float, ...]]
    min_background: ClassVar[float]

    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> Composites:
        """A composite for each image.

        Raises:
            DataError: labels that cannot be right, or no image with a large enough crack-free square.
        """
        settings = self.settings
        compose = partial(
            type(self).compose,
            side_px=settings.crop_px,
            min_strength=settings.min_strength,
            max_zoom=settings.max_zoom,
            augment=settings.augment,
        )
        return Composites(
            samples,
            compose=compose,
            background_px=int(settings.crop_px * self.min_background),
            crack_counts=self.crack_counts,
            training=training,
            seed=seed,
        )
