"""Positions of images become a map with north up and true distances, and GeoJSON in degrees."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from blemish.images import Capture
from blemish.reports.document import Document, read_document
from blemish.reports.page import write_page
from blemish.reports.positions import HEIGHT, WIDTH, position_map, write_positions


def placed(folder: Path, *positions: tuple[float, float] | None) -> Document:
    document = read_document(folder)
    images = [
        image.model_copy(update={"capture": at and Capture(latitude_deg=at[0], longitude_deg=at[1], altitude_m=9.0)})
        for image, at in zip(document.images, positions, strict=False)
    ]
    return replace(document, images=tuple(images))


CASES = {
    "one": [(37.5, 127.0)],
    "all in one place": [(37.5, 127.0)] * 4,
    "a bridge from west to east": [(37.5, 127.0), (37.5, 127.001), (37.5, 127.002)],
    "southern": [(-33.9, 151.2), (-33.901, 151.2)],
    "western": [(40.7, -74.0), (40.8, -74.1), (40.75, -73.9)],
    "some without": [(37.5, 127.0), None, (37.501, 127.0)],
}


@pytest.mark.parametrize("positions", CASES.values(), ids=CASES)
def test_a_map_is_true_to_scale_with_north_up(found: Path, positions: list):
    drawn = position_map(placed(found, *positions))
    assert drawn is not None
    known = [at for at in positions if at is not None]
    assert len(drawn.places) == len(known)
    assert all(0 <= place.x <= WIDTH and 0 <= place.y <= HEIGHT for place in drawn.places)
    number, unit = drawn.bar_said.split()
    per_unit = float(number) * {"m": 1, "km": 1000}[unit] / drawn.bar
    of_image = {place.image: place for place in drawn.places}
    document = placed(found, *positions)
    told = [(of_image[image.image], image.capture.position) for image in document.images if image.capture]
    (first, (lat, lon)), (last, (lat2, lon2)) = told[0], told[-1]
    east = math.radians(lon2 - lon) * 6_371_000 * math.cos(math.radians(lat))
    north = math.radians(lat2 - lat) * 6_371_000
    assert (last.x - first.x) * per_unit == pytest.approx(east, rel=0.02, abs=0.3 * per_unit)
    assert (first.y - last.y) * per_unit == pytest.approx(north, rel=0.02, abs=0.3 * per_unit)


def test_without_positions_there_is_no_map_and_no_file(found: Path, tmp_path: Path):
    document = read_document(found)
    assert position_map(document) is None
    assert write_positions(document, tmp_path) == []
    (page,) = write_page(document, found)
    assert 'id="positions"' not in page.read_text("utf-8")


def test_geojson_holds_longitude_before_latitude_and_the_verdict(found: Path, tmp_path: Path):
    document = placed(found, (37.5, 127.0))
    (path,) = write_positions(document, tmp_path)
    (feature,) = json.loads(path.read_text("utf-8"))["features"]
    assert feature["geometry"] == {"type": "Point", "coordinates": [127.0, 37.5, 9.0]}
    assert feature["properties"]["verdict"] == document.images[0].verdict


def test_the_page_shows_the_map(found: Path):
    (page,) = write_page(placed(found, (37.5, 127.0), (37.501, 127.0)), found)
    text = page.read_text("utf-8")
    assert text.count('<circle class="place') == 2
    assert "2 of 2 images have a position." in text
