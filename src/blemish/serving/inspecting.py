"""One image of a request: its header is checked, then it is read, inspected, measured and drawn, in a worker thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path, PurePosixPath

from blemish.detectors import ImageSource, Inspection, Measuring, failed
from blemish.errors import BlemishError, ImageError
from blemish.images.opening import open_header
from blemish.inspection.names import fit_name, unique_names
from blemish.serving.pictures import Pictures, draw_pictures
from blemish.serving.registry import Answering
from blemish.text import printable

_MAX_NAME = 200
_MAX_PART_BYTES = 255
_NAMELESS = "image"


@dataclass(frozen=True, slots=True)
class Upload:
    """An image as it was sent."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an image.

    Attributes:
        upload: the image.
        answering: what inspected it.
        inspection: the answer, with its arrays.
        pictures: what is kept of it; None where nothing is kept.
    """

    upload: Upload
    answering: Answering
    inspection: Inspection
    pictures: Pictures | None


def clean_name(given: str | None) -> str:
    """An image's name as it is kept: the folders that the sender gave, none of which lead upwards, and one line.

    >>> clean_name("..\\\\..\\\\walls/./a.jpg")
    'walls/a.jpg'
    """
    parts = [part for part in printable(given or "").replace("\\", "/").split("/") if part not in {"", ".", ".."}]
    # Windows allows 255 letters, Linux 255 bytes, of which a Korean letter has three.
    parts = [part if len(part.encode()) <= _MAX_PART_BYTES else fit_name(part) for part in parts]
    # The end tells images of one folder tree apart better than the beginning.
    return "/".join(parts)[-_MAX_NAME:].lstrip("/") or _NAMELESS


def sources_of(uploads: Sequence[Upload]) -> list[ImageSource]:
    """Images of one request, with names for files about them that differ."""
    names = unique_names([Path(PurePosixPath(upload.name)) for upload in uploads])
    return [ImageSource(upload.data, upload.name, name) for upload, name in zip(uploads, names, strict=True)]


def inspect_upload(
    upload: Upload,
    source: ImageSource,
    answering: Answering,
    measuring: Measuring,
    *,
    max_megapixels: float,
    keep: bool,
) -> Outcome:
    """Inspect one image; one that cannot be inspected gives an answer with an error.

    Args:
        upload: the image.
        source: the same, with the name that files about it get.
        answering: the detector.
        measuring: what is measured, in which scale.
        max_megapixels: larger images are refused from their header.
        keep: whether pictures will be kept.
    """
    try:
        _check_size(upload, max_megapixels)
        answer = answering.detector.inspect_source(source)
        answer = measuring.measure(answer, answering.detector.spec.thresholds.pixel)
    except BlemishError as error:
        return Outcome(upload, answering, failed(source, str(error)), None)
    except MemoryError:
        reason = "is too large to be inspected in the memory there is; cut it into tiles."
        return Outcome(upload, answering, failed(source, f'"{source.image}" {reason}'), None)
    answering.watch(answer.finding)
    return Outcome(upload, answering, answer, draw_pictures(answer) if keep else None)


def _check_size(upload: Upload, max_megapixels: float) -> None:
    height_px, width_px = open_header(BytesIO(upload.data), upload.name).size_px
    if height_px * width_px > max_megapixels * 1e6:
        raise ImageError(
            f'"{upload.name}" has {width_px} x {height_px} pixels, more than the {max_megapixels:g} megapixels that '
            "this server takes; cut it into tiles."
        )
