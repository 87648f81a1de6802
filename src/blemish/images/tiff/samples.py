"""From the strips or tiles of a TIFF page to an array of samples, whatever their depth, order and arrangement.

Compression is undone by the libtiff in Pillow. It is given each strip as one of 8-bit grey, whose rows are as many
bytes long as the strip's: so it decodes what Pillow has no mode for. What follows, predictor, byte order and packed
bits, is arithmetic of arrays.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, BinaryIO, Literal

import numpy as np
from numpy.typing import NDArray

from blemish.images.tiff.directory import Page, Tag
from blemish.images.tiff.libtiff import LibtiffImage
from blemish.images.tiling import Box

COMPRESSIONS = {
    1: "none",
    5: "LZW",
    8: "Deflate",
    32946: "Deflate",
    32773: "PackBits",
    34925: "LZMA",
    50000: "ZSTD",
}
"""What is undone here, by TIFF's code."""

_UNCOMPRESSED = 1
_APART = 2
_REVERSED = 2
_DIFFERENCES, _FLOAT_DIFFERENCES = 2, 3
# Decoded bytes that libtiff is asked for at a time, where strips are smaller.
_BATCH_BYTES = 1 << 24
# Tiles reach beyond the image, but not by any length.
_MAX_SPARE_PX = 1 << 24
_REVERSE = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class CutShortError(ValueError):
    """The file ends before its samples do."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a page's samples are stored.

    Attributes:
        height, width: of the page, in pixels.
        samples: per pixel.
        bits: of a sample.
        kind: "u", "i" or "f", as NumPy calls types of values.
        order: "<" or ">".
        compression: a key of `COMPRESSIONS`.
        predictor: 1 none, 2 differences, 3 differences of floating-point bytes.
        planes_apart: all of a sample's values together, not all of a pixel's.
        bits_reversed: within each byte.
        tiled: tiles, which are padded, and not strips, of which the last is shorter.
        box: (height, width) of a strip or tile.
        offsets, sizes: of the strips or tiles in the file, in bytes; row by row, and plane after plane.
    """

    height: int
    width: int
    samples: int
    bits: int
    kind: str
    order: Literal["<", ">"]
    compression: int
    predictor: int
    planes_apart: bool
    bits_reversed: bool
    tiled: bool
    box: tuple[int, int]
    offsets: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of strips or tiles."""
        return -(-self.height // self.box[0]), -(-self.width // self.box[1])

    @property
    def samples_in_box(self) -> int:
        """Per pixel of a strip or tile."""
        return 1 if self.planes_apart else self.samples

    @property
    def row_bytes(self) -> int:
        """Length of a strip's or tile's row, which begins at a full byte."""
        return -(-self.box[1] * self.samples_in_box * self.bits // 8)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the array that `read_samples` gives: packed samples come in the next wider type."""
        size = 1 if self.bits <= 8 else 2 if self.bits <= 16 else self.bits // 8
        return np.dtype(f"{self.kind}{size}")


def layout_of(page: Page, kind: str) -> Layout:
    """The layout of a page whose samples are all of one depth.

    Args:
        page: the page.
        kind: "u", "i" or "f".

    Raises:
        ValueError: the tags contradict each other.
    """
    height, width = page.first(Tag.HEIGHT), page.first(Tag.WIDTH)
    tiled = Tag.TILE_OFFSETS in page.tags or Tag.TILE_WIDTH in page.tags
    if tiled:
        box = page.first(Tag.TILE_HEIGHT), page.first(Tag.TILE_WIDTH)
    else:
        box = min(page.first(Tag.ROWS_PER_STRIP, height) or height, height), width
    if min(height, width, *box) < 1:
        raise ValueError("a size of zero")
    if box[0] * box[1] > 4 * height * width + _MAX_SPARE_PX:
        raise ValueError("tiles much larger than the image")
    offsets = page.tags.get(Tag.TILE_OFFSETS if tiled else Tag.STRIP_OFFSETS, ())
    sizes = page.tags.get(Tag.TILE_BYTE_COUNTS if tiled else Tag.STRIP_BYTE_COUNTS, ())
    samples = page.first(Tag.SAMPLES, 1)
    return Layout(
        height=height,
        width=width,
        samples=samples,
        bits=page.first(Tag.BITS, 1),
        kind=kind,
        order=page.order,
        compression=page.first(Tag.COMPRESSION, _UNCOMPRESSED),
        predictor=page.first(Tag.PREDICTOR, 1),
        planes_apart=page.first(Tag.PLANAR, 1) == _APART and samples > 1,
        bits_reversed=page.first(Tag.FILL_ORDER, 1) == _REVERSED,
        tiled=tiled,
        box=box,
        offsets=offsets,
        sizes=sizes,
    )


def read_samples(stream: BinaryIO, layout: Layout, keep: int, window: Box | None = None) -> NDArray[Any]:
    """The first samples of each pixel.

    Args:
        stream: the file.
        layout: how they are stored.
        keep: how many of them.
        window: the part of the page that is read, inside it; None reads all of it.

    Returns:
        (H, W, keep), the window's size, of ``layout.dtype`` in the machine's byte order; as stored, nothing scaled.

    Raises:
        CutShortError: strips or tiles lie beyond the end of the file, or hold too little.
        Exception: nearly any, where compressed data are damaged.
    """
    rows, columns = layout.grid
    boxes = rows * columns * (layout.samples if layout.planes_apart else 1)
    if len(layout.offsets) < boxes or (len(layout.sizes) < boxes and layout.compression != _UNCOMPRESSED):
        raise ValueError("too few strips or tiles")
    if layout.compression == _UNCOMPRESSED and not layout.tiled and rows == 1:
        layout = _in_bands(layout)
        rows, columns = layout.grid
    area = window or Box(0, 0, layout.height, layout.width)
    values = np.zeros((area.height, area.width, keep), layout.dtype)
    per_plane = rows * columns
    places = [
        row * columns + column
        for row in range(area.y // layout.box[0], -(-(area.y + area.height) // layout.box[0]))
        for column in range(area.x // layout.box[1], -(-(area.x + area.width) // layout.box[1]))
    ]
    for plane in range(keep if layout.planes_apart else 1):
        target = values[..., plane : plane + 1] if layout.planes_apart else values
        for number, data in _decoded(stream, layout, [plane * per_plane + place for place in places]):
            row, column = divmod(number - plane * per_plane, columns)
            # Where the strip or tile begins in the window; above or left of it, it is cut off.
            top, left = row * layout.box[0] - area.y, column * layout.box[1] - area.x
            part = target[max(top, 0) : top + layout.box[0], max(left, 0) : left + layout.box[1]]
            box = _unpacked(data, layout)[max(-top, 0) :, max(-left, 0) :]
            part[...] = box[: part.shape[0], : part.shape[1], : part.shape[2]]
    return values


def _in_bands(layout: Layout) -> Layout:
    """An uncompressed strip as several, so that it need not be in memory twice."""
    rows = max(1, _BATCH_BYTES // layout.row_bytes)
    starts = range(0, layout.height, rows)
    sizes = [min(rows, layout.height - start) * layout.row_bytes for start in starts]
    planes = layout.samples if layout.planes_apart else 1
    return replace(
        layout,
        box=(min(rows, layout.height), layout.width),
        offsets=tuple(layout.offsets[plane] + start * layout.row_bytes for plane in range(planes) for start in starts),
        sizes=tuple(sizes * planes),
    )


def _decoded(stream: BinaryIO, layout: Layout, numbers: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Number and decompressed bytes of strips or tiles; those that hold nothing, which are all zero, are left out."""
    batch: list[tuple[int, bytes, int]] = []
    bytes_in_batch = 0
    for number in numbers:
        rows = _rows(layout, number)
        wanted = rows * layout.row_bytes
        size = layout.sizes[number] if number < len(layout.sizes) else wanted
        if size == 0:
            continue
        # What is not compressed is as long as it must be, whatever its tag says.
        size = wanted if layout.compression == _UNCOMPRESSED else size
        stream.seek(layout.offsets[number])
        data = stream.read(size)
        if len(data) < size:
            raise CutShortError
        if layout.bits_reversed:
            data = data.translate(_REVERSE)
        if layout.compression == _UNCOMPRESSED:
            yield number, data
            continue
        batch.append((number, data, rows))
        bytes_in_batch += wanted
        if bytes_in_batch >= _BATCH_BYTES or rows < layout.box[0]:
            yield from _decompressed(layout, batch)
            batch, bytes_in_batch = [], 0
    if batch:
        yield from _decompressed(layout, batch)


def _rows(layout: Layout, number: int) -> int:
    """Rows in a strip or tile: the last strip is shorter, tiles are padded."""
    if layout.tiled:
        return layout.box[0]
    return min(layout.box[0], layout.height - (number % layout.grid[0]) * layout.box[0])


def _decompressed(layout: Layout, batch: list[tuple[int, bytes, int]]) -> Iterator[tuple[int, bytes]]:
    """Strips or tiles of equal height, but for the last one, as libtiff decodes them."""
    total = sum(rows for _, _, rows in batch)
    image = LibtiffImage(BytesIO(_as_grey(layout, [data for _, data, _ in batch], total)))
    image.load()
    pixels = image.tobytes()
    position = 0
    for number, _, rows in batch:
        end = position + rows * layout.row_bytes
        yield number, pixels[position:end]
        position = end


def _as_grey(layout: Layout, strips: list[bytes], rows: int) -> bytes:
    """A TIFF file of 8-bit grey with these compressed strips."""
    count = len(strips)
    sizes = [len(strip) for strip in strips]
    offsets = [8, *(8 + np.cumsum(sizes[:-1])).tolist()]
    body = b"".join(strips)
    lists = 8 + len(body) + len(body) % 2
    entries = (
        (Tag.WIDTH, 1, layout.row_bytes),
        (Tag.HEIGHT, 1, rows),
        (Tag.BITS, 1, 8),
        (Tag.COMPRESSION, 1, layout.compression),
        (Tag.PHOTOMETRIC, 1, 1),
        (Tag.STRIP_OFFSETS, count, lists if count > 1 else offsets[0]),
        (Tag.SAMPLES, 1, 1),
        (Tag.ROWS_PER_STRIP, 1, min(layout.box[0], rows)),
        (Tag.STRIP_BYTE_COUNTS, count, lists + 4 * count if count > 1 else sizes[0]),
    )
    table = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", tag, 4, *rest) for tag, *rest in entries)
    arrays = struct.pack(f"<{2 * count}I", *offsets, *sizes)
    start = struct.pack("<I", lists + len(arrays))
    return b"II*\0" + start + body + b"\0" * (len(body) % 2) + arrays + table + b"\0" * 4


def _unpacked(data: bytes, layout: Layout) -> NDArray[Any]:
    """A strip's or tile's samples, (rows, width, samples)."""
    raw = np.frombuffer(data, np.uint8).reshape(-1, layout.row_bytes)
    width, samples = layout.box[1], layout.samples_in_box
    if layout.bits not in (8, 16, 32, 64):
        return _from_bits(raw, width * samples, layout.bits).reshape(len(raw), width, samples)
    if layout.predictor == _FLOAT_DIFFERENCES:
        return _from_float_differences(raw, width, samples, layout.bits // 8).view(layout.dtype)
    stored = raw.view(layout.dtype.newbyteorder(layout.order)).reshape(len(raw), width, samples)
    values = stored.astype(layout.dtype, copy=False)
    if layout.predictor == _DIFFERENCES:
        # Sums run over as in the type of that size, of floating-point values too.
        unsigned = np.dtype(f"u{layout.bits // 8}")
        values = np.cumsum(values.view(unsigned), axis=1, dtype=unsigned).view(layout.dtype)
    return values


def _from_float_differences(raw: NDArray[np.uint8], width: int, samples: int, size: int) -> NDArray[np.uint8]:
    """Rows whose first bytes of all samples come first, as differences; as the machine's bytes (Adobe, TIFF note 3)."""
    bytes_of = np.cumsum(raw.reshape(len(raw), -1, samples), axis=1, dtype=np.uint8)
    big_endian = bytes_of.reshape(len(raw), size, width, samples)
    ordered = big_endian if np.dtype(np.int32).newbyteorder(">").isnative else big_endian[:, ::-1]
    return np.ascontiguousarray(np.moveaxis(ordered, 1, 3)).reshape(len(raw), width, samples * size)


def _from_bits(raw: NDArray[np.uint8], count: int, bits: int) -> NDArray[Any]:
    """Samples packed without gaps, the highest bit first: uint8 or uint16 (rows, count)."""
    dtype = np.uint8 if bits <= 8 else np.uint16
    singles = np.unpackbits(raw, axis=1, count=count * bits).reshape(len(raw), count, bits)
    values = np.zeros((len(raw), count), dtype)
    for bit in range(bits):
        values = (values << dtype(1)) | singles[..., bit]
    return values
