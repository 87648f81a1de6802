"""The workshop: from photos to a detector file. Needs the ``train`` extra."""

from blemish.training.pipeline import train
from blemish.training.under_torch import TorchScorer, train_under_torch

__all__ = ["TorchScorer", "train", "train_under_torch"]
