"""The workshop: from photos to a detector file. Needs the ``train`` extra."""

from blemish.training.pipeline import train

__all__ = ["train"]
