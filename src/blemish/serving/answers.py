"""What the service answers with: one typed shape each, read by the client and shown by OpenAPI."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from blemish.findings import Finding

State = Literal["open", "approved", "rejected", "corrected"]
Decision = Literal["approve", "reject", "correct", "reopen"]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Problem(_Answer):
    """Why a request was not carried out."""

    error: str = Field(description="one sentence: what was wrong, and what would be right")


class Rle(_Answer):
    """A mask as COCO's uncompressed run lengths."""

    size: tuple[int, int] = Field(description="(height, width)")
    counts: list[int] = Field(description="pixels off, on, off, …, down the columns first")


class Inspected(_Answer):
    """The answer for one image of a request."""

    id: str | None = Field(description="of the stored finding; null where it was not stored")
    detector: str
    detector_sha: str = Field(description="SHA-256 of the detector's file")
    finding: Finding
    mask: Rle | None = Field(None, description="with mask=rle; null also where nothing was outlined")
    mask_png: str | None = Field(None, description="with mask=png: in base64, white where defective")
    overlay_jpeg: str | None = Field(None, description="with overlay=true: in base64")


class InspectedImages(_Answer):
    """The answers for all images of a request, in its order."""

    results: list[Inspected]


class Stored(_Answer):
    """A finding as the store keeps it."""

    id: str
    version: int = Field(description="grows with every review; its ETag")
    state: State
    created: datetime
    detector: str
    detector_sha: str
    inspected_by: str
    job: str | None
    map_range: tuple[float, float] | None = Field(
        description="values of the anomaly map that are black and white in its picture"
    )
    place: str | None = Field(description="which place it shows, where a person has said so; see its trend")
    corrected: bool = Field(
        description="whether a person's correction stands; finding and mask are then the corrected ones"
    )
    has_mask: bool
    detector_mask: bool = Field(description="whether the detector outlined anything")
    finding: Finding


class Page(_Answer):
    """Some of the findings, and how to go on."""

    findings: list[Stored]
    next: str | None = Field(description="cursor of the next page; null on the last")
    total: int = Field(description="findings that the filters let through, on all pages")


class Review(_Answer):
    """One decision of a person."""

    id: str
    finding_id: str
    version: int = Field(description="the finding's version after it")
    decision: Decision
    tags: list[str]
    comment: str
    has_mask: bool = Field(description="whether it came with a corrected mask")
    reviewer: str
    created: datetime


class JobStatus(_Answer):
    """How far a job is."""

    id: str
    state: Literal["waiting", "running", "done", "cancelled", "failed"]
    error: str | None = Field(description="why it failed")
    detector: str
    by: str
    created: datetime
    done: int = Field(description="images with an answer, or a reason why there is none")
    total: int | None = Field(description="null until they are counted")
    failed: int = Field(description="images that could not be inspected")
    left_s: float | None = Field(description="about how long until the last one; null where nothing tells it")


class TwoPoints(BaseModel):
    """A length on the surface between two places in the image."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    first: tuple[float, float] = Field(description="(x, y) in pixels")
    second: tuple[float, float]
    length_mm: float


class ReviewRequest(BaseModel):
    """A decision to be made."""

    model_config = ConfigDict(extra="forbid")

    finding_id: str = Field(min_length=32, max_length=32)
    decision: Decision = Field(
        description="approve: what was found is right; reject: it is wrong; correct: the mask says what is right; "
        "reopen: undecided"
    )
    tags: list[str] = Field([], max_length=20, description="why, in words that are counted")
    comment: str = Field("", max_length=4000)
    mask: str | None = Field(
        None,
        description="with correct: a PNG in base64, as large as the image, white where it is defective; all black says "
        "that it is normal",
    )
    scale: TwoPoints | None = Field(
        None, description="with correct: measures in millimetres by it; null keeps the scale that holds so far"
    )


class DetectorVersion(_Answer):
    """One version of a detector."""

    name: str
    sha: str = Field(description="SHA-256 of its file")
    method: str
    added_by: str
    created: datetime
    active: bool = Field(description="whether it answers under its name")


class ActiveDetector(_Answer):
    """A detector that answers."""

    name: str
    sha: str
    method: str
    is_default: bool = Field(description="whether it answers where a request names none")
    classes: tuple[str, ...]
    thresholds: dict[str, Any] = Field(description="as in detector.json")
    calibrated: bool
    doubt: str | None = Field(description="why its guarantee no longer holds; null while it does, or without one")
    card: str = Field(description="the model card, Markdown")


class ScoreInterval(_Answer):
    """Scores of images that were inspected one after another."""

    since: datetime
    until: datetime
    images: int
    rejected: int
    quantiles: tuple[float, float, float] = Field(description="of the scores: 5 %, 50 %, 95 %")


class CalibrationSummary(_Answer):
    """What calibrated a detector."""

    images: int
    source: str
    tails: Literal["upper", "both"]
    quantiles: tuple[float, float, float] = Field(description="of its scores: 5 %, 50 %, 95 %")


class ScoreHistory(_Answer):
    """How the scores of a detector's present version went, beside those that calibrated it."""

    intervals: list[ScoreInterval]
    calibration: CalibrationSummary | None
    p_values: list[int] | None = Field(description="images by p-value, in 20 equal bins; null without calibration")
    doubt: str | None = Field(description="why the guarantee no longer holds; null while it does, or without one")


class Detectors(_Answer):
    """All detectors."""

    active: list[ActiveDetector]
    versions: list[DetectorVersion]
    broken: dict[str, str] = Field(description="name and reason of those that could not be loaded")


class Proposal(_Answer):
    """A finding that is worth a decision."""

    finding: Stored
    rank_distance: float | None = Field(
        description="fraction of all scores between its own and the nearest threshold; null without a threshold"
    )


class Proposals(_Answer):
    """Open findings in the order in which to decide about them."""

    proposals: list[Proposal]


class TakenLabels(_Answer):
    """What came of labels."""

    approved: int = Field(description="findings that were left as they were")
    corrected: int = Field(description="findings whose mask was changed")
    decided_before: int = Field(description="findings that somebody had decided about: they stay as they are")
    without_extent: int = Field(description="images with boxes or points alone: nothing was decided")
    notes: list[str] = Field(description="what reading them had to decide")


class Rate(_Answer):
    """How many of some images, with exact bounds, each of which holds with 95 % confidence."""

    count: int
    n: int
    low: float
    high: float


class Rates(_Answer):
    """What a detector did on reviewed images."""

    false_alarms: Rate = Field(description="normal images that did not pass")
    recall: Rate = Field(description="defective images that did not pass")


class Comparison(_Answer):
    """An old and a new detector on the same images, none of which trained either."""

    images: int
    old: Rates
    new: Rates
    is_no_worse: bool = Field(description="no more false alarms, and no fewer defects found")
    sentence: str


class TrainingRequest(BaseModel):
    """A training to be begun."""

    model_config = ConfigDict(extra="forbid")

    detector: str | None = Field(None, max_length=64, description="whose reviewed images; the default one if left out")
    method: str | None = Field(
        None,
        max_length=64,
        pattern="^[a-z0-9][a-z0-9-]*$",
        description="a method, a recipe, or auto; that of the detector if left out",
    )
    profile: Literal["quick", "paper"] = "quick"
    seed: int = Field(0, ge=0, lt=2**31)


class TrainingStatus(_Answer):
    """How far a training is."""

    id: str
    state: Literal["waiting", "running", "comparing", "done", "cancelled", "failed"]
    error: str | None = Field(description="why it failed")
    said: str | None = Field(description="the last that it said: epoch, time left")
    by: str
    created: datetime
    detector: str
    old_sha: str = Field(description="the version that answered when it began")
    method: str
    profile: str
    seed: int
    images: str | None = Field(description="what it learns from, a sentence")
    new_sha: str | None = Field(description="the version that it made, which answers once it is activated")
    comparison: Comparison | None
    active: bool = Field(description="whether its version answers now")


class Trainings(_Answer):
    """All trainings."""

    trainings: list[TrainingStatus]
    methods: list[str] = Field(description="what can be trained")
    problem: str | None = Field(description="why this server cannot train; null where it can")


class Me(_Answer):
    """Who is asking, and what the page has to know."""

    name: str
    role: str
    needs_key: bool
    csrf: str | None
    version: str
    max_images: int
    max_upload_bytes: int
    max_megapixels: float


class Key(_Answer):
    """An API key, without itself."""

    id: str
    name: str
    role: str
    revoked: bool
    created: datetime


class NewKey(_Answer):
    """A key that was just given."""

    key: str = Field(description="shown this once, kept nowhere")


class KeyRequest(BaseModel):
    """A key to be given."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64, description="whose it is")
    role: str = Field(max_length=16, description="operator, engineer or admin")


class Audited(_Answer):
    """One act."""

    id: str
    created: datetime
    actor: str
    address: str
    action: str
    target: str


class Audit(_Answer):
    """Acts, the newest first."""

    acts: list[Audited]
    next: str | None


def when(milliseconds: int) -> datetime:
    """A time of the database."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
