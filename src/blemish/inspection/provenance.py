"""What an inspection was, for its record and for the report: detector, thresholds, options, grades."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from blemish.detectors import Detector
from blemish.measurement.grades import GradeScale
from blemish.reports.run_record import RunRecord


def describe_run(
    detector: Detector, *, settings: Mapping[str, Any] | None = None, grades: GradeScale | None = None
) -> RunRecord:
    """The record of an inspection that ends now, started from the current folder.

    Args:
        detector: what inspected.
        settings: options of the run, as the command line names them.
        grades: what cracks are graded by.
    """
    spec = detector.spec
    origin = spec.provenance
    return RunRecord(
        blemish=version("blemish"),
        date=datetime.now().astimezone().isoformat(timespec="seconds"),
        folder=str(Path.cwd()),
        detector={
            "file": "" if detector.path is None else detector.path.name,
            "runtime": detector.runtime,
            "precision": detector.precision,
            "method": spec.method,
            "classes": spec.classes,
            "thresholds": spec.thresholds.model_dump(),
            "calibration": None
            if spec.calibration is None
            else f"{len(spec.calibration.scores)} scores of {spec.calibration.source}",
            "trained on": f"{origin.data}: {origin.n_train} images, {origin.n_held_out} more held out",
            "seed": origin.seed,
            "fingerprint": origin.fingerprint,
            "settings": spec.settings,
            "libraries": origin.libraries,
        },
        settings=dict(settings or {}),
        grades=None if grades is None else grades.to_record(),
    )
