"""What a decision rule makes of maps, domain by domain: the metrics of wild_cracks.py.

Masks are drawn in different styles, most of them wider than the crack. So each domain also says what its own label is
worth: the *ceiling* is the F1 of the label's centre line, widened to the label's median width, against the label.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.calibration import verdict
from blemish.datasets import Dataset
from blemish.detectors import Detector
from blemish.evaluation import ToleranceCounts, count_within
from blemish.evaluation.confusion import ratio
from blemish.evaluation.cracks import CENTRE_LINE_TOLERANCE_PX
from blemish.evaluation.tolerance import distance_to
from blemish.files import write_bytes
from blemish.measurement import find_regions
from blemish.measurement.skeleton.thin import thin

TOLERANCES_PX = (2.0, 5.0, CENTRE_LINE_TOLERANCE_PX)


@dataclass(frozen=True)
class Rule:
    """Where a crack begins, what it must reach somewhere, its least size, gaps in it, the score of a doubted image."""

    pixel: float
    peak: float
    min_area_px: int = 1
    gap_px: int = 0
    review: float = np.inf

    def outline(self, anomaly_map: NDArray[np.float32]) -> NDArray[np.bool_]:
        """What a detector with this rule outlines, bool (H, W)."""
        certain = anomaly_map >= np.float32(self.pixel)
        return find_regions(certain, anomaly_map, gap_px=self.gap_px, min_area_px=self.min_area_px, min_peak=self.peak)[
            1
        ]


@dataclass(frozen=True)
class Seen:
    """One image as a network saw it: its score, its map, and its mask, where it came with one."""

    name: str
    score: float
    map: NDArray[np.float32]
    cracked: bool
    truth: NDArray[np.bool_] | None


@dataclass
class Scores:
    """Counts of one domain."""

    counts: list[ToleranceCounts] = field(default_factory=lambda: [ToleranceCounts()] * 2)
    lines: ToleranceCounts = field(default_factory=ToleranceCounts)
    ceiling: ToleranceCounts = field(default_factory=ToleranceCounts)
    n_cracked: int = 0
    found: int = 0
    n_clean: int = 0
    outlined: int = 0
    flagged: int = 0

    @property
    def line_iou(self) -> float | None:
        """As `blemish.evaluation.cracks.CrackResult.centre_line_iou`."""
        lines = self.lines
        return ratio(lines.truth_near_px, lines.truth_px + lines.predicted_px - lines.predicted_near_px)

    def row(self) -> dict[str, float | None]:
        """The metrics by name."""
        return {
            "f1_2px": self.counts[0].f1,
            "f1_5px": self.counts[1].f1,
            "precision_2px": self.counts[0].precision,
            "recall_2px": self.counts[0].recall,
            "line_iou_4px": self.line_iou,
            "ceiling_f1_2px": self.ceiling.f1,
            "cracked_found": ratio(self.found, self.n_cracked),
            "clean_outlined": ratio(self.outlined, self.n_clean),
            "clean_flagged": ratio(self.flagged, self.n_clean),
        }


def see(detector: Detector, dataset: Dataset, file: Path) -> list[Seen]:
    """What a detector's network says about every image; kept in a file, so that rules can be tried without it."""
    if not file.is_file():
        seen = list(_see(detector, dataset))
        # As logits: half precision would round a probability of .9999 to one.
        arrays = {f"logit{number}": _logit(one.map).astype(np.float16) for number, one in enumerate(seen)}
        arrays |= {f"truth{number}": np.packbits(one.truth) for number, one in enumerate(seen) if one.truth is not None}
        facts = {
            "names": np.array([one.name for one in seen]),
            "scores": np.array([one.score for one in seen]),
            "cracked": np.array([one.cracked for one in seen]),
        }
        stream = io.BytesIO()
        np.savez_compressed(stream, **facts, **arrays)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(file, stream.getvalue())
    return list(read_seen(file))


def _see(detector: Detector, dataset: Dataset) -> Iterator[Seen]:
    for sample in dataset.samples:
        pixels = sample.read_image()
        score, anomaly_map = detector.score(pixels)
        assert anomaly_map is not None
        truth = sample.read_mask(*pixels.shape[:2]) if sample.masks else None
        cracked = bool(sample.defective) if truth is None else bool(truth.any())
        yield Seen(f"{sample.path.parent.name}/{sample.path.name}", score, anomaly_map, cracked, truth)


def read_seen(file: Path) -> Iterator[Seen]:
    with np.load(file) as arrays:
        for number, (name, score, cracked) in enumerate(
            zip(arrays["names"], arrays["scores"], arrays["cracked"], strict=True)
        ):
            anomaly_map = 1 / (1 + np.exp(-arrays[f"logit{number}"].astype(np.float32)))
            truth = None
            if f"truth{number}" in arrays:
                truth = np.unpackbits(arrays[f"truth{number}"], count=anomaly_map.size).astype(np.bool_)
                truth = truth.reshape(anomaly_map.shape)
            yield Seen(str(name), float(score), anomaly_map, bool(cracked), truth)


def _logit(probability: NDArray[np.float32]) -> NDArray[np.float32]:
    inside = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)), np.float32)


def score(seen: Iterable[Seen], rule: Rule, *, lines: bool = True) -> Scores:
    """Counts of one domain under a rule; ``lines`` also counts centre lines and the label's ceiling."""
    scores = Scores()
    for one in seen:
        outline = rule.outline(one.map)
        doubted = bool(outline.any()) or verdict(one.score, review=rule.review, reject=None) != "pass"
        if one.cracked:
            scores.n_cracked += 1
            scores.found += doubted
        else:
            scores.n_clean += 1
            scores.outlined += bool(outline.any())
            scores.flagged += doubted
        if one.truth is None:
            continue
        for number, counts in enumerate(count_within(outline, one.truth, TOLERANCES_PX[:2])):
            scores.counts[number] += counts
        if lines:
            true_line = thin(one.truth)
            scores.lines += count_within(thin(outline), true_line, TOLERANCES_PX[2:])[0]
            scores.ceiling += count_within(_redrawn(one.truth, true_line), one.truth, TOLERANCES_PX[:1])[0]
    return scores


def _redrawn(truth: NDArray[np.bool_], line: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The centre line of a label, widened to its median width."""
    if not line.any():
        return line
    radii = cv2.distanceTransform(truth.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[line]
    return np.asarray(distance_to(line) < np.median(radii))
