"""DXF drawings, a file per image: cracks as polylines, a layer per width class.

y points up; with a scale one unit is a millimetre, without one a pixel; the
image's bottom left corner, or the origin of a plane's own millimetres, is (0, 0).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from blemish.files import write_bytes
from blemish.findings import Finding
from blemish.reports.annotations import check_recorded
from blemish.reports.document import Document, size_of
from blemish.reports.dxf_tags import GREY, WHITE, Points, Tag, circle, drawing_text, polyline, spread_colours, text
from blemish.reports.lines import corner_line
from blemish.reports.site import write_site
from blemish.reports.width_classes import WidthClasses, choose_classes, layer_names

FRAME, WIDEST, NUMBERS, UNSCALED = "IMAGE", "MAX_WIDTH", "CRACK_NUMBER", "CRACK_WITHOUT_SCALE"


def write_dxf(document: Document, out: Path) -> list[Path]:
    """Write ``dxf/NAME.dxf`` for each image with cracks, and ``site.dxf`` where images have positions.

    Returns:
        The files written.

    Raises:
        DataError: an image's size was not recorded.
        BlemishError: ``out`` cannot be written to.
    """
    classes = choose_classes(document)
    written = write_site(document, classes, out)
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
    entities: list[Tag] = [] if frame is None else polyline(FRAME, frame, closed=True)
    for crack, line in zip(cracks, lines, strict=True):
        largest = size_of(crack, "max_width", unit) or 0.0
        layer = layers[int(classes.index_of(largest))] if unit == classes.unit else UNSCALED
        place = to_drawing(np.array([crack.max_width_at]) + 0.5)[0]
        entities += polyline(layer, line[:-1] if crack.closed else line, closed=crack.closed)
        entities += circle(WIDEST, place, letter / 2)
        entities += text(WIDEST, place + letter / 2, letter, f"{largest:.2f}")
        entities += text(NUMBERS, line[len(line) // 2], letter, str(crack.number))
    table = [*zip(layers, spread_colours(len(layers)), strict=True), (FRAME, GREY), (WIDEST, WHITE), (NUMBERS, GREY)]
    return drawing_text(entities, table, everything)


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
