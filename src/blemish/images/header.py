"""What a file says about itself before a pixel is decoded: format, size, orientation, depth, number of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from numpy.typing import NDArray
from PIL import Image, ImageFile

from blemish.errors import ImageError
from blemish.images.formats import Kind
from blemish.images.orientation import QUARTER_TURNS, UPRIGHT
from blemish.images.tiling import Box

MAX_PAGES = 1000
"""Pages and frames beyond these are not counted: a small file may have millions."""


class WindowLoader(Protocol):
    """Decodes a part of a picture."""

    def __call__(self, *, window: Box) -> NDArray[Any]:
        """Pixels of a part, (h, w) or (h, w, C)."""
        ...


@dataclass(frozen=True, slots=True)
class Header:
    """A file that was opened but not decoded.

    Attributes:
        name: what messages call the file.
        kind: its format.
        stored_size_px: (height, width) as stored, before the orientation.
        bits: bits of one sample; means nothing where ``load`` gives uint8, as ``white``.
        white: the value that the file itself states to be full scale (255, 4095, 65535, …); None for signed,
            floating-point and 32-bit samples, where it states none.
        load: decodes the pixels, (H, W) or (H, W, C). Raises nearly anything where they are damaged.
        load_window: likewise a part of the picture as stored, before the orientation; None where that would decode
            all of it.
        bytes_per_px: of what ``load`` gives.
        is_turned: ``load`` gives them upright already.
        orientation: EXIF orientation, 1 to 8.
        pages: number of pictures in the file.
        white_is_zero: the grey scale of values deeper than 8 bit runs from white to black.
        notes: decisions that reading takes, a sentence each without its full stop.
        image: Pillow's view of the file, pixels not yet loaded; None where another library reads it. Of a TIFF it gives
            every page upright.
        exif_bytes: EXIF data of a file that Pillow does not read.
    """

    name: str
    kind: Kind
    stored_size_px: tuple[int, int]
    bits: int
    white: int | None
    load: Callable[[], NDArray[Any]]
    load_window: WindowLoader | None = None
    bytes_per_px: int = 3
    is_turned: bool = False
    orientation: int = UPRIGHT
    pages: int = 1
    white_is_zero: bool = False
    notes: tuple[str, ...] = ()
    image: ImageFile.ImageFile | None = None
    exif_bytes: bytes = b""

    def read_exif(self) -> Image.Exif | None:
        """The file's EXIF data; None without any. Raises nearly anything where they are damaged."""
        if self.image is not None:
            return Image.Image.getexif(self.image)
        if not self.exif_bytes:
            return None
        exif = Image.Exif()
        exif.load(self.exif_bytes)
        return exif

    def read_xmp(self) -> bytes:
        """The file's XMP packet; empty without one that Pillow gives."""
        packet = None if self.image is None else self.image.info.get("xmp")
        return packet if isinstance(packet, bytes) else b""

    @property
    def size_px(self) -> tuple[int, int]:
        """(height, width) as seen, after the orientation."""
        height_px, width_px = self.stored_size_px
        return (width_px, height_px) if self.orientation in QUARTER_TURNS else (height_px, width_px)


def _no_file(path: Path) -> str:
    if path.is_dir():
        return f'"{path}" is a folder, not an image.'
    if path.exists():
        return f'"{path}" is not a regular file.'
    return f'The link "{path}" leads to no file.' if path.is_symlink() else f'There is no file "{path}".'


@contextmanager
def open_image(path: Path) -> Iterator[BinaryIO]:
    """The file opened for reading, or an ImageError that says why it cannot be."""
    try:
        if not path.is_file():
            raise ImageError(_no_file(path))
        stream = path.open("rb")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise ImageError(f'Cannot open "{path}": {reason}.') from error
    with stream:
        try:
            yield stream
        except OSError as error:
            raise ImageError(f'Cannot read "{path}": {error.strerror or error}.') from error
