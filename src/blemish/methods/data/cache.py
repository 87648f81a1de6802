"""Decode each training image once, as long as the decoded images fit into memory."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

_CACHE_BYTES = 2 << 30

_T = TypeVar("_T")


def cached(read: Callable[[int], _T], item_bytes: int, *, min_items: int = 1) -> Callable[[int], _T]:
    """``read`` with a least-recently-used cache of about 2 GiB.

    Args:
        read: gives the item at an index.
        item_bytes: size of one item in memory.
        min_items: kept whatever their size.
    """
    return lru_cache(maxsize=max(min_items, _CACHE_BYTES // item_bytes))(read)
