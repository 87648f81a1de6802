"""Scales that cannot be right for the images of a run are refused before the work begins, and not image by image."""

from __future__ import annotations

from contextlib import closing
from itertools import islice

from blemish.detectors import Measuring
from blemish.errors import ImageError
from blemish.images import image_size_px
from blemish.inspection.job.images import Images
from blemish.measurement import ScalePerImage

_LOOKED_AT = 20


def check_scale(measuring: Measuring, images: Images) -> None:
    """Hold the scale against the first image whose size can be read.

    Raises:
        SettingsError: the scale cannot be right for it: points outside the image.
    """
    scale = measuring.scale
    if not isinstance(scale, ScalePerImage):
        return
    with closing(images.index.to_do()) as wanted:
        sources = [images.open(one) for one in islice(wanted, _LOOKED_AT) if not one.left_out]
    for source in sources:
        if source.path is None:
            continue
        try:
            height_px, width_px = image_size_px(source.path)
        except ImageError:
            continue
        scale.check(width_px, height_px)
        return
