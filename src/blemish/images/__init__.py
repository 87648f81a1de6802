"""Images in and out: reading any file safely, finding images in folders, cutting them into tiles, writing pictures."""

from blemish.images.alignment import Placement, find_placement, to_reference
from blemish.images.capture import Capture
from blemish.images.colour import as_rgb_uint8
from blemish.images.formats import IMAGE_SUFFIXES
from blemish.images.listing import Listing, list_images, walk_images
from blemish.images.opening import image_size_px
from blemish.images.options import BitRange, ReadOptions, range_warning
from blemish.images.reading import (
    LoadedImage,
    decode_image,
    load_image,
    read_image,
)
from blemish.images.resizing import resize_image
from blemish.images.tiling import Box, pad_to_multiple, stitch, stitch_bands, tile_boxes
from blemish.images.usability import UsabilityLimits, usability
from blemish.images.writing import write_jpeg, write_png

__all__ = [
    "IMAGE_SUFFIXES",
    "BitRange",
    "Box",
    "Capture",
    "Listing",
    "LoadedImage",
    "Placement",
    "ReadOptions",
    "UsabilityLimits",
    "as_rgb_uint8",
    "decode_image",
    "find_placement",
    "image_size_px",
    "list_images",
    "load_image",
    "pad_to_multiple",
    "range_warning",
    "read_image",
    "resize_image",
    "stitch",
    "stitch_bands",
    "tile_boxes",
    "to_reference",
    "usability",
    "walk_images",
    "write_jpeg",
    "write_png",
]
