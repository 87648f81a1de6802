"""The elements of a DXF drawing in AutoCAD's release 12, plain text, which every CAD program reads."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Tag = tuple[int, str | float]
# The longest text that release 12 takes.
_MAX_LETTERS = 250
# AutoCAD's colour numbers from blue to red, for up to nine classes; grey and white for the rest.
_COLOURS = (5, 150, 4, 130, 3, 2, 40, 30, 1)
GREY, WHITE = 8, 7


def drawing_text(
    entities: list[Tag], layers: Sequence[tuple[str, int]], drawn: Points, comments: Sequence[str] = ()
) -> str:
    """A whole drawing.

    Args:
        entities: of `polyline`, `circle` and `text`.
        layers: name and colour number of each.
        drawn: (N, 2), all that is drawn lies within these points.
        comments: lines at the head of the file, which programs pass over and people read.
    """
    head: list[Tag] = [(999, escaped(line)) for line in comments]
    tags = [
        *head,
        *_header(drawn),
        *_tables(layers),
        *_section("BLOCKS", []),
        *_section("ENTITIES", entities),
        (0, "EOF"),
    ]
    return "".join(f"{code:>3}\r\n{_value(value)}\r\n" for code, value in tags)


def spread_colours(count: int) -> list[int]:
    """So many colour numbers, from blue to red."""
    return [_COLOURS[round(at)] for at in np.linspace(0, len(_COLOURS) - 1, count)]


def escaped(text: str) -> str:
    """Text in ASCII: other letters as AutoCAD's \\U+XXXX, without line breaks and control characters."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return "".join(letter if letter < "\x7f" else f"\\U+{ord(letter):04X}" for letter in plain if ord(letter) < 1 << 16)


def _header(drawn: Points) -> list[Tag]:
    low, high = drawn.min(axis=0), drawn.max(axis=0)
    return _section(
        "HEADER",
        [(9, "$ACADVER"), (1, "AC1009"), (9, "$EXTMIN"), *_point(low), (9, "$EXTMAX"), *_point(high)],
    )


def _tables(layers: Sequence[tuple[str, int]]) -> list[Tag]:
    line_type: list[Tag] = [(0, "LTYPE"), (2, "CONTINUOUS"), (70, 0), (3, "Solid line"), (72, 65), (73, 0), (40, 0.0)]
    style: list[Tag] = [(0, "STYLE"), (2, "STANDARD"), (70, 0), (40, 0.0), (41, 1.0), (50, 0.0), (71, 0)]
    style += [(42, 2.5), (3, "txt"), (4, "")]
    content: list[Tag] = [(0, "TABLE"), (2, "LTYPE"), (70, 1), *line_type, (0, "ENDTAB")]
    content += [(0, "TABLE"), (2, "LAYER"), (70, len(layers))]
    for name, colour in layers:
        content += [(0, "LAYER"), (2, name), (70, 0), (62, colour), (6, "CONTINUOUS")]
    content += [(0, "ENDTAB"), (0, "TABLE"), (2, "STYLE"), (70, 1), *style, (0, "ENDTAB")]
    return _section("TABLES", content)


def _section(name: str, content: list[Tag]) -> list[Tag]:
    return [(0, "SECTION"), (2, name), *content, (0, "ENDSEC")]


def polyline(layer: str, points: Points, *, closed: bool) -> list[Tag]:
    """A line through points, (N, 2); of a closed one the first point is not repeated."""
    tags: list[Tag] = [(0, "POLYLINE"), (8, layer), (66, 1), *_point(np.zeros(2)), (70, int(closed))]
    for point in points:
        tags += [(0, "VERTEX"), (8, layer), *_point(point)]
    return [*tags, (0, "SEQEND"), (8, layer)]


def circle(layer: str, centre: Points, radius: float) -> list[Tag]:
    """A circle."""
    return [(0, "CIRCLE"), (8, layer), *_point(centre), (40, radius)]


def text(layer: str, at: Points, height: float, said: str) -> list[Tag]:
    """Letters of some height, from their lower left corner."""
    return [(0, "TEXT"), (8, layer), *_point(at), (40, height), (1, escaped(said)[:_MAX_LETTERS])]


def _point(at: Points) -> list[Tag]:
    return [(10, float(at[0])), (20, float(at[1])), (30, 0.0)]


def _value(value: str | float) -> str:
    return f"{value:.6f}" if isinstance(value, float) else str(value)
