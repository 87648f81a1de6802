"""What a published system declares, so that `blemish.reproduction.reproduce` can repeat it.

A system is one module of ``systems/`` with one subclass of `System`, listed in ``systems/__init__.py``. It says

1. ``read``: which data it needs. It gets all folders of ``--data``, in order, and returns data sets under names of its
   own; what is missing in a folder of another layout it says in a `DataError`.
2. ``variants``: what it runs. Each variant (a row of a table, or several) is run with every seed. The settings that
   belong to it are its identity: a finished run with other settings is refused, not mixed in.
3. ``measure``: one variant with one seed. `Run.train` gives a detector, `Run.test` the test images, and whatever plain
   JSON it returns is kept: it is never computed again. Files (detectors, arrays) go to ``run.folder``.
4. ``tables`` and ``pictures``: made of the finished runs alone, as often as needed. They may look at files in the
   folders of the runs, and at images, but never measure.

Everything else is done once for all systems: seeds, resuming, cost, how often the test images were opened, failed runs,
means and deviations, the page, the CSV files.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from blemish.datasets import Dataset
from blemish.reproduction.records import Results
from blemish.reproduction.runs import Run
from blemish.reproduction.tables import Table


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG file for the page.

    Attributes:
        file: written by the system.
        caption: a sentence below it.
    """

    file: Path
    caption: str


class System(ABC):
    """One published system.

    Attributes:
        name: as given to ``blemish reproduce``: author and year, or what it is.
        title: of the paper or project.
        source: where it was published.
        idea: what it does, in a few sentences.
        needs: what ``--data`` must be, in a sentence.
        differs: what differs from the source and why, a sentence each.
        seeds: run when none are given.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    source: ClassVar[str]
    idea: ClassVar[str]
    needs: ClassVar[str]
    differs: ClassVar[tuple[str, ...]]
    seeds: ClassVar[tuple[int, ...]] = (0, 1, 2)

    @abstractmethod
    def read(self, folders: Sequence[Path]) -> Mapping[str, Dataset]:
        """The data sets, by names of the system's own.

        Raises:
            DataError: a folder of another layout; the message says what is missing.
        """

    @abstractmethod
    def variants(self, profile: str, data: Mapping[str, Dataset]) -> Mapping[str, Mapping[str, Any]]:
        """What is run, in the order of the tables: settings (plain JSON) by variant."""

    def on_request(self, profile: str, data: Mapping[str, Dataset]) -> Mapping[str, Mapping[str, Any]]:
        """Variants that are run only where they are named: a grid of settings, for one."""
        return {}

    @abstractmethod
    def measure(self, run: Run, data: Mapping[str, Dataset]) -> Mapping[str, Any]:
        """Train and measure one variant with one seed; plain JSON.

        Raises:
            BlemishError: it cannot be run; the other runs go on.
        """

    @abstractmethod
    def tables(self, results: Results) -> Sequence[Table]:
        """The source's tables, of the runs that are finished."""

    @abstractmethod
    def pictures(self, results: Results, data: Mapping[str, Dataset], folder: Path) -> Sequence[Picture]:
        """The source's pictures, written into ``folder``."""
