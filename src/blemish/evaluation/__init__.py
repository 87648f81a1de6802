"""Evaluation: metrics, statistics, and the benchmark over methods, data sets and seeds."""

from blemish.evaluation.confusion import Confusion
from blemish.evaluation.figures import Evaluation, Figures, ImageResult
from blemish.evaluation.pixels import PixelFigures, PixelResult, best_f1_threshold
from blemish.evaluation.ranking import (
    auroc,
    average_precision,
    best_f1,
    fpr_at_tpr,
    precision_recall_curve,
    roc_curve,
)

__all__ = [
    "Confusion",
    "Evaluation",
    "Figures",
    "ImageResult",
    "PixelFigures",
    "PixelResult",
    "auroc",
    "average_precision",
    "best_f1",
    "best_f1_threshold",
    "fpr_at_tpr",
    "precision_recall_curve",
    "roc_curve",
]
