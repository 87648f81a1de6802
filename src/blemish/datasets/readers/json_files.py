"""Reading JSON label files, with messages that name the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from blemish.errors import DataError


def load_object(file: Path, kind: str) -> dict[str, Any]:
    """The JSON object in a file.

    Args:
        file: the file.
        kind: what it should be, for the message: ``COCO: it must hold …``.

    Raises:
        DataError: unreadable, damaged, or no object.
    """
    try:
        document = json.loads(file.read_bytes())
    except OSError as error:
        raise DataError(f'The file "{file}" cannot be read: {error.strerror}.') from error
    except (ValueError, RecursionError) as error:
        raise DataError(f'"{file}" is not valid JSON: it is damaged or cut off.') from error
    if not isinstance(document, dict):
        raise DataError(f'"{file}" is not valid {kind}.')
    return document


def peek_object(file: Path, keys: set[str]) -> dict[str, Any] | None:
    """The JSON object in a file if it has these keys; None if it is anything else."""
    try:
        document = load_object(file, "JSON")
    except DataError:
        return None
    return document if keys <= document.keys() else None
