"""From images to a detector file. Needs the ``train`` extra."""

from blemish.training.automatic import train_auto
from blemish.training.growing import add_normal_images, merge_memory_banks
from blemish.training.train import train
from blemish.training.under_torch import TorchScorer, TorchTest, train_and_test, train_under_torch
from blemish.training.windows import train_series

__all__ = [
    "TorchScorer",
    "TorchTest",
    "add_normal_images",
    "merge_memory_banks",
    "train",
    "train_and_test",
    "train_auto",
    "train_series",
    "train_under_torch",
]
