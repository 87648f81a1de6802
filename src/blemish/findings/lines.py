"""``findings.jsonl``: a `Finding` per line, checked one by one, so that damage is told by its line and its field.

Fields that are not known here are passed over: a later version may add some.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from blemish.errors import DataError, SettingsError
from blemish.findings.schema import Finding

FINDINGS_NAME = "findings.jsonl"


class CutOffLineError(DataError):
    """The last line ends in the middle: the file was cut off while it was copied or written."""


def to_line(finding: Finding) -> str:
    """One line of ``findings.jsonl``, without the line break; names in any script stay readable."""
    return finding.model_dump_json()


def read_findings(path: Path | str) -> Iterator[Finding]:
    """The findings of a ``findings.jsonl``; empty lines, which editors leave, are passed over.

    Raises:
        CutOffLineError: the last line is not whole; all others have been given by then.
        DataError: the file cannot be read, a line is not a finding, or an earlier version of blemish wrote it.
    """
    path = Path(path)
    try:
        lines = path.open("rb")
    except OSError as error:
        raise DataError(
            f'Cannot read findings from "{path}": {error.strerror}; give a folder that "blemish inspect --out" wrote.'
        ) from error
    with lines:
        for number, line in enumerate(lines, start=1):
            if text := line.removeprefix(b"\xef\xbb\xbf").strip():
                yield _parse(text, number, path, whole=line.endswith(b"\n"))


def _parse(line: bytes, number: int, path: Path, *, whole: bool) -> Finding:
    try:
        return Finding.model_validate_json(line)
    except SettingsError as error:  # an absurd scale
        raise _not_a_finding(path, number, str(error).removesuffix(".")) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            if not whole:
                raise CutOffLineError(
                    f'Line {number} of "{path}", the last, is cut off: its image is missing here, and so is any after '
                    "it."
                ) from error
            raise _not_a_finding(path, number, "it is not JSON") from error
        if _is_of_version_1(line):
            raise DataError(
                f'"{path}" was written by an earlier blemish, whose findings this one does not read; inspect again.'
            ) from error
        where, said = ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")
        reason = f'"{where}": {said[0].lower()}{said[1:]}' if where else "it is no JSON object"
        raise _not_a_finding(path, number, reason) from error


def _not_a_finding(path: Path, number: int, reason: str) -> DataError:
    return DataError(f'Line {number} of "{path}" is not a finding ({reason}); was the file edited by hand?')


def _is_of_version_1(line: bytes) -> bool:
    """Whether a line that is no `Finding` was one under schema 1, which had no ``image``."""
    record = json.loads(line)
    return isinstance(record, dict) and "image" not in record and {"path", "regions", "error"} <= record.keys()
