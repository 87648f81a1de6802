"""What the values of mask files mean: decoding, a census of the values in a whole set, and the rules that decide."""

from blemish.datasets.mask_values.census import Census, looks_like_mask, merged, take_census
from blemish.datasets.mask_values.layer import Layer, read_layer
from blemish.datasets.mask_values.meaning import Marks, Meaning
from blemish.datasets.mask_values.rules import decide

__all__ = ["Census", "Layer", "Marks", "Meaning", "decide", "looks_like_mask", "merged", "read_layer", "take_census"]
