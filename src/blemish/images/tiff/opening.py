"""Which page of a TIFF is the image, what its samples mean, and who reads them.

Grey, RGB and CMYK samples in lossless compressions are read by `samples`, in any depth and arrangement. What is coded
as a picture (JPEG, CCITT, palettes, YCbCr) is left to Pillow. What neither reads is refused by its name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from blemish.errors import ImageError
from blemish.images.colour import as_three_or_four
from blemish.images.formats import TIFF
from blemish.images.header import Header
from blemish.images.orientation import UPRIGHT
from blemish.images.pillow_formats import pixels_of
from blemish.images.tiff.directory import Page, Tag, read_pages, read_sub_pages
from blemish.images.tiff.libtiff import LibtiffImage, pillow_view
from blemish.images.tiff.samples import COMPRESSIONS, CutShortError, Layout, layout_of, read_samples
from blemish.images.tiling import Box

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _CMYK = 0, 1, 2, 5
_ARRANGED_HERE = (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _CMYK)
_CAMERA_RAW = (32803, 34892)
_COLOURS = {
    0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "CIELab", 9: "ICCLab", 10: "ITULab",
    32844: "LogL", 32845: "LogLuv",
}  # fmt: skip
_CODINGS = {
    2: "CCITT", 3: "CCITT", 4: "CCITT", 6: "old-style JPEG", 7: "JPEG", 34892: "lossy JPEG", 33003: "JPEG 2000",
    33005: "JPEG 2000", 34712: "JPEG 2000", 34887: "LERC", 34926: "old ZSTD", 34934: "JPEG XR", 22610: "JPEG XR",
    50001: "WebP", 50002: "JPEG XL", 52546: "JPEG XL", 32908: "PIXAR", 32909: "PIXAR log", 34661: "JBIG",
    32809: "ThunderScan", 32766: "NeXT", 34676: "SGI log", 34677: "SGI log",
}  # fmt: skip
_TYPES = {1: ("u", "unsigned"), 2: ("i", "signed"), 3: ("f", "floating-point"), 4: ("u", "unsigned")}
# What arrays and packed bits can hold.
_DEPTHS = {"u": {*range(1, 17), 32, 64}, "i": {8, 16, 32, 64}, "f": {16, 32, 64}}
_WHOLE_BYTES = (8, 16, 32, 64)
_PREDICTORS = (1, 2, 3)
_PREMULTIPLIED, _STRAIGHT = 1, 2
# Of a compressed strip or tile: a window would have to decode all of it.
_MAX_WINDOWED_PX = 1 << 24
_CMYK_INKS = 1
# What the libtiff in Pillow decodes, be it built as it may.
_PILLOW_CODINGS = (2, 3, 4, 6, 7)
_PILLOW_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"}


@dataclass(frozen=True, slots=True)
class _Channels:
    """What the samples of a pixel mean.

    Attributes:
        colours: how many are colours, the first ones.
        alpha: which one is opacity; None where there is none, or where it is left out.
        premultiplied: colours were multiplied by it.
        notes: what is said about it.
    """

    colours: int
    alpha: int | None
    premultiplied: bool
    notes: tuple[str, ...]


def open_tiff(stream: BinaryIO, name: str) -> Header | None:
    """The header of a TIFF; None where it is a camera raw file.

    Args:
        stream: the file, or its bytes; stays open, since pixels are loaded from it later.
        name: what messages call the file.

    Raises:
        ImageError: pixels of a kind that is not read, said by its name.
        Exception: nearly any, where the header is damaged.
    """
    pages = list(read_pages(stream))
    page = _main_page(stream, pages)
    if page is None or Tag.DNG_VERSION in pages[0].tags or page.first(Tag.PHOTOMETRIC) in _CAMERA_RAW:
        return None
    if page.first(Tag.IMAGE_DEPTH, 1) > 1:
        raise _not_read(name, f"of {page.first(Tag.IMAGE_DEPTH)} layers, a volume")
    photometric = page.first(Tag.PHOTOMETRIC, _BLACK_IS_ZERO)
    if photometric in _ARRANGED_HERE and page.first(Tag.COMPRESSION, 1) in COMPRESSIONS:
        header = _open_samples(stream, name, page, photometric)
    else:
        header = _open_picture(stream, name, pages, page)
    orientation = page.first(Tag.ORIENTATION, UPRIGHT)
    return replace(
        header,
        orientation=orientation if orientation in range(1, 9) else UPRIGHT,
        pages=max(1, sum(each.is_image for each in pages)),
        # Pillow takes big-endian BigTIFFs for damaged.
        image=header.image or (None if page.is_big and page.order == ">" else pillow_view(stream)),
    )


def _main_page(stream: BinaryIO, pages: list[Page]) -> Page | None:
    """The first page that is no preview; else the largest that a page names as its own; None where all are previews."""
    own = (sub for page in pages for sub in read_sub_pages(stream, page) if sub.is_image)
    return next((page for page in pages if page.is_image), None) or max(own, key=lambda sub: sub.pixels, default=None)


def _open_samples(stream: BinaryIO, name: str, page: Page, photometric: int) -> Header:
    """A page whose samples `read_samples` arranges."""
    kind, bits = _sample_type(page, name)
    layout = layout_of(page, kind)
    if layout.predictor not in _PREDICTORS or (layout.predictor > 1 and bits not in _WHOLE_BYTES):
        raise _not_read(name, f"of {bits}-bit values with predictor {layout.predictor}")
    channels = _channels(page, layout, photometric, name)
    states_white = kind == "u" and bits <= 16
    load = partial(_load_samples, stream, name, layout, photometric, channels)
    parts_are_small = layout.box[0] * layout.box[1] <= _MAX_WINDOWED_PX or layout.compression == 1
    return Header(
        name=name,
        kind=TIFF,
        stored_size_px=(layout.height, layout.width),
        bits=bits,
        white=max(2**bits - 1, 255) if states_white else None,
        load=load,
        load_window=load if parts_are_small else None,
        bytes_per_px=layout.dtype.itemsize * (channels.colours + (channels.alpha is not None)),
        white_is_zero=photometric == _WHITE_IS_ZERO and layout.dtype != np.uint8,
        notes=channels.notes,
    )


def _sample_type(page: Page, name: str) -> tuple[str, int]:
    """NumPy's letter for the type of samples, and their bits."""
    depths = sorted(set(page.tags.get(Tag.BITS, (1,))))
    types = set(page.tags.get(Tag.SAMPLE_FORMAT, (1,)))
    if len(depths) > 1 or len(types) > 1:
        raise _not_read(name, f"whose samples differ in kind or depth ({', '.join(map(str, depths))} bit)")
    (bits,) = depths
    kind, word = _TYPES.get(types.pop(), ("c", "complex"))
    if bits not in _DEPTHS.get(kind, ()):
        raise _not_read(name, f"of {bits}-bit {word} values")
    return kind, bits


def _channels(page: Page, layout: Layout, photometric: int, name: str) -> _Channels:
    extra = page.tags.get(Tag.EXTRA_SAMPLES, ())
    colours = {_RGB: 3, _CMYK: 4}.get(photometric, 1)
    notes = []
    if colours == 1 and layout.samples >= 3:
        # What GDAL writes where nobody said that bands are colours.
        colours = 3
        notes.append("bands 1 to 3 taken for red, green and blue")
    if photometric == _CMYK:
        if page.first(Tag.INK_SET, _CMYK_INKS) != _CMYK_INKS or layout.dtype.kind != "u" or layout.bits > 16:
            raise _not_read(name, f"of {layout.bits}-bit inks that are not CMYK")
        notes.append("CMYK turned into RGB without its colour profile")
    if layout.samples < colours:
        raise _not_read(name, f"of {layout.samples} samples for {colours} colours")
    meanings = dict(enumerate(extra, start=layout.samples - len(extra)))
    opacity = next((place for place, meaning in meanings.items() if meaning in (_PREMULTIPLIED, _STRAIGHT)), None)
    alpha = opacity if layout.dtype.kind == "u" and layout.bits in (8, 16) else None
    if photometric == _WHITE_IS_ZERO and layout.bits > 8:
        alpha = None
    left_out = layout.samples - colours - (alpha is not None)
    if left_out:
        notes.append(f"{left_out} of {layout.samples} bands left out")
    return _Channels(colours, alpha, opacity is not None and meanings[opacity] == _PREMULTIPLIED, tuple(notes))


def _load_samples(
    stream: BinaryIO,
    name: str,
    layout: Layout,
    photometric: int,
    channels: _Channels,
    window: Box | None = None,
) -> NDArray[Any]:
    """(H, W), (H, W, 3) or (H, W, 4), as `Header.load` states; of a window alone where one is given."""
    keep = channels.colours if channels.alpha is None else max(channels.colours, channels.alpha + 1)
    try:
        samples = read_samples(stream, layout, keep, window)
    except CutShortError as error:
        raise ImageError(f'"{name}" is cut short: its pixels reach beyond its end.') from error
    values = samples[..., : channels.colours]
    if layout.bits < 8:
        values = (values.astype(np.uint16) * 255 // (2**layout.bits - 1)).astype(np.uint8)
    if photometric == _WHITE_IS_ZERO and layout.dtype == np.uint8:
        values = np.uint8(255) - values
    if photometric == _CMYK:
        values = _from_cmyk(values, max(2**layout.bits - 1, 255))
    if channels.alpha is None:
        return np.ascontiguousarray(values[..., 0] if channels.colours == 1 else values)
    alpha = samples[..., channels.alpha, None]
    if channels.premultiplied:
        white = int(np.iinfo(values.dtype).max)
        values = np.minimum(values * np.float32(white) / np.maximum(alpha, 1), white).round().astype(values.dtype)
    return np.concatenate([as_three_or_four(np.ascontiguousarray(values)), alpha], axis=2)


def _from_cmyk(values: NDArray[Any], white: int) -> NDArray[Any]:
    """RGB (H, W, 3) as simple subtraction gives it, of the type of the amounts of ink (H, W, 4)."""
    paper: NDArray[Any] = white - values.astype(np.uint32)
    return np.asarray((paper[..., :3] * paper[..., 3:] + white // 2) // white, values.dtype)


def _open_picture(stream: BinaryIO, name: str, pages: list[Page], page: Page) -> Header:
    """A page that Pillow decodes."""
    coding, colours = page.first(Tag.COMPRESSION, 1), page.first(Tag.PHOTOMETRIC, _BLACK_IS_ZERO)
    what = f"of {max(page.tags.get(Tag.BITS, (1,)))}-bit {_COLOURS.get(colours, f'unknown ({colours})')} values"
    if coding not in COMPRESSIONS:
        what += f" in {_CODINGS.get(coding, f'an unknown compression ({coding})')}"
    stream.seek(0)
    try:
        image = LibtiffImage(stream)
        image.seek(pages.index(page))
    except Exception as error:  # whatever its parser meets
        raise _not_read(name, what) from error
    if image.mode not in _PILLOW_MODES or coding not in (*COMPRESSIONS, *_PILLOW_CODINGS):
        raise _not_read(name, what)
    return Header(
        name=name,
        kind=TIFF,
        stored_size_px=image.stored_size_px,
        bits=8,
        white=255,
        load=partial(_load_picture, image, name, what),
        is_turned=True,
        image=image,
    )


def _load_picture(image: LibtiffImage, name: str, what: str) -> NDArray[np.uint8]:
    try:
        return pixels_of(image)
    except MemoryError:
        raise
    except Exception as error:  # libtiff says the same of damage and of what it does not know
        raise ImageError(
            f'"{name}" is cut short or damaged, or a TIFF {what} of a kind that is not read; '
            "save it as 8- or 16-bit grey or RGB."
        ) from error


def _not_read(name: str, what: str) -> ImageError:
    return ImageError(f'"{name}" is a TIFF {what}, which is not read; save it as 8- or 16-bit grey or RGB.')
