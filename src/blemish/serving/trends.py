"""One place at several dates: what became of each crack, and how wide and long it was when."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from blemish.errors import DataError
from blemish.findings import Finding, FindingChange, compare_findings
from blemish.serving.answers import when
from blemish.serving.service import Service
from blemish.serving.store.findings import get_finding, held
from blemish.serving.store.tables import FindingRow

_MAX_DATES = 12
_MAX_KEPT = 500
# Aligning two images takes a second of a core.
_ALIGNING = threading.BoundedSemaphore(2)

Key = tuple[str, int, str, int]


class Change(BaseModel):
    """What became of a crack between two dates; numbers and unit as in `blemish.measurement.CrackChange`."""

    status: Literal["grown", "new", "smaller", "repaired", "static", "out of view"]
    earlier: list[int]
    later: list[int]
    unit: Literal["mm", "px"]
    length: float
    length_growth: float | None
    length_uncertainty: float | None = Field(description="what the growth must exceed")
    width_growth: float | None
    largest_width_growth: float | None
    width_uncertainty: float | None = Field(description="what the growth must exceed")
    doubt: str | None = Field(None, description="why a crack that one date alone outlines is called static")


class PlaceDate(BaseModel):
    """A finding of the same place at an earlier date, beside the one that was asked for."""

    id: str
    image: str
    taken: datetime = Field(description="as the camera says; else when it was inspected")
    status: str | None = Field(description="what asks for attention first; null where nothing does")
    counts: dict[str, int] = Field(description="cracks by status")
    changes: list[Change]
    problem: str | None = Field(description="why the two cannot be compared; null where they were")


class TrackPoint(BaseModel):
    """A crack at one date, as large as it differs from the latest one."""

    id: str
    taken: datetime
    width: float = Field(description="the largest")
    width_uncertainty: float
    length: float
    length_uncertainty: float


class Track(BaseModel):
    """A crack of the latest image over time."""

    crack: int
    unit: Literal["mm", "px"]
    points: list[TrackPoint]


class Trend(BaseModel):
    """A finding beside those of the same place at earlier dates."""

    place: str | None
    taken: datetime
    dates: list[PlaceDate]
    tracks: list[Track]


class Comparisons:
    """Comparisons of two findings as they stand, kept while they are asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, FindingChange | str] = OrderedDict()

    def of(self, service: Service, earlier: FindingRow, later: FindingRow) -> FindingChange | str:
        """What changed, or in a sentence why that cannot be told."""
        key = (earlier.id, earlier.version, later.id, later.version)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        with _ALIGNING:
            compared = _compare(service, earlier, later)
        with self._lock:
            self._kept[key] = compared
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        return compared


_COMPARISONS = Comparisons()


def trend_of(service: Service, finding_id: str) -> Trend:
    """A finding beside those of the same place at earlier dates.

    Raises:
        RefusalError: there is no such finding.
    """
    with service.database.transaction() as session:
        row = get_finding(session, finding_id)
        earlier = _earlier(session, row)
    dates: list[PlaceDate] = []
    compared: list[tuple[FindingRow, FindingChange]] = []
    for other in earlier:
        found = _COMPARISONS.of(service, other, row)
        dates.append(_dated(other, found))
        if isinstance(found, FindingChange):
            compared.append((other, found))
    return Trend(place=row.place, taken=_taken(row), dates=dates, tracks=_tracks(row, compared))


def _dated(row: FindingRow, found: FindingChange | str) -> PlaceDate:
    told = None if isinstance(found, str) else found
    return PlaceDate(
        id=row.id,
        image=row.image,
        taken=_taken(row),
        status=told and told.status,
        counts={} if told is None else {str(status): count for status, count in told.counts.items()},
        changes=[] if told is None else [Change(**change.to_record()) for change in told.changes],
        problem=found if isinstance(found, str) else None,
    )


def _earlier(session: Session, row: FindingRow) -> list[FindingRow]:
    """Findings of the same place at earlier dates, the earliest first: of one name where no place was given."""
    query = select(FindingRow).where(FindingRow.id != row.id, FindingRow.known_id.is_(None))
    if row.known_id is not None:
        query = query.where(FindingRow.id != row.known_id)
    if row.place is not None:
        query = query.where(FindingRow.place == row.place)
    else:
        query = query.where(FindingRow.image == row.image, FindingRow.place.is_(None))
    others = session.scalars(query.order_by(FindingRow.id.desc()).limit(10 * _MAX_DATES))
    now = (_taken(row), row.id)
    dated = sorted((_taken(other), other.id, other) for other in others if (_taken(other), other.id) < now)
    return [other for _, _, other in dated[-_MAX_DATES:]]


def _taken(row: FindingRow) -> datetime:
    """When the image was taken, as its camera says; else when it was inspected."""
    capture = held(row).capture
    if capture is not None and capture.taken is not None:
        try:
            return datetime.fromisoformat(capture.taken).replace(tzinfo=UTC)
        except ValueError:
            pass
    return when(row.created_ms)


def _compare(service: Service, earlier: FindingRow, later: FindingRow) -> FindingChange | str:
    try:
        return compare_findings(held(earlier), held(later), _view(service, earlier), _view(service, later))
    except DataError as error:
        return str(error)


def _view(service: Service, row: FindingRow) -> NDArray[np.uint8]:
    view = cv2.imdecode(np.frombuffer(service.pictures.read(str(row.view_sha)), np.uint8), cv2.IMREAD_GRAYSCALE)
    assert view is not None
    return np.asarray(view, np.uint8)


def _tracks(row: FindingRow, compared: Sequence[tuple[FindingRow, FindingChange]]) -> list[Track]:
    """Each crack of the latest image with its length and largest width at every date that shows it."""
    found: Finding = held(row)
    tracks = []
    for crack in found.cracks or ():
        size = crack.mm
        width, length = (crack.max_width_px, crack.length_px) if size is None else (size.max_width, size.length)
        doubt = crack.width_uncertainty_px if size is None else size.width_uncertainty
        per_px = 1.0 if size is None else length / crack.length_px
        points = []
        for other, change in compared:
            same = next((one for one in change.changes if crack.number in one.later), None)
            if same is None or same.length_growth is None or same.largest_width_growth is None:
                continue
            points.append(
                TrackPoint(
                    id=other.id,
                    taken=_taken(other),
                    width=max(0.0, width - same.largest_width_growth),
                    width_uncertainty=same.width_uncertainty or 0.0,
                    length=max(0.0, same.length - same.length_growth),
                    length_uncertainty=same.length_uncertainty or 0.0,
                )
            )
        now = TrackPoint(
            id=row.id,
            taken=_taken(row),
            width=width,
            width_uncertainty=doubt,
            length=length,
            length_uncertainty=crack.length_uncertainty_px * per_px,
        )
        tracks.append(Track(crack=crack.number, unit="px" if size is None else "mm", points=[*points, now]))
    return tracks
