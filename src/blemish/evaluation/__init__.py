"""Evaluation: metrics, statistics, and the benchmark over methods, data sets and seeds."""

from blemish.evaluation.bootstrap import (
    Interval,
    bootstrap,
    bootstrap_difference,
    count_columns,
    paired_difference,
    pooled,
)
from blemish.evaluation.class_confusion import ClassConfusion
from blemish.evaluation.class_dice import ClassDice, ClassDiceRow, dice
from blemish.evaluation.confusion import Confusion
from blemish.evaluation.cracks import CrackMetrics, CrackResult
from blemish.evaluation.grids import draw_grid, mark_errors
from blemish.evaluation.metrics import Evaluation, ImageResult, Metrics
from blemish.evaluation.pixels import PixelMetrics, PixelResult, best_f1_threshold
from blemish.evaluation.plates import Case, Triple, draw_cases, draw_triples, notable_cases
from blemish.evaluation.plots import (
    draw_boxes,
    draw_class_confusion,
    draw_confusion,
    draw_histograms,
    draw_losses,
    draw_precision_recall,
    draw_roc,
)
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
    "Case",
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
    "Triple",
    "auroc",
    "average_precision",
    "best_f1",
    "best_f1_threshold",
    "bootstrap",
    "bootstrap_difference",
    "count_columns",
    "count_within",
    "dice",
    "draw_boxes",
    "draw_cases",
    "draw_class_confusion",
    "draw_confusion",
    "draw_grid",
    "draw_histograms",
    "draw_losses",
    "draw_precision_recall",
    "draw_roc",
    "draw_triples",
    "fpr_at_tpr",
    "mark_errors",
    "notable_cases",
    "paired_difference",
    "pooled",
    "precision_recall_curve",
    "roc_curve",
]
