"""Writing files so that nothing is ever half-written: beside the target first, then renamed onto it.

And the names by which a folder of results is known again, so that nobody takes its pictures for images to inspect.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blemish.errors import BlemishError, SettingsError

RUN_RECORD_NAME = "run.json"
VERSION_1_NAME = "inspection.json"
"""What the record was called under schema 1."""
OVERLAYS_NAME = "overlays"
MASKS_NAME = "masks"
MAPS_NAME = "maps"
VIEWS_NAME = "views"
PAGES_NAME = "report"
PICTURE_FOLDERS = (OVERLAYS_NAME, MASKS_NAME, MAPS_NAME, VIEWS_NAME)
"""Folders of pictures that an inspection writes, beside its run record."""
RESULT_FOLDERS = frozenset({*PICTURE_FOLDERS, PAGES_NAME})
"""Folders beside a run record that hold no images to inspect."""

# So much of a target's name goes into that of its temporary file, which must not exceed 255 bytes.
_STEM_CHARACTERS = 40

# Temporary files and folders of blocks that have begun and not ended.
_unfinished: set[Path] = set()


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; rename it onto ``target`` when the block ends well, else remove it.

    Raises:
        BlemishError: the folder cannot be created or written to.
    """
    target = Path(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # The suffix stays, since encoders choose the format by it.
        handle, name = tempfile.mkstemp(
            prefix=f".{target.stem[:_STEM_CHARACTERS]}.", suffix=target.suffix, dir=target.parent
        )
        os.close(handle)
    except OSError as error:
        raise cannot_write(target, error) from error
    temporary = Path(name)
    _unfinished.add(temporary)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
        _unfinished.discard(temporary)


def require_absent(target: Path, *, force: bool) -> None:
    """Refuse to overwrite a file; to be asked before the work begins that makes it.

    Args:
        target: what will be written.
        force: whether a file there may be replaced.

    Raises:
        SettingsError: there is one, and it may not.
    """
    if not force and Path(target).exists():
        raise SettingsError(f'"{target}" exists already; give another name, or --force to replace it.')


def write_text(target: Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all."""
    write_bytes(target, text.encode("utf-8"))


def write_bytes(target: Path, data: bytes) -> None:
    """Write ``data``, whole or not at all."""
    with replacing(target) as temporary:
        temporary.write_bytes(data)


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``target``; it becomes ``target`` when the block ends well, else it vanishes.

    Raises:
        BlemishError: ``target`` holds something already, or cannot be created.
    """
    target = Path(target)
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise BlemishError(f'"{target}" holds something already; name a folder that is new or empty.')
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name[:_STEM_CHARACTERS]}.", dir=target.parent))
    except OSError as error:
        raise cannot_write(target, error) from error
    _unfinished.add(folder)
    try:
        yield folder
        if target.exists():
            target.rmdir()
        # mkdtemp makes folders that only their owner can open.
        folder.chmod(0o777 & ~_umask())
        folder.replace(target)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _unfinished.discard(folder)


def discard_unfinished() -> None:
    """Remove what is half-written, for a process that is about to end where it stands."""
    for temporary in tuple(_unfinished):
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def cannot_write(target: Path, error: OSError) -> BlemishError:
    """What to say when the operating system refuses to write there."""
    return BlemishError(f'Cannot write "{target}": {error.strerror}; choose a folder that can be written to.')


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
