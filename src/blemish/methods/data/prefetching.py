"""The next batch is read while the network learns from the last."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from torch.utils.data import DataLoader

_END = object()


class PrefetchingLoader(DataLoader[Any]):
    """A `DataLoader` that reads one batch ahead, in a thread: the same batches in the same order.

    Decoding and resizing release Python's lock, so that they run beside the network where there is a second core. A
    worker process would need its own cache of decoded images, and its counts of visits would not reach a checkpoint.
    """

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        batches = super().__iter__()
        with ThreadPoolExecutor(1, thread_name_prefix="prefetching") as reader:
            ahead = reader.submit(next, batches, _END)
            while (batch := ahead.result()) is not _END:
                ahead = reader.submit(next, batches, _END)
                yield batch
