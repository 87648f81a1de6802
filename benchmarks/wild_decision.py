"""Choosing where concrete-crack decides: one rule for all domains, from maps of networks that never met the domain.

Every rule outlines where the map reaches ``pixel``, in components that reach ``peak`` somewhere and cover at least
``min_area_px``. A budget is the fraction of crack-free images of each real domain that may show an outline, and
drawings of look-alikes may show no more than they did before; for each, the rule with the best F1 within 2 px in the
worst domain is taken: a trade-off curve.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from blemish.evaluation import ToleranceCounts, count_within
from blemish.measurement.components import find_components
from wild_scoring import Rule, Seen

# Not below: there the mean F1 per pixel, without a tolerance, lies more than .01 under its best.
PIXELS = (0.05, 0.08, 0.1, 0.15, 0.2, 0.3)
PEAKS = (0.7, 0.8, 0.9, 0.93, 0.95, 0.96, 0.965, 0.97, 0.975, 0.98, 0.985, 0.99, 0.993, 0.995, 0.997, 0.998)
AREAS_PX = (1, 90, 120, 160, 200, 250, 300)
MAX_DRAWN_OUTLINED = 0.36
BUDGETS = (0.01, 0.02, 0.03, 0.05, 0.1, 0.2)
LIMITS = (0.02, 0.03, 0.04, 0.05)
# Enough of each domain for a choice among a hundred rules.
MAX_CRACKED, MAX_CLEAN = 60, 200


@dataclass(frozen=True)
class Tried:
    """A rule in one domain: F1 within 2 px (None without masks), cracked images found, clean ones outlined."""

    f1: float | None
    found: float
    outlined: float | None


def try_rules(domains: Mapping[str, Sequence[Seen]]) -> dict[Rule, dict[str, Tried]]:
    """Every rule in every domain."""
    tried: dict[Rule, dict[str, Tried]] = {}
    for name, seen in domains.items():
        for rule, result in _in_one_domain(seen):
            tried.setdefault(rule, {})[name] = result
    return tried


def _in_one_domain(seen: Sequence[Seen]) -> Iterator[tuple[Rule, Tried]]:
    cracked = _some([one for one in seen if one.cracked], MAX_CRACKED)
    clean = _some([one for one in seen if not one.cracked], MAX_CLEAN)
    for pixel, min_area_px in product(PIXELS, AREAS_PX):
        reached = np.array([components(one.map, pixel, min_area_px)[1].max(initial=0.0) for one in clean])
        parts = [components(one.map, pixel, min_area_px) for one in cracked]
        found = np.array([peaks.max(initial=0.0) for _, peaks in parts])
        for peak in PEAKS:
            counts = ToleranceCounts()
            for one, (labels, peaks) in zip(cracked, parts, strict=True):
                if one.truth is not None:
                    counts += count_within((peaks >= peak)[labels], one.truth, (2.0,))[0]
            f1 = counts.f1 if any(one.truth is not None for one in cracked) else None
            flagged = None if not reached.size else float((reached >= peak).mean())
            yield Rule(pixel, peak, min_area_px), Tried(f1, float((found >= peak).mean()), flagged)


def at_limits(
    domains: Mapping[str, Sequence[Seen]], pixel: float, min_area_px: int, gap_px: int = 0
) -> dict[float, tuple[float, dict[str, Tried]]]:
    """For each limit the lowest peak for all with which no real domain has more of its crack-free images outlined.

    All images are looked at; drawings set no peak.
    """
    parts = {name: [components(one.map, pixel, min_area_px, gap_px) for one in seen] for name, seen in domains.items()}
    cracked = {name: np.array([one.cracked for one in seen]) for name, seen in domains.items()}
    highest = {name: np.array([peaks.max(initial=0.0) for _, peaks in found]) for name, found in parts.items()}
    found = {}
    for limit in LIMITS:
        clean = [highest[name][~cracked[name]] for name in domains if name != "drawn"]
        peak = max((_lowest_peak(values, limit) for values in clean if values.size), default=0.0)
        tried = {}
        for name, seen in domains.items():
            counts = ToleranceCounts()
            for one, (labels, peaks) in zip(seen, parts[name], strict=True):
                if one.cracked and one.truth is not None:
                    counts += count_within((peaks >= peak)[labels], one.truth, (2.0,))[0]
            reached, is_cracked = highest[name] >= peak, cracked[name]
            masked = any(one.cracked and one.truth is not None for one in seen)
            outlined = float(reached[~is_cracked].mean()) if not is_cracked.all() else None
            tried[name] = Tried(counts.f1 if masked else None, float(reached[is_cracked].mean()), outlined)
        found[limit] = peak, tried
    return found


def _lowest_peak(values: NDArray[np.float32], limit: float) -> float:
    """Above all but that fraction of the values."""
    ordered = np.sort(values)[::-1]
    return float(np.nextafter(ordered[int(limit * ordered.size)], np.float32(2)))


def _some(seen: list[Seen], count: int) -> list[Seen]:
    """Evenly spread."""
    return seen[:: max(1, -(-len(seen) // count))]


def components(
    anomaly_map: NDArray[np.float32], pixel: float, min_area_px: int, gap_px: int = 0
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Labels of the components, 0 outside, and the highest value in each, 0 for the outside and those too small."""
    mask = anomaly_map >= np.float32(pixel)
    found = find_components(mask, gap_px)
    peaks = np.zeros(len(found.areas_px), np.float32)
    np.maximum.at(peaks, found.labels[mask], anomaly_map[mask])
    peaks[found.areas_px < min_area_px] = 0
    return found.labels, peaks


def curve(tried: Mapping[Rule, Mapping[str, Tried]]) -> dict[float, Rule]:
    """For each budget the best rule that keeps it; budgets that no rule keeps are left out."""
    best: dict[float, Rule] = {}
    for budget in BUDGETS:
        kept = [rule for rule, rows in tried.items() if outlined(rows) <= budget and drawn(rows) <= MAX_DRAWN_OUTLINED]
        if kept:
            best[budget] = max(kept, key=lambda rule: merit(tried[rule]))
    return best


def outlined(rows: Mapping[str, Tried]) -> float:
    """The largest fraction of crack-free images with an outline in any real domain."""
    return max((row.outlined for name, row in rows.items() if name != "drawn" and row.outlined is not None), default=0)


def drawn(rows: Mapping[str, Tried]) -> float:
    """That of drawings, 0 where there are none."""
    return (rows["drawn"].outlined or 0.0) if "drawn" in rows else 0.0


def merit(rows: Mapping[str, Tried]) -> tuple[float, float]:
    """F1 in the worst real domain, then the mean."""
    f1 = [row.f1 for name, row in rows.items() if name != "drawn" and row.f1 is not None]
    return min(f1), float(np.mean(f1))


def reliability(domains: Mapping[str, Sequence[Seen]]) -> tuple[list[tuple[float, float, int]], tuple[float, float]]:
    """How often a pixel of a stated probability is labelled as cracked, and the Platt scaling that corrects it.

    Returns:
        For each tenth: mean probability, fraction of cracks, pixels; and the factor and offset of the logit.
    """
    probability, truth = _pixels(domains)
    rows = []
    for low in np.arange(0, 1, 0.1):
        inside = (probability >= low) & (probability < low + 0.1)
        if inside.any():
            rows.append((float(probability[inside].mean()), float(truth[inside].mean()), int(inside.sum())))
    # Newton's method diverges where nearly all pixels are certain; the loss is convex, so any descent will do.
    logit = np.log(probability / (1 - probability))

    def loss(scaling: NDArray[np.float64]) -> float:
        z = scaling[0] * logit + scaling[1]
        return float(np.mean(np.logaddexp(0, z) - truth * z))

    factor, offset = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return rows, (float(factor), float(offset))


def _pixels(domains: Mapping[str, Sequence[Seen]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Probabilities and truth of as many pixels of each domain with masks."""
    rng = np.random.default_rng(0)
    values, truths = [], []
    for seen in domains.values():
        masked = [one for one in seen if one.truth is not None]
        if not masked:
            continue
        of_domain = [
            (one.map.ravel()[at], one.truth.ravel()[at])
            for one in masked
            if one.truth is not None
            for at in [rng.integers(0, one.map.size, 200_000 // len(masked))]
        ]
        values.append(np.concatenate([value for value, _ in of_domain]))
        truths.append(np.concatenate([truth for _, truth in of_domain]))
    return np.clip(np.concatenate(values).astype(np.float64), 1e-4, 1 - 1e-4), np.concatenate(truths)
