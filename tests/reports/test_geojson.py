"""GeoJSON files pass a validator and follow the standard's rules for rings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from blemish.reports.document import read_document
from blemish.reports.geojson import write_geojson

from .conftest import Drawn, Write, line, ring

geojson = pytest.importorskip("geojson", reason="validates the files")


def load_all(found: Path, out: Path):
    return {path.stem: geojson.loads(path.read_text("utf-8")) for path in write_geojson(read_document(found), out)}


def rings_of(geometry):
    polygons = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [(number == 0, ring) for polygon in polygons for number, ring in enumerate(polygon)]


def test_every_file_is_valid(found: Path, tmp_path: Path):
    collections = load_all(found, tmp_path)
    assert len(collections) == 5
    for collection in collections.values():
        assert collection.is_valid, collection.errors()
        assert all(feature.is_valid for feature in collection["features"])


def test_rings_are_closed_and_follow_the_right_hand_rule(found: Path, tmp_path: Path):
    for collection in load_all(found, tmp_path).values():
        for feature in collection["features"]:
            if feature["properties"]["kind"] != "region":
                continue
            for exterior, points in rings_of(feature["geometry"]):
                x, y = np.array(points).T
                assert points[0] == points[-1]
                assert (float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) > 0) == exterior


def test_areas_of_polygons_are_those_of_the_regions(found: Path, tmp_path: Path):
    for collection in load_all(found, tmp_path).values():
        for feature in collection["features"]:
            if feature["properties"]["kind"] == "region":
                areas = []
                for _, points in rings_of(feature["geometry"]):
                    x, y = np.array(points).T
                    areas.append(float(np.dot(x[:-1], y[1:]) - np.dot(x[1:], y[:-1])) / 2)
                assert sum(areas) == feature["properties"]["area_px"]


def test_a_crack_is_a_line_inside_its_region_with_its_sizes(write_inspection: Write, tmp_path: Path):
    mask = line((20, 40), (300, 40), width_px=6)
    (collection,) = load_all(write_inspection(Drawn("wall.png", mask)), tmp_path).values()
    (crack,) = [feature for feature in collection["features"] if feature["properties"]["kind"] == "crack"]
    x, y = np.array(crack["geometry"]["coordinates"]).T
    # Corners are whole numbers: the middle of a bar of rows 37 to 43 is 40.5.
    rows = np.flatnonzero(mask.any(axis=1))
    np.testing.assert_allclose(y, (rows.min() + rows.max() + 1) / 2, atol=0.2)
    properties = crack["properties"]
    assert properties["max_width_mm"] == pytest.approx(properties["max_width_px"] * 0.1, rel=1e-3)
    assert properties["length_px"] == pytest.approx(np.hypot(np.diff(x), np.diff(y)).sum(), rel=0.01)
    assert min(abs(x - properties["max_width_x"])) < 320
    assert "polyline_px" not in properties


def test_a_loop_returns_to_its_first_point(write_inspection: Write, tmp_path: Path):
    (collection,) = load_all(write_inspection(Drawn("ring.png", ring())), tmp_path).values()
    points = collection["features"][0]["geometry"]["coordinates"]
    assert points[0] == points[-1]
