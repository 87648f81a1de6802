"""The record of a finished run, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from blemish.errors import SettingsError
from blemish.files import write_text


class Identity(BaseModel):
    """What decides a run's result.

    Attributes:
        system, variant, profile, seed: of the run.
        settings: of the variant.
        data: SHA-256 of the images, by data set.
    """

    model_config = ConfigDict(frozen=True)

    system: str
    variant: str
    profile: str
    seed: int
    settings: dict[str, Any]
    data: dict[str, str]


class RunRecord(BaseModel):
    """One finished run.

    Attributes:
        identity: what decided it.
        measured: what the system measured.
        cpu_min: processor minutes, over all attempts.
        test_opened: how often test images were handed out to it, over all attempts.
        machine: processor, threads and versions.
        remarks: what a reader must know of this run, in sentences.
    """

    model_config = ConfigDict(frozen=True)

    identity: Identity
    measured: dict[str, Any]
    cpu_min: float
    test_opened: int
    machine: dict[str, str]
    remarks: tuple[str, ...] = ()

    @property
    def seed(self) -> int:
        """Of the run."""
        return self.identity.seed


class FailedRun(BaseModel):
    """A run that ended with an error; the same command tries it again.

    Attributes:
        variant, seed: of the run.
        error: the sentence.
    """

    model_config = ConfigDict(frozen=True)

    variant: str
    seed: int
    error: str


@dataclass(frozen=True, slots=True)
class Results:
    """The finished runs of one system.

    Attributes:
        profile: of all of them.
        runs: by variant, in the system's order, each in the order of the seeds; a variant may have none yet.
        folders: where the files of a run are, by (variant, seed).
    """

    profile: str
    runs: Mapping[str, tuple[RunRecord, ...]]
    folders: Mapping[tuple[str, int], Path]

    def of(self, variant: str) -> tuple[RunRecord, ...]:
        """The runs of a variant; empty where there are none."""
        return self.runs.get(variant, ())

    def folder(self, record: RunRecord) -> Path:
        """Where the files of a run are."""
        return self.folders[record.identity.variant, record.seed]


def read_record(file: Path, identity: Identity) -> RunRecord | None:
    """The record of an earlier run; None where there is none.

    Raises:
        SettingsError: it belongs to other settings or other data, or is damaged.
    """
    try:
        record = RunRecord.model_validate_json(file.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise SettingsError(f'"{file}" is no record of a run; delete it, or choose another --out.') from error
    if record.identity != identity:
        parts = [name for name in Identity.model_fields if getattr(record.identity, name) != getattr(identity, name)]
        raise SettingsError(
            f'"{file}" was measured with other {" and ".join(parts)}; choose another --out, or delete it.'
        )
    return record


def write_record(file: Path, record: BaseModel) -> None:
    """Write a record, whole or not at all."""
    write_text(file, record.model_dump_json(indent=1) + "\n")
