"""The store of a service, opened without the service: for ``blemish train --reviews`` and ``blemish data reviews``."""

from __future__ import annotations

from pathlib import Path

from blemish.errors import DataError
from blemish.serving.learning.reviewed import Reviewed, write_reviewed
from blemish.serving.settings import DATABASE_NAME
from blemish.serving.store import Blobs, Database


def write_reviewed_images(reviews: str, folder: Path, *, store: Path | None = None) -> Reviewed:
    """Write the reviewed images of a service as a data set; see `blemish.serving.learning.reviewed.write_reviewed`.

    Args:
        reviews: the database's URL, its file, or the folder that holds it.
        folder: where to write; new or empty.
        store: folder of the service's pictures; None: that of the database's file.

    Raises:
        DataError: there is no such database, nothing tells where its pictures are, or nothing is reviewed.
        BlemishError: the database cannot be reached, or the folder not be written.
    """
    url, beside = _located(reviews)
    pictures = store or beside
    if pictures is None:
        raise DataError("Say with --store in which folder the service keeps the pictures of this database.")
    database = Database(url)
    try:
        return write_reviewed(database, Blobs(pictures / "pictures"), folder)
    finally:
        database.close()


def _located(reviews: str) -> tuple[str, Path | None]:
    """The URL, and the folder of the database's file."""
    if "://" in reviews and not reviews.startswith("sqlite:///"):
        return reviews, None
    file = Path(reviews.removeprefix("sqlite:///")).expanduser()
    if file.is_dir():
        file /= DATABASE_NAME
    if not file.is_file():
        raise DataError(f'There is no database "{file}"; give the file or URL that the service keeps its reviews in.')
    return f"sqlite:///{file.absolute()}", file.parent
