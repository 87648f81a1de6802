"""A zip of images into a folder, within limits, whatever its directory says.

Names are cleaned rather than believed, links and other special entries are left out, and each entry is cut off where it
grows beyond what its directory states.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from blemish.errors import BlemishError, DataError
from blemish.serving.inspecting import clean_name

MAX_ENTRIES = 100_000
MAX_BYTES = 16 << 30
# Photographs are compressed already: what unpacks to so much more is no archive of them.
_MAX_RATIO = 200
_FREE_BYTES = 64 << 20
_COPY_BYTES = 1 << 20
_HIDDEN = ("__MACOSX", ".")


def unpack(archive: BinaryIO, folder: Path, *, max_bytes: int = MAX_BYTES) -> int:
    """Unpack an archive.

    Args:
        archive: the zip, seekable.
        folder: an empty folder.
        max_bytes: of all files together, unpacked.

    Returns:
        How many files were written.

    Raises:
        DataError: it is no zip, damaged, encrypted, a bomb, or holds no file.
    """
    written, left = 0, max_bytes
    try:
        with zipfile.ZipFile(archive) as members:
            size = archive.seek(0, 2)
            for info, name in _files(members, size, max_bytes):
                target = folder / name
                if target.exists():
                    continue  # the first of a name counts
                target.parent.mkdir(parents=True, exist_ok=True)
                with members.open(info) as source, target.open("xb") as out:
                    left -= _copy(source, out, min(left, info.file_size))
                written += 1
    except BlemishError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise DataError(f"The archive cannot be unpacked ({error}); send a zip without a password.") from error
    except (NotADirectoryError, FileExistsError, IsADirectoryError) as error:
        raise DataError("The archive holds a file and a folder of one name; pack it anew.") from error
    if not written:
        raise DataError("The archive holds no file.")
    return written


def _files(members: zipfile.ZipFile, size: int, max_bytes: int) -> Iterator[tuple[zipfile.ZipInfo, str]]:
    infos = members.infolist()
    if len(infos) > MAX_ENTRIES:
        raise DataError(f"The archive has {len(infos)} entries, more than {MAX_ENTRIES}; send several jobs.")
    stated = sum(info.file_size for info in infos)
    if stated > min(max_bytes, max(_FREE_BYTES, size * _MAX_RATIO)):
        raise DataError(f"The archive unpacks to {stated >> 20} MiB and was refused as a zip bomb.")
    for info in infos:
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir() or kind not in {0, stat.S_IFREG}:
            continue
        name = clean_name(info.filename)
        if not any(part.startswith(_HIDDEN) for part in name.split("/")):
            yield info, name


def _copy(source: object, out: BinaryIO, limit: int) -> int:
    """Copy at most so many bytes. Raises DataError where there are more."""
    copied = 0
    while data := source.read(_COPY_BYTES):  # type: ignore[attr-defined]
        copied += len(data)
        if copied > limit:
            raise DataError("The archive unpacks to more than its directory states and was refused as a zip bomb.")
        out.write(data)
    return copied


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, where it is still there."""
    shutil.rmtree(folder, ignore_errors=True)
