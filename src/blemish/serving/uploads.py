"""Reading a multipart body: images or a detector, and the fields beside them, within the limits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request
from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from blemish.detectors import Measuring
from blemish.serving.inspecting import Upload, clean_name
from blemish.serving.refusals import RefusalError
from blemish.serving.scales import measuring_of

_MAX_FIELDS = 20
_MAX_FIELD_BYTES = 10_000
_FLAGS = {"": None, "true": True, "1": True, "false": False, "0": False}
MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart body.

    Attributes:
        files: in their order, under whatever field they came.
        fields: the text fields; of several with one name the last.
    """

    files: tuple[Upload, ...]
    fields: Mapping[str, str]

    def flag(self, name: str) -> bool | None:
        """A field that is true or false; None where it was not sent. Raises RefusalError for anything else."""
        value = self.fields.get(name, "").strip().lower()
        if value not in _FLAGS:
            raise RefusalError(422, f'"{name}" is true or false.')
        return _FLAGS[value]

    def number(self, name: str) -> float | None:
        """A field that is a number; None where it was not sent. Raises RefusalError for anything else."""
        value = self.fields.get(name, "").strip()
        if not value:
            return None
        try:
            return float(value)
        except ValueError:
            raise RefusalError(422, f'"{name}" is a number.') from None

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """A field that is one of some words, the first where it was not sent. Raises RefusalError for another."""
        value = self.fields.get(name, "").strip() or choices[0]
        if value not in choices:
            raise RefusalError(422, f'"{name}" is one of: {", ".join(choices)}.')
        return value


def measuring_in(form: Form) -> Measuring:
    """What a form asks to be measured: ``mm_per_px``, ``grades``, ``measure``."""
    return measuring_of(form.number("mm_per_px"), form.fields.get("grades") or None, cracks=form.flag("measure"))


async def read_form(request: Request, *, max_files: int) -> Form:
    """Read a multipart body with a file, whole. How many bytes it may have is held by `blemish.serving.guard`.

    Raises:
        RefusalError: it is no multipart body, damaged, without a file, or with too many of them.
    """
    async with opened_form(request, max_files=max_files) as (files, fields):
        uploads = tuple([Upload(clean_name(file.filename), await file.read()) for file in files])
    if not uploads:
        raise RefusalError(422, "The request holds no file; send one as curl -F file=@NAME does.")
    return Form(uploads, fields)


@asynccontextmanager
async def opened_form(request: Request, *, max_files: int) -> AsyncIterator[tuple[list[UploadFile], dict[str, str]]]:
    """The files of a multipart body, on disk where they are large, and its fields. Raises as `read_form` does."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip().lower() != MULTIPART:
        raise RefusalError(415, f"Send the file as {MULTIPART}, as curl -F file=@NAME does.")
    try:
        form = await request.form(max_files=max_files, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD_BYTES)
    except HTTPException as error:
        raise _said_plainly(error, max_files) from error
    except FormParserError as error:  # older Starlette lets some of them through
        raise RefusalError(400, f"The body is not what its Content-Type says: {error}") from error
    try:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        yield files, {name: value for name, value in form.multi_items() if isinstance(value, str)}
    finally:
        await form.close()


def _said_plainly(error: HTTPException, max_files: int) -> Exception:
    if error.status_code != 400:
        return error
    if "files" in error.detail:
        return RefusalError(413, f"A request holds at most {max_files} files; send more requests, or a job.")
    return RefusalError(400, f"The body is not what its Content-Type says: {error.detail}")
