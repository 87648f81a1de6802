"""How far measured widths and lengths of cracks are off, where the truth is known to a hundredth of a pixel.

    python benchmarks/crack_widths.py drawn                     bars and arcs, beside 2 x EDT and area over length
    python benchmarks/crack_widths.py drawn --axis              the same along the pixels and their diagonals only
    python benchmarks/crack_widths.py synthesis                 cracks of `blemish data synth`, true mask and image
    python benchmarks/crack_widths.py synthesis --detector FILE the same through a detector
    python benchmarks/crack_widths.py crossings                 straight cracks that cross: are they two?
    python benchmarks/crack_widths.py picture docs/pictures/measuring.png

Bars and arcs are drawn from 8 x 8 samples per pixel, blurred, and given noise of .05 of full brightness. "Mask" is all
pixels whose centre lies in the shape; "cut" is the image below mid-grey. All errors are found minus true.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
from functools import cache
from itertools import combinations_with_replacement
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from skimage.morphology import skeletonize

from blemish.files import write_text
from blemish.measurement import Crack, measure_cracks
from blemish.synthesis import SyntheticImage, draw_image

from machine import describe_machine
from result_files import Column, Row, Table, record

WIDTHS_PX = (1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0)
BLURS_PX = (0.0, 0.8)
MID_GREY = 125
WAYS = ("mask and image", "mask", "cut and image", "area / length", "2 x EDT")
BANDS_PX = ((0.0, 2.0), (2.0, 4.0), (4.0, 8.0), (8.0, 16.0), (16.0, 99.0), (2.0, 99.0))


def main() -> None:
    """Run one part and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parts = parser.add_subparsers(dest="part", required=True)
    drawn = parts.add_parser("drawn")
    drawn.add_argument("--cases", type=int, default=24, help="bars and arcs, each, per width and blur")
    drawn.add_argument("--axis", action="store_true", help="bars along the pixels and their diagonals only")
    synthesis = parts.add_parser("synthesis")
    synthesis.add_argument("--images", type=int, default=60)
    synthesis.add_argument("--size", type=int, default=512, help="of an image, px")
    synthesis.add_argument("--detector", type=Path, help="a .blemish file that finds the masks")
    crossings = parts.add_parser("crossings")
    drawn.add_argument("--record", metavar="NAME", help="keep the table as benchmarks/results/NAME.json")
    for part in (drawn, synthesis, crossings):
        part.add_argument("--out", type=Path, help="write the numbers here as JSON")
    parts.add_parser("picture").add_argument("png", type=Path)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    if given.part == "picture":
        draw_picture(given.png)
        return
    print(describe_machine("numpy", "scipy", "opencv-python-headless") + "\n")
    if given.part == "drawn":
        metrics = drawn_lines(given.cases, given.axis)
        if given.record:
            print(record_drawn(given.record, metrics, given.cases, given.axis))
    elif given.part == "synthesis":
        metrics = synthesis_cracks(given.images, given.size, given.detector)
    else:
        metrics = crossing_cracks()
    if given.out is not None:
        write_text(given.out, json.dumps(metrics, indent=2) + "\n")


@cache
def drawings() -> ModuleType:
    """The shapes and images that the tests draw."""
    place = Path(__file__).resolve().parents[1] / "tests/measurement/conftest.py"
    spec = importlib.util.spec_from_file_location("crack_drawings", place)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn_lines(cases: int, axis: bool) -> list[dict]:
    """Bias and spread of mean widths, and errors of the largest width and of the length."""
    drawing = drawings().Drawing()
    print("| width | blur | " + " | ".join(f"{way}: bias, sd" for way in WAYS) + " |")
    print("|" + "---|" * (2 + len(WAYS)))
    metrics = []
    for width in WIDTHS_PX:
        for blur in BLURS_PX:
            errors: dict[str, list[tuple[float, float, float]]] = {way: [] for way in WAYS}
            for seed, (shape, length) in enumerate(shapes(drawing, width, cases, axis)):
                mask, picture = drawing.mask(shape), drawing.image(shape, blur=blur, seed=seed)
                plain = measure_cracks(mask)
                found = {
                    "mask and image": measure_cracks(mask, picture),
                    "mask": plain,
                    "cut and image": measure_cracks(picture < MID_GREY, picture),
                }
                for way, cracks in found.items():
                    # What was torn apart is measured by its longest piece; where less than half is left, it is lost.
                    best = max(cracks, key=lambda crack: crack.length_px, default=None)
                    if best is not None and best.length_px > length / 2:
                        errors[way].append(
                            (best.mean_width_px - width, best.max_width_px - width, best.length_px / length - 1)
                        )
                errors["area / length"].append((mask.sum() / length - width, np.nan, np.nan))
                errors["2 x EDT"].append((twice_distance(mask) - width, np.nan, np.nan))
            row = {"width": width, "blur": blur} | {way: summary(errors[way]) for way in WAYS}
            metrics.append(row)
            cells = [
                f"{row[way]['bias']:+.2f}, {row[way]['sd']:.2f}" if row[way]["found"] > 0 else "lost" for way in WAYS
            ]
            print(f"| {width:g} | {blur:g} | " + " | ".join(cells) + " |", flush=True)
    print(
        "\n| width | blur | largest width: bias, 90 % within | length, %: bias, 90 % within | the same, cut: largest | "
        "length, % | found |"
    )
    print("|---|---|---|---|---|---|---|")
    for row in metrics:
        cells = []
        for way in ("mask and image", "cut and image"):
            one = row[way]
            cells.append(f"{one['max_bias']:+.2f}, {one['max_p90']:.2f}" if one["found"] else "lost")
            cells.append(f"{100 * one['length_bias']:+.1f}, {100 * one['length_p90']:.1f}" if one["found"] else "lost")
        found = row["cut and image"]["found"] / row["mask"]["found"]
        print(f"| {row['width']:g} | {row['blur']:g} | " + " | ".join(cells) + f" | {found:.0%} |")
    return metrics


def record_drawn(name: str, metrics: list[dict], cases: int, axis: bool) -> Path:
    """Keep what `drawn_lines` found."""
    signed = ("mask and image: bias, sd", "mask alone: bias, sd", "cut and image: bias, sd", "2 × EDT: bias, sd")
    columns = [Column(name=each) for each in signed]
    columns += [
        Column(name="largest width: 90 % within", digits=2, unit=" px", leading_zero=True),
        Column(name="length: 90 % within", digits=1, unit=" %", leading_zero=True),
        Column(name="of the cut ones found", digits=0, unit=" %"),
    ]
    rows = []
    for found in metrics:
        ways = [found[way] for way in ("mask and image", "mask", "cut and image", "2 x EDT")]
        told = [f"{one['bias']:+.2f}, {one['sd']:.2f}".replace("-", "−") if one["found"] else "lost" for one in ways]
        best = found["mask and image"]
        kept = 100 * found["cut and image"]["found"] / found["mask"]["found"]
        values = (*told, best["max_p90"], 100 * best["length_p90"], kept)
        cells = {column.name: value for column, value in zip(columns, values, strict=True)}
        rows.append(Row(name=(f"{found['width']:g}", f"{found['blur']:g}"), cells=cells))
    return record(
        name,
        "Widths of drawn bars and arcs, found minus true, px",
        f"bars and arcs{' along the pixels' if axis else ''}, {cases} each for a width and blur, noise of 5 %",
        [f"OMP_NUM_THREADS=1 python benchmarks/crack_widths.py drawn --record {name}"],
        {"drawn": Table(stub=("width, px", "blur, px"), columns=tuple(columns), rows=tuple(rows))},
    )


def shapes(drawing, width: float, cases: int, axis: bool):
    """Bars and arcs with square ends, anywhere between the pixels, and their lengths."""
    chance = np.random.default_rng([20, round(10 * width)])
    for _ in range(cases):
        x, y = 110 + chance.uniform(-0.5, 0.5, 2)
        length = chance.uniform(100, 160)
        deg = chance.choice([0, 45, 90]) if axis else chance.uniform(0, 180)
        yield drawing.bar(x, y, deg, length, width), length
        if not axis:
            radius, sweep = chance.uniform(50, 90), chance.uniform(90, 200)
            yield drawing.arc(x, y, radius, chance.uniform(0, 360), sweep, width), radius * np.deg2rad(sweep)


def twice_distance(mask: NDArray[np.bool_]) -> float:
    """Mean of twice the distance transform along scikit-image's skeleton."""
    depth = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(2 * depth[skeletonize(mask)].mean())


def summary(errors: list[tuple[float, float, float]]) -> dict[str, float]:
    """Bias, spread, and what 90 % of the cases stay within."""
    if not errors:
        return {"found": 0}
    mean, largest, length = np.array(errors).T
    return {
        "found": len(errors),
        "bias": float(mean.mean()),
        "sd": float(mean.std()),
        "max_bias": float(largest.mean()),
        "max_p90": float(np.percentile(np.abs(largest), 90)),
        "length_bias": float(length.mean()),
        "length_p90": float(np.percentile(np.abs(length), 90)),
    }


def synthesis_cracks(images: int, size_px: int, detector_file: Path | None) -> dict:
    """Errors of widths on drawn surfaces: at each point away from other cracks, and of each crack's mean."""
    ways = {
        "true mask": lambda picture: (picture.mask, None, {}),
        "true mask and image": lambda picture: (picture.mask, picture.image, {}),
    }
    if detector_file is not None:
        ways = {f"through {detector_file.name}": through(detector_file)}
    metrics = {}
    print(f"{images} images of {size_px} px, seeds 0 to {images - 1}\n")
    print("| way | width | points | bias | median | p95 of the absolute error |\n|---|---|---|---|---|---|")
    means: dict[str, NDArray[np.float64]] = {}
    for way, given_to in ways.items():
        points, cracks = [], []
        for seed in range(images):
            picture = draw_image(seed, size_px=size_px, cracked=True)
            if picture.cracks:
                mask, image, map_and_level = given_to(picture)
                if mask is None:  # too blurred or dark to be judged
                    continue
                for one in compared(picture, measure_cracks(mask, image, **map_and_level)):
                    points.append(one)
                    if len(one) >= 10:
                        cracks.append(one.mean(axis=0))
        table, means[way] = np.concatenate(points), np.array(cracks)
        for low, high in BANDS_PX:
            band = table[(table[:, 1] >= low) & (table[:, 1] < high)]
            error = band[:, 0] - band[:, 1]
            metrics[f"{way}, {low:g} to {high:g} px"] = numbers = {
                "points": len(error),
                "bias": float(error.mean()),
                "median": float(np.median(np.abs(error))),
                "p95": float(np.percentile(np.abs(error), 95)),
            }
            print(
                f"| {way} | {low:g} to {high:g} px | {len(error)} | {numbers['bias']:+.2f} | {numbers['median']:.2f} | "
                f"{numbers['p95']:.2f} |"
            )
    print("\n| way | cracks of 2 px and more | bias of the mean width | median | p95 |\n|---|---|---|---|---|")
    for way, table in means.items():
        wide = table[table[:, 1] >= 2]
        error = wide[:, 0] - wide[:, 1]
        metrics[f"{way}, crack means"] = {"cracks": len(error), "p95": float(np.percentile(np.abs(error), 95))}
        print(
            f"| {way} | {len(error)} | {error.mean():+.2f} | {np.median(np.abs(error)):.2f} | "
            f"{np.percentile(np.abs(error), 95):.2f} |"
        )
    return metrics


def through(detector_file: Path):
    """From an image to the detector's mask, the image, and the map and level that the mask was cut at."""
    from blemish.detectors import load

    detector = load(detector_file, threads=1)
    level = detector.spec.thresholds.pixel

    def find(picture: SyntheticImage) -> tuple:
        answer = detector.inspect_pixels(picture.image)
        return answer.mask, picture.image, {"probability": answer.anomaly_map, "level": level}

    return find


def truth_of(picture: SyntheticImage) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Points of all drawn cracks (N, 2), their widths, and which of them no other crack comes near."""
    places = np.concatenate([crack.points for crack in picture.cracks])
    widths = np.concatenate([crack.width_px for crack in picture.cracks])
    owner = np.repeat(np.arange(len(picture.cracks)), [len(crack.points) for crack in picture.cracks])
    alone = np.ones(len(places), dtype=np.bool_)
    for number in range(len(picture.cracks)):
        mine, others = owner == number, np.flatnonzero(owner != number)
        if others.size:
            nearest = min(8, others.size)
            distance, which = KDTree(places[others]).query(places[mine], k=[*range(1, nearest + 1)])
            reach = widths[mine][:, np.newaxis] / 2 + widths[others[which]] / 2 + 3
            alone[mine] = (distance > reach).all(axis=1)
    return places, widths, alone


def compared(picture: SyntheticImage, cracks: tuple[Crack, ...]) -> list[NDArray[np.float64]]:
    """For each measured crack, widths found and true (N, 2) where a true crack lies there and no other one is near."""
    places, widths, alone = truth_of(picture)
    tree = KDTree(places)
    pairs = []
    for crack in cracks:
        known = np.isfinite(crack.widths_px)
        distance, nearest = tree.query(crack.polyline_px[known])
        same = (distance <= np.maximum(1.5, 0.25 * widths[nearest])) & alone[nearest]
        if same.any():
            pairs.append(np.column_stack([crack.widths_px[known][same], widths[nearest][same]]))
    return pairs


def crossing_cracks() -> dict:
    """Two straight cracks that cross, by angle: how often they come out as two of the right length."""
    side, length = 340, 300.0
    metrics = {}
    print("| angle | pairs of cracks | two, each within 3 % of its length | largest width: 95 % within |")
    print("|---|---|---|---|")
    for angle in range(10, 91, 10):
        chance = np.random.default_rng(angle)
        right, over = [], []
        for widths in combinations_with_replacement((1.5, 2.0, 3.0, 5.0, 8.0, 12.0), 2):
            for deg in range(0, 180, 15):
                x, y = side / 2 + chance.uniform(-0.5, 0.5, 2)
                bands = []
                for turned, width in ((deg, widths[0]), (deg + angle, widths[1])):
                    aside = chance.uniform(-20, 20)
                    along = aside * np.cos(np.deg2rad(turned)), -aside * np.sin(np.deg2rad(turned))
                    bands.append(drawings().Drawing.bar(x + along[0], y + along[1], turned, length, width))
                drawing = drawings().Drawing((side, side))
                cracks = measure_cracks(drawing.mask(drawing.together(*bands)))
                right.append(len(cracks) == 2 and all(abs(crack.length_px / length - 1) < 0.03 for crack in cracks))
                if right[-1] and deg % 45 and (deg + angle) % 45:
                    over.append(max(crack.max_width_px for crack in cracks) - max(widths))
        metrics[str(angle)] = {"cases": len(right), "two": float(np.mean(right)), "p95": float(np.percentile(over, 95))}
        print(f"| {angle}° | {len(right)} | {np.mean(right):.1%} | +{np.percentile(over, 95):.2f} px |", flush=True)
    return metrics


def draw_picture(png: Path) -> None:
    """One drawn crack: its line coloured by width, the profiles, the largest width, and widths along it."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.collections import LineCollection

    picture = draw_image(16, size_px=512, cracked=True)
    crack = max(measure_cracks(picture.mask, picture.image), key=lambda crack: crack.length_px)
    line, widths = crack.polyline_px, crack.widths_px
    figure, (seen, along) = plt.subplots(1, 2, figsize=(11, 4.6), width_ratios=(1, 1.25), layout="constrained")
    seen.imshow(picture.image)
    segments = LineCollection(np.stack([line[:-1], line[1:]], axis=1), cmap="turbo", linewidths=2)
    segments.set_array(widths[:-1])
    seen.add_collection(segments)
    step = np.gradient(line, axis=0)
    across = np.column_stack([-step[:, 1], step[:, 0]]) / np.hypot(*step.T)[:, np.newaxis]
    for i in np.flatnonzero(np.isfinite(widths))[5::14]:
        ends = line[i] + np.outer([-0.5, 0.5], across[i]) * widths[i]
        seen.plot(*ends.T, color="white", linewidth=1)
    seen.plot(
        *crack.max_width_at, "o", markersize=13, markerfacecolor="none", markeredgecolor="magenta", markeredgewidth=2
    )
    middle = np.clip(crack.max_width_at, 75, 512 - 76)
    seen.set_xlim(middle[0] - 75, middle[0] + 75)
    seen.set_ylim(middle[1] + 75, middle[1] - 75)
    seen.set_xticks([])
    seen.set_yticks([])
    seen.set_title("centre line by width, profiles, largest width")
    figure.colorbar(segments, ax=seen, label="width, px")
    travelled = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    places = np.concatenate([one.points for one in picture.cracks])
    truth = np.concatenate([one.width_px for one in picture.cracks])
    distance, nearest = KDTree(places).query(line)
    along.plot(travelled, np.where(distance < 3, truth[nearest], np.nan), color="0.6", linewidth=3, label="drawn")
    along.plot(travelled, widths, color="tab:blue", linewidth=1.2, label="measured")
    band = crack.width_uncertainty_px
    along.fill_between(travelled, widths - band, widths + band, color="tab:blue", alpha=0.15, label=f"± {band:.1f} px")
    along.axhline(crack.mean_width_px, color="tab:blue", linestyle=":", label=f"mean {crack.mean_width_px:.2f} px")
    place = int(np.nanargmax(widths))
    along.plot(travelled[place], widths[place], "o", color="magenta", label=f"largest {crack.max_width_px:.2f} px")
    along.set_xlabel(f"along the crack, px (length {crack.length_px:.0f} px)")
    along.set_ylabel("width, px")
    along.set_ylim(0, 1.4 * crack.max_width_px)
    along.legend(loc="upper right", ncols=2)
    png.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(png, dpi=110)


if __name__ == "__main__":
    main()
