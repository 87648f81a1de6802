"""The image with what was found drawn on it.

The colour scale is fixed by the detector's thresholds and never by the image itself: the same colour means the same
anomaly in every overlay, and a normal image stays plain.
"""

from __future__ import annotations

from collections.abc import Sequence, Sized
from functools import cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from blemish.findings import Verdict

# RGB. The verdict's own colour appears in the banner only, the outline's only around regions.
_VERDICT_RGB = {
    "pass": (34, 130, 60),
    "review": (196, 120, 0),
    "reject": (190, 30, 45),
    "unknown surface": (20, 95, 135),
    "unusable": (104, 60, 140),
    None: (70, 70, 70),
}
_OUTLINE_RGB = (0, 229, 255)
_STRONGEST_TINT = 0.4
_STRIP_PX = 128


class Finding(Protocol):
    """What is drawn: an ``Inspection``, or anything with these attributes."""

    @property
    def score(self) -> float | None:
        """Raw image score."""
        ...

    @property
    def p_value(self) -> float | None:
        """Fraction of held-out normal images that score as high."""
        ...

    @property
    def verdict(self) -> Verdict | None:
        """None without thresholds."""
        ...

    @property
    def regions(self) -> Sized:
        """What was outlined."""
        ...

    @property
    def anomaly_map(self) -> NDArray[np.float32] | None:
        """float32 (H, W), higher is worse."""
        ...

    @property
    def mask(self) -> NDArray[np.bool_] | None:
        """bool (H, W), True where defective."""
        ...


def draw_overlay(
    image: NDArray[np.uint8], finding: Finding, *, map_range: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Tint by the anomaly map, outline the regions, and write the verdict into the corner.

    Args:
        image: uint8 RGB (H, W, 3).
        finding: the inspection of that image; maps, where there are any, have the image's size.
        map_range: map value up to which there is no tint, and from which on it is strongest; see `map_range_of`.
            None: no tint.

    Returns:
        uint8 RGB (H, W, 3), a new array.
    """
    canvas = image.copy()
    if finding.anomaly_map is not None and map_range is not None:
        _tint(canvas, finding.anomaly_map, map_range)
    if finding.mask is not None:
        outline(canvas, finding.mask)
    _banner(canvas, finding)
    return canvas


def map_range_of(threshold: float | None) -> tuple[float, float] | None:
    """The fixed colour scale that goes with a threshold: from half of it (plain) to twice it (strongest).

    >>> map_range_of(0.5)
    (0.25, 1.0)
    """
    if threshold is None:
        return None
    # For log scores, which may be negative or nought, "half" and "twice" are taken in steps of the threshold's size.
    step = abs(threshold) or 1.0
    return threshold - step / 2, threshold + step


def small_map(anomaly_map: NDArray[np.float32], map_range: tuple[float, float], side_px: int) -> NDArray[np.uint8]:
    """The anomaly map as a small grey picture, by the fixed colour scale: black is plain, white is strongest.

    Args:
        anomaly_map: float32 (H, W).
        map_range: see `draw_overlay`.
        side_px: the longer side at most.

    Returns:
        uint8 (h, w).
    """
    low, high = map_range
    shrink = min(1.0, side_px / max(anomaly_map.shape))
    size = (max(1, round(anomaly_map.shape[1] * shrink)), max(1, round(anomaly_map.shape[0] * shrink)))
    small = np.asarray(cv2.resize(anomaly_map, size, interpolation=cv2.INTER_AREA))
    levels: NDArray[np.uint8] = np.rint(255 * np.clip((small - low) / (high - low), 0, 1)).astype(np.uint8)
    return levels


def outline(canvas: NDArray[np.uint8], mask: NDArray[np.bool_], colour: Sequence[int] = _OUTLINE_RGB) -> None:
    """Draw a line just outside a mask, in place: a hairline crack itself stays visible.

    Args:
        canvas: uint8 RGB (H, W, 3).
        mask: bool (H, W).
        colour: RGB, 0-255.
    """
    if not mask.any():
        return
    flat = mask.view(np.uint8)
    thickness_px = _line_px(canvas)
    # One pixel of space between region and line, so that the region's edge can be judged.
    inner = cv2.dilate(flat, np.ones((3, 3), np.uint8))
    outer = cv2.dilate(inner, np.ones((2 * thickness_px + 1, 2 * thickness_px + 1), np.uint8))
    canvas[(outer > inner)] = colour


def _tint(canvas: NDArray[np.uint8], anomaly_map: NDArray[np.float32], map_range: tuple[float, float]) -> None:
    """Blend the map's colour into the canvas, in place, strip by strip so that little memory is needed."""
    low, high = map_range
    steps = 255.0 / (high - low)
    keep, add = _blend_tables()
    for top in range(0, canvas.shape[0], _STRIP_PX):
        strip = canvas[top : top + _STRIP_PX]
        # From `low` on nothing is negative, which OpenCV's conversion would fold over.
        anomaly = np.maximum(anomaly_map[top : top + _STRIP_PX], np.float32(low))
        level = cv2.convertScaleAbs(anomaly, alpha=steps, beta=-low * steps)
        tinted = np.flatnonzero(level.any(axis=0))
        if not len(tinted):
            continue
        beside = slice(tinted[0], tinted[-1] + 1)
        strip, level = strip[:, beside], level[:, beside]
        levels = cv2.merge([level, level, level])
        faded = cv2.multiply(strip, cv2.LUT(levels, keep), scale=1 / 255)
        strip[...] = cv2.add(faded, cv2.LUT(levels, add))


@cache
def _blend_tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """For each of 256 levels of the map: what is kept of the image (of 255) and what colour is added; (1, 256, 3)."""
    autumn = cv2.applyColorMap(np.arange(256, dtype=np.uint8), cv2.COLORMAP_AUTUMN)
    # Autumn runs from red to yellow: here the highest is red.
    colour = cv2.cvtColor(autumn, cv2.COLOR_BGR2RGB).reshape(256, 3)[None, ::-1]
    strength = np.linspace(0, _STRONGEST_TINT, 256)[None, :, None]
    keep = np.broadcast_to(255 * (1 - strength), (1, 256, 3))
    return np.rint(keep).astype(np.uint8), np.rint(colour * strength).astype(np.uint8)


def _banner(canvas: NDArray[np.uint8], finding: Finding) -> None:
    height_px, width_px = canvas.shape[:2]
    text = _banner_text(finding)
    font, unit_px = cv2.FONT_HERSHEY_SIMPLEX, 22  # height of a capital at scale 1
    letter_px = min(max(9.0, min(height_px, width_px) / 45), 60.0)
    scale = letter_px / unit_px
    thickness = max(1, round(letter_px / 9))
    (text_px, _), _ = cv2.getTextSize(text, font, scale, thickness)
    margin_px = round(letter_px * 0.7)
    plate = (text_px + 2 * margin_px, round(letter_px + 2 * margin_px))
    # On a thumbnail the text would hide the image: only the verdict's colour remains, as a bar.
    if plate[0] > width_px or plate[1] > height_px / 4:
        canvas[: max(1, height_px // 32)] = _VERDICT_RGB[finding.verdict]
        return
    left, top = _emptiest_corner(finding.mask, plate, (width_px, height_px))
    canvas[top : top + plate[1], left : left + plate[0]] = _VERDICT_RGB[finding.verdict]
    origin = (left + margin_px, round(top + margin_px + letter_px))
    cv2.putText(canvas, text, origin, font, scale, (255, 255, 255), thickness, cv2.LINE_AA)


def _emptiest_corner(mask: NDArray[np.bool_] | None, plate: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """(left, top) of the corner where the plate hides least of what was outlined; the top left one before others."""
    corners = [(left, top) for top in (0, size[1] - plate[1]) for left in (0, size[0] - plate[0])]
    if mask is None:
        return corners[0]
    return min(corners, key=lambda at: np.count_nonzero(mask[at[1] : at[1] + plate[1], at[0] : at[0] + plate[0]]))


def _banner_text(finding: Finding) -> str:
    words = [finding.verdict.upper()] if finding.verdict else []
    if finding.score is not None:
        words.append(f"score {finding.score:.3g}")
    if finding.p_value is not None:
        words.append(f"p {finding.p_value:.2g}")
    if finding.mask is not None:
        count = len(finding.regions)
        words.append(f"{count} region{'' if count == 1 else 's'}")
    return "  ".join(words)


def _line_px(canvas: NDArray[np.uint8]) -> int:
    longer_px: int = max(canvas.shape[:2])
    return max(1, round(longer_px / 900))
