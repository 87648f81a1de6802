"""Batches read ahead are the same batches, one is read ahead and no more, and errors arrive."""

from __future__ import annotations

import threading
from itertools import islice

import pytest

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader, Dataset  # noqa: E402

from blemish.methods.data.prefetching import PrefetchingLoader  # noqa: E402

pytestmark = pytest.mark.train


class Counted(Dataset):
    """Item i is i; remembers what was read, and lets a test wait for it."""

    def __init__(self, count: int, broken: int = -1) -> None:
        self.count, self.broken = count, broken
        self.read: list[int] = []
        self.done = [threading.Event() for _ in range(count)]

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        if index == self.broken:
            raise ValueError(f"item {index} is broken")
        self.read.append(index)
        self.done[index].set()
        return index


def test_the_batches_and_their_order_are_the_same_in_every_epoch():
    loaders = [
        kind(Counted(10), batch_size=4, shuffle=True, generator=torch.Generator().manual_seed(3))
        for kind in (DataLoader, PrefetchingLoader)
    ]
    # As a trainer does, which knows how many there are: an order asked for more draws the next one.
    plain, ahead = ([[batch.tolist() for batch in islice(loader, len(loader))] for _ in range(3)] for loader in loaders)
    assert plain == ahead
    assert plain[0] != plain[1]


def test_one_batch_is_read_while_the_last_is_used_and_no_more():
    items = Counted(8)
    batches = iter(PrefetchingLoader(items, batch_size=2))
    next(batches)
    assert items.done[3].wait(10)
    assert not items.done[4].wait(0.05)
    assert next(batches).tolist() == [2, 3]
    assert items.done[5].wait(10)
    del batches
    assert items.read == [0, 1, 2, 3, 4, 5]


def test_an_image_that_cannot_be_read_ends_the_epoch_with_its_error():
    batches = iter(PrefetchingLoader(Counted(8, broken=4), batch_size=2))
    assert [next(batches).tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(ValueError, match="item 4 is broken"):
        next(batches)
