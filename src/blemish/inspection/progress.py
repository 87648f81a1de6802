"""How a verb tells its caller how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from blemish.findings import Finding, Verdict

OnProgress = Callable[[int, int], None]
"""Called after each image with how many are done and how many there are."""

Say = Callable[[str], None]
"""Told what the caller should know, in sentences."""


def silent(*_: object) -> None:
    """Says nothing."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is.

    Attributes:
        done: images with a finding, earlier runs' included.
        total: images in the job; None while that is not known, as with a camera.
        failed: how many of those done could not be inspected; they are tried again by the next run.
        left_out: files of kinds that are not read.
        verdicts: how many images got each.
        images_per_s: of this run, lately; None at its start.
    """

    done: int
    total: int | None
    failed: int = 0
    left_out: int = 0
    verdicts: Mapping[Verdict, int] = field(default_factory=dict)
    images_per_s: float | None = None

    @property
    def left_s(self) -> float | None:
        """Seconds until the last image is done, at the present rate; None where there is nothing to tell it from."""
        if self.total is None or not self.images_per_s:
            return None
        return max(self.total - self.done, 0) / self.images_per_s


@dataclass(frozen=True, slots=True)
class JobEvent:
    """One image is done: its finding is in the job's folder.

    Attributes:
        finding: what was found.
        left_out: whether it is a file that is not read.
        key, stamp: which image, and which state of it.
        progress: of the job.
    """

    finding: Finding
    left_out: bool
    key: str
    stamp: str
    progress: Progress
