"""A picture out of the program: into a page, into a file, onto the screen."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError
from blemish.images import write_jpeg, write_png

VIEW_PX = 1000
"""Longer side of the small copy of an image that a report shows."""


def data_uri(picture: NDArray[np.uint8], *, quality: int = 85, side_px: int | None = None) -> str:
    """A picture, uint8 RGB (H, W, 3), as a JPEG that stands in a page itself.

    Args:
        picture: what to show.
        quality: 1 to 100.
        side_px: the longer side at most; None keeps the size.
    """
    return uri_of(jpeg_of(picture, quality=quality, side_px=side_px))


def uri_of(jpeg: bytes) -> str:
    """The bytes of a JPEG, to stand in a page itself."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")


def jpeg_of(picture: NDArray[np.uint8], *, quality: int, side_px: int | None = None) -> bytes:
    """The bytes of a JPEG of a picture, uint8 RGB (H, W, 3); arguments as of `data_uri`."""
    shrink = 1.0 if side_px is None else min(1.0, side_px / max(picture.shape[:2]))
    if shrink < 1:
        size = (max(1, round(picture.shape[1] * shrink)), max(1, round(picture.shape[0] * shrink)))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(jpeg.tobytes())


def save_picture(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture, uint8 RGB (H, W, 3), as PNG or JPEG.

    Raises:
        ImageError: the name ends in neither ``.png`` nor ``.jpg``.
        BlemishError: it cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix == ".png":
        write_png(path, picture)
    elif suffix in {".jpg", ".jpeg"}:
        write_jpeg(path, picture)
    else:
        raise ImageError(f'A picture is written as .png or .jpg, and "{path}" ends in neither.')


def view(picture: NDArray[np.uint8]) -> None:
    """Show a picture, uint8 RGB (H, W, 3), in the system's image viewer."""
    from PIL import Image

    Image.fromarray(picture).show()


def show(result: Any, otherwise: Callable[[], None]) -> None:
    """Show a result in the notebook that is running.

    Args:
        result: with ``_repr_html_``, which notebooks display.
        otherwise: called where none is running.
    """
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        in_notebook = False
    else:
        in_notebook = getattr(get_ipython(), "kernel", None) is not None
    if in_notebook:
        display(result)
    else:
        otherwise()
