"""How a verb tells its caller how far it is."""

from __future__ import annotations

from collections.abc import Callable

OnProgress = Callable[[int, int], None]
"""Called after each image with how many are done and how many there are."""

Say = Callable[[str], None]
"""Told what the caller should know, in sentences."""


def silent(*_: object) -> None:
    """Says nothing."""
