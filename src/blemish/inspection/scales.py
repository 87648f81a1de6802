"""Scales that cannot be right for the images of a run are refused before the work begins, and not image by image."""

from __future__ import annotations

from collections.abc import Sequence

from blemish.detectors import ImageSource, Measuring
from blemish.errors import ImageError
from blemish.images import image_size_px
from blemish.measurement import ScalePerImage


def check_scale(measuring: Measuring, sources: Sequence[ImageSource]) -> None:
    """Hold the scale against the first image whose size can be read.

    Raises:
        SettingsError: the scale cannot be right for it: points outside the image.
    """
    scale = measuring.scale
    if not isinstance(scale, ScalePerImage):
        return
    for source in sources:
        if source.path is None or source.left_out:
            continue
        try:
            height_px, width_px = image_size_px(source.path)
        except ImageError:
            continue
        scale.check(width_px, height_px)
        return
