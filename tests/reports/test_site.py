"""The drawing in world coordinates opens in a CAD library and lies where PROJ says, and so does the GeoJSON."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.images import Capture
from blemish.images.optics import Optics
from blemish.measurement import Scale
from blemish.reports.document import Document, read_document
from blemish.reports.exports import export
from blemish.reports.positions import write_positions

from .conftest import ODD_NAME, Drawn, Write, line

ezdxf = pytest.importorskip("ezdxf", reason="reads and audits the drawings")
pyproj = pytest.importorskip("pyproj", reason="the reference")

SEOUL, SYDNEY = (37.5665, 126.9783), (-33.8568, 151.2153)
DOWN = Optics(tilt_deg=-89.9, turn_deg=0.0)


def taken(document: Document, position: tuple[float, float], optics: Optics | None) -> Document:
    capture = Capture(latitude_deg=position[0], longitude_deg=position[1], optics=optics)
    return replace(document, images=tuple(one.model_copy(update={"capture": capture}) for one in document.images))


def points_of(polyline) -> np.ndarray:
    return np.array([vertex.dxf.location.vec2 for vertex in polyline.vertices], dtype=float)


@pytest.fixture
def wall(write_inspection: Write) -> Document:
    """A level crack in the upper half, 28 m long at 0.1 m per pixel."""
    return read_document(write_inspection(Drawn("wall.png", line((20, 20), (300, 20))), scale=Scale.given(100)))


@pytest.mark.parametrize(("position", "code", "name"), [(SEOUL, 32652, "52N"), (SYDNEY, 32756, "56S")])
@pytest.mark.parametrize("turn", [0.0, 90.0, 200.0])
def test_an_image_from_straight_above_lies_where_it_was_taken(
    wall: Document, tmp_path: Path, position: tuple[float, float], code: int, name: str, turn: float
):
    document = taken(wall, position, replace(DOWN, turn_deg=turn))
    *_, site = sorted(export(document, ["dxf"], tmp_path), key=lambda path: path.name == "site.dxf")
    drawing = ezdxf.readfile(site)
    assert not drawing.audit().errors
    assert f"WGS 84 / UTM zone {name} (EPSG:{code}), metres" in site.read_text("ascii")[:200]
    frame, crack = drawing.modelspace().query("POLYLINE")
    assert frame.dxf.layer == "IMAGE"
    assert crack.dxf.layer.startswith("CRACK_")
    to_utm = pyproj.Transformer.from_crs(4326, code, always_xy=True)
    centre = np.array(to_utm.transform(position[1], position[0]))
    assert points_of(frame).mean(axis=0) == pytest.approx(centre, abs=0.01)
    sides = np.hypot(*(points_of(frame) - np.roll(points_of(frame), 1, axis=0)).T)
    assert sorted(sides) == pytest.approx([24, 24, 32, 32])
    # From the image's middle to the crack's: the picture's upper edge, as PROJ sees the compass direction.
    geod = pyproj.Geod(ellps="WGS84")
    ends = points_of(crack)[[0, -1]].mean(axis=0)
    there = pyproj.Transformer.from_crs(code, 4326, always_xy=True).transform(*ends)
    azimuth, _, distance = geod.inv(position[1], position[0], *there)
    assert (azimuth - turn + 180) % 360 - 180 == pytest.approx(0, abs=3)
    assert distance == pytest.approx(10, abs=0.3)
    # The same line in degrees.
    (path,) = write_positions(document, tmp_path)
    features = json.loads(path.read_text("utf-8"))["features"]
    (feature,) = [one for one in features if one["properties"]["kind"] == "crack"]
    in_utm = np.array([to_utm.transform(*place) for place in feature["geometry"]["coordinates"]])
    assert in_utm[[0, -1]] == pytest.approx(points_of(crack)[[0, -1]], abs=0.05)


@pytest.mark.parametrize(
    "optics",
    [None, Optics(tilt_deg=-20.0, turn_deg=0.0), Optics(tilt_deg=-90.0), Optics(turn_deg=0.0)],
    ids=["nothing known", "towards a wall", "no heading", "no tilt"],
)
def test_of_other_images_only_the_cameras_position_is_drawn(wall: Document, tmp_path: Path, optics: Optics | None):
    document = taken(wall, SEOUL, optics)
    export(document, ["dxf", "positions"], tmp_path)
    space = ezdxf.readfile(tmp_path / "site.dxf").modelspace()
    assert not space.query("POLYLINE")
    (camera,) = space.query("CIRCLE")
    reference = pyproj.Transformer.from_crs(4326, 32652, always_xy=True).transform(SEOUL[1], SEOUL[0])
    assert tuple(camera.dxf.center.vec2) == pytest.approx(reference, abs=1e-3)
    features = json.loads((tmp_path / "positions.geojson").read_text("utf-8"))["features"]
    assert [one["properties"]["kind"] for one in features] == ["image"]


def test_the_geojson_in_degrees_is_valid(wall: Document, tmp_path: Path):
    geojson = pytest.importorskip("geojson", reason="validates the file")
    (path,) = write_positions(taken(wall, SEOUL, DOWN), tmp_path)
    collection = geojson.loads(path.read_text("utf-8"))
    assert collection.is_valid, collection.errors()
    assert {one["geometry"]["type"] for one in collection["features"]} == {"Point", "LineString"}


def test_names_in_any_script_open(found: Path, tmp_path: Path):
    from ezdxf.lldxf.encoding import decode_dxf_unicode

    export(taken(read_document(found), SEOUL, DOWN), ["dxf"], tmp_path)
    drawing = ezdxf.readfile(tmp_path / "site.dxf")
    assert not drawing.audit().errors
    names = [decode_dxf_unicode(one.dxf.text) for one in drawing.modelspace().query("TEXT")]
    assert ODD_NAME in names


def test_without_positions_there_is_no_site(found: Path, tmp_path: Path):
    export(read_document(found), ["dxf"], tmp_path)
    assert not (tmp_path / "site.dxf").exists()
