"""Pictures and hand-made files for the tests of `blemish.images`."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from blemish.images.colour import as_three_or_four, drop_alpha
from blemish.images.decoding import decode

TIFF_TYPES = {"H": 3, "I": 4}


@pytest.fixture(scope="session")
def scene() -> NDArray[np.uint8]:
    """A smooth colour picture, 61 × 83, unlike itself under every turn."""
    coarse = np.random.default_rng(7).integers(0, 256, (7, 9, 3)).astype(np.uint8)
    return np.asarray(cv2.resize(coarse, (83, 61), interpolation=cv2.INTER_CUBIC))


@pytest.fixture(scope="session")
def deep_scene(scene: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """The same in 16 bit, with low bits that an 8-bit decoder would lose."""
    low = np.random.default_rng(8).integers(0, 256, scene.shape).astype(np.uint16)
    return scene.astype(np.uint16) * np.uint16(256) + low


@pytest.fixture(scope="session")
def encode() -> Callable[..., bytes]:
    """Encode an array with Pillow: ``encode(array, "PNG", mode="P", **options)``."""

    def run(array: NDArray[Any], kind: str, mode: str | None = None, **options: Any) -> bytes:
        image = Image.fromarray(array)
        stream = BytesIO()
        (image.convert(mode) if mode else image).save(stream, kind, **options)
        return stream.getvalue()

    return run


@pytest.fixture(scope="session")
def read_deep() -> Callable[[Path], NDArray[np.uint16]]:
    """Read a file without losing depth: RGB uint16 (H, W, 3), white of 8-bit files becomes 65535."""

    def run(path: Path) -> NDArray[np.uint16]:
        with path.open("rb") as stream:
            stored = decode(stream, str(path), 500)
        values = stored.values
        if values.dtype == np.uint8:
            values = values.astype(np.uint16) * np.uint16(257)
        if stored.white_is_zero:
            assert stored.white is not None
            values = np.uint16(stored.white) - values
        return drop_alpha(as_three_or_four(values))

    return run


@pytest.fixture(scope="session")
def make_png() -> Callable[..., bytes]:
    """A PNG of a 16-bit array, or with chunks put before or behind the pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    def run(
        array: NDArray[Any], before: Iterable[tuple[bytes, bytes]] = (), behind: Iterable[tuple[bytes, bytes]] = ()
    ) -> bytes:
        height, width = array.shape[:2]
        channels = 1 if array.ndim == 2 else array.shape[2]
        colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
        big_endian = array.astype(array.dtype.newbyteorder(">"))
        rows = b"".join(b"\0" + row.tobytes() for row in big_endian)
        head = struct.pack(">IIBBBBB", width, height, array.dtype.itemsize * 8, colour, 0, 0, 0)
        parts = [(b"IHDR", head), *before, (b"IDAT", zlib.compress(rows)), *behind, (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, content) for kind, content in parts)

    return run


@pytest.fixture(scope="session")
def make_tiff() -> Callable[..., bytes]:
    """An uncompressed little-endian TIFF of any sample type: the file kinds that no encoder at hand writes."""

    def run(array: NDArray[Any], tags: dict[int, int | tuple[int, ...]] | None = None) -> bytes:
        height, width = array.shape[:2]
        channels = 1 if array.ndim == 2 else array.shape[2]
        bits = array.dtype.itemsize * 8
        entries: dict[int, int | tuple[int, ...]] = {
            256: width,
            257: height,
            258: (bits,) * channels,
            259: 1,
            262: 2 if channels >= 3 else 1,
            273: 8,
            277: channels,
            278: height,
            279: array.nbytes,
            339: ({"u": 1, "i": 2, "f": 3}[array.dtype.kind],) * channels,
        }
        entries |= tags or {}
        pixels = array.tobytes() + b"\0" * (array.nbytes % 2)
        offset = 8 + len(pixels)
        table, tail = b"", b""
        tail_offset = offset + 2 + 12 * len(entries) + 4
        for tag, value in sorted(entries.items()):
            values = value if isinstance(value, tuple) else (value,)
            kind = "I" if max(values) > 65535 or tag in (273, 279) else "H"
            content = struct.pack(f"<{len(values)}{kind}", *values)
            if len(content) > 4:
                table += struct.pack("<HHII", tag, TIFF_TYPES[kind], len(values), tail_offset + len(tail))
                tail += content
            else:
                table += struct.pack("<HHI", tag, TIFF_TYPES[kind], len(values)) + content.ljust(4, b"\0")
        return (
            b"II*\0" + struct.pack("<I", offset) + pixels + struct.pack("<H", len(entries)) + table + b"\0" * 4 + tail
        )

    return run


def _upright_by_exif(orientation: int) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """What turns stored pixels upright, from the table of the EXIF standard (0th row, 0th column)."""
    return {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
        8: lambda a: np.rot90(a, 1),
    }[orientation]


@pytest.fixture(params=range(1, 9), ids=lambda value: f"orientation{value}")
def orientation(request: pytest.FixtureRequest) -> tuple[int, Callable[[NDArray[Any]], NDArray[Any]]]:
    """Each EXIF orientation and what turns its stored pixels upright."""
    return request.param, _upright_by_exif(request.param)
