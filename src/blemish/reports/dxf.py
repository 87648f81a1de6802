"""DXF drawings (AutoCAD R12, plain text), a file per image: cracks as polylines, a layer per width class.

R12 is what every CAD program reads. y points up; with a scale one unit is a millimetre, without one a pixel; the
image's bottom left corner, or the origin of a plane's own millimetres, is (0, 0).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.files import write_bytes
from blemish.findings import Finding
from blemish.reports.annotations import check_recorded
from blemish.reports.document import Document, size_of
from blemish.reports.lines import corner_line
from blemish.reports.width_classes import WidthClasses, choose_classes

Points = NDArray[np.float64]
Tag = tuple[int, str | float]
FRAME, WIDEST, NUMBERS, UNSCALED = "IMAGE", "MAX_WIDTH", "CRACK_NUMBER", "CRACK_WITHOUT_SCALE"
# AutoCAD's colour numbers from blue to red, for up to nine classes; grey and white for the rest.
_COLOURS = (5, 150, 4, 130, 3, 2, 40, 30, 1)
_GREY, _WHITE = 8, 7


def write_dxf(document: Document, out: Path) -> list[Path]:
    """Write ``dxf/NAME.dxf`` for each image with cracks.

    Returns:
        The files written.

    Raises:
        DataError: an image's size was not recorded.
        BlemishError: ``out`` cannot be written to.
    """
    classes = choose_classes(document)
    written = []
    for image in document.images:
        if image.cracks:
            check_recorded(image)
            target = out / "dxf" / f"{image.name}.dxf"
            write_bytes(target, drawing_of(image, classes).encode("ascii"))
            written.append(target)
    return written


def drawing_of(image: Finding, classes: WidthClasses) -> str:
    """The drawing of one image, whose size is known. A crack lies in the layer of its largest width."""
    unit = classes.unit if image.scale is not None else "px"
    layers = layer_names(classes) if unit == classes.unit else (UNSCALED,)
    to_drawing, frame = _coordinates(image)
    cracks = image.cracks or ()
    lines = [to_drawing(corner_line(crack)) for crack in cracks]
    everything = np.concatenate([*lines, *([] if frame is None else [frame])])
    letter = float(np.ptp(everything, axis=0).min()) / 60 or 1.0
    entities: list[Tag] = [] if frame is None else _polyline(FRAME, frame, closed=True)
    for crack, line in zip(cracks, lines, strict=True):
        largest = size_of(crack, "max_width", unit) or 0.0
        layer = layers[int(classes.index_of(largest))] if unit == classes.unit else UNSCALED
        place = to_drawing(np.array([crack.max_width_at]) + 0.5)[0]
        entities += _polyline(layer, line[:-1] if crack.closed else line, closed=crack.closed)
        entities += _circle(WIDEST, place, letter / 2)
        entities += _text(WIDEST, place + letter / 2, letter, f"{largest:.2f}")
        entities += _text(NUMBERS, line[len(line) // 2], letter, str(crack.number))
    colours = [_COLOURS[round(at)] for at in np.linspace(0, len(_COLOURS) - 1, len(layers))]
    table = [*zip(layers, colours, strict=True), (FRAME, _GREY), (WIDEST, _WHITE), (NUMBERS, _GREY)]
    tags = [*_header(everything), *_tables(table), *_section("BLOCKS", []), *_section("ENTITIES", entities), (0, "EOF")]
    return "".join(f"{code:>3}\r\n{_value(value)}\r\n" for code, value in tags)


def layer_names(classes: WidthClasses) -> tuple[str, ...]:
    """Names that R12 allows, in the classes' order: ``CRACK_0_BELOW_0P1MM``, ``CRACK_1_FROM_0P1MM``, …"""
    edges = [f"{edge:g}".replace(".", "P") + classes.unit.upper() for edge in classes.edges]
    return (f"CRACK_0_BELOW_{edges[0]}", *(f"CRACK_{i}_FROM_{edge}" for i, edge in enumerate(edges, start=1)))


def _coordinates(image: Finding) -> tuple[Callable[[Points], Points], Points | None]:
    """From corners of pixels, y down, to the drawing, y up; and the image's outline there, None beyond a horizon."""
    width_px, height_px = image.size_px or (0, 0)
    corners = np.array([[0, 0], [width_px, 0], [width_px, height_px], [0, height_px]], dtype=np.float64)
    scale = image.scale
    if scale is None or scale.to_plane is None:
        size = 1.0 if scale is None else scale.mm_per_px
        flip = np.array([size, -size]), np.array([0.0, height_px * size])
        return (lambda points: points * flip[0] + flip[1]), corners * flip[0] + flip[1]
    matrix = np.array(scale.to_plane)
    # A scale takes pixel centres for whole numbers; its own y may point either way.
    mirrored = -1.0 if np.linalg.det(matrix) * (matrix[2] @ [width_px / 2, height_px / 2, 1.0]) > 0 else 1.0

    def to_drawing(points: Points) -> Points:
        return np.asarray(scale.points_mm(points - 0.5) * np.array([1.0, mirrored]))

    depths = np.column_stack([corners, np.ones(4)]) @ matrix[2]
    return to_drawing, to_drawing(corners) if depths.min() * depths.max() > 0 else None


def _header(drawn: Points) -> list[Tag]:
    low, high = drawn.min(axis=0), drawn.max(axis=0)
    return _section(
        "HEADER",
        [(9, "$ACADVER"), (1, "AC1009"), (9, "$EXTMIN"), *_point(low), (9, "$EXTMAX"), *_point(high)],
    )


def _tables(layers: list[tuple[str, int]]) -> list[Tag]:
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


def _polyline(layer: str, points: Points, *, closed: bool) -> list[Tag]:
    tags: list[Tag] = [(0, "POLYLINE"), (8, layer), (66, 1), *_point(np.zeros(2)), (70, int(closed))]
    for point in points:
        tags += [(0, "VERTEX"), (8, layer), *_point(point)]
    return [*tags, (0, "SEQEND"), (8, layer)]


def _circle(layer: str, centre: Points, radius: float) -> list[Tag]:
    return [(0, "CIRCLE"), (8, layer), *_point(centre), (40, radius)]


def _text(layer: str, at: Points, height: float, text: str) -> list[Tag]:
    return [(0, "TEXT"), (8, layer), *_point(at), (40, height), (1, text)]


def _point(at: Points) -> list[Tag]:
    return [(10, float(at[0])), (20, float(at[1])), (30, 0.0)]


def _value(value: str | float) -> str:
    return f"{value:.6f}" if isinstance(value, float) else str(value)
