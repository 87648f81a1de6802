"""Decode each training image once, as long as the decoded images fit into memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

_CACHE_BYTES = 2 << 30

_T = TypeVar("_T")


def cached(
    read: Callable[[int], _T],
    nbytes: Callable[[_T], int],
    *,
    min_items: int = 1,
    max_bytes: int = _CACHE_BYTES,
) -> Callable[[int], _T]:
    """``read`` with a least-recently-used cache of about 2 GiB, counted by the size of each item.

    Args:
        read: gives the item at an index.
        nbytes: size of an item in memory.
        min_items: kept whatever their size.
        max_bytes: of all items beyond those.
    """
    kept: OrderedDict[int, tuple[_T, int]] = OrderedDict()
    total = 0

    def get(index: int) -> _T:
        nonlocal total
        if index in kept:
            kept.move_to_end(index)
            return kept[index][0]
        item = read(index)
        kept[index] = item, nbytes(item)
        total += kept[index][1]
        while total > max_bytes and len(kept) > min_items:
            total -= kept.popitem(last=False)[1][1]
        return item

    return get
