"""Labels beside points, none over another one: greedy placement, the most important first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""(left, top, right, bottom)."""

# Height of a letter above its baseline and width of a letter, as fractions of the font's size; generous for any font.
_RISE, _DROP, _LETTER = 0.8, 0.25, 0.62


@dataclass(frozen=True, slots=True)
class Label:
    """A text to place beside a point.

    Attributes:
        x, y: the point.
        radius: of the ring around it, which the text stays outside of.
        texts: what to write, the fullest first; the first that finds room is taken.
        size: font size.
    """

    x: float
    y: float
    radius: float
    texts: tuple[str, ...]
    size: float


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a label stands: its text with the left end of its baseline, and the box that it fills."""

    text: str
    x: float
    y: float
    box: Box


def place_labels(
    labels: Sequence[Label], width: float, height: float, taken: Sequence[Box] = ()
) -> list[Placed | None]:
    """A place for each label inside the picture, over no ring and no other label; None where there is none.

    Args:
        labels: the most important first.
        width, height: of the picture; its top left corner is (0, 0).
        taken: boxes that no label may stand over.
    """
    rings = [(one.x - one.radius, one.y - one.radius, one.x + one.radius, one.y + one.radius) for one in labels]
    filled = [*taken, *rings]
    placed: list[Placed | None] = []
    for label in labels:
        found = next((place for place in _places(label) if _is_free(place.box, width, height, filled)), None)
        if found is not None:
            filled.append(found.box)
        placed.append(found)
    return placed


def _places(label: Label) -> list[Placed]:
    """Right, left, below, above, and the corners; the fullest text everywhere before a shorter one."""
    rise, drop, gap = _RISE * label.size, _DROP * label.size, label.radius + 0.3 * label.size
    places = []
    for text in label.texts:
        wide = _LETTER * label.size * len(text)
        middle, below, above = label.y + (rise - drop) / 2, label.y + gap + rise, label.y - gap - drop
        for left, base in (
            (label.x + gap, middle),
            (label.x - gap - wide, middle),
            (label.x - wide / 2, below),
            (label.x - wide / 2, above),
            (label.x + gap, below),
            (label.x + gap, above),
            (label.x - gap - wide, below),
            (label.x - gap - wide, above),
        ):
            places.append(Placed(text, left, base, (left, base - rise, left + wide, base + drop)))
    return places


def _is_free(box: Box, width: float, height: float, filled: Sequence[Box]) -> bool:
    left, top, right, bottom = box
    if left < 0 or top < 0 or right > width or bottom > height:
        return False
    return not any(left < other[2] and other[0] < right and top < other[3] and other[1] < bottom for other in filled)
