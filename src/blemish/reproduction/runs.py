"""One run, as a system sees it: trains detectors, hands out test images, and keeps account of both.

The account is a file in the run's folder, written at once, so that it also tells of attempts that were interrupted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import blemish
from blemish.datasets import Dataset
from blemish.detectors import Detector
from blemish.errors import WeightsNotFoundError
from blemish.files import write_text
from blemish.inspection import choose_split
from blemish.training.train import train


@dataclass(slots=True)
class Account:
    """What a run has cost and seen, over all attempts.

    Args:
        file: where it is kept.
    """

    file: Path

    def read(self) -> tuple[float, int]:
        """Processor minutes, and how often test images were handed out."""
        if not self.file.is_file():
            return 0.0, 0
        kept = json.loads(self.file.read_text(encoding="utf-8"))
        return float(kept["cpu_min"]), int(kept["test_opened"])

    def add(self, *, cpu_min: float = 0.0, test_opened: int = 0) -> None:
        """Add to both."""
        before_min, before = self.read()
        kept = {"cpu_min": before_min + cpu_min, "test_opened": before + test_opened}
        write_text(self.file, json.dumps(kept))

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Add the processor time of the block, also where it ends with an error or is stopped."""
        started_s = time.process_time()
        try:
            yield
        finally:
            self.add(cpu_min=(time.process_time() - started_s) / 60)


@dataclass(frozen=True, slots=True)
class Run:
    """One variant with one seed.

    Attributes:
        variant: its name.
        settings: of the variant, as the system gave them.
        seed: decides everything random, splits included.
        profile: ``quick`` or ``paper``.
        folder: for the files of this run.
        account: of cost and test images.
        say: called with sentences for a person.
        remarks: what a reader must know of this run; `train` adds to it, and so may a system.
    """

    variant: str
    settings: Mapping[str, Any]
    seed: int
    profile: str
    folder: Path
    account: Account
    say: Callable[[str], None]
    remarks: list[str] = field(default_factory=list)

    def train(
        self,
        method: str,
        dataset: Dataset,
        *,
        settings: Mapping[str, Any] | None = None,
        recipe: str | None = None,
        name: str = "detector",
    ) -> Detector:
        """A detector trained on the training split; one that an earlier attempt has finished is loaded.

        Where its backbone's pretrained weights cannot be had here, it starts from nothing, and a remark says so.

        Args:
            method: a registered method or a recipe.
            dataset: only its training split is used.
            settings: in place of the variant's.
            recipe: another than the method's own.
            name: of the file, where a run trains several.

        Raises:
            BlemishError: as `blemish.train`.
        """
        target = self.folder / f"{name}.blemish"
        wanted = dict(self.settings if settings is None else settings)
        if target.is_file():
            self.say(f"{target} is trained already.")
            return blemish.load(target)

        def fit(settings: Mapping[str, Any]) -> Detector:
            return train(
                method,
                dataset,
                target,
                settings=settings,
                recipe=None if recipe is None else Path(recipe),
                profile=self.profile,
                seed=self.seed,
                say=self.say,
            )

        try:
            return fit(wanted)
        except WeightsNotFoundError as error:
            self.remarks.append(f"{error} It was trained from nothing instead (pretrained=false).")
            self.say(self.remarks[-1])
            return fit({**wanted, "pretrained": False})

    def test(self, dataset: Dataset) -> Dataset:
        """The images of the test split; counted as opened."""
        self.account.add(test_opened=1)
        return choose_split(dataset, "test")
