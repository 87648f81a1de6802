"""What `blemish.evaluate` returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from blemish.detectors import Thresholds
from blemish.evaluation import Metrics
from blemish.inspection.portfolio import EvaluatedImage, Portfolio
from blemish.reports.pictures import show


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What `blemish.evaluate` returns.

    Attributes:
        metrics: over all images.
        thresholds: that verdicts and masks were made by.
        notes: what was chosen and what counts in no metric, a sentence each.
    """

    metrics: Metrics
    thresholds: Thresholds
    notes: tuple[str, ...]
    _portfolio: Portfolio = field(repr=False)

    @property
    def images(self) -> Sequence[EvaluatedImage]:
        """A row for each image, in order."""
        return self._portfolio.images

    def save(self, folder: Path | str) -> list[str]:
        """Write ``metrics.json``, ``images.csv`` and the plots that have a meaning.

        Returns:
            Names of the files written.

        Raises:
            MissingExtraError: Matplotlib is not installed.
            BlemishError: ``folder`` cannot be written to.
        """
        return self._portfolio.write(Path(folder), self.metrics, self.thresholds)

    def show(self) -> None:
        """Show the metrics in a notebook, or print them."""
        show(self, lambda: print(self))

    def __str__(self) -> str:
        return metrics_table(self.metrics)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in _rows(self.metrics))
        notes = "".join(f"<br><small>{escape(note)}</small>" for note in self.notes)
        return f"{self.metrics.n} images<table><tr><th></th><th>image</th><th>pixel</th></tr>{rows}</table>{notes}"


def metrics_table(metrics: Metrics) -> str:
    """Metrics of images and pixels side by side, a line each, in plain text."""
    lines = [f"{metrics.n} images", f"{'':<20}{'image':>8}{'pixel':>8}"]
    return "\n".join(lines + [f"{name:<20}{image:>8}{pixel:>8}" for name, image, pixel in _rows(metrics)])


def _rows(metrics: Metrics) -> list[tuple[str, str, str]]:
    record = metrics.to_record()
    names = dict.fromkeys([*record["image"], *record["pixel"]])
    return [(name, *(_told(record[kind].get(name)) for kind in ("image", "pixel"))) for name in names]


def _told(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
