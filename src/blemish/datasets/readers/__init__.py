"""Readers of data sets: each recognises one layout on disk and turns it into samples. A new one is a `Layout` more."""

from blemish.datasets.readers.layout import Found, Layout
from blemish.datasets.readers.registry import LAYOUTS, read_dataset

__all__ = ["LAYOUTS", "Found", "Layout", "read_dataset"]
