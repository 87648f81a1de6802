"""Positions in metres: Universal Transverse Mercator on WGS 84, to the millimetre (Krüger 1912, series of order 3)."""

from __future__ import annotations

import math
from dataclasses import dataclass

_RADIUS_M, _FLATTENING, _SCALE = 6_378_137.0, 1 / 298.257223563, 0.9996
_N = _FLATTENING / (2 - _FLATTENING)
_ALPHAS = (_N / 2 - 2 * _N**2 / 3 + 5 * _N**3 / 16, 13 * _N**2 / 48 - 3 * _N**3 / 5, 61 * _N**3 / 240)
_MERIDIAN_M = _RADIUS_M / (1 + _N) * (1 + _N**2 / 4 + _N**4 / 64)
_EAST_M, _SOUTH_M = 500_000.0, 10_000_000.0
# Beyond these latitudes another projection is used.
MAX_LATITUDE_DEG = 84.0


@dataclass(frozen=True, slots=True)
class Zone:
    """One of the sixty zones, 1 to 60, on either half of the earth."""

    number: int
    is_north: bool

    @classmethod
    def of(cls, latitude_deg: float, longitude_deg: float) -> Zone:
        """The zone of a position."""
        return cls(int((longitude_deg + 180) // 6) % 60 + 1, latitude_deg >= 0)

    def __str__(self) -> str:
        code = (32600 if self.is_north else 32700) + self.number
        return f"WGS 84 / UTM zone {self.number}{'N' if self.is_north else 'S'} (EPSG:{code})"

    @property
    def meridian_deg(self) -> float:
        """Longitude of its middle."""
        return 6.0 * self.number - 183.0

    def project(self, latitude_deg: float, longitude_deg: float) -> tuple[float, float]:
        """(east, north) in metres of a position in the zone or near it."""
        latitude = math.radians(latitude_deg)
        off = math.radians(longitude_deg - self.meridian_deg)
        flat = 2 * math.sqrt(_N) / (1 + _N)
        t = math.sinh(math.atanh(math.sin(latitude)) - flat * math.atanh(flat * math.sin(latitude)))
        xi, eta = math.atan2(t, math.cos(off)), math.atanh(math.sin(off) / math.hypot(1.0, t))
        terms = [(alpha, 2 * number) for number, alpha in enumerate(_ALPHAS, start=1)]
        east = eta + sum(alpha * math.cos(j * xi) * math.sinh(j * eta) for alpha, j in terms)
        north = xi + sum(alpha * math.sin(j * xi) * math.cosh(j * eta) for alpha, j in terms)
        start_m = 0.0 if self.is_north else _SOUTH_M
        return _EAST_M + _SCALE * _MERIDIAN_M * east, start_m + _SCALE * _MERIDIAN_M * north

    def convergence_deg(self, latitude_deg: float, longitude_deg: float) -> float:
        """How far the grid's north lies clockwise of true north."""
        off = math.radians(longitude_deg - self.meridian_deg)
        return math.degrees(math.atan(math.tan(off) * math.sin(math.radians(latitude_deg))))


def degrees_per_metre(latitude_deg: float) -> tuple[float, float]:
    """How many degrees of latitude and of longitude a metre is, at a latitude."""
    squared = _FLATTENING * (2 - _FLATTENING)
    root = math.sqrt(1 - squared * math.sin(math.radians(latitude_deg)) ** 2)
    across, along = _RADIUS_M / root, _RADIUS_M * (1 - squared) / root**3
    return math.degrees(1 / along), math.degrees(1 / (across * math.cos(math.radians(latitude_deg))))
