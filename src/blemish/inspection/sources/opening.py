"""From a locator to something whose pixels can be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from blemish.detectors import ImageSource, source_of
from blemish.inspection.sources.files import FILE
from blemish.inspection.sources.found import Locator
from blemish.inspection.sources.given import GIVEN


def open_source(locator: Locator, image: str, name: str, given: Sequence[Any] = (), *, left_out: bool) -> ImageSource:
    """An image to inspect.

    Args:
        locator: how to get at it.
        image: what to call it.
        name: what its files are called.
        given: images that are in memory, which locators name by their number.
        left_out: whether its listing has said that it is not read.
    """
    if locator.kind == GIVEN:
        content = source_of(given[int(locator.part)]).content
    else:
        assert locator.kind == FILE
        content = Path(locator.where)
    return ImageSource(content, image, name, left_out)
