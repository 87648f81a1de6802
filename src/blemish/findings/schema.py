"""`Finding`: what an inspection says about one image.

It is one line of ``findings.jsonl``, what every report and export is written from, and what a service answers with.
Arrays (anomaly map, masks) are kept beside it, never in it. Every text is valid Unicode: bytes of a file name that are
none stand as ``\\udcXX``, and `Finding.file` finds the file all the same.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter

from blemish.findings.verdict import Verdict
from blemish.images import Capture
from blemish.images.quality import PixelProblem
from blemish.measurement.crack import Crack
from blemish.measurement.regions import Region
from blemish.measurement.scale import Scale
from blemish.text import encodable

_ESCAPED_BYTE = re.compile(r"\\udc([89a-f][0-9a-f])")


def _text(value: Any) -> Any:
    return encodable(value) if isinstance(value, str) else value


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


Text = Annotated[str, BeforeValidator(_text)]
SidePx = Annotated[int, Field(ge=1)]


class Finding(BaseModel):
    """What an inspection says about one image; with ``error`` set, why it says nothing."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    image: Text = Field(description="what to call the image: its path below its source, with forward slashes")
    path: Text | None = Field(None, description="the file as it was inspected; null for an array or bytes")
    name: Annotated[Text, AfterValidator(_plain_name)] = Field(
        description="what files about this image are called, without a suffix"
    )
    size_px: tuple[SidePx, SidePx] | None = Field(None, description="(width, height); null where it could not be read")
    precision: Text | None = Field(None, description="in which numbers the detector computed: float32, bfloat16, int8")
    score: float | None = Field(None, description="raw image score; higher is worse; its scale is the detector's own")
    p_value: float | None = Field(
        None, description="fraction of held-out normal images that score as high; null without calibration"
    )
    surface_score: float | None = Field(
        None,
        description="how unlike the surfaces that the detector knows the image is; above its limit the verdict is "
        "unknown surface; null where the detector does not tell",
    )
    verdict: Verdict | None = Field(None, description="against the detector's thresholds; null where it has none")
    label: Text | None = Field(
        None, description="the class that the image shows, by a detector that tells several apart; null where it passes"
    )
    regions: tuple[Region, ...] = Field((), description="what was outlined, highest score first")
    cracks: tuple[Crack, ...] | None = Field(None, description="widest first; null where cracks were not measured")
    scale: Scale | None = Field(None, description="size of a pixel on the surface; null where it is not known")
    mask_file: Annotated[str, AfterValidator(_path_inside)] | None = Field(
        None, description="PNG of what was outlined, below the folder of the findings; null where nothing was"
    )
    map_file: Annotated[str, AfterValidator(_path_inside)] | None = Field(
        None, description="small grey picture of the anomaly map, below the folder of the findings: black is plain"
    )
    likely_range: tuple[float, float] | None = Field(
        None,
        description="raw values that the image seems to have been made for, where they are clearly fewer than the file "
        "could hold; null where they are not",
    )
    capture: Capture | None = Field(None, description="when, where and with what it was taken, as its EXIF data say")
    problems: tuple[PixelProblem, ...] = Field(
        (),
        description="what is wrong with how it was taken, by its pixels: a verdict on cracks is worth less; empty of "
        "other detectors",
    )
    notes: tuple[Text, ...] = Field((), description="what reading and measuring the image had to decide")
    error: Text | None = Field(None, description="why there is no answer, one sentence; null where there is one")

    @property
    def file(self) -> Path | None:
        """`path` as the file system knows it."""
        if self.path is None:
            return None
        return Path(_ESCAPED_BYTE.sub(lambda found: chr(0xDC00 | int(found[1], 16)), self.path))


_CRACK: TypeAdapter[Crack] = TypeAdapter(Crack)


def crack_record(crack: Crack, *, line: bool = True) -> dict[str, Any]:
    """A crack as it stands in a finding, plain values for JSON.

    Args:
        crack: any.
        line: whether to give the centre line and what is known at each of its points: thousands of numbers.
    """
    left_out = None if line else {"polyline_px", "widths_px", "width_uncertainties_px", "width_flags"}
    record: dict[str, Any] = _CRACK.dump_python(crack, mode="json", exclude=left_out)
    return record
