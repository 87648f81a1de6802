"""The verb `gate`: may a detector be used? Exact confidence bounds on labelled images answer, for a pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from blemish.calibration.exact import at_least, at_most
from blemish.calibration.scores import checked_fraction
from blemish.datasets import Dataset
from blemish.detectors import Detector
from blemish.detectors.runtime import RuntimeName
from blemish.errors import DataError
from blemish.inspection.evaluating import evaluate
from blemish.inspection.portfolio import Answer
from blemish.inspection.progress import OnProgress, Say, silent


@dataclass(frozen=True, slots=True)
class Counted:
    """How many of some images did not pass.

    Attributes:
        count: that did not pass.
        n: images.
        low: exact lower bound of the rate.
        high: exact upper bound; each bound alone holds at the gate's confidence.
    """

    count: int
    n: int
    low: float
    high: float

    @classmethod
    def of(cls, flagged: Sequence[bool], confidence: float) -> Self:
        """Of each image, whether it did not pass."""
        count, n = sum(flagged), len(flagged)
        return cls(count, n, at_least(count, n, confidence), at_most(count, n, confidence))


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether a detector may be used.

    Attributes:
        normal: normal images that did not pass: false alarms.
        defective: defective images that did not pass: the recall.
        max_false_alarms: the largest rate of false alarms that may be.
        min_recall: the smallest recall that may be.
        confidence: with which each must hold.
    """

    normal: Counted
    defective: Counted
    max_false_alarms: float
    min_recall: float
    confidence: float

    @property
    def is_open(self) -> bool:
        """Whether both hold."""
        return self.normal.high <= self.max_false_alarms and self.defective.low >= self.min_recall

    @property
    def sentences(self) -> tuple[str, str]:
        """What was counted, what it shows, and what is asked for."""
        surely = f"with {self.confidence:.4g} confidence"
        return (
            f"False alarms: {self.normal.count} of {self.normal.n} normal images, so at most {self.normal.high:.4f} "
            f"{surely}; at most {self.max_false_alarms:g} may be.",
            f"Recall: {self.defective.count} of {self.defective.n} defective images, so at least "
            f"{self.defective.low:.4f} {surely}; at least {self.min_recall:g} must be.",
        )


def gate(
    data: Dataset | Path | str,
    *,
    detector: Detector | Path | str,
    max_false_alarms: float,
    min_recall: float,
    confidence: float = 0.95,
    split: str | None = "test",
    layout: str | None = None,
    normal_names: Sequence[str] | None = None,
    threads: int | None = None,
    runtime: RuntimeName = "onnxruntime",
    say: Say = silent,
    on_progress: OnProgress = silent,
) -> Gate:
    """Hold a detector's verdicts against labels. An image counts as flagged where its verdict is not "pass".

    Args:
        data, detector, split, layout, normal_names, threads, runtime: as in `blemish.evaluate`.
        max_false_alarms: largest rate of normal images that are flagged, in (0, 1).
        min_recall: smallest rate of defective images that are flagged, in (0, 1).
        confidence: with which each of the two must hold, in (0, 1).
        say, on_progress: told what was chosen, and how far the run is.

    Raises:
        SettingsError: a rate outside (0, 1).
        DataError: there is no normal or no defective image, or the detector has no threshold to decide by.
    """
    for name, value in (("max_false_alarms", max_false_alarms), ("min_recall", min_recall), ("confidence", confidence)):
        checked_fraction(value, name)
    flagged: dict[bool, list[bool]] = {False: [], True: []}

    def note(answer: Answer) -> None:
        if answer.found.verdict is None:
            raise DataError('The detector has no threshold to decide by; run "blemish calibrate" first.')
        if answer.defective is not None:
            flagged[answer.defective].append(answer.found.verdict != "pass")

    evaluate(
        data,
        detector=detector,
        split=split,
        layout=layout,
        normal_names=normal_names,
        threads=threads,
        runtime=runtime,
        say=say,
        on_answer=note,
        on_progress=on_progress,
    )
    for defective, kind in ((False, "normal"), (True, "defective")):
        if not flagged[defective]:
            raise DataError(f"A gate needs normal and defective images, and the data has no {kind} one.")
    return Gate(
        Counted.of(flagged[False], confidence),
        Counted.of(flagged[True], confidence),
        max_false_alarms,
        min_recall,
        confidence,
    )
