"""An evaluation to look at: the answer for each image, curves, distributions, best and worst cases."""

from __future__ import annotations

import csv
import heapq
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Sample
from blemish.detectors import Inspection, Thresholds
from blemish.evaluation import Metrics
from blemish.files import write_text
from blemish.findings import Verdict
from blemish.reports.image_tables import Case, Triple, draw_cases, draw_triples
from blemish.reports.plots import (
    draw_boxes,
    draw_class_confusion,
    draw_confusion,
    draw_histograms,
    draw_precision_recall,
    draw_roc,
)
from blemish.text import encodable

_CASES = 5
# Of each kind, since reconstructions take a row each.
_TRIPLES = 2
# Larger than they are drawn, and small enough to keep twenty of them.
_CASE_PX = 400
# By the ranking: which of them were in fact missed depends on the threshold.
_WORST_MISS, _WORST_ALARM = "defective, lowest", "normal, highest"
_BEST_FIND, _BEST_PASS = "defective, highest", "normal, lowest"


@dataclass(order=True, slots=True)
class _Kept:
    """A case with what it is kept by; of equal ones the earlier image stays."""

    telling: float
    number: int
    case: Case = field(compare=False)
    triple: Triple | None = field(compare=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A labelled image with what the detector said about it.

    Attributes:
        sample: the image and what is known about it.
        pixels: the image, uint8 RGB (H, W, 3).
        found: the detector's answer.
        truth: bool (H, W), True where defective; None where the extent is not known.
        ignored: bool (H, W), pixels that count in no metric; None where all count.
        defective: whether the image is, by `blemish.datasets.is_defective`; None where nothing tells.
        reconstruct: the image as the detector sees it, and what a generative method makes of it; None where it makes
            nothing. Called only for images that are shown.
    """

    sample: Sample
    pixels: NDArray[np.uint8]
    found: Inspection
    truth: NDArray[np.bool_] | None
    ignored: NDArray[np.bool_] | None
    defective: bool | None
    reconstruct: Callable[[], tuple[NDArray[np.uint8], NDArray[np.uint8]] | None] = lambda: None


@dataclass(frozen=True, slots=True)
class EvaluatedImage:
    """One row of ``images.csv``.

    Attributes:
        path: the image.
        label: its class, by the data set.
        defective: whether it is; None where nothing tells.
        score: raw image score.
        p_value: of the score; None without calibration.
        verdict: None without thresholds.
        found: its class, by the detector; None where that names none.
    """

    path: str
    label: str
    defective: bool | None
    score: float
    p_value: float | None
    verdict: Verdict | None
    found: str | None


class Portfolio:
    """Gathers answers image by image, in bounded memory: of the images themselves only the most telling are kept.

    Attributes:
        images: a row for each.
    """

    def __init__(self) -> None:
        self.images: list[EvaluatedImage] = []
        self._by_label: dict[tuple[bool, str], list[float]] = {}
        self._kept: dict[str, list[_Kept]] = {_WORST_MISS: [], _WORST_ALARM: [], _BEST_FIND: [], _BEST_PASS: []}

    def add(self, answer: Answer) -> None:
        """Take one answer."""
        sample, found = answer.sample, answer.found
        score = float(found.score or 0.0)
        defective = answer.defective
        self.images.append(
            EvaluatedImage(
                path=encodable(str(sample.path)),
                label=sample.label,
                defective=defective,
                score=score,
                p_value=found.p_value,
                verdict=found.verdict,
                found=found.label,
            )
        )
        if defective is None:
            return
        # A layout of images and masks has one label for all images: there the truth tells them apart.
        label = sample.label if sample.defective is not None else ("defective" if defective else "normal")
        self._by_label.setdefault((defective, label), []).append(score)
        lowest, highest = (_WORST_MISS, _BEST_FIND) if defective else (_BEST_PASS, _WORST_ALARM)
        self._keep(lowest, -score, answer)
        self._keep(highest, score, answer)

    def write(self, folder: Path, metrics: Metrics, thresholds: Thresholds) -> list[str]:
        """Write ``metrics.json``, ``images.csv`` and the plots that have a meaning.

        Args:
            folder: where they go; pictures of an earlier evaluation that have no meaning now are removed.
            metrics: of the same evaluation.
            thresholds: drawn into the distributions.

        Returns:
            Names of the files written.

        Raises:
            MissingExtraError: Matplotlib is not installed.
            BlemishError: ``folder`` cannot be written to.
        """
        folder = Path(folder)
        record = json.dumps(metrics.to_record(), indent=1, allow_nan=False)
        write_text(folder / "metrics.json", record + "\n")
        write_text(folder / "images.csv", self._csv())
        written = ["metrics.json", "images.csv"]
        for name, draw in self._plots(metrics, thresholds).items():
            if draw is None:
                (folder / name).unlink(missing_ok=True)
            else:
                draw(folder / name)
                written.append(name)
        return written

    def _plots(self, metrics: Metrics, thresholds: Thresholds) -> dict[str, Callable[[Path], None] | None]:
        image = metrics.image
        limits = {name: getattr(thresholds, name) for name in ("review", "reject")}
        set_limits = {name: value for name, value in limits.items() if value is not None}
        both = bool(image.defective.any() and not image.defective.all())
        # Normal classes first: they take the quiet colour.
        classes = {label: scores for (_, label), scores in sorted(self._by_label.items())}
        kept = {kind: sorted(ones, reverse=True) for kind, ones in self._kept.items()}
        cases = {kind: [one.case for one in ones] for kind, ones in kept.items()}
        triples = [one.triple for ones in kept.values() for one in ones[:_TRIPLES] if one.triple is not None]
        confusion, by_class = image.confusion, metrics.class_confusion
        return {
            "roc.png": (lambda to: draw_roc(to, image.scores, image.defective)) if both else None,
            "precision-recall.png": (lambda to: draw_precision_recall(to, image.scores, image.defective))
            if both
            else None,
            "histograms.png": (lambda to: draw_histograms(to, classes, thresholds=set_limits)) if classes else None,
            "boxes.png": (lambda to: draw_boxes(to, classes)) if classes else None,
            "confusion.png": (lambda to: draw_confusion(to, confusion)) if confusion is not None else None,
            "class-confusion.png": (lambda to: draw_class_confusion(to, by_class)) if by_class is not None else None,
            "cases.png": (lambda to: draw_cases(to, cases, title="Best and worst")) if classes else None,
            "reconstructions.png": (lambda to: draw_triples(to, triples, title="Reconstructions")) if triples else None,
        }

    def _keep(self, kind: str, telling: float, answer: Answer) -> None:
        kept = self._kept[kind]
        if len(kept) == _CASES and telling <= kept[0].telling:
            return
        found = answer.found
        case = Case(
            image=_small(answer.pixels),
            anomaly_map=None if found.anomaly_map is None else _small(found.anomaly_map),
            truth=None if answer.truth is None else _small(answer.truth.astype(np.float32)) > 0,
            caption=f"{answer.sample.path.name[-24:]}\n{found.score:.4g}",
        )
        entry = _Kept(telling, -len(self.images), case, _triple(answer, kind))
        (heapq.heappushpop if len(kept) == _CASES else heapq.heappush)(kept, entry)

    def _csv(self) -> str:
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(column.name for column in fields(EvaluatedImage))
        for image in self.images:
            defective = "" if image.defective is None else int(image.defective)
            # By repr a number reads back as it was.
            numbers = ["" if value is None else repr(value) for value in (image.score, image.p_value)]
            table.writerow([image.path, image.label, defective, *numbers, image.verdict or "", image.found or ""])
        return text.getvalue()


def _triple(answer: Answer, kind: str) -> Triple | None:
    """The image as the detector sees it, its reconstruction and their difference; None where it reconstructs none."""
    both = answer.reconstruct()
    if both is None:
        return None
    seen, made = both
    difference = np.abs(seen.astype(np.float32) - made.astype(np.float32)).mean(axis=2) / 255
    return Triple(seen, made, difference, caption=f"{kind}\n{answer.sample.path.name[-18:]}\n{answer.found.score:.4g}")


def _small(picture: NDArray[Any]) -> NDArray[Any]:
    """At most `_CASE_PX` on its longer side, and never a view that would keep the whole image."""
    scale = _CASE_PX / max(picture.shape[:2])
    if scale >= 1.0:
        return picture.copy()
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    return np.asarray(cv2.resize(np.ascontiguousarray(picture), size, interpolation=cv2.INTER_AREA))
