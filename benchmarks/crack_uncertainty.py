"""How often ± contains the truth, on drawn cracks through JPEG, EXIF orientations and a detector.

    python benchmarks/crack_uncertainty.py [--images 60] [--first-seed 8000] [--detector concrete-crack]

Images are those of `blemish data synth`. Each is stored as a JPEG of five qualities, and in all eight EXIF
orientations at quality 80, and read as `blemish inspect` reads them: the same cracks in every row, so that rows
differ by what was done to the image and not by which images they happened to get. Judged is every crack that lies in
one that was drawn: its mean and its largest width there, against the true ones; once as the detector outlines it,
once from the true mask. Cracks of one image are not independent: intervals are of images drawn with replacement.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import KDTree

from blemish.detectors import load
from blemish.files import write_text
from blemish.images import read_image
from blemish.measurement import Crack, measure_cracks
from blemish.synthesis import SyntheticImage, draw_image

from crack_widths import truth_of
from machine import describe_machine
from result_files import Column, Row, Table, record

BANDS_PX = ((0.0, 3.0), (3.0, 6.0), (6.0, 12.0), (12.0, 25.0), (25.0, 200.0))
QUALITIES = (60, 70, 80, 90, 95)
# The EXIF orientations, and what each does to an image that is stored so that a viewer shows it upright.
STORED = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: image.transpose(1, 0, 2)[::-1],
    7: lambda image: image[::-1, ::-1].transpose(1, 0, 2),
    8: lambda image: image.transpose(1, 0, 2)[:, ::-1],
}
QUALITY = 80
CONDITIONS = [(quality, 1) for quality in QUALITIES] + [(QUALITY, number) for number in STORED if number != 1]


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--first-seed", type=int, default=8000)
    parser.add_argument("--detector", default="concrete-crack", help="a .blemish file, or a bundled detector")
    parser.add_argument("--out", type=Path, help="write the numbers here as JSON")
    parser.add_argument("--record", metavar="NAME", help="keep the table as benchmarks/results/NAME.json")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    print(describe_machine("numpy", "scipy", "opencv-python-headless") + "\n")
    metrics = covered(given.images, given.first_seed, given.detector)
    if given.out is not None:
        write_text(given.out, json.dumps(metrics, indent=2) + "\n")
    if given.record:
        print(kept(given.record, metrics, given))


def covered(images: int, first_seed: int, detector_name: str) -> dict:
    """How often the mean and the largest width lie within ±, each image as a JPEG of every quality and orientation."""
    detector = load(detector_name, threads=1)
    level = detector.spec.thresholds.pixel
    rows: dict[str, list[tuple]] = {f"through {detector.spec.method}": [], "true mask": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(images):
            picture = draw_image(first_seed + number, size_px=512, cracked=True)
            for quality, orientation in CONDITIONS if picture.cracks else ():
                image = read_image(as_camera(picture.image, quality, orientation, Path(folder) / "image.jpg"))
                answer = detector.inspect_pixels(image)
                # An image that is too blurred or dark to be judged has no mask.
                found = ()
                if answer.mask is not None:
                    found = measure_cracks(answer.mask, image, probability=answer.anomaly_map, level=level)
                for way, cracks in zip(rows, (found, measure_cracks(picture.mask, image)), strict=True):
                    rows[way] += [(*one, quality, orientation, number) for one in judged(picture, cracks)]
    print(f"{images} images of 512 px, seeds {first_seed} to {first_seed + images - 1}\n")
    print("| way | cracks | mean within ± | largest within ± | 95 % interval | ±, median | of the largest width |")
    print("|---|---|---|---|---|---|---|")
    metrics = {}
    for way, table in rows.items():
        values = np.array(table)
        for band, chosen in bands_of(values).items():
            if not chosen.any():
                continue
            mean, true_mean, largest, true_largest, off, doubted, _, _, image_number = values[chosen].T
            inside = np.abs(largest - true_largest) <= off
            low, high = interval(inside, image_number)
            metrics[f"{way}, {band}"] = numbers = {
                "cracks": len(mean),
                "mean": float(np.mean(np.abs(mean - true_mean) <= off)),
                "largest": float(inside.mean()),
                "interval": [low, high],
                "off": float(np.median(off)),
                "relative": float(np.median(off / largest)),
                "doubted": float(doubted.mean()),
            }
            print(
                f"| {way}, {band} | {numbers['cracks']} | {numbers['mean']:.1%} | {numbers['largest']:.1%} | "
                f"{low:.1%} to {high:.1%} | {numbers['off']:.1f} px | {numbers['relative']:.0%} |"
            )
    return metrics


def kept(name: str, metrics: dict, given: argparse.Namespace) -> Path:
    """What was found, as a result file."""
    columns = (
        Column(name="cracks", digits=0),
        Column(name="mean within ±", digits=1, unit=" %"),
        Column(name="largest within ±", digits=1, unit=" %"),
        Column(name="95 % interval"),
        Column(name="±, median", digits=1, unit=" px", leading_zero=True),
        Column(name="of the largest width", digits=0, unit=" %"),
    )
    rows = []
    for way, one in metrics.items():
        low, high = one["interval"]
        told = (one["cracks"], 100 * one["mean"], 100 * one["largest"], f"{100 * low:.1f} to {100 * high:.1f} %")
        values = (*told, one["off"], 100 * one["relative"])
        cells = {column.name: value for column, value in zip(columns, values, strict=True)}
        rows.append(Row(name=tuple(way.rsplit(", ", 1)), cells=cells))
    command = f"OMP_NUM_THREADS=1 python benchmarks/crack_uncertainty.py --images {given.images} --record {name}"
    return record(
        name,
        "How often ± of a width holds",
        f"{given.images} drawn images of 512 px (seeds from {given.first_seed}), as JPEG of five qualities, in eight "
        f"EXIF orientations; detector {Path(given.detector).name}",
        [command],
        {"covered": Table(stub=("masks", "cracks"), columns=columns, rows=tuple(rows))},
    )


def bands_of(values: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    """Rows by largest width, by quality and by orientation."""
    plain = values[:, 7] == 1
    bands = {"all": np.ones(len(values), np.bool_)}
    bands |= {f"{low:g} to {high:g} px": (values[:, 2] >= low) & (values[:, 2] < high) for low, high in BANDS_PX}
    bands |= {f"quality {quality}": plain & (values[:, 6] == quality) for quality in QUALITIES}
    return bands | {f"orientation {number}": (values[:, 6] == QUALITY) & (values[:, 7] == number) for number in STORED}


def interval(inside: NDArray[np.bool_], image_number: NDArray[np.float64]) -> tuple[float, float]:
    """95 % of the fraction that is inside, over images drawn with replacement."""
    _, image = np.unique(image_number, return_inverse=True)
    counts, hits = np.bincount(image), np.bincount(image, weights=inside)
    drawn = np.random.default_rng(0).integers(0, counts.size, (2000, counts.size))
    low, high = np.percentile(hits[drawn].sum(axis=1) / counts[drawn].sum(axis=1), (2.5, 97.5)).tolist()
    return low, high


def as_camera(image: NDArray[np.uint8], quality: int, orientation: int, path: Path) -> Path:
    """The image as a JPEG that is stored in some orientation, and says so."""
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](image)))
    exif = stored.getexif()
    exif[0x0112] = orientation
    stored.save(path, quality=quality, exif=exif)
    return path


def judged(picture: SyntheticImage, cracks: tuple[Crack, ...]) -> list[tuple[float, ...]]:
    """Mean and largest width, found and true, ± and whether the image contradicts, for cracks that are a true one.

    A crack is a true one where at least half of its points lie in it (within 2.5 px, or half its width), away from
    others.
    """
    if not picture.cracks:
        return []
    rows = []
    for crack in cracks:
        found, true, share = beside_truth(picture, crack)
        if share > 0.5 and np.isfinite(crack.widths_px).sum() >= 10:
            off, doubted = crack.width_uncertainty_px, float(crack.doubt is not None)
            rows.append((found.mean(), true.mean(), found.max(), true.max(), off, doubted))
    return rows


def beside_truth(picture: SyntheticImage, crack: Crack) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Widths found and true where a crack lies in one that was drawn, away from others; and on how much of it."""
    places, widths, alone = truth_of(picture)
    known = np.isfinite(crack.widths_px)
    distance, nearest = KDTree(places).query(crack.polyline_px[known])
    same = (distance <= np.maximum(2.5, 0.5 * widths[nearest])) & alone[nearest]
    return crack.widths_px[known][same], widths[nearest][same], float(same.mean()) if known.any() else 0.0


if __name__ == "__main__":
    main()
