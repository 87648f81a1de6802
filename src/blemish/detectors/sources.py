"""One image to inspect, whatever it comes as: what to call it, and how to read it when its turn comes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError
from blemish.images import LoadedImage, ReadOptions, as_rgb_uint8, decode_image, load_image
from blemish.images.options import DEFAULT_OPTIONS
from blemish.images.windows import FileWindows, open_windows

ImageLike = Path | str | bytes | BinaryIO | NDArray[np.generic]
"""A file by its path, the bytes of one, an open binary file, or an array, (H, W), (H, W, 3) or (H, W, 4)."""

_NAMELESS = "image"


@dataclass(frozen=True, slots=True)
class ImageSource:
    """An image that has not been read yet.

    Attributes:
        content: where its pixels come from.
        image: what to call it.
        name: what files about it are called, without a suffix.
        left_out: it is of a format that is not read, as a listing of its folder has said already.
    """

    content: Path | bytes | BinaryIO | NDArray[np.generic] = field(repr=False)
    image: str
    name: str
    left_out: bool = False

    @property
    def path(self) -> Path | None:
        """The file; None where it is none."""
        return self.content if isinstance(self.content, Path) else None

    @property
    def said(self) -> str:
        """What messages call it."""
        return self.image if self.path is None else str(self.path)

    @property
    def facts(self) -> dict[str, Any]:
        """What a finding says about where it comes from."""
        return {"image": self.image, "path": None if self.path is None else str(self.path), "name": self.name}

    def windows(self, options: ReadOptions = DEFAULT_OPTIONS) -> FileWindows | None:
        """The image to be read part by part, where it is too large to be held and its file allows it.

        Raises:
            ImageError: it is no readable image.
        """
        return open_windows(self.content, options) if isinstance(self.content, Path) else None

    def load(self, options: ReadOptions = DEFAULT_OPTIONS) -> LoadedImage:
        """Read it into uint8 RGB (H, W, 3).

        Raises:
            ImageError: it is no readable image.
        """
        content = self.content
        if isinstance(content, Path):
            return load_image(content, options)
        if isinstance(content, bytes):
            return decode_image(content, self.image, options)
        if isinstance(content, np.ndarray):
            return LoadedImage(as_rgb_uint8(content))
        return decode_image(content.read(), self.image, options)


def source_of(given: ImageLike) -> ImageSource:
    """An image as a source, called by its file's name where it has one.

    Raises:
        ImageError: it is nothing that an image can be read from.
    """
    if isinstance(given, str | Path):
        path = Path(given)
        return ImageSource(path, path.name, path.stem or _NAMELESS)
    if isinstance(given, bytes | bytearray | memoryview):
        return ImageSource(bytes(given), _NAMELESS, _NAMELESS)
    if isinstance(given, np.ndarray):
        return ImageSource(given, _NAMELESS, _NAMELESS)
    if not callable(getattr(given, "read", None)):
        raise ImageError(
            f"An image is given as a path, bytes, an open binary file or an array, not as {type(given).__name__}."
        )
    name = getattr(given, "name", None)
    known = Path(name) if isinstance(name, str) and name else Path(_NAMELESS)
    return ImageSource(given, known.name, known.stem)
