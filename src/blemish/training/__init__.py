"""The workshop: from images to a detector file. Needs the ``train`` extra."""

from blemish.training.automatic import train_auto
from blemish.training.growing import add_good_images, merge_memories
from blemish.training.train import train
from blemish.training.under_torch import TorchScorer, train_under_torch

__all__ = ["TorchScorer", "add_good_images", "merge_memories", "train", "train_auto", "train_under_torch"]
