"""How fast images of twelve megapixels go from JPEG to overlay, in megapixels per second of wall time.

    python benchmarks/inspect_speed.py [--detector concrete-crack] [--images 6] [--rounds 3]

Drawn images of 4000 × 3000 px, half of them cracked. The runtimes take turns. "network" is the bare graph on tiles
that lie in memory; "to overlay" decodes, inspects, outlines and writes findings and overlays; "to report" also
measures cracks and writes masks.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import blemish
from blemish.cpu import images_at_once
from blemish.images import read_image, write_jpeg
from blemish.inspection import Measuring, inspect_images
from blemish.synthesis import draw_image

from machine import describe_machine

HEIGHT_PX, WIDTH_PX = 3000, 4000
TILES = 12


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detector", default="concrete-crack")
    parser.add_argument("--images", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(describe_machine("onnxruntime", "openvino"), "\n")
    with tempfile.TemporaryDirectory() as folder:
        images = draw(Path(folder) / "images", options.images)
        times: dict[tuple[str, str], list[float]] = {}
        for _ in range(options.rounds):
            for runtime in ("onnxruntime", "openvino", "openvino-fast"):
                at_once = images_at_once(options.images)
                detector = blemish.load(options.detector, images_at_once=at_once, runtime=runtime)
                pixels = read_image(images[0])[:1024, :1024]
                detector.inspect_pixels(pixels)  # the first call prepares the graph
                ways = {
                    "network": lambda d=detector, p=pixels, n=at_once: bare(d, p, n),
                    "to overlay": lambda d=detector: run(d, images, Path(folder) / "a", None),
                    "to report": lambda d=detector: run(d, images, Path(folder) / "b", Measuring(cracks=True)),
                }
                for name, way in ways.items():
                    times.setdefault((runtime, name), []).append(timed(way))
    megapixels = {"network": TILES * 1024 * 1024 / 1e6}
    print("| runtime | what | MP/s (median) | least | most |")
    print("|---|---|---|---|---|")
    for (runtime, name), seconds in times.items():
        size = megapixels.get(name, options.images * HEIGHT_PX * WIDTH_PX / 1e6)
        speeds = [size / each for each in seconds]
        row = f"{statistics.median(speeds):.2f} | {min(speeds):.2f} | {max(speeds):.2f}"
        print(f"| {runtime} | {name} | {row} |")


def draw(folder: Path, count: int) -> list[Path]:
    files = []
    for number in range(count):
        image = draw_image(number, size_px=(HEIGHT_PX // 2, WIDTH_PX // 2), cracked=number % 2 == 0)
        files.append(folder / f"{number}.jpg")
        # Drawn at half the size and doubled with fresh grain: drawing itself is not what is measured.
        large = image.image.repeat(2, axis=0).repeat(2, axis=1).astype(np.int16)
        grain = np.random.default_rng(number).normal(0, 2, large.shape[:2])[..., None]
        write_jpeg(files[-1], np.clip(large + grain, 0, 255).astype(np.uint8), quality=92)
    return files


def bare(detector: blemish.Detector, pixels: NDArray[np.uint8], at_once: int) -> None:
    """Tiles that lie in memory through the graph, as many at a time as images."""
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(lambda _: detector._run(pixels[None]), range(TILES)))


def run(detector: blemish.Detector, images: list[Path], out: Path, measuring: Measuring | None) -> None:
    for _ in inspect_images(detector, images, out=out, measuring=measuring):
        pass


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
