"""Does the guarantee still hold while images stream in? Watched image by image.

Two ways in which images can leave what calibrated the detector are watched, since neither sees the other:

- Images that are not rejected are compared with the calibration images that were not rejected either, by the martingale
  of `blemish.calibration.Drift`. Leaving the rejected ones out on both sides keeps real defects from looking like
  drift, and keeps the comparison exact: below one threshold, normal images still come from one distribution.
- When the light fails, everything may be rejected, and nothing is left to compare. So a second bet is made that at most
  half of the images are rejected: capital is multiplied by 1.8 for a rejected image and by 0.2 for another one, a fair
  game or worse as long as that holds.

Each alarm is false with probability at most ``alarm_rate``, however many images are watched (Ville's inequality).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from blemish.calibration import Drift, scores_below
from blemish.calibration.scores import checked_fraction
from blemish.detectors import Detector, DetectorSpec
from blemish.findings import UNDECIDED, Finding, GuaranteeRecord

ALARM_RATE = 0.01
# Fewer calibration images tell nothing apart from anything.
_MIN_SCORES = 5
# Fair at a rejected fraction of one half: 0.5 × 1.8 + 0.5 × 0.2 = 1.
_IF_REJECTED, _IF_NOT = 1.8, 0.2
_CEILING = 1e100


class DriftWatch:
    """Watches the findings of one detector; feed it each with `add`.

    Args:
        spec: of the detector; it must have a calibration.
        alarm_rate: largest chance of each of the two false alarms, in (0, 1).
        seed: of the random breaking of ties; the same answers and seed give the same alarm.

    Attributes:
        watched: findings with a score that were added.
        number: how many had been added when the guarantee fell into doubt; None while nothing has changed. It stays:
            when the cause is found, calibrate anew and start a new watch.

    Raises:
        SettingsError: ``alarm_rate`` outside (0, 1).
    """

    def __init__(self, spec: DetectorSpec, *, alarm_rate: float = ALARM_RATE, seed: int = 0) -> None:
        self.watched = 0
        self.number: int | None = None
        self._image = self._reason = ""
        self._flagged = 0
        self._reject = spec.thresholds.reject
        self._alarm_rate = checked_fraction(alarm_rate, "alarm_rate")
        self._rejected = 0
        self._capital = 0.0
        self._drift: Drift | None = None
        if spec.calibration is not None:
            scores, _ = spec.calibration.judged(np.asarray(spec.calibration.scores))
            comparable = scores_below(scores, self._reject)
            if comparable.size >= _MIN_SCORES:
                self._drift = Drift(comparable, alarm_rate=alarm_rate, seed=seed)

    @classmethod
    def of(cls, detector: Detector) -> DriftWatch | None:
        """A watch where there is a calibration to watch over; None where nothing was guaranteed."""
        return None if detector.spec.calibration is None else cls(detector.spec)

    def add(self, finding: Finding) -> None:
        """Watch one finding; one without a score, for an image that could not be judged, tells nothing."""
        if finding.score is None or finding.verdict in UNDECIDED:
            return
        self.watched += 1
        self._flagged += finding.verdict in {"review", "reject"}
        rejected = self._reject is not None and finding.score >= self._reject
        reason = self._all_rejected(rejected) or (None if rejected else self._changed(finding.score))
        if self.number is None and reason is not None:
            self.number, self._image, self._reason = self.watched, finding.image, reason

    def record(self) -> GuaranteeRecord:
        """How things stand now.

        Where most images were flagged, defects explain an alarm as well as a changed camera does: the guarantee is
        then not applicable rather than suspended.
        """
        if self.number is None:
            return GuaranteeRecord(state="in force", images=self.watched, flagged=self._flagged)
        state: Literal["suspended", "not applicable"]
        state = "not applicable" if 2 * self._flagged > self.watched else "suspended"
        return GuaranteeRecord(
            state=state,
            images=self.watched,
            flagged=self._flagged,
            suspended_from=self._image,
            number=self.number,
            reason=self._reason,
        )

    def _changed(self, score: float) -> str | None:
        if self._drift is None:
            return None
        self._drift.add(score)
        if not self._drift.alarm:
            return None
        return "the scores of images that are not rejected have left those of the calibration images"

    def _all_rejected(self, rejected: bool) -> str | None:
        self._rejected += rejected
        # New capital for each image, so that a late change is found about as soon as an early one; see `Drift`.
        fresh = 1.0 / (self.watched * (self.watched + 1))
        self._capital = min((self._capital + fresh) * (_IF_REJECTED if rejected else _IF_NOT), _CEILING)
        if self._capital < 1.0 / self._alarm_rate:
            return None
        return (
            f"{self._rejected} of {self.watched} images were rejected, which only many defects or another camera, "
            "light or surface explain"
        )
