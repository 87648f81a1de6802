"""Evaluation: metrics of images, pixels, classes and cracks, and their confidence intervals."""

from blemish.evaluation.bootstrap import (
    Interval,
    bootstrap,
    bootstrap_difference,
    count_columns,
    pooled,
)
from blemish.evaluation.class_confusion import ClassConfusion
from blemish.evaluation.class_dice import ClassDice, ClassDiceRow, dice
from blemish.evaluation.confusion import Confusion
from blemish.evaluation.cracks import CrackMetrics, CrackResult
from blemish.evaluation.metrics import Evaluation, ImageResult, Metrics
from blemish.evaluation.pixels import PixelMetrics, PixelResult, best_f1_threshold
from blemish.evaluation.ranking import (
    BestF1,
    auroc,
    average_precision,
    best_f1,
    fpr_at_tpr,
    precision_recall_curve,
    roc_curve,
)
from blemish.evaluation.sweep import SweepRow, ThresholdSweep
from blemish.evaluation.tolerance import ToleranceCounts, count_within

__all__ = [
    "BestF1",
    "ClassConfusion",
    "ClassDice",
    "ClassDiceRow",
    "Confusion",
    "CrackMetrics",
    "CrackResult",
    "Evaluation",
    "ImageResult",
    "Interval",
    "Metrics",
    "PixelMetrics",
    "PixelResult",
    "SweepRow",
    "ThresholdSweep",
    "ToleranceCounts",
    "auroc",
    "average_precision",
    "best_f1",
    "best_f1_threshold",
    "bootstrap",
    "bootstrap_difference",
    "count_columns",
    "count_within",
    "dice",
    "fpr_at_tpr",
    "pooled",
    "precision_recall_curve",
    "roc_curve",
]
