"""``detector.json``: what a ``.blemish`` file says about its graph, validated on the way in and out."""

from __future__ import annotations

import base64
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from blemish.calibration import Tails, p_values, two_sided_p_values, unusualness
from blemish.datasets.sources import Source
from blemish.errors import ImageError, SettingsError
from blemish.images import (
    Box,
    Placement,
    ReadOptions,
    UsabilityLimits,
    decode_image,
    find_placement,
    tile_boxes,
    to_reference,
)
from blemish.text import encodable

SCHEMA_VERSION = 1
Finds = Literal["cracks", "regions"]
_CRACK_WORDS = ("crack", "균열")
# Longest side of the reference that images are aligned with: enough to place them within a pixel or two of an image.
_REFERENCE_PX = 160


Text = Annotated[str, BeforeValidator(lambda text: encodable(text) if isinstance(text, str) else text)]
"""Names of folders and columns stand in a detector, and need not be valid Unicode."""


class _Frozen(BaseModel):
    # A threshold that is no number would pass everything without a word.
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


# A larger input of fixed size is no image of any method here, but would fill the memory.
_Side = Annotated[int, Field(ge=1, le=8192)]


class InputSpec(_Frozen):
    """How an image of any size becomes the graph's input (uint8 RGB; normalisation is inside the graph).

    With ``size_px`` each image is resized to it. Without, it is seen at its own resolution, in overlapping tiles
    where it is larger than ``tile_px``. With ``reference`` each image is first aligned with that picture by shift and
    rotation, and the map is moved back.
    """

    size_px: tuple[_Side, _Side] | None = Field(None, description="fixed (height, width); None keeps the resolution")
    tile_px: int | None = Field(None, ge=32, description="side of the tiles that a larger image is cut into")
    overlap_px: int = Field(0, ge=0, description="how far neighbouring tiles overlap")
    multiple_of: int = Field(
        1, ge=1, le=1024, description="images and tiles are padded by reflection to a multiple of this"
    )

    reference: str | None = Field(
        None,
        max_length=1 << 17,
        description="small grey PNG in base64 that images are aligned with; None inspects them as they are",
    )

    bit_range: tuple[float, float] | None = Field(
        None, description="raw values that become black and white in files of more than 8 bits; None: their full scale"
    )

    @field_validator("bit_range")
    @classmethod
    def _rising(cls, bit_range: tuple[float, float] | None) -> tuple[float, float] | None:
        try:
            return ReadOptions(bit_range).bit_range
        except SettingsError as error:
            raise ValueError(str(error)) from None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.reference is not None:
            if self.size_px is None:
                raise ValueError("reference needs size_px")
            _decode_reference(self.reference)
        if self.size_px is not None and self.tile_px is not None:
            raise ValueError("size_px and tile_px exclude each other")
        if self.tile_px is not None and self.overlap_px * 2 >= self.tile_px:
            raise ValueError("overlap_px must be less than half of tile_px")
        if self.tile_px is not None and self.tile_px % self.multiple_of:
            raise ValueError("tile_px must be a multiple of multiple_of")
        return self

    @classmethod
    def tiled(cls, tile_px: int, multiple_of: int) -> Self:
        """Images at their own resolution, in tiles that overlap by 64 px where they are larger than one."""
        return cls(tile_px=tile_px, overlap_px=min(64, tile_px // 4), multiple_of=multiple_of)

    def describe(self) -> str:
        """How an image is seen, in words."""
        if self.size_px is not None:
            return f"resized to {self.size_px[1]} × {self.size_px[0]} px"
        tiles = "" if self.tile_px is None else f", in tiles of {self.tile_px} px"
        return f"at its own resolution{tiles}"

    def trial_sizes(self) -> list[tuple[int, int]]:
        """Sizes (height, width) to try a graph on: the fixed one, or two small ones."""
        if self.size_px is not None:
            return [self.size_px]
        unit = max(self.multiple_of, 32)
        return [(2 * unit, 3 * unit), (4 * unit, 2 * unit)]

    def boxes(self, height_px: int, width_px: int) -> list[Box]:
        """The pieces, all of one size, that an image of that size is seen in where it keeps its resolution."""
        if self.tile_px is None:
            return [Box(0, 0, height_px, width_px)]
        return tile_boxes(height_px, width_px, self.tile_px, self.overlap_px, self.multiple_of)

    def place(self, image: NDArray[np.uint8]) -> Placement | None:
        """How an image lies against the reference; None where there is none, or where the image does not fit it."""
        return None if self.reference is None else find_placement(image, _decode_reference(self.reference))


def encode_reference(image: NDArray[np.uint8]) -> str:
    """An image, uint8 RGB (H, W, 3), as ``InputSpec.reference``."""
    shrink = min(1.0, _REFERENCE_PX / max(image.shape[:2]))
    size_px = [max(1, round(side * shrink)) for side in image.shape[:2]]
    _, png = cv2.imencode(".png", to_reference(image, (size_px[0], size_px[1])))
    return base64.b64encode(png.tobytes()).decode("ascii")


@lru_cache(maxsize=8)
def _decode_reference(text: str) -> NDArray[np.uint8]:
    try:
        image = decode_image(base64.b64decode(text, validate=True), "the reference", ReadOptions(max_megapixels=0.1))
    except (ValueError, ImageError) as error:
        raise ValueError(f"reference is no picture in base64: {error}") from None
    return np.ascontiguousarray(image.pixels[..., 0])


class SeriesSpec(_Frozen):
    """How a sensor series of any length becomes the graph's input: ``window`` float64 (N, L, C), scaled inside."""

    columns: tuple[Text, ...] = Field(min_length=1, description="names of the C sensors, in the graph's order")
    window_steps: int = Field(ge=16, le=1 << 20, description="L, time steps of one window")
    stride_steps: int = Field(ge=1, description="from the start of one window to that of the next")

    @model_validator(mode="after")
    def _covers(self) -> Self:
        if self.stride_steps > self.window_steps:
            raise ValueError("stride_steps must not exceed window_steps, or time steps would be left out")
        return self


class ClassThreshold(_Frozen):
    """Where one class of several begins: where its own map reaches ``pixel``, in pieces of the least area."""

    label: Text
    pixel: float
    min_area_px: int = Field(1, ge=1, description="smaller regions of this class are dropped")


class Thresholds(_Frozen):
    """Where decisions fall. Kept beside the graph, never inside, so that they can change without retraining.

    An image is rejected at ``score >= reject`` and sent to review at ``score >= review``; a pixel is defective at
    ``map >= pixel``, and with ``peak`` only in regions that reach ``map >= peak`` somewhere. None: no such decision is
    made.
    """

    pixel: float | None = None
    peak: float | None = None
    gap_px: int = Field(0, ge=0, le=64, description="pieces with at most this many pixels between them are one region")
    min_area_px: int = Field(1, ge=1, description="smaller regions are dropped")
    window_px: int = Field(
        0, ge=0, le=255, description="components that fit alone in a square of this side are dropped"
    )
    by_class: tuple[ClassThreshold, ...] = Field((), description="for classes that decide elsewhere than at ``pixel``")
    review: float | None = None
    reject: float | None = None
    surface: float | None = Field(
        None,
        description="an image whose ``surface`` is higher shows an unknown one; of detectors that know surfaces",
    )
    source: Text = Field("none", description="who or what chose them, in words")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.review is not None and self.reject is not None and self.review > self.reject:
            raise ValueError("review must not lie above reject")
        if self.peak is not None and (self.pixel is None or self.peak < self.pixel):
            raise ValueError("peak must not lie below pixel")
        return self

    def of_class(self, label: str) -> ClassThreshold | None:
        """Where a class begins; None where no pixel threshold is set."""
        if self.pixel is None:
            return None
        same_for_all = ClassThreshold(label=label, pixel=self.pixel, min_area_px=self.min_area_px)
        return next((one for one in self.by_class if one.label == label), same_for_all)


class SensitivityLevel(_Frozen):
    """One step of a trade-off: where outlines begin, and what held-out images said of it."""

    pixel: float
    peak: float
    window_px: int = Field(0, ge=0, le=255)
    found: float = Field(ge=0, le=1, description="fraction of defective images with an outline")
    recall: float = Field(ge=0, le=1, description="fraction of defective pixels within 2 px of an outline")
    precision: float = Field(ge=0, le=1, description="fraction of outlined pixels within 2 px of a defect")
    false_alarms: float = Field(ge=0, le=1, description="fraction of normal images with an outline")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.peak < self.pixel:
            raise ValueError("peak must not lie below pixel")
        return self


class Sensitivity(_Frozen):
    """A trade-off between missed defects and false alarms: level 1, the first, outlines the least.

    No threshold rises from one level to the next, so whatever a level outlines lies within what the next one does.
    """

    levels: tuple[SensitivityLevel, ...] = Field(min_length=2, max_length=20)
    source: Text = Field(description="the images that the fractions were measured on, in words")

    @model_validator(mode="after")
    def _nested(self) -> Self:
        for name in ("pixel", "peak", "window_px"):
            values = [getattr(level, name) for level in self.levels]
            if values != sorted(values, reverse=True):
                raise ValueError(f"{name} must not rise from one level of sensitivity to the next")
        return self


class Calibration(_Frozen):
    """Scores of held-out normal images: what p-values are computed against."""

    scores: tuple[float, ...] = Field(min_length=1, description="raw image scores, ascending")
    source: Text = Field(description="which images, in words")
    tails: Tails = Field(
        "upper",
        description="both: an unusually low score counts as an unusually high one, and scores are given as unusualness",
    )

    @model_validator(mode="after")
    def _varied(self) -> Self:
        if self.tails == "both" and min(self.scores) == max(self.scores):
            raise ValueError("verdicts by both tails need scores that are not all equal")
        return self

    def judged(self, raw: NDArray[np.floating[Any]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Scores as they are decided by, higher is worse, and p-values, both float64 (m,), of raw scores (m,)."""
        if self.tails == "both":
            return unusualness(raw, self.scores), two_sided_p_values(raw, self.scores)
        return np.asarray(raw, np.float64), p_values(raw, self.scores)


class Provenance(_Frozen):
    """Where a detector comes from, enough to train it again."""

    data: Text = Field(description="name of the data set")
    fingerprint: str = Field(description="sha256 over the training images' contents")
    seed: int
    n_train: int = Field(ge=0)
    n_held_out: int = Field(ge=0, description="training images held out for early stopping and thresholds")
    images: tuple[str, ...] = Field(
        (),
        validation_alias=AliasChoices("images", "photos"),  # files of version 0.1 say "photos"
        description="digest of every training image, held-out ones included",
    )
    sources: tuple[Source, ...] = Field((), description="where the images come from, of a mixture, with their licences")
    precision: Text | None = Field(None, description="number format of gradient steps; None without any, or unknown")
    libraries: dict[str, str] = Field(default_factory=dict, description="package name -> version")


class DetectorSpec(_Frozen):
    """Everything about a detector except its graph.

    The graph takes ``image`` uint8 (N, H, W, 3) and gives ``score`` float32 (N,) and, where ``localises``, ``map``
    float32 (N, H, W), or (N, K, H, W) where ``classes`` has K > 1 names. Higher is worse. Where ``knows_surfaces`` it
    also gives ``surface`` float32 (N,), the logit of an image that shows no surface like those that it was trained for.
    Where ``series`` is set it takes ``window`` float64 (N, L, C) instead and gives ``score`` (N,) and ``map`` (N, L);
    ``input`` is not looked at.
    """

    schema_version: Literal[1] = 1
    method: Text
    settings: dict[str, Any] = Field(default_factory=dict)
    input: InputSpec
    series: SeriesSpec | None = Field(None, description="for detectors of sensor series; None: images")
    usability: UsabilityLimits = Field(UsabilityLimits(), description="from where on an image cannot be judged")
    precision: Literal["float32", "int8"] = Field("float32", description="in which numbers the graph computes")
    localises: bool = True
    knows_surfaces: bool = Field(
        False, description="the graph also says how unlike the surfaces that it was trained for an image is"
    )
    classes: tuple[Text, ...] = ()
    exclusive_classes: bool = Field(
        False, description="the maps of several classes are probabilities of which one at most holds: they add up"
    )
    finds: Finds | None = Field(
        None,
        description="what its outlines are: cracks, which are measured along their lines, or regions of any shape; "
        "null: cracks where a class is called so, else regions",
    )
    thresholds: Thresholds = Thresholds()
    sensitivity: Sensitivity | None = Field(None, description="thresholds of outlines to choose from; None: no choice")
    calibration: Calibration | None = None
    provenance: Provenance

    def union(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """The map of a defect of any class, (H, W), of the maps of all, (H, W) or (K, H, W).

        Of classes that exclude one another it is one minus the probability of the background, else the highest.
        """
        if maps.ndim == 2:
            return maps
        return np.asarray(maps.sum(axis=0) if self.exclusive_classes else maps.max(axis=0))

    @property
    def finds_cracks(self) -> bool:
        """Whether any of its outlines are cracks."""
        return self.finds == "cracks" or bool(self.crack_classes)

    @property
    def crack_classes(self) -> tuple[str, ...]:
        """Those of `classes` whose outlines are cracks: where some are called so, no others."""
        called_so = tuple(name for name in self.classes if is_called_crack(name))
        return {"cracks": called_so or self.classes, "regions": (), None: called_so}[self.finds]


def is_called_crack(name: str) -> bool:
    """Whether a class is one of cracks, by its name."""
    return any(word in name.casefold() for word in _CRACK_WORDS)
