"""What was found as a submission to Severstal's steel challenge: run lengths of each image and class in a csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from blemish.detectors import Detector, Inspection
from blemish.errors import SettingsError
from blemish.files import write_text

Dialect = Literal["apart", "joined"]
"""``apart``: ImageId,EncodedPixels,ClassId, a row for each class found; ``joined``: ImageId_ClassId,EncodedPixels, a
row for each image and class, empty where nothing is."""


class Submission:
    """Gathers answers image by image: `add`, then `write`.

    Args:
        detector: whose answers they are; its classes are the table's.
        dialect: which of the two tables.

    Raises:
        SettingsError: the detector outlines nothing, so that there is nothing to hand in.
    """

    def __init__(self, detector: Detector, dialect: Dialect = "apart") -> None:
        if not detector.spec.localises or not detector.spec.classes:
            raise SettingsError(
                f"A submission is made of the outlines of named classes, which {detector.spec.method} does not give; "
                "take a detector trained from masks."
            )
        self._classes = detector.spec.classes
        self._dialect = dialect
        self._rows: list[tuple[str, ...]] = []

    def runs_of(self, found: Inspection) -> tuple[str, ...]:
        """The run lengths of each class in one answer; empty where nothing is, or there is no answer."""
        from blemish.datasets.run_lengths import encode_run_lengths  # here, since few runs make a submission

        layers = found.class_masks
        if layers is None and found.mask is not None:
            layers = found.mask[None]
        return ("",) * len(self._classes) if layers is None else tuple(map(encode_run_lengths, layers))

    def add(self, name: str, runs: Sequence[str]) -> None:
        """Add one image file by its name; one that could not be inspected is handed in as free of defects."""
        for label, run in zip(self._classes, runs, strict=True):
            if self._dialect == "joined":
                self._rows.append((f"{name}_{label}", run))
            elif run:
                self._rows.append((name, run, label))

    def write(self, path: Path) -> None:
        """Write the table.

        Raises:
            BlemishError: it cannot be written.
        """
        joined = self._dialect == "joined"
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(("ImageId_ClassId", "EncodedPixels") if joined else ("ImageId", "EncodedPixels", "ClassId"))
        table.writerows(self._rows)
        write_text(path, text.getvalue())
