"""Widths by grey profiles: beside gauge readings, and of cracks drawn onto photos, through JPEG and a detector.

    python benchmarks/crack_profiles.py gauge --data $BLEMISH_DATA/crack-widths/profiles.csv [--half development]
    python benchmarks/crack_profiles.py walls --data $BLEMISH_DATA/open-cracks/sdnet_clean/images [--first-seed 0]
    python benchmarks/crack_profiles.py picture --data $BLEMISH_DATA/open-cracks/sdnet_clean/images --png profiles.png

`gauge`: 978 profiles across real cracks whose width a gauge read (Benz and Rodehorst, MVA 2021), measured by
`measure_profile` alone. They are cut into two halves by a seed; the method's constants were chosen on the development
half and on drawings, and the other half reports.

`walls`: lines of one width each, 1 to 8 px, drawn onto crack-free concrete with the blur of a lens, then JPEG, then the
detector and `measure_cracks`. Each image has two to four such cracks. What both take is said at the end.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from blemish.detectors import load
from blemish.files import write_text
from blemish.images import read_image
from blemish.measurement import Crack, measure_cracks, measure_profile
from blemish.measurement.width.box_model import line_profiles

from machine import describe_machine

SPLIT_SEED = 25
WITHIN_MM = (0.025, 0.05, 0.1, 0.2)
BANDS_PX = ((1.0, 2.0), (2.0, 3.0), (3.0, 5.0), (5.0, 8.01), (1.0, 8.01))
QUALITIES = (60, 70, 80, 90, 95)
FINE = 8
SIDE_PX = 512


def main() -> None:
    """Measure one part and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(dest="part", required=True)
    gauge = parts.add_parser("gauge")
    gauge.add_argument("--half", choices=("development", "report"), default="report")
    walls = parts.add_parser("walls")
    walls.add_argument("--images", type=int, default=60)
    walls.add_argument("--first-seed", type=int, default=0)
    walls.add_argument("--detector", default="concrete-crack", help="a .blemish file, or a bundled detector")
    picture = parts.add_parser("picture")
    picture.add_argument("--png", type=Path, required=True)
    picture.add_argument("--seed", type=int, default=7)
    for part in (gauge, walls, picture):
        part.add_argument("--data", type=Path, required=True)
    for part in (gauge, walls):
        part.add_argument("--out", type=Path, help="write the numbers here as JSON")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    if given.part == "picture":
        draw_picture(given.data, given.seed, given.png)
        return
    print(describe_machine("numpy", "scipy", "opencv-python-headless") + "\n")
    if given.part == "gauge":
        metrics = gauge_profiles(given.data, given.half)
    else:
        metrics = drawn_on_walls(given.data, given.images, given.first_seed, given.detector)
    if given.out is not None:
        write_text(given.out, json.dumps(metrics, indent=2) + "\n")


def gauge_profiles(table: Path, half: str) -> dict[str, float]:
    """Errors of `measure_profile` on one half of the profiles."""
    with table.open(newline="") as lines:
        # One row has a pixel of 27 mm, a slip.
        rows = [row for row in csv.DictReader(lines) if float(row["mm_per_px"]) <= 1]
    order = np.random.default_rng(SPLIT_SEED).permutation(len(rows))
    middle = len(rows) // 2
    chosen = sorted(order[:middle] if half == "development" else order[middle:])
    off_px, off_mm, inside = [], [], []
    for row in (rows[number] for number in chosen):
        found = measure_profile([float(value) for value in row["grey_profile"].split()])
        scale, true_mm = float(row["mm_per_px"]), float(row["width_mm"])
        off_mm.append(abs(found.width_px * scale - true_mm))
        off_px.append(off_mm[-1] / scale)
        # A gauge card has steps of .05 mm.
        inside.append(off_mm[-1] <= found.uncertainty_px * scale + 0.025)
    metrics = {
        "profiles": len(off_px),
        "mean_px": float(np.mean(off_px)),
        "median_px": float(np.median(off_px)),
        "mean_mm": float(np.mean(off_mm)),
        **{f"within_{limit}": float(np.mean(np.array(off_mm) <= limit)) for limit in WITHIN_MM},
        "covered": float(np.mean(inside)),
    }
    print(f"{half} half, seed {SPLIT_SEED}\n\n| profiles | mean error | within .025, .05, .1, .2 mm | within ± |")
    print("|---|---|---|---|")
    within = ", ".join(f"{metrics[f'within_{limit}']:.1%}" for limit in WITHIN_MM)
    print(
        f"| {metrics['profiles']} | {metrics['mean_px']:.3f} px, {metrics['mean_mm']:.4f} mm | {within} | "
        f"{metrics['covered']:.1%} |"
    )
    return metrics


def drawn_on_walls(folder: Path, images: int, first_seed: int, detector_name: str) -> dict[str, dict[str, float]]:
    """Errors at each point of cracks drawn onto photos, found by a detector."""
    detector = load(detector_name, threads=1)
    level = detector.spec.thresholds.pixel
    walls = sorted(folder.iterdir())
    rows, times = [], []
    for seed in range(first_seed, first_seed + images):
        image, places, widths = draw_on_wall(read_image(walls[seed % len(walls)]), seed)
        started_s = time.perf_counter()
        answer = detector.inspect_pixels(image)
        detected_s = time.perf_counter()
        if answer.mask is not None:
            found = measure_cracks(answer.mask, image, probability=answer.anomaly_map, level=level)
            times.append((detected_s - started_s, time.perf_counter() - detected_s))
            rows += [compared(crack, places, widths) for crack in found]
    table = np.concatenate(rows)
    print(f"{images} images, seeds {first_seed} to {first_seed + images - 1}\n")
    print("| width | points | bias | median | 95 % within | within ± | ±, median | flagged |")
    print("|---|---|---|---|---|---|---|---|")
    metrics = {}
    for low, high in BANDS_PX:
        part = table[(table[:, 1] >= low) & (table[:, 1] < high)]
        error = part[:, 0] - part[:, 1]
        metrics[f"{low:g} to {high:.0f} px"] = numbers = {
            "points": len(error),
            "bias": float(error.mean()),
            "median": float(np.median(np.abs(error))),
            "p95": float(np.percentile(np.abs(error), 95)),
            "covered": float(np.mean(np.abs(error) <= part[:, 2])),
            "off": float(np.median(part[:, 2])),
            "flagged": float(np.mean(part[:, 3])),
        }
        print(
            f"| {low:g} to {high:.0f} px | {numbers['points']:,} | {numbers['bias']:+.2f} px | "
            f"{numbers['median']:.2f} px | {numbers['p95']:.2f} px | {numbers['covered']:.1%} | "
            f"{numbers['off']:.2f} px | {numbers['flagged']:.0%} |"
        )
    detecting_s, measuring_s = np.median(times, axis=0)
    metrics["median seconds"] = {"detector": float(detecting_s), "measuring": float(measuring_s)}
    print(f"\nMedian of an image: detector {detecting_s:.3f} s, measuring {measuring_s:.3f} s")
    return metrics


def draw_picture(folder: Path, seed: int, png: Path) -> None:
    """Profiles with the boxes that fit them, and widths along one crack on a photo, beside what the outline gives."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    walls = sorted(folder.iterdir())
    image, places, widths = draw_on_wall(read_image(walls[seed % len(walls)]), seed)
    detector = load("concrete-crack", threads=1)
    answer = detector.inspect_pixels(image)
    level = detector.spec.thresholds.pixel
    cracks = measure_cracks(answer.mask, image, probability=answer.anomaly_map, level=level)
    crack = max(cracks, key=lambda one: one.length_px)
    outline = measure_cracks(answer.mask)
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    offsets = np.arange(-12, 13)
    for width, colour in ((1.0, "tab:blue"), (3.0, "tab:green"), (7.0, "tab:orange")):
        grey = 130 * (1 - 0.86 * line_profiles(offsets.astype(float), np.array([width]), np.array([0.9]))[0])
        grey += np.random.default_rng(round(width)).normal(0, 2, grey.size)
        found = measure_profile(grey)
        left.plot(offsets, grey, "o", color=colour, markersize=4, label=f"{width:g} px, found {found.width_px:.1f} px")
        left.vlines([-found.width_px / 2, found.width_px / 2], 0, 130, color=colour, linewidth=1, linestyle=":")
    left.set_xlabel("across the crack, px")
    left.set_ylabel("grey level")
    left.legend()
    known = np.isfinite(crack.widths_px)
    x = crack.polyline_px[known, 0]
    _, nearest = KDTree(places).query(crack.polyline_px[known])
    right.plot(x, widths[nearest], color="0.6", linewidth=3, label="drawn")
    right.plot(x, crack.widths_px[known], color="tab:blue", linewidth=1.2, label="grey profile")
    off = crack.width_uncertainties_px[known]
    right.fill_between(x, crack.widths_px[known] - off, crack.widths_px[known] + off, color="tab:blue", alpha=0.15)
    beside = min(outline, key=lambda one: np.abs(one.polyline_px.mean(axis=0) - crack.polyline_px.mean(axis=0)).sum())
    right.plot(beside.polyline_px[:, 0], beside.widths_px, color="tab:red", linewidth=1.2, label="outline alone")
    right.set_ylim(0, 1.15 * np.nanmax(beside.widths_px))
    right.set_xlabel("along the crack, px")
    right.set_ylabel("width, px")
    right.legend()
    png.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(png, dpi=110)


def compared(crack: Crack, places: NDArray[np.float64], widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Width found and true, ± and whether flagged, (N, 4), where a crack lies on one that was drawn."""
    known = np.isfinite(crack.widths_px)
    distance, nearest = KDTree(places).query(crack.polyline_px[known])
    same = distance <= np.maximum(1.5, 0.25 * widths[nearest])
    flagged = np.zeros(len(known), np.bool_)
    for ranges in crack.width_flags.values():
        for first, last in ranges:
            flagged[first : last + 1] = True
    off = np.full(len(known), crack.width_uncertainty_px)
    if crack.width_uncertainties_px is not None:
        off = np.where(np.isfinite(crack.width_uncertainties_px), crack.width_uncertainties_px, off)
    return np.column_stack([crack.widths_px[known], widths[nearest], off[known], flagged[known]])[same]


def draw_on_wall(
    wall: NDArray[np.uint8], seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
    """A photo with drawn cracks as JPEG gives it back, points on their centre lines (N, 2), and the widths there."""
    chance = np.random.default_rng([seed, 25])
    wall = wall[:SIDE_PX, :SIDE_PX].astype(np.float32)
    height, width = wall.shape[:2]
    blur, shade = chance.uniform(0.45, 1.3), chance.uniform(0.03, 0.25)
    covered = np.zeros((height, width), np.float32)
    places, widths = [], []
    for band in range(chance.integers(2, 5)):
        line = _line(chance, (band + 0.5) * height / 4, width)
        thick = float(np.exp(chance.uniform(0, np.log(8))))
        covered = np.maximum(covered, _coverage(line, thick, (height, width)))
        inside = ((line > 12) & (line < np.array([width, height]) - 12)).all(axis=1)
        places.append(line[inside])
        widths.append(np.full(int(inside.sum()), thick))
    alpha = cv2.GaussianBlur(covered, (0, 0), blur)[..., np.newaxis]
    seen = wall * (1 - alpha * (1 - np.float32(shade))) + chance.normal(0, 1.5, (height, width, 1))
    pixels = np.clip(np.rint(seen), 0, 255).astype(np.uint8)
    _, packed = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITIES[seed % len(QUALITIES)]])
    decoded = np.ascontiguousarray(cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1])
    return decoded, np.concatenate(places), np.concatenate(widths)


def _line(chance: np.random.Generator, level: float, width: int) -> NDArray[np.float64]:
    """A line from left to right that wanders, half a pixel apart."""
    knots = np.cumsum(chance.normal(0, 9, 12)) * 0.8
    x = np.arange(20, width - 20, 0.5)
    wander = np.interp(x, np.linspace(0, width, 12), knots - knots.mean())
    smooth = cv2.GaussianBlur(wander.astype(np.float32).reshape(1, -1), (0, 0), 20).ravel()
    return np.column_stack([x, level + chance.uniform(-8, 8) + smooth])


def _coverage(line: NDArray[np.float64], thick: float, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Fraction of each pixel that lies in a line of some width, from 8 x 8 samples."""
    large = np.zeros((shape[0] * FINE, shape[1] * FINE), np.uint8)
    shift = 4
    points = np.rint(((line + 0.5) * FINE - 0.5) * 2**shift).astype(np.int32)
    # A filled polygon of the two edges: the thickness of cv2.polylines is a whole number.
    across = np.gradient(line, axis=0)
    across = np.column_stack([-across[:, 1], across[:, 0]]) / np.hypot(*across.T)[:, np.newaxis]
    # It fills the samples that its outline runs through, too: half a one on each side.
    edges = np.rint(across * (thick * FINE - 1) / 2 * 2**shift).astype(np.int32)
    outline = np.concatenate([points + edges, (points - edges)[::-1]])
    cv2.fillPoly(large, [outline], 255, cv2.LINE_8, shift)
    return cv2.resize(large, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255


if __name__ == "__main__":
    main()
