"""How often ± contains the truth, on drawn cracks through JPEG, EXIF orientations and a detector.

    python benchmarks/crack_uncertainty.py [--images 200] [--first-seed 1000] [--detector concrete-crack]

Images are those of `blemish data synth`, each stored as a JPEG of one of five qualities in one of the eight EXIF
orientations, and read as `blemish inspect` reads them. Judged is every crack that lies in one that was drawn: its mean
and its largest width there, against the true ones; once as the detector outlines it, once from the true mask.
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


def main() -> None:
    """Measure and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--detector", default="concrete-crack", help="a .blemish file, or a bundled detector")
    parser.add_argument("--out", type=Path, help="write the numbers here as JSON")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    print(describe_machine("numpy", "scipy", "opencv-python-headless") + "\n")
    metrics = covered(given.images, given.first_seed, given.detector)
    if given.out is not None:
        write_text(given.out, json.dumps(metrics, indent=2) + "\n")


def covered(images: int, first_seed: int, detector_name: str) -> dict:
    """How often the mean and the largest width lie within ±, each image as a JPEG of some quality and orientation."""
    detector = load(detector_name, threads=1)
    level = detector.spec.thresholds.pixel
    rows: dict[str, list[tuple]] = {f"through {detector.spec.method}": [], "true mask": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(images):
            picture = draw_image(first_seed + number, size_px=512, cracked=True)
            quality, orientation = QUALITIES[number % len(QUALITIES)], 1 + number % len(STORED)
            image = read_image(as_camera(picture.image, quality, orientation, Path(folder) / "image.jpg"))
            answer = detector.inspect_pixels(image)
            # An image that is too blurred or dark to be judged has no mask.
            found = ()
            if answer.mask is not None:
                found = measure_cracks(answer.mask, image, probability=answer.anomaly_map, level=level)
            for way, cracks in zip(rows, (found, measure_cracks(picture.mask, image)), strict=True):
                rows[way] += [(*one, quality, orientation) for one in judged(picture, cracks)]
    print(f"{images} images of 512 px, seeds {first_seed} to {first_seed + images - 1}\n")
    print("| way | cracks | mean within ± | largest within ± | ±, median | of the largest width |")
    print("|---|---|---|---|---|---|")
    metrics = {}
    for way, table in rows.items():
        values = np.array([row[:6] for row in table])
        bands = {"all": slice(None)} | {
            f"{low:g} to {high:g} px": (values[:, 2] >= low) & (values[:, 2] < high) for low, high in BANDS_PX
        }
        bands |= {f"quality {q}": np.array([row[6] == q for row in table]) for q in QUALITIES}
        bands |= {f"orientation {o}": np.array([row[7] == o for row in table]) for o in STORED}
        for band, chosen in bands.items():
            mean, true_mean, largest, true_largest, off, doubted = values[chosen].T
            metrics[f"{way}, {band}"] = numbers = {
                "cracks": len(mean),
                "mean": float(np.mean(np.abs(mean - true_mean) <= off)),
                "largest": float(np.mean(np.abs(largest - true_largest) <= off)),
                "off": float(np.median(off)),
                "relative": float(np.median(off / largest)),
                "doubted": float(doubted.mean()),
            }
            print(
                f"| {way}, {band} | {numbers['cracks']} | {numbers['mean']:.1%} | {numbers['largest']:.1%} | "
                f"{numbers['off']:.1f} px | {numbers['relative']:.0%} |"
            )
    return metrics


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
