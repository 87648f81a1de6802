"""The tables of tags of a TIFF or BigTIFF file, of either byte order (TIFF 6.0, section 2)."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO, Literal

from blemish.images.header import MAX_PAGES

# struct's code by field type; text, rationals and floats are of no use here.
_CODES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_REDUCED, _MASK = 1, 4


class Tag(IntEnum):
    """The tags that decide how pixels are stored."""

    SUBFILE_TYPE = 254
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTE_COUNTS = 279
    PLANAR = 284
    PREDICTOR = 317
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_BYTE_COUNTS = 325
    SUB_TABLES = 330
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    IMAGE_DEPTH = 32997
    DNG_VERSION = 50706


@dataclass(frozen=True, slots=True)
class Page:
    """One page's tags.

    Attributes:
        order: struct's code of the byte order, "<" or ">".
        is_big: of a BigTIFF file.
        tags: values of those tags of `Tag` that it has.
    """

    order: Literal["<", ">"]
    is_big: bool
    tags: Mapping[int, tuple[int, ...]]

    def first(self, tag: Tag, default: int = 0) -> int:
        """The tag's first value."""
        return self.tags.get(tag, (default,))[0]

    @property
    def is_image(self) -> bool:
        """False for previews of another page, and for masks of its opacity."""
        return not self.first(Tag.SUBFILE_TYPE) & (_REDUCED | _MASK)

    @property
    def pixels(self) -> int:
        """Width times height."""
        return self.first(Tag.WIDTH) * self.first(Tag.HEIGHT)


@dataclass(frozen=True, slots=True)
class _Format:
    """How numbers and tables are written: ``count`` entries of 12 or 20 bytes, with offsets of 4 or 8."""

    order: Literal["<", ">"]
    is_big: bool

    def read(self, stream: BinaryIO, code: str) -> int:
        """One number at the stream's position."""
        size = struct.calcsize("=" + code)
        (value,) = struct.unpack(self.order + code, stream.read(size))
        return int(value)

    @property
    def offset(self) -> str:
        return "Q" if self.is_big else "I"

    @property
    def count(self) -> str:
        return "Q" if self.is_big else "H"

    @property
    def entry(self) -> struct.Struct:
        """Tag, type, number of values, and the values or where they are."""
        return struct.Struct(self.order + ("HHQ8s" if self.is_big else "HHI4s"))


def read_pages(stream: BinaryIO) -> Iterator[Page]:
    """The pages of a file in their order, at most one more than `MAX_PAGES`.

    Raises:
        ValueError, struct.error: the first table is damaged or not whole. Later ones end the pages.
    """
    stream.seek(0)
    head = stream.read(4)
    form = _Format("<" if head.startswith(b"II") else ">", 43 in head[2:4])
    if form.is_big:
        stream.seek(8)
    start = form.read(stream, form.offset)
    seen: set[int] = set()
    while start and start not in seen and len(seen) <= MAX_PAGES:
        seen.add(start)
        try:
            page, start = _read_table(stream, form, start)
        except (ValueError, struct.error):
            if len(seen) == 1:
                raise
            return
        yield page


def read_sub_pages(stream: BinaryIO, page: Page) -> list[Page]:
    """The pages that a page names as its own, as far as they are whole."""
    found = []
    for start in page.tags.get(Tag.SUB_TABLES, ())[:MAX_PAGES]:
        try:
            found.append(_read_table(stream, _Format(page.order, page.is_big), start)[0])
        except (ValueError, struct.error):
            continue
    return found


def _read_table(stream: BinaryIO, form: _Format, start: int) -> tuple[Page, int]:
    """One page, and where the next one's table starts; 0 after the last."""
    end_of_file = stream.seek(0, os.SEEK_END)
    stream.seek(start)
    count = form.read(stream, form.count)
    if start + count * form.entry.size > end_of_file:
        raise ValueError("the table does not lie in the file")
    table = stream.read(count * form.entry.size)
    following = stream.read(struct.calcsize("=" + form.offset))
    # The last table's pointer may be missing.
    after = struct.unpack(form.order + form.offset, following)[0] if len(following) > 3 else 0
    wanted = set(Tag)
    tags: dict[int, tuple[int, ...]] = {}
    for tag, kind, number, inside in form.entry.iter_unpack(table):
        if tag not in wanted or kind not in _CODES or not number:
            continue
        size = struct.calcsize("=" + _CODES[kind]) * number
        if size <= len(inside):
            data = inside[:size]
        else:
            where = struct.unpack(form.order + form.offset, inside)[0]
            if where + size > end_of_file:
                raise ValueError("a tag's values do not lie in the file")
            stream.seek(where)
            data = stream.read(size)
        tags[tag] = struct.unpack(f"{form.order}{number}{_CODES[kind]}", data)
    return Page(form.order, form.is_big, tags), after
