"""What widths images can tell: one record per image, groups of them for a report, and advice for the next flight."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from blemish.errors import DataError
from blemish.files import write_text

IMAGE_CHECK_NAME = "photos.json"
"""The file of a folder of findings that a report takes the table of trusted widths from."""

Problem = Literal[
    "unreadable",
    "unusable",
    "out of focus",
    "motion",
    "smoothed",
    "too bright",
    "too dark",
    "screen",
    "tilted",
    "little overlap",
    "no scale",
    "high ISO",
]
PROBLEMS: tuple[Problem, ...] = get_args(Problem)
"""What can be wrong with an image, what weighs most first."""

# The field's rules for photographs that cracks are measured in.
MAX_TILT_DEG, MIN_OVERLAP, BEST_F_NUMBER, MAX_ISO = 5.0, 0.3, 8.0, 200.0
# Limits of widths in codes lie at such steps, in millimetres; without a scale in pixels.
STEPS_MM = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
STEPS_PX = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0)

_ADVICE: dict[Problem, str] = {
    "out of focus": "{count} of {total}: focus on the surface and check a picture at full size; about f/{f_number:g} "
    "is in focus over more of it.",
    "motion": "{count} of {total}: fly slower, or with a shutter of 1/500 s and less.",
    "smoothed": "{count} of {total}: switch off the camera's noise removal, or keep its raw files: it takes thin "
    "cracks for noise.",
    "too bright": "{count} of {total}: expose less, since white parts show nothing.",
    "too dark": "{count} of {total}: expose more, or wait for more light, since cracks drown in shadow.",
    "screen": "{count} of {total}: hand in the photographs themselves, not pictures of a monitor or print.",
    "tilted": "{count} of {total}: look straight at the surface, within {tilt:g}°.",
    "little overlap": "{count} of {total}: let neighbouring pictures overlap by {overlap:.0%} and more.",
    "no scale": "{count} of {total}: keep the camera's metadata, or put a marker on the surface; without a scale "
    "there are no millimetres.",
    "high ISO": "{count} of {total}: keep ISO at {iso:g} or below.",
}
_RULES = {"tilt": MAX_TILT_DEG, "overlap": MIN_OVERLAP, "f_number": BEST_F_NUMBER, "iso": MAX_ISO}
_NEARER = (
    "{count} of {total}: widths of {wanted:g} mm need pixels up to {times:.1f} times smaller; go nearer, or take a "
    "longer lens."
)
ADVICE_TEXTS = (*_ADVICE.values(), _NEARER)
"""All that is advised, with gaps."""
GROUP_TEXT = "Widths below {below:g} {unit} cannot be trusted in {count} photographs."


class Advice(NamedTuple):
    """A sentence with gaps, so that it can be said in any language, and what fills them."""

    text: str
    values: Mapping[str, float]

    @property
    def sentence(self) -> str:
        """In English."""
        return self.text.format(**self.values)


class ImageCheck(BaseModel):
    """What one image can tell, and why not more. Fields are null where pixels and metadata do not say."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    image: str = Field(description="what to call the image")
    path: str | None = Field(None, description="its file")
    size_px: tuple[int, int] | None = Field(None, description="(width, height)")
    min_width_px: float | None = Field(
        None, description="smallest width that can be trusted: from there on ± is at most half of the width"
    )
    min_width_mm: float | None = Field(
        None, description="the same on the surface, the tilt included; null without scale"
    )
    mm_per_px: float | None = Field(None, description="ground sampling distance, as if the camera looked straight on")
    scale_source: str | None = Field(None, description="where that comes from, or why there is none")
    tilt_deg: float | None = Field(
        None, description="between the view and straight on to ground or wall, whichever is nearer, by the gimbal"
    )
    blur_px: float | None = Field(None, description="standard deviation of blur; null where no edge tells")
    motion: bool = Field(False, description="blurred in one direction much more than in the other")
    noise_levels: float | None = Field(None, description="standard deviation of noise, of 255 grey levels")
    smoothed: bool = Field(False, description="noise removal or compression took the fine detail of plain parts")
    brightness: float | None = Field(None, description="median grey level, of 255")
    white_fraction: float | None = Field(None, description="fraction of pixels at full scale")
    black_fraction: float | None = Field(None, description="fraction of pixels at black")
    f_number: float | None = Field(None, description="by EXIF")
    iso: float | None = Field(None, description="by EXIF")
    exposure_s: float | None = Field(None, description="by EXIF")
    overlap: float | None = Field(
        None, description="fraction of the image that the one before it shows, too; null for the first, and unknown"
    )
    overlap_by: Literal["position", "content"] | None = Field(None, description="what tells the overlap")
    problems: tuple[Problem, ...] = Field((), description="what is wrong, what weighs most first")
    error: str | None = Field(None, description="why the image cannot be read, or judged; null where it can be")


class TrustedGroup(BaseModel):
    """Images that can tell about the same widths."""

    model_config = ConfigDict(frozen=True)

    below: float = Field(description="narrower widths cannot be trusted in these images")
    unit: Literal["mm", "px"]
    images: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What a report says of it."""
        return GROUP_TEXT.format(below=self.below, unit=self.unit, count=len(self.images))


class ImageChecks(BaseModel):
    """All that was told of a set of images."""

    model_config = ConfigDict(frozen=True)

    images: tuple[ImageCheck, ...]
    wanted_mm: float | None = Field(None, description="the smallest width that is asked for")

    @property
    def groups(self) -> tuple[TrustedGroup, ...]:
        """Images by the widths that they can tell, the finest first; those in pixels last."""
        groups: dict[tuple[Literal["mm", "px"], float], list[str]] = {}
        for check in self.images:
            if check.min_width_mm is not None:
                groups.setdefault(("mm", _step(check.min_width_mm, STEPS_MM)), []).append(check.image)
            elif check.min_width_px is not None:
                groups.setdefault(("px", _step(check.min_width_px, STEPS_PX)), []).append(check.image)
        return tuple(
            TrustedGroup(below=below, unit=unit, images=tuple(names)) for (unit, below), names in sorted(groups.items())
        )

    @property
    def problems(self) -> dict[Problem, tuple[str, ...]]:
        """Images by what is wrong with them, in the order of `PROBLEMS`."""
        named = {problem: tuple(c.image for c in self.images if problem in c.problems) for problem in PROBLEMS}
        return {problem: names for problem, names in named.items() if names}

    @property
    def too_coarse(self) -> tuple[ImageCheck, ...]:
        """Images that do not tell the width that is asked for; none where none is."""
        if self.wanted_mm is None:
            return ()
        return tuple(c for c in self.images if c.min_width_mm is not None and c.min_width_mm > self.wanted_mm)

    @property
    def advice(self) -> tuple[Advice, ...]:
        """What to do in the next flight."""
        total = len(self.images)
        said = [
            Advice(_ADVICE[problem], {"count": len(names), "total": total, **_RULES})
            for problem, names in self.problems.items()
            if problem in _ADVICE
        ]
        if self.too_coarse and self.wanted_mm is not None:
            times = max(c.min_width_mm or 0.0 for c in self.too_coarse) / self.wanted_mm
            values = {"count": len(self.too_coarse), "total": total, "wanted": self.wanted_mm, "times": times}
            said.insert(0, Advice(_NEARER, values))
        return tuple(said)

    def save(self, path: Path) -> None:
        """Write the images and what was asked for as JSON. Raises BlemishError where it cannot be written."""
        write_text(path, json.dumps(self.model_dump(mode="json"), ensure_ascii=False, allow_nan=False, indent=1) + "\n")


_CHECKS: TypeAdapter[ImageChecks] = TypeAdapter(ImageChecks)


def read_image_checks(path: Path) -> ImageChecks:
    """What `ImageChecks.save` wrote.

    Raises:
        DataError: it cannot be read, or is no such file.
    """
    try:
        return _CHECKS.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise DataError(
            f'"{path}" cannot be read as a check of images; make it anew with blemish photos check.'
        ) from error


def _step(width: float, steps: Sequence[float]) -> float:
    """The first step that is no less; beyond the last one the width itself, to two digits."""
    return next((step for step in steps if width <= step), float(f"{width:.2g}"))
