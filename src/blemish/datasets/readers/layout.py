"""What a reader is: a name, a test of whether a path is laid out that way, and a function that reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from blemish.datasets.readers.folders import NormalNames
from blemish.datasets.sample import Sample


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader found.

    Attributes:
        layout: the layout in words for a person.
        samples: in any order.
        classes: names of the defect classes, in the order of class maps.
        notes: a sentence each.
    """

    layout: str
    samples: list[Sample]
    classes: tuple[str, ...]
    notes: list[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to lay out a data set on disk.

    Attributes:
        name: what ``--layout`` calls it.
        description: how it looks, shortly, for messages.
        recognise: whether a path (folder, table or JSON file) is laid out this way.
        read: reads it; raises DataError for what cannot be right.
    """

    name: str
    description: str
    recognise: Callable[[Path], bool]
    read: Callable[[Path, NormalNames], Found]
