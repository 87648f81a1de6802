"""Images in zip and tar archives, read without unpacking anything onto the disk."""

from __future__ import annotations

import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from blemish.errors import ImageError
from blemish.images import IMAGE_SUFFIXES
from blemish.images.listing import is_passed_over
from blemish.inspection.sources.files import stamp_of
from blemish.inspection.sources.found import Found, Locator, natural_order

ZIP, TAR = "zip", "tar"
ZIP_SUFFIXES = (".zip",)
TAR_SUFFIXES = (".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz", ".tbz2", ".txz")
ARCHIVE_SUFFIXES = (*ZIP_SUFFIXES, *TAR_SUFFIXES)
# No image file is larger, and no image that is worth compressing shrinks to less than a part in a thousand.
_MAX_BYTES = 2 << 30
_MAX_RATIO, _FREE_BYTES = 1000, 64 << 20
# A central directory of so many members is made to fill the memory.
_MAX_MEMBERS = 2_000_000
_LINK = "a link, which is not followed"


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """A zip or tar file.

    Attributes:
        path: the archive.
        image: what to call it; its images are called by this and their name inside.
        key: what tells it from other sources.
        number: where it stands among the sources.
    """

    path: Path
    image: str
    key: str
    number: int

    def find(self) -> Iterator[Found]:
        """Its images, and what looks like one and is not read.

        Raises:
            ImageError: it is damaged, or holds no image.
        """
        is_zip = self.path.name.lower().endswith(ZIP_SUFFIXES)
        stamp, nothing = stamp_of(self.path), True
        try:
            for number, (name, part, refusal) in enumerate(_zipped(self.path) if is_zip else _tarred(self.path)):
                if not _is_image(name):
                    continue
                nothing = False
                # A tape is read from front to back; the members of a zip in any order.
                order = natural_order(name) if is_zip else f"{number:012d}"
                yield Found(
                    key=f"{self.key}/{name}#{number}",
                    stamp=stamp,
                    place=(self.number, order),
                    image=f"{self.image}/{_inside(name)}",
                    locator=Locator(ZIP if is_zip else TAR, str(self.path), part),
                    left_out=refusal,
                )
        except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError, ValueError) as error:
            raise ImageError(f'"{self.path}" is damaged or no archive: {error}.') from error
        if nothing:
            raise ImageError(f'There is no image in the archive "{self.path}".')


class Archives:
    """Reads members, in order; the archive of the last one stays open.

    A compressed tar can only be read forwards, so its members are read when their turn comes and not in threads.
    """

    def __init__(self) -> None:
        self._path: str | None = None
        self._open: zipfile.ZipFile | tarfile.TarFile | None = None

    def read(self, locator: Locator) -> bytes:
        """The bytes of a member.

        Raises:
            ImageError: it is damaged, encrypted, missing, or grows beyond all measure.
        """
        said = f'"{locator.where}/{locator.part.partition(":")[2]}"'
        try:
            return self._read(locator, said)
        except (OSError, zipfile.BadZipFile, tarfile.TarError, EOFError, KeyError, RuntimeError, ValueError) as error:
            # RuntimeError and NotImplementedError: encrypted, or packed in a way that is not known here.
            raise ImageError(f"{said} cannot be read from its archive: {error}.") from error

    def _read(self, locator: Locator, said: str) -> bytes:
        place, _, name = locator.part.partition(":")
        if refusal := _climbs(name):
            raise ImageError(f"{said} is {refusal}.")
        if locator.where != self._path:
            self._path = None
            if self._open is not None:
                self._open.close()
            path = Path(locator.where)
            self._open = zipfile.ZipFile(path) if locator.kind == ZIP else tarfile.open(path)  # noqa: SIM115
            self._path = locator.where
        if isinstance(self._open, zipfile.ZipFile):
            packed = self._open.infolist()[int(place)]
            if refusal := _too_large(packed.file_size, packed.compress_size):
                raise ImageError(f"{said} is {refusal}.")
            return self._open.read(packed)
        assert self._open is not None
        member = _member_at(self._open, int(place))
        if refusal := _tar_refusal(member):
            raise ImageError(f"{said} is {refusal}.")
        file = self._open.extractfile(member)
        return b"" if file is None else file.read(member.size)


def _zipped(path: Path) -> Iterator[tuple[str, str, str | None]]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if len(members) > _MAX_MEMBERS:
        raise ImageError(f'"{path}" holds {len(members)} files, more than {_MAX_MEMBERS}; unpack it.')
    for number, member in enumerate(members):
        if not member.is_dir():
            refusal = _climbs(member.filename) or _too_large(member.file_size, member.compress_size)
            # What a link is in a zip holds the name that it leads to.
            is_link = (member.external_attr >> 16) & 0o170000 == 0o120000
            yield (
                member.filename,
                f"{number}:{member.filename}",
                "a link, which is not followed" if is_link else refusal,
            )


def _tarred(path: Path) -> Iterator[tuple[str, str, str | None]]:
    with tarfile.open(path) as archive:
        for member in archive:
            if not member.isdir():
                yield member.name, f"{member.offset}:{member.name}", _climbs(member.name) or _tar_refusal(member)
            # Members that were seen are kept otherwise.
            archive.members = []  # type: ignore[attr-defined]


def _member_at(archive: tarfile.TarFile, offset: int) -> tarfile.TarInfo:
    archive.members = []  # type: ignore[attr-defined]
    archive.fileobj.seek(offset)
    archive.offset = offset
    member = archive.next()
    if member is None:
        raise ImageError("the archive has become shorter")
    return member


def _tar_refusal(member: tarfile.TarInfo) -> str | None:
    if member.issym() or member.islnk():
        return _LINK
    if not member.isreg():
        return "a device or a pipe, which is not read"
    return _too_large(member.size, member.size)


def _climbs(name: str) -> str | None:
    path = PurePosixPath(name.replace("\\", "/"))
    outside = path.is_absolute() or ".." in path.parts or name[1:2] == ":"
    return "a file whose name leads out of its archive, which is not read" if outside else None


def _too_large(size: int, packed: int) -> str | None:
    if size > _MAX_BYTES:
        return f"a file of {size / 1e9:.1f} GB in an archive, which is not read; unpack it"
    if size > max(_FREE_BYTES, packed * _MAX_RATIO):
        return (
            f"a file of {size / 1e6:.0f} MB out of {packed / 1e3:.0f} kB, as files are that are made to fill the memory"
        )
    return None


def _inside(name: str) -> str:
    """What to call a member: without what would lead out."""
    return "/".join(part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in {"/", ".."})


def _is_image(name: str) -> bool:
    parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part != ".."]
    return name.lower().endswith(tuple(IMAGE_SUFFIXES)) and not any(is_passed_over(part) for part in parts)
