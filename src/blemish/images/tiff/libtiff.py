"""Pillow's way into libtiff, for images of any size: the limit here is the caller's, kept before pixels are decoded."""

from __future__ import annotations

import warnings
from typing import BinaryIO

from PIL import Image, TiffImagePlugin

# What is wrong with a file is said by the error that it ends in, or does not matter.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.TiffImagePlugin")


class LibtiffImage(TiffImagePlugin.TiffImageFile):
    """A TIFF that Pillow opens, without the limit that is global to Pillow.

    Args:
        stream: the file. No name goes with it: with one Pillow would map files into memory and turn them wrongly.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream, "")

    @property
    def stored_size_px(self) -> tuple[int, int]:
        """(height, width) as stored; Pillow's own size is turned in some releases and not in others."""
        tags = self.tag_v2
        return int(tags[TiffImagePlugin.IMAGELENGTH]), int(tags[TiffImagePlugin.IMAGEWIDTH])

    def load_prepare(self) -> None:
        """Reserve the memory, which Pillow does itself only below its limit."""
        if self.tile:
            self.im = Image.new(self.mode, self.stored_size_px[::-1]).im
        super().load_prepare()


def pillow_view(stream: BinaryIO) -> LibtiffImage | None:
    """Pillow's view of a TIFF, for its other pages and its EXIF data; None where it has none."""
    stream.seek(0)
    try:
        return LibtiffImage(stream)
    except Exception:  # whatever its parser meets
        return None
