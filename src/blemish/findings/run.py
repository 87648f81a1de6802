"""``run.json``: what an inspection was, beside the findings that came of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blemish.errors import DataError, newer_schema
from blemish.files import RUN_RECORD_NAME, VERSION_1_NAME, write_text
from blemish.findings.schema import Text
from blemish.measurement.grades import GradeScale

SCHEMA_VERSION = 2
"""Raised when findings change so that older versions would misread them."""


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class _Version(_Record):
    schema_version: int = SCHEMA_VERSION


class DetectorRecord(_Record):
    """What inspected, as the detector says about itself."""

    file: Text = Field("", description="name of the detector's file")
    method: Text
    runtime: Text = Field("", description="what ran its graph")
    precision: Text = Field("", description="in which numbers")
    classes: tuple[Text, ...] = ()
    finds: Literal["cracks", "regions"] | None = Field(None, description="what its outlines are; null: not recorded")
    thresholds: Mapping[str, Any] = Field({}, description="as in detector.json")
    calibration: Text | None = Field(None, description="how many scores of which images; null without calibration")
    trained_on: Text = Field("", description="the data set and how many images of it")
    seed: int | None = None
    fingerprint: Text = Field("", description="sha256 over the training images' contents")
    settings: Mapping[str, Any] = Field({}, description="of the method")
    libraries: Mapping[str, str] = Field({}, description="package name -> version, at training")


class Options(_Record):
    """How it was inspected."""

    measure: bool = Field(True, description="whether cracks were measured")
    bit_range: tuple[float, float] | None = Field(
        None, description="raw values that became black and white in images of more than 8 bits"
    )
    max_megapixels: float | None = Field(None, description="larger images were refused; null for the usual limit")
    scale: Text | None = Field(None, description="how the scale was given, in words; null without one")


Language = Literal["en", "ko"]


class ReportDetails(_Record):
    """What a report says about itself beyond the findings; empty where nothing was given."""

    title: Text = Field("", description="of the report; the folder's name where none was given")
    client: Text = ""
    place: Text = ""
    inspector: Text = ""
    date: Text = Field("", description="of the inspection, as it should be printed")
    logo: Text = Field("", description="an image file for the head of the page")
    lang: Language = Field("en", description="what the report is written in")


class GuaranteeRecord(_Record):
    """Whether the false-alarm rate that was guaranteed for a detector still held for these images."""

    state: Literal["in force", "suspended", "not applicable"] = Field(
        description="suspended: from some image on the scores no longer look like those that calibrated; "
        "not applicable: most images were flagged, so that these are not the mostly normal ones it speaks of"
    )
    images: int = Field(ge=0, description="images with an answer")
    flagged: int = Field(ge=0, description="how many of them did not pass")
    suspended_from: Text | None = Field(None, description="the image since which it is in doubt")
    number: int | None = Field(None, description="that image's place in the run, from 1")
    reason: Text = Field("", description="what was seen, a clause")

    @property
    def sentence(self) -> str | None:
        """What a person must know; None where nothing is in doubt."""
        if self.state == "in force":
            return None
        if self.state == "not applicable":
            return (
                f"{self.flagged} of {self.images} images did not pass. The guaranteed false-alarm rate is about "
                "surfaces that are mostly normal and says nothing about a set of mostly damaged ones. If most of these "
                "should be normal, camera, light or surface have changed: "
                'run "blemish calibrate" with images as they are now.'
            )
        return (
            f'Guarantee suspended from "{self.suspended_from}" on (number {self.number}): {self.reason}. '
            'Look for a changed camera, light or surface; then run "blemish calibrate" with images as they are now.'
        )


class RunRecord(_Record):
    """Where findings come from."""

    schema_version: int = SCHEMA_VERSION
    blemish: Text = Field(description="version that inspected")
    date: Text = Field(description="when the run ended, ISO 8601 with the time zone")
    folder: Text = Field(description="the folder that relative paths in the findings start from")
    detector: DetectorRecord
    options: Options = Options()
    report: ReportDetails = ReportDetails()
    grades: GradeScale | None = Field(None, description="what cracks were graded by")
    guarantee: GuaranteeRecord | None = Field(None, description="null where the detector is not calibrated")
    complete: bool = Field(True, description="whether all images were inspected; false while a run goes on")

    def write(self, folder: Path) -> None:
        """Write ``run.json`` into ``folder``.

        Raises:
            BlemishError: the folder cannot be written to.
        """
        write_text(Path(folder) / RUN_RECORD_NAME, self.model_dump_json(indent=2) + "\n")


def read_run(folder: Path) -> RunRecord | None:
    """What `RunRecord.write` wrote; None where nothing was written.

    Raises:
        DataError: the file is damaged, or another version wrote it that this one cannot read.
    """
    path = Path(folder) / RUN_RECORD_NAME
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        if (Path(folder) / VERSION_1_NAME).exists():
            raise DataError(
                f'"{folder}" was written by an earlier blemish, whose findings this one does not read; inspect again.'
            ) from None
        return None
    except OSError as error:
        raise DataError(
            f'Cannot read "{path}": {error.strerror}; give a folder that "blemish inspect" wrote.'
        ) from error
    try:
        version = _Version.model_validate_json(text).schema_version
        if version > SCHEMA_VERSION:
            raise DataError(newer_schema(f'"{path}" was written', version, SCHEMA_VERSION))
        return RunRecord.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = f'"{".".join(map(str, first["loc"]))}": ' if first["loc"] else ""
        reason = "it is not JSON" if first["type"] == "json_invalid" else f"{where}{first['msg']}"
        raise DataError(
            f'"{path}" is not the record of an inspection ({reason}); inspect again, or delete it.'
        ) from error
