"""Masks that people corrected: checked against their image from the header, decoded, measured, and kept."""

from __future__ import annotations

import base64
import binascii
from io import BytesIO

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.errors import BlemishError
from blemish.findings import Finding
from blemish.images.opening import open_header
from blemish.serving.answers import ReviewRequest
from blemish.serving.refusals import RefusalError
from blemish.serving.remeasuring import remeasure
from blemish.serving.service import Service
from blemish.serving.store.findings import Corrected, get_finding

_PNG = b"\x89PNG\r\n\x1a\n"


def keep_correction(service: Service, review: ReviewRequest) -> Corrected | None:
    """Measure and keep the mask that a review brings.

    Returns:
        What it makes of the finding; None where the decision is another than ``correct``.

    Raises:
        RefusalError: no mask with ``correct``, a mask or scale without it, no such finding, or a mask that does not
            fit.
        SettingsError: a scale that cannot be right.
    """
    is_correction = review.decision == "correct"
    if is_correction != (review.mask is not None) or (review.scale is not None and not is_correction):
        raise RefusalError(422, 'A "mask" comes with the decision "correct", and with no other; so does a "scale".')
    if review.mask is None:
        return None
    with service.database.transaction() as session:
        row = get_finding(session, review.finding_id)
    finding = Finding.model_validate_json(row.record)
    try:
        data = base64.b64decode(review.mask, validate=True)
    except (binascii.Error, ValueError):
        raise RefusalError(422, 'The "mask" is a PNG in base64.') from None
    assert finding.size_px is not None  # every stored finding has one
    return remeasure(service, row, _decoded(data, finding.size_px), review.scale)


def _decoded(data: bytes, size_px: tuple[int, int]) -> NDArray[np.bool_]:
    """A mask, bool (H, W), from a PNG of exactly that (width, height)."""
    width_px, height_px = size_px
    try:
        stated_px = open_header(BytesIO(data), "mask").size_px if data.startswith(_PNG) else None
    except BlemishError:
        stated_px = None
    if stated_px is None:
        raise RefusalError(422, 'The "mask" is a PNG in base64, and this is none.')
    if stated_px != (height_px, width_px):
        raise RefusalError(
            422, f"The mask has {stated_px[1]} x {stated_px[0]} pixels, and its image {width_px} x {height_px}."
        )
    levels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)
    if levels is None or levels.shape != (height_px, width_px):
        raise RefusalError(422, 'The "mask" is a damaged PNG.')
    return np.asarray(levels > 127)
