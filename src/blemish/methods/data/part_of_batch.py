"""Which examples of each batch fall to one of several devices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch.utils.data import Dataset


class PartOfBatch(Dataset[Any]):
    """The examples of one device: every ``devices``-th of each batch, so that all devices have as many.

    What a batch has too many, at the end of an epoch, no device gets. Examples that are drawn anew at every visit have
    a method ``count_visit(index)``, for those made elsewhere: order and augmentation are those of one device.

    Args:
        examples: of all devices.
        device: which of them this is, from 0.
        devices: number of devices.
    """

    def __init__(self, examples: Dataset[Any], device: int, devices: int) -> None:
        self.examples, self._device, self._devices = examples, device, devices

    def __len__(self) -> int:
        return len(self.examples)  # type: ignore[arg-type]

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """One batch of the loader; PyTorch calls it instead of ``__getitem__``."""
        shared = len(indices) // self._devices * self._devices
        count_visit = getattr(self.examples, "count_visit", None)
        mine = []
        for position, index in enumerate(indices):
            if position < shared and position % self._devices == self._device:
                mine.append(self.examples[index])
            elif count_visit is not None:
                count_visit(index)
        return mine
