"""Widths across a centre line: from the mask's edges, from the image's grey levels, and which of the two counts."""
