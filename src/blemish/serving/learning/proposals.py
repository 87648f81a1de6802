"""The open findings that are most worth a decision: uncertain ones, and among these ones that differ.

Uncertain is a score near a threshold of its detector. Nearness is counted in ranks among all scores of that version, so
that it means the same for every detector; a p-value near the level that a threshold guarantees is the same nearness.
Of the most uncertain ones those are taken, one after another, that look least like those taken before (farthest first,
Gonzalez 1985), by thumbnail and anomaly map.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.serving.registry import Answering
from blemish.serving.store import Blobs
from blemish.serving.store.tables import FindingRow

# So many of the most uncertain for each one that is asked for: more of them differ more, and are less uncertain.
_POOL = 5
_THUMB_PX, _MAP_PX = 12, 8


@dataclass(frozen=True, slots=True)
class Proposal:
    """A finding to decide about.

    Attributes:
        row: the finding.
        rank_distance: fraction of all scores that lie between its score and the nearest threshold; None where the
            detector has no threshold.
    """

    row: FindingRow
    rank_distance: float | None


def propose(session: Session, pictures: Blobs, answering: Answering, limit: int) -> list[Proposal]:
    """Open findings of the version of a detector that answers, in the order in which to decide about them.

    Args:
        session: of the database.
        pictures: thumbnails and anomaly maps.
        answering: the detector.
        limit: so many at most.
    """
    of_version = (
        FindingRow.detector == answering.name,
        FindingRow.detector_sha == answering.sha,
        FindingRow.known_id.is_(None),
    )
    scores = sorted(session.scalars(select(FindingRow.score).where(*of_version)))
    undecided = select(FindingRow.id, FindingRow.score).where(*of_version, FindingRow.state == "open")
    thresholds = answering.detector.spec.thresholds
    limits = [value for value in (thresholds.review, thresholds.reject) if value is not None]
    distances = [
        (_rank_distance(score, limits, scores), finding_id)
        for finding_id, score in session.execute(undecided.order_by(FindingRow.id.desc()))
    ]
    if limits:
        distances.sort(key=lambda pair: pair[0])
    pool = distances[: _POOL * limit]
    rows = {
        row.id: row for row in session.scalars(select(FindingRow).where(FindingRow.id.in_([one for _, one in pool])))
    }
    candidates = [Proposal(rows[one], distance if limits else None) for distance, one in pool]
    if not candidates:
        return []
    features = np.stack([_features(proposal.row, pictures) for proposal in candidates])
    return [candidates[index] for index in farthest_first(features, limit)]


def farthest_first(features: NDArray[np.float32], count: int) -> list[int]:
    """Indices of rows, (N, d), the first row first, then each time the one farthest from those before.

    >>> farthest_first(np.array([[0.0], [0.1], [5.0], [2.0]], np.float32), 3)
    [0, 2, 3]
    """
    chosen = [0]
    nearest = np.linalg.norm(features - features[0], axis=1)
    while len(chosen) < min(count, len(features)):
        nearest[chosen] = -1.0  # of equal ones none is taken twice
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(features - features[chosen[-1]], axis=1))
    return chosen


def _rank_distance(score: float, limits: Sequence[float], scores: Sequence[float]) -> float:
    if not limits:
        return 0.0
    rank = bisect_left(scores, score)
    return min(abs(rank - bisect_left(scores, limit)) for limit in limits) / len(scores)


def _features(row: FindingRow, pictures: Blobs) -> NDArray[np.float32]:
    """What an image looks like, and where it is suspicious: both of unit length, so that they count the same."""
    look = _small(pictures, row.thumb_sha, cv2.IMREAD_COLOR, _THUMB_PX)
    suspicious = _small(pictures, row.map_sha, cv2.IMREAD_GRAYSCALE, _MAP_PX)
    return np.concatenate([look, suspicious])


def _small(pictures: Blobs, sha: str | None, how: int, side_px: int) -> NDArray[np.float32]:
    channels = 3 if how == cv2.IMREAD_COLOR else 1
    nothing = np.zeros(channels * side_px**2, np.float32)
    if sha is None or not (file := pictures.path(sha)).is_file():
        return nothing
    picture = cv2.imdecode(np.frombuffer(file.read_bytes(), np.uint8), how)
    if picture is None:
        return nothing
    small = cv2.resize(picture, (side_px, side_px), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-6), np.float32)
