"""DXF drawings open without complaint and say in a CAD program what the report says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from blemish.measurement.scale import Scale
from blemish.reports.document import read_document, size_of
from blemish.reports.dxf import write_dxf
from blemish.reports.width_classes import WidthClasses, choose_classes

from .conftest import Drawn, Write, line, ring

ezdxf = pytest.importorskip("ezdxf", reason="reads and audits the drawings")


def length_of(polyline) -> float:
    points = np.array([vertex.dxf.location.vec2 for vertex in polyline.vertices], dtype=float)
    if polyline.is_closed:
        points = np.concatenate([points, points[:1]])
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def cracks_of(drawing):
    return [one for one in drawing.modelspace().query("POLYLINE") if one.dxf.layer.startswith("CRACK_")]


PLANES = {
    "y down": Scale.from_plane([(0, 0), (319, 10), (310, 230), (5, 239)], [(0, 0), (32, 0), (32, 24), (0, 24)]),
    "y up": Scale.from_plane([(0, 0), (319, 10), (310, 230), (5, 239)], [(0, 24), (32, 24), (32, 0), (0, 0)]),
}


def test_every_drawing_passes_the_auditor(found: Path, tmp_path: Path):
    written = write_dxf(read_document(found), tmp_path)
    assert len(written) == 5
    for path in written:
        drawing = ezdxf.readfile(path)
        auditor = drawing.audit()
        assert not auditor.errors
        assert not auditor.fixes
        assert drawing.dxfversion == "AC1009"


def test_layers_are_width_classes_with_names_that_every_program_takes(found: Path, tmp_path: Path):
    document = read_document(found)
    classes = choose_classes(document)
    for path in write_dxf(document, tmp_path):
        drawing = ezdxf.readfile(path)
        names = [layer.dxf.name for layer in drawing.layers if layer.dxf.name.startswith("CRACK_")]
        assert len([name for name in names if name != "CRACK_NUMBER"]) == len(classes.labels)
        assert all(re.fullmatch(r"[A-Z0-9_]{1,31}", name) for name in names)


def test_a_crack_lies_in_its_class_at_its_length_in_millimetres(found: Path, tmp_path: Path):
    document = read_document(found)
    classes = choose_classes(document)
    images = {image.name: image for image in document.images if image.cracks}
    for path in write_dxf(document, tmp_path):
        cracks = images[path.stem].cracks
        drawn = cracks_of(ezdxf.readfile(path))
        for crack, polyline in zip(cracks, drawn, strict=True):
            assert length_of(polyline) == pytest.approx(crack.mm.length, rel=0.01)
            number = int(classes.index_of(size_of(crack, "max_width", "mm")))
            assert polyline.dxf.layer.startswith(f"CRACK_{number}_")


@pytest.mark.parametrize("scale", [None, Scale.given(0.1), *PLANES.values()], ids=["px", "mm", *PLANES])
def test_up_in_the_image_is_up_in_the_drawing(write_inspection: Write, tmp_path: Path, scale: Scale | None):
    found = write_inspection(Drawn("wall.png", line((20, 20), (300, 24))), scale=scale)
    (path,) = write_dxf(read_document(found), tmp_path)
    (crack,) = cracks_of(ezdxf.readfile(path))
    frame = next(one for one in ezdxf.readfile(path).modelspace().query("POLYLINE") if one.dxf.layer == "IMAGE")
    heights = [vertex.dxf.location.y for vertex in frame.vertices]
    assert np.mean([vertex.dxf.location.y for vertex in crack.vertices]) > np.mean(heights)
    unit = 1 if scale is None else 0.1
    assert max(heights) - min(heights) == pytest.approx(240 * unit, rel=0.1)


def test_a_loop_is_a_closed_polyline(write_inspection: Write, tmp_path: Path):
    (path,) = write_dxf(read_document(write_inspection(Drawn("ring.png", ring()))), tmp_path)
    (crack,) = cracks_of(ezdxf.readfile(path))
    assert crack.is_closed
    first, last = (crack.vertices[index].dxf.location for index in (0, -1))
    assert first.distance(last) > 0


def test_a_plane_whose_horizon_crosses_the_image_is_drawn_without_a_frame(write_inspection: Write, tmp_path: Path):
    steep = Scale.from_plane([(100, 140), (220, 140), (320, 239), (0, 239)], [(0, 0), (50, 0), (50, 30), (0, 30)])
    found = write_inspection(Drawn("floor.png", line((60, 200), (250, 210))), scale=steep)
    (path,) = write_dxf(read_document(found), tmp_path)
    drawing = ezdxf.readfile(path)
    assert not drawing.audit().errors
    assert {one.dxf.layer for one in drawing.modelspace().query("POLYLINE")}.isdisjoint({"IMAGE"})


def test_a_width_on_an_edge_is_in_the_class_above_it():
    classes = WidthClasses("mm", (0.1, 0.2))
    assert classes.index_of([0.05, 0.1, 0.19, 0.2, 5]).tolist() == [0, 1, 1, 2, 2]
