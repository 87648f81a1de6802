"""All metrics of one evaluation: gathered image by image, given as one record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.datasets.truth import is_defective
from blemish.errors import DataError
from blemish.evaluation.bootstrap import Interval, bootstrap, count_columns, pooled
from blemish.evaluation.class_confusion import ClassConfusion
from blemish.evaluation.class_dice import ClassDice, ClassDiceRow
from blemish.evaluation.confusion import Confusion
from blemish.evaluation.pixels import PixelMetrics, PixelResult
from blemish.evaluation.ranking import auroc, average_precision, best_f1, fpr_at_tpr


@dataclass(frozen=True, slots=True, eq=False)
class ImageResult:
    """Metrics over whole images. A metric is None where it has no meaning.

    Attributes:
        scores: float64 (n,) raw scores of the images whose truth is known, in order.
        defective: bool (n,) their truth.
        confusion: counts of the decisions; None when no decision was made.
    """

    scores: NDArray[np.float64] = field(repr=False)
    defective: NDArray[np.bool_] = field(repr=False)
    confusion: Confusion | None = None

    def to_record(self) -> dict[str, float | None]:
        """The six metrics of ``evaluate --json``."""
        at = self.confusion
        return {
            "auroc": auroc(self.scores, self.defective),
            "average_precision": average_precision(self.scores, self.defective),
            "accuracy": at.accuracy if at else None,
            "precision": at.precision if at else None,
            "recall": at.recall if at else None,
            "f1": at.f1 if at else None,
        }

    def details(self) -> dict[str, Any]:
        """Everything else, as plain values."""
        best = best_f1(self.scores, self.defective)
        return {
            "n_normal": int(np.count_nonzero(~self.defective)),
            "n_defective": int(np.count_nonzero(self.defective)),
            "fpr_at_95_tpr": fpr_at_tpr(self.scores, self.defective, 0.95),
            "false_alarm_rate": self.confusion.false_alarm_rate if self.confusion else None,
            "best_f1": best.f1 if best else None,
            "best_threshold": best.threshold if best else None,
            "confusion": self.confusion.to_record() if self.confusion else None,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Metrics:
    """What an evaluation found.

    Attributes:
        n: images evaluated, those of unknown truth included.
        image: metrics over whole images.
        pixel: metrics pooled over the pixels of all images whose extent of defects is known.
        classes: Dice and errors of each class and of all together, where the detector tells several apart.
        class_confusion: images by true and predicted class, where the detector names classes; else None.
    """

    n: int
    image: ImageResult
    pixel: PixelResult
    classes: tuple[ClassDiceRow, ...] = ()
    class_confusion: ClassConfusion | None = None

    def to_record(self) -> dict[str, Any]:
        """What ``evaluate --json`` prints: plain values, None where a metric has no meaning.

        ``n``, ``image`` and ``pixel`` have a fixed set of keys; ``more`` holds every further metric and the intervals,
        and may grow. Where classes are named, ``image.accuracy`` is the fraction of images put into their own class.
        """
        return {
            "n": self.n,
            "image": self._image_record(),
            "pixel": self.pixel.to_record(),
            "more": {
                "image": self.image.details(),
                "pixel": self.pixel.details(),
                "classes": [row.to_record() for row in self.classes],
                "class_confusion": self.class_confusion and self.class_confusion.to_record(),
                "intervals": {
                    kind: {name: one and one.to_record() for name, one in by_name.items()}
                    for kind, by_name in self.intervals().items()
                },
            },
        }

    def intervals(self, *, confidence: float = 0.95, resamples: int = 1000) -> dict[str, dict[str, Interval | None]]:
        """How far the main metrics may be off, by drawing the images again; see `blemish.evaluation.bootstrap`.

        Args:
            confidence: in (0, 1).
            resamples: number of draws.

        Returns:
            By ``image`` and ``pixel`` and by metric; None where the metric has no meaning.

        Raises:
            SettingsError: ``confidence`` outside (0, 1), or fewer than 2 resamples.
        """
        scores, truth = self.image.scores, self.image.defective
        ranked: dict[str, Interval | None] = {"auroc": None, "average_precision": None}
        if scores.size:
            strata = truth.tolist()
            for name, statistic in (("auroc", auroc), ("average_precision", average_precision)):
                ranked[name] = bootstrap(
                    statistic, scores, truth, confidence=confidence, resamples=resamples, strata=strata
                )
        masks: dict[str, Interval | None] = {"f1": None}
        if self.pixel.per_image:
            counts = count_columns(self.pixel.per_image)
            masks["f1"] = bootstrap(pooled("f1"), *counts, confidence=confidence, resamples=resamples)
        return {"image": ranked, "pixel": masks}

    def details(self) -> dict[str, Any]:
        """As `to_record`, with every further metric beside: AUPRO, FPR at 95 % TPR, tolerances, best F1, counts."""
        return {
            "n": self.n,
            "image": self._image_record() | self.image.details(),
            "pixel": self.pixel.to_record() | self.pixel.details(),
            "classes": [row.to_record() for row in self.classes],
            "class_confusion": self.class_confusion and self.class_confusion.to_record(),
        }

    def _image_record(self) -> dict[str, float | None]:
        record = self.image.to_record()
        return record if self.class_confusion is None else {**record, "accuracy": self.class_confusion.accuracy}


class Evaluation:
    """Gathers metrics one image at a time, so that a split of any size streams through.

    Args:
        reject: an image counts as flagged at ``score >= reject``, unless `add` is told what was decided. None: no
            decision is made, and the metrics that need one stay None.
        exact_limit: number of pixels up to which pixel ranking metrics are exact; see `blemish.evaluation.pooled`.
        classes: names of the classes whose masks or labels are added.

    Example:
        >>> evaluation = Evaluation(reject=0.5)
        >>> for score, defective in [(0.1, False), (0.4, False), (0.9, True)]:
        ...     evaluation.add(score=score, defective=defective)
        >>> evaluation.result().to_record()["image"]["auroc"]
        1.0
    """

    def __init__(
        self, reject: float | None = None, *, exact_limit: int = 1 << 27, classes: tuple[str, ...] = ()
    ) -> None:
        self._reject = reject
        self._n = 0
        self._scores: list[float] = []
        self._defective: list[bool] = []
        self._flagged: list[bool | None] = []
        self._pixels = PixelMetrics(exact_limit)
        self.classes = classes
        self._class_dice = ClassDice(classes)
        self._class_confusion = ClassConfusion(classes)

    def add(
        self,
        *,
        score: float,
        flagged: bool | None = None,
        defective: bool | None = None,
        anomaly_map: NDArray[np.floating[Any]] | None = None,
        mask_predicted: NDArray[np.bool_] | None = None,
        mask_truth: NDArray[np.bool_] | None = None,
        ignored: NDArray[np.bool_] | None = None,
        class_masks: tuple[NDArray[np.bool_], NDArray[np.bool_]] | None = None,
        labels: tuple[str | None, str | None] | None = None,
    ) -> None:
        """Add one image.

        Args:
            score: raw image score, finite, higher is worse.
            flagged: what was decided; None leaves it to ``reject``.
            defective: what the label says; None where only the mask can tell, see `blemish.datasets.is_defective`.
                With neither the image counts in ``n`` alone.
            anomaly_map: float32 (H, W), finite; None where the detector does not localise.
            mask_predicted: bool (H, W), the detector's mask, if it draws one.
            mask_truth: bool (H, W), all False for a normal image; None where the extent is not known.
            ignored: bool (H, W), pixels that count in no metric of pixels or classes; None: all count.
            class_masks: predicted and true, each bool (K, H, W), of a detector that tells several classes apart.
            labels: true and predicted class of the image, by such a detector; None in place of a class is normal.

        Raises:
            DataError: NaN or infinite values, sizes that differ, or a class that was not declared.
        """
        if not np.isfinite(score):
            raise DataError(f"Image number {self._n + 1} has the score {score}; every score must be a finite number.")
        if anomaly_map is not None and mask_truth is not None:
            self._pixels.add(anomaly_map, mask_truth, mask_predicted, ignored)
        if class_masks is not None:
            predicted, true = class_masks
            counted = True if ignored is None else ~ignored
            self._class_dice.add(predicted & counted, true & counted)
        if labels is not None:
            self._class_confusion.add(*labels)
        self._n += 1
        truth = is_defective(defective, mask_truth)
        if truth is None:
            return
        if flagged is None and self._reject is not None:
            flagged = score >= self._reject
        self._scores.append(float(score))
        self._defective.append(truth)
        self._flagged.append(flagged)

    def result(self) -> Metrics:
        """The metrics over everything added so far; more may be added after."""
        decided = [
            (flagged, truth)
            for flagged, truth in zip(self._flagged, self._defective, strict=True)
            if flagged is not None
        ]
        confusion = Confusion.of([f for f, _ in decided], [t for _, t in decided]) if decided else None
        return Metrics(
            n=self._n,
            image=ImageResult(
                scores=np.array(self._scores, dtype=np.float64),
                defective=np.array(self._defective, dtype=np.bool_),
                confusion=confusion,
            ),
            pixel=self._pixels.result(),
            classes=self._class_dice.rows(),
            class_confusion=self._class_confusion if self._class_confusion.n else None,
        )
