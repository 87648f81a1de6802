"""Rooms whose names are imported when they are first used: who needs one module of a room waits for that one alone.

A room says where its names live twice, once for type checkers and once for this; a test holds the two together.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazily(room: str, homes: Mapping[str, Sequence[str]]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of a room.

    Args:
        room: its ``__name__``.
        homes: names by the module of the room that they live in. No name may be a module's.
    """
    home_of = {name: module for module, names in homes.items() for name in names}

    def get(name: str) -> Any:
        if name not in home_of:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        value = getattr(import_module(f"{room}.{home_of[name]}"), name)
        setattr(sys.modules[room], name, value)
        return value

    return get, lambda: sorted({*vars(sys.modules[room]), *home_of})
