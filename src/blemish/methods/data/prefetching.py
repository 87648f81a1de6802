"""The next batch is read while the network learns from the last."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from torch.utils.data import DataLoader


class PrefetchingLoader(DataLoader[Any]):
    """A `DataLoader` that reads one batch ahead, in a thread: the same batches in the same order.

    Decoding and resizing release Python's lock, so that they run beside the network where there is a second core. A
    worker process would need its own cache of decoded images, and its counts of visits would not reach a checkpoint.
    """

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        # Not asked for more than there is: at its end a sampler draws once more, and the next epoch's order with it.
        batches, left = super().__iter__(), len(self)
        with ThreadPoolExecutor(1, thread_name_prefix="prefetching") as reader:
            ahead = reader.submit(next, batches) if left else None
            while ahead is not None:
                batch, left = ahead.result(), left - 1
                ahead = reader.submit(next, batches) if left else None
                yield batch
