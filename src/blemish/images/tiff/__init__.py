"""TIFF: its tables of tags, the arrangement of its samples, and which of its pages is the image."""

from blemish.images.tiff.opening import open_tiff

__all__ = ["open_tiff"]
