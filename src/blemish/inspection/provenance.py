"""What an inspection was, for its record and for the report: detector, thresholds, options, grades, guarantee."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from blemish.detectors import Detector
from blemish.findings import DetectorRecord, GuaranteeRecord, Options, ReportDetails, RunRecord
from blemish.measurement.grades import GradeScale


def describe_run(
    detector: Detector,
    *,
    options: Options | None = None,
    report: ReportDetails | None = None,
    grades: GradeScale | None = None,
    guarantee: GuaranteeRecord | None = None,
    complete: bool = True,
) -> RunRecord:
    """The record of an inspection that ends now, started from the current folder.

    Args:
        detector: what inspected.
        options: how.
        report: what its report says about itself.
        grades: what cracks are graded by.
        guarantee: whether the detector's guarantee held; None where it has none.
        complete: whether all images were inspected.
    """
    spec = detector.spec
    origin, known = spec.provenance, spec.calibration
    return RunRecord(
        blemish=version("blemish"),
        date=datetime.now().astimezone().isoformat(timespec="seconds"),
        folder=str(Path.cwd()),
        detector=DetectorRecord(
            file="" if detector.path is None else detector.path.name,
            method=spec.method,
            runtime=detector.runtime,
            precision=detector.precision,
            classes=spec.classes,
            finds="cracks" if spec.finds_cracks else "regions",
            thresholds=spec.thresholds.model_dump(mode="json"),
            calibration=None if known is None else f"{len(known.scores)} scores of {known.source}",
            trained_on=f"{origin.data}: {origin.n_train} images, {origin.n_held_out} more held out",
            seed=origin.seed,
            fingerprint=origin.fingerprint,
            settings=spec.model_dump(mode="json", include={"settings"})["settings"],
            libraries=origin.libraries,
        ),
        options=options or Options(),
        report=report or ReportDetails(),
        grades=grades,
        guarantee=guarantee,
        complete=complete,
    )
