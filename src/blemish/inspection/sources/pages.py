"""Pages of TIFF files, and the images in PDF files, as images."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from blemish.errors import ImageError, MissingExtraError, install_hint
from blemish.images.header import MAX_PAGES
from blemish.inspection.sources.files import stamp_of
from blemish.inspection.sources.found import Found, Locator

PAGE, PDF = "page", "pdf"
TIFF_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8")
PDF_SUFFIXES = (".pdf",)
# Logos and lines of letterheads are no images to inspect.
_MIN_SIDE_PX = 64


@dataclass(frozen=True, slots=True)
class PagesSource:
    """A TIFF file whose pages are images of their own, or a PDF file whose pages hold some.

    Attributes:
        path: the file.
        image: what to call it; its images are called by this and their page.
        key: what tells it from other sources.
        number: where it stands among the sources.
    """

    path: Path
    image: str
    key: str
    number: int

    def find(self) -> Iterator[Found]:
        """The pages, or the images on pages.

        Raises:
            ImageError: the file is damaged, or holds no image.
            MissingExtraError: it is a PDF, and what reads these is not installed.
        """
        is_pdf = self.path.name.lower().endswith(PDF_SUFFIXES)
        stamp = stamp_of(self.path)
        parts = list(_pdf_images(self.path) if is_pdf else _tiff_pages(self.path))
        for order, part in enumerate(parts):
            page = f" page {part.replace(':', ' image ')}" if len(parts) > 1 else ""
            yield Found(
                key=f"{self.key}#{part}",
                stamp=stamp,
                place=(self.number, f"{order:012d}"),
                image=f"{self.image}{page}",
                short=f"{self.path.stem}{page}",
                locator=Locator(PDF if is_pdf else PAGE, str(self.path), part),
            )


def read_page(locator: Locator) -> bytes:
    """A page of a TIFF as a TIFF of its own. Raises ImageError where it is damaged."""
    page = int(locator.part)
    try:
        with Image.open(locator.where) as image:
            image.seek(page - 1)
            data = io.BytesIO()
            image.save(data, "TIFF")
    except Exception as error:  # decoders raise nearly anything on damaged data
        raise ImageError(f'Page {page} of "{locator.where}" is damaged: it cannot be decoded.') from error
    return data.getvalue()


def read_pdf_image(locator: Locator) -> bytes:
    """An image of a PDF, as it is stored where that is a format of its own. Raises ImageError where it is damaged."""
    page, _, number = locator.part.partition(":")
    pdfium = _pdfium()
    try:
        with pdfium.PdfDocument(locator.where) as document:
            image = _images_of(pdfium, document[int(page) - 1])[int(number) - 1]
            data = io.BytesIO()
            image.extract(data)
    except (pdfium.PdfiumError, OSError, IndexError, ValueError) as error:
        raise ImageError(f'Image {number} on page {page} of "{locator.where}" cannot be read: {error}.') from error
    return data.getvalue()


def _tiff_pages(path: Path) -> Iterator[str]:
    try:
        with Image.open(path) as image:
            pages = int(getattr(image, "n_frames", 1))
    except Exception:  # a file that Pillow cannot open is left to the reader, which says why
        pages = 1
    if pages > MAX_PAGES:
        raise ImageError(f'"{path}" has {pages} pages, more than {MAX_PAGES}; split it.')
    yield from (str(page + 1) for page in range(pages))


def _pdf_images(path: Path) -> Iterator[str]:
    pdfium = _pdfium()
    found = False
    try:
        with pdfium.PdfDocument(path) as document:
            for page in range(len(document)):
                for number, image in enumerate(_images_of(pdfium, document[page]), start=1):
                    if min(image.get_px_size()) >= _MIN_SIDE_PX:
                        found = True
                        yield f"{page + 1}:{number}"
    except (pdfium.PdfiumError, OSError) as error:
        raise ImageError(f'"{path}" is damaged or no PDF: {error}.') from error
    if not found:
        raise ImageError(f'There is no image on the pages of "{path}".')


def _images_of(pdfium: Any, page: Any) -> list[Any]:
    return list(page.get_objects(filter=[pdfium.raw.FPDF_PAGEOBJ_IMAGE]))


def _pdfium() -> Any:
    try:
        import pypdfium2
    except ImportError:
        raise MissingExtraError(
            f"Images are read from PDF files once the extra is installed: {install_hint('pdf')}."
        ) from None
    return pypdfium2
