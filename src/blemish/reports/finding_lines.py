"""Lines of ``findings.jsonl``, checked one by one, so that damage is told by its line and its field.

Names and notes may hold bytes that are no Unicode (a file name may), which is why texts are only checked for being
texts. Fields that are not known here are passed over: a later version may add some.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainValidator, ValidationError

from blemish.errors import DataError
from blemish.findings import Verdict
from blemish.measurement.polylines import Direction


class CutOffLineError(DataError):
    """The last line ends in the middle: the file was cut off while it was copied or written."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it should be a text")
    return value


def _plain_name(name: str) -> str:
    """A name that files may be called by, and that leads out of no folder."""
    if name in {"", ".", ".."} or any(sign in name for sign in "/\\\0"):
        raise ValueError("it should be the name of a file, without a folder")
    return name


def _path_inside(path: str) -> str:
    """A path that stays in the folder of the findings."""
    if PurePosixPath(path).is_absolute() or PureWindowsPath(path).drive or ".." in Path(path).parts or "\0" in path:
        raise ValueError("it should lie in the folder of the findings")
    return path


Text = Annotated[str, PlainValidator(_text)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Pair = Annotated[list[Number], Field(min_length=2, max_length=2)]
Triple = Annotated[list[Number], Field(min_length=3, max_length=3)]
Size = Annotated[list[Annotated[int, Field(ge=1)]], Field(min_length=2, max_length=2)]


class _Record(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class ScaleRecord(_Record):
    """What `Scale.to_record` wrote."""

    mm_per_px: Number
    source: Text
    relative_uncertainty: Number
    px_to_mm_homography: Annotated[list[Triple], Field(min_length=3, max_length=3)] | None = None


class RegionRecord(_Record):
    """What `Region.to_record` wrote."""

    bbox_px: Annotated[list[int], Field(min_length=4, max_length=4)]
    area_px: int
    centroid_px: Pair
    score: Number
    mean_score: Number
    label: Text | None = None
    equivalent_diameter_px: Number | None = None
    elongation: Number | None = None
    orientation_deg: Number | None = None


class CrackRecord(_Record):
    """What `Crack.to_record` wrote; sizes in millimetres are there where there was a scale."""

    number: int
    network: int
    length_px: Number
    mean_width_px: Number
    median_width_px: Number
    p95_width_px: Number
    max_width_px: Number
    max_width_at: Pair
    orientation_deg: Number
    direction: Direction
    branches: int
    tortuosity: Number | None
    closed: bool
    touches_border: bool
    area_px: int
    area_width_px: Number
    width_uncertainty_px: Number
    length_uncertainty_px: Number
    image_fraction: Number
    score: Number | None
    # Thousands of numbers, which become arrays: checked there, all at once.
    polyline_px: list[Any]
    widths_px: list[Any]
    length_mm: Number | None = None
    mean_width_mm: Number | None = None
    median_width_mm: Number | None = None
    p95_width_mm: Number | None = None
    max_width_mm: Number | None = None
    max_width_mm_at: Pair | None = None
    width_uncertainty_mm: Number | None = None
    length_uncertainty_mm: Number | None = None


class FindingRecord(_Record):
    """One inspected image, as ``findings.jsonl`` holds it; what is below ``error`` came with measuring."""

    path: Text | None
    score: Number | None
    p_value: Number | None
    verdict: Verdict | None
    label: Text | None = None
    regions: list[RegionRecord]
    notes: list[Text]
    error: Text | None
    name: Annotated[Text, AfterValidator(_plain_name)] | None = None
    size_px: Size | None = None
    scale: ScaleRecord | None = None
    cracks: list[CrackRecord] | None = None
    mask: Annotated[Text, AfterValidator(_path_inside)] | None = None


def read_finding_lines(path: Path) -> Iterator[tuple[int, FindingRecord]]:
    """The findings with the numbers of their lines; empty lines, which editors leave, are passed over.

    Raises:
        CutOffLineError: the last line is not whole; all others have been given by then.
        DataError: the file cannot be read, or a line is not a finding.
    """
    try:
        lines = path.open("rb")
    except OSError as error:
        raise DataError(
            f'Cannot read findings from "{path}": {error.strerror}; give a folder that "blemish inspect --out" wrote.'
        ) from error
    with lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _parse(line, number, path)


def not_a_finding(path: Path, number: int, reason: str) -> DataError:
    """The sentence about a line that is no finding."""
    return DataError(f'Line {number} of "{path}" is not a finding ({reason}); was the file edited by hand?')


def _parse(line: bytes, number: int, path: Path) -> FindingRecord:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        if not line.endswith(b"\n"):
            raise CutOffLineError(
                f'Line {number} of "{path}", the last, is cut off: its image is missing here, and so is any after it.'
            ) from error
        raise not_a_finding(path, number, "it is not JSON") from error
    if not isinstance(record, dict):
        raise not_a_finding(path, number, "it is no JSON object")
    try:
        return FindingRecord.model_validate(record)
    except ValidationError as error:
        raise not_a_finding(path, number, _first_fault(error)) from error


def _first_fault(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    said = first["msg"].removeprefix("Value error, ")
    return f'"{".".join(map(str, first["loc"]))}": {said[0].lower()}{said[1:]}'
