"""What a run leaves on disk: ``run.json`` with metrics and costs, ``images.csv`` with the answer for each image."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from blemish.errors import DataError
from blemish.evaluation import Confusion
from blemish.files import replacing, write_text

RUN_NAME = "run.json"
IMAGES_NAME = "images.csv"
_COUNTS = ("tp", "fp", "fn", "tn")
_COLUMNS = ("image", "group", "leaked", "defective", "score", "flagged", *_COUNTS)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Identity(_Frozen):
    """What decides a run's result: a run of another identity is another run.

    Attributes:
        method: registered name.
        settings: every hyper-parameter.
        data: fingerprint of the images.
        seed: of everything random.
    """

    method: str
    settings: dict[str, Any]
    data: str
    seed: int


class Cost(_Frozen):
    """What the metrics cost.

    Attributes:
        fit_s: training with export and thresholds, without starting Python.
        fit_peak_mib: peak memory of the training process.
        images_per_s: decoding and inspecting, after a warm-up.
        inspect_peak_mib: peak memory of the inspecting process.
        detector_mb: size of the file.
    """

    fit_s: float
    fit_peak_mib: float
    images_per_s: float
    inspect_peak_mib: float
    detector_mb: float


class RunRecord(_Frozen):
    """One finished run.

    Attributes:
        contender, data: names, as in the tables.
        identity: what decided the result.
        n_train: training images, held-out ones included.
        metrics: as `blemish.evaluation.Metrics.details`.
        cost: of this run.
        machine: processor, threads, versions.
    """

    contender: str
    data: str
    identity: Identity
    n_train: int
    metrics: dict[str, Any]
    cost: Cost
    machine: dict[str, str]


class FailureRecord(_Frozen):
    """One run that failed; the next benchmark tries it again.

    Attributes:
        contender, data, seed: which run.
        stage: ``fit`` or ``inspect``.
        error: why, in one line.
        log: the last lines that the process wrote.
    """

    contender: str
    data: str
    seed: int
    stage: str
    error: str
    log: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ImageAnswers:
    """The answers of one run, image by image, in the order of the test split.

    Attributes:
        images: names.
        groups: names of groups; the image's own name where it has none.
        leaked: bool (n,) whether the training may have seen the image.
        defective: bool (n,), False where the truth is not known, see ``known``.
        known: bool (n,) whether the truth is known.
        scores: float64 (n,).
        counts: int64 (n, 4) of TP, FP, FN, TN over the pixels; all zero where there are no masks.
    """

    images: tuple[str, ...]
    groups: tuple[str, ...]
    leaked: NDArray[np.bool_]
    defective: NDArray[np.bool_]
    known: NDArray[np.bool_]
    scores: NDArray[np.float64]
    counts: NDArray[np.int64]


def image_row(
    name: str,
    group: str | None,
    *,
    leaked: bool,
    defective: bool | None,
    score: float,
    flagged: bool | None,
    pixels: Confusion | None,
) -> dict[str, Any]:
    """One line of ``images.csv``; unknown values stay empty."""
    counts = dict.fromkeys(_COUNTS, "") if pixels is None else dict(zip(_COUNTS, _counts(pixels), strict=True))
    return {
        "image": name,
        "group": group or "",
        "leaked": int(leaked),
        "defective": "" if defective is None else int(defective),
        # repr keeps every digit, so that metrics computed from the table equal those of the run.
        "score": repr(score),
        "flagged": "" if flagged is None else int(flagged),
        **counts,
    }


def write_images(target: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``images.csv``."""
    with replacing(target) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, _COLUMNS)
        table.writeheader()
        table.writerows(rows)


def read_images(run: Path) -> ImageAnswers:
    """The answers in a run's folder.

    Raises:
        DataError: the table is missing or damaged.
    """
    path = run / IMAGES_NAME
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return ImageAnswers(
            images=tuple(row["image"] for row in rows),
            groups=tuple(row["group"] or row["image"] for row in rows),
            leaked=np.array([row["leaked"] == "1" for row in rows], dtype=np.bool_),
            defective=np.array([row["defective"] == "1" for row in rows], dtype=np.bool_),
            known=np.array([row["defective"] != "" for row in rows], dtype=np.bool_),
            scores=np.array([float(row["score"]) for row in rows], dtype=np.float64),
            counts=np.array([[int(row[name] or 0) for name in _COUNTS] for row in rows], np.int64).reshape(-1, 4),
        )
    except (OSError, KeyError, ValueError) as error:
        raise DataError(f'"{path}" is not the table of a finished run; delete the folder and run again.') from error


def write_record(target: Path, record: BaseModel) -> None:
    """Write a record as JSON, whole or not at all."""
    write_text(target, record.model_dump_json(indent=1) + "\n")


def read_run(run: Path) -> RunRecord | None:
    """The record in a run's folder; None where the run is not finished.

    Raises:
        DataError: the record is damaged.
    """
    path = run / RUN_NAME
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DataError(f'"{path}" is not the record of a finished run; delete the folder and run again.') from error


def _counts(pixels: Confusion) -> tuple[int, int, int, int]:
    return pixels.true_positives, pixels.false_positives, pixels.false_negatives, pixels.true_negatives
