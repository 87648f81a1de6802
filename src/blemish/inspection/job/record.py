"""``job.json``: everything that changes an answer, so that no folder ever mixes answers that cannot be compared."""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from blemish.detectors import Detector, Measuring
from blemish.errors import DataError
from blemish.files import write_text
from blemish.images import ReadOptions
from blemish.images.options import DEFAULT_OPTIONS
from blemish.measurement import Scale, ScalePerImage

JOB_NAME = "job.json"
_SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How a job's images are inspected.

    Attributes:
        reading: how files are read; without a bit range the detector's own counts.
        measuring: what is measured beyond regions.
        overlays: whether an overlay of each image is drawn.
        submission: whether run lengths of each class are kept, to be handed in.
        by_content: whether an image is known again by its content, which reads every file twice, and not by its size
            and time of change.
    """

    reading: ReadOptions = DEFAULT_OPTIONS
    measuring: Measuring = field(default_factory=Measuring)
    overlays: bool = True
    submission: bool = False
    by_content: bool = False


class JobRecord(BaseModel):
    """What `JobOptions` and a detector come to, as texts and numbers that are compared."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: int = _SCHEMA_VERSION
    blemish: str
    detector: str
    sha256: str
    runtime: str
    precision: str
    bit_range: tuple[float, float] | None
    max_megapixels: float | None
    measured: bool
    scale: str | None
    grades: str | None
    submission: bool
    by_content: bool

    @classmethod
    def of(cls, detector: Detector, options: JobOptions) -> Self:
        """The record of a job."""
        reading, measuring = detector.read_options(options.reading), options.measuring
        description = detector.spec.model_dump_json().encode()
        return cls(
            blemish=version("blemish"),
            detector=detector.spec.method if detector.path is None else detector.path.name,
            sha256=hashlib.sha256(description + detector.container.graph).hexdigest(),
            runtime=detector.runtime,
            precision=detector.precision,
            bit_range=reading.bit_range,
            max_megapixels=reading.max_megapixels,
            measured=measuring.measures_cracks(detector.spec),
            scale=_told(measuring),
            grades=None if measuring.grades is None else measuring.grades.model_dump_json(),
            submission=options.submission,
            by_content=options.by_content,
        )

    def write(self, folder: Path) -> None:
        """Write ``job.json``. Raises BlemishError where the folder cannot be written to."""
        write_text(folder / JOB_NAME, self.model_dump_json(indent=2) + "\n")

    def check_same(self, other: JobRecord, folder: Path) -> None:
        """Refuse to go on with a job whose answers were made in another way.

        Args:
            other: what lies in the folder.
            folder: for the message.

        Raises:
            DataError: they differ.
        """
        differ = [name for name in type(self).model_fields if getattr(self, name) != getattr(other, name)]
        if not differ:
            return
        told = {
            "blemish": "version of blemish",
            "sha256": "detector or its thresholds",
            "measured": "measuring",
            "by_content": "way to know images",
        }
        names = [told.get(name, name.replace("_", " ")) for name in differ if name != "detector" or len(differ) == 1]
        raise DataError(
            f'"{folder}" holds an inspection with another {", another ".join(names)}, whose findings must not be mixed '
            "with these; choose another folder, or give --anew to discard what it holds."
        )


def _told(measuring: Measuring) -> str | None:
    scale = measuring.scale
    if isinstance(scale, ScalePerImage):
        # The words do not say where corners are, nor what rows a table has.
        return f"{scale} {hashlib.sha256(repr(scale).encode()).hexdigest()[:16]}"
    return str(astuple(scale)) if isinstance(scale, Scale) else measuring.told_scale


class _Version(BaseModel):
    schema_version: int


def read_record(folder: Path) -> JobRecord | None:
    """What lies in a folder; None where no job does.

    Raises:
        DataError: the file is damaged, or of another version.
    """
    path = folder / JOB_NAME
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataError(f'Cannot read "{path}": {error.strerror}; choose another folder.') from error
    try:
        if (found := _Version.model_validate_json(text).schema_version) != _SCHEMA_VERSION:
            raise DataError(
                f'"{folder}" holds a job of another version of blemish (schema {found}, and this one reads '
                f"{_SCHEMA_VERSION}); choose another folder, or give --anew to discard what it holds."
            )
        return JobRecord.model_validate_json(text)
    except ValidationError as error:
        raise DataError(
            f'"{path}" is not the record of a job; choose another folder, or give --anew to discard what it holds.'
        ) from error
