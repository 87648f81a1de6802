"""OpenAPI for bodies that are read by hand, so that their limits hold before anything is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_BINARY = {"type": "string", "format": "binary"}
_TYPES: Mapping[str, Mapping[str, Any]] = {
    "file": _BINARY,
    "files": {"type": "array", "items": _BINARY, "minItems": 1},
    "string": {"type": "string"},
    "number": {"type": "number", "exclusiveMinimum": 0},
    "boolean": {"type": "boolean"},
}


def multipart(fields: Mapping[str, tuple[str, str]], *, required: Sequence[str]) -> dict[str, Any]:
    """The documentation of a multipart body.

    Args:
        fields: description and kind (``file``, ``files``, ``string``, ``number``, ``boolean``) of each; a kind with
            bars in it, as ``none|rle|png``, is one of these words.
        required: those that cannot be left out.
    """
    properties = {}
    for name, (description, kind) in fields.items():
        schema = {"type": "string", "enum": kind.split("|")} if "|" in kind else dict(_TYPES[kind])
        properties[name] = {**schema, "description": description}
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
