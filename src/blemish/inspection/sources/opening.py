"""From a locator to something whose pixels can be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blemish.detectors import ImageSource, source_of
from blemish.errors import ImageError
from blemish.inspection.sources.archives import TAR, ZIP, Archives
from blemish.inspection.sources.files import FILE
from blemish.inspection.sources.found import Locator
from blemish.inspection.sources.given import GIVEN
from blemish.inspection.sources.live import LIVE, LiveFrames
from blemish.inspection.sources.pages import PAGE, PDF, read_page, read_pdf_image
from blemish.inspection.sources.remote import PUBLIC, REMOTE, Remote
from blemish.inspection.sources.videos import VIDEO, Videos


class Opener:
    """Opens images one after another, in the order in which they were found, in one thread.

    Files and addresses are read later, by whoever decodes them. What can only be read forwards (frames, live ones too,
    members of a compressed archive) is read at once.

    Args:
        given: images that are in memory, which locators name by their number.
    """

    def __init__(self, given: Sequence[Any] = ()) -> None:
        archives = Archives()
        self._ways: dict[str, Callable[[Locator], Any]] = {
            FILE: lambda locator: Path(locator.where),
            GIVEN: lambda locator: source_of(given[int(locator.part)]).content,
            ZIP: archives.read,
            TAR: archives.read,
            VIDEO: Videos().read,
            LIVE: LiveFrames().read,
            PAGE: read_page,
            PDF: read_pdf_image,
            REMOTE: Remote,
            PUBLIC: Remote,
        }

    def open(self, locator: Locator, image: str, name: str, *, left_out: bool = False) -> ImageSource:
        """An image to inspect; one that cannot be opened says why when it is read.

        Args:
            locator: how to get at it.
            image: what to call it.
            name: what its files are called.
            left_out: whether its listing has said that it is not read.
        """
        try:
            content = self._ways[locator.kind](locator)
        except ImageError as error:
            content = _Refused(str(error))
        return ImageSource(content, image, name, left_out)


@dataclass(frozen=True, slots=True)
class _Refused:
    """Stands for an image that cannot be opened."""

    reason: str

    def read(self) -> bytes:
        """Raises ImageError with the reason."""
        raise ImageError(self.reason)
