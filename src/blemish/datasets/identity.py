"""Which images a detector learned from: names that do not depend on the machine, and one hash over all of them."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from pathlib import Path

from blemish.datasets.sample import Dataset, Sample
from blemish.errors import DataError

_CHUNK_BYTES = 1 << 20


def relative_name(dataset: Dataset, sample: Sample) -> str:
    """An image's path from the data set's folder, with forward slashes; the same on every machine.

    Composed and decomposed Unicode (macOS) count as the same name; bytes that are no UTF-8, as Korean names from an old
    archive can be, are written as \\xNN.
    """
    folder = dataset.root.parent if dataset.root.is_file() else dataset.root
    relative = os.path.relpath(sample.path, folder).replace(os.sep, "/")
    readable = relative.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return unicodedata.normalize("NFC", readable)


def fingerprint(dataset: Dataset) -> str:
    """SHA-256 over the relative names and contents of all images, in the order of the names.

    Labels, masks and splits do not enter: it says which images were seen.

    Returns:
        64 hexadecimal digits.

    Raises:
        DataError: an image cannot be read.
    """
    total = hashlib.sha256()
    for name, sample in sorted(
        ((relative_name(dataset, sample), sample) for sample in dataset.samples), key=lambda pair: pair[0]
    ):
        # A name cannot hold a zero byte, so no two lists of images give the same stream.
        total.update(name.encode("utf-8") + b"\0" + _content_hash(sample.path))
    return total.hexdigest()


def image_digests(dataset: Dataset) -> tuple[str, ...]:
    """The content of each image in 16 hexadecimal digits, in the order of the samples.

    A detector carries those of its training images, so that nobody tests or calibrates it on them by mistake. 64 bits
    are ample to tell a million images apart, and short enough to keep.

    Raises:
        DataError: an image cannot be read.
    """
    return tuple(_content_hash(sample.path).hex()[:16] for sample in dataset.samples)


def _content_hash(path: Path) -> bytes:
    content = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                content.update(chunk)
    except OSError as error:
        raise DataError(f'The image "{path}" cannot be read: {error.strerror}.') from error
    return content.digest()
