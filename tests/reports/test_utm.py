"""Positions in UTM are those of PROJ."""

from __future__ import annotations

import pytest

from blemish.reports.utm import Zone

pyproj = pytest.importorskip("pyproj", reason="the reference")

PLACES = [
    (37.5665, 126.9783),
    (-33.8568, 151.2153),
    (0.0, 6.0),
    (69.65, 18.96),
    (-54.8, -68.3),
    (51.5, -0.0001),
    (40, 179.9),
]


@pytest.mark.parametrize(("latitude", "longitude"), PLACES)
def test_places_are_those_of_proj(latitude: float, longitude: float):
    zone = Zone.of(latitude, longitude)
    code = (32600 if latitude >= 0 else 32700) + zone.number
    assert f"EPSG:{code}" in str(zone)
    assert pyproj.CRS(code).name in str(zone)
    area = pyproj.CRS(code).area_of_use
    assert area.west <= longitude <= area.east
    reference = pyproj.Transformer.from_crs(4326, code, always_xy=True).transform(longitude, latitude)
    assert zone.project(latitude, longitude) == pytest.approx(reference, abs=1e-3)
    factors = pyproj.Proj(code).get_factors(longitude, latitude)
    assert zone.convergence_deg(latitude, longitude) == pytest.approx(factors.meridian_convergence, abs=2e-3)
