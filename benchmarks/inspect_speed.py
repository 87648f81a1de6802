"""How fast images of twelve megapixels go from JPEG to overlay, and what fraction of that time is the bare network's.

    python benchmarks/inspect_speed.py [--detectors concrete-crack crack-int8.blemish] [--runtimes onnxruntime openvino]
        [--images 4] [--rounds 3] [--record inspect-speed]

Drawn images of 4000 × 3000 px, half of them cracked. The ways take turns. "network" is the bare graph on the tiles of
these images, which lie in memory; "to overlay" decodes, inspects, outlines and writes findings and overlays; "to
report" also measures cracks and writes masks. The last column is the network's processor time over that of the row,
which a busy machine changes least.
"""

from __future__ import annotations

import argparse
import itertools
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
from blemish.detectors import Measuring, source_of
from blemish.images import read_image, write_jpeg
from blemish.inspection import inspect_images
from blemish.synthesis import draw_image

from machine import describe_machine
from result_files import Column, Row, Table, record

HEIGHT_PX, WIDTH_PX = 3000, 4000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--detectors", nargs="+", default=["concrete-crack"])
    parser.add_argument("--runtimes", nargs="+", default=["onnxruntime", "openvino"])
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    options = parser.parse_args()
    print(describe_machine("onnxruntime", "openvino"), "\n")
    megapixels = options.images * HEIGHT_PX * WIDTH_PX / 1e6
    with tempfile.TemporaryDirectory() as folder:
        images = draw(Path(folder) / "images", options.images)
        times: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
        for _ in range(options.rounds):
            for name, runtime in itertools.product(options.detectors, options.runtimes):
                at_once = images_at_once(options.images)
                detector = blemish.load(name, images_at_once=at_once, runtime=runtime)
                tiles = [tile for image in images for tile in detector.graph_inputs(read_image(image))]
                detector.answer(tiles[0])  # the first call prepares the graph
                ways = {
                    "network": lambda d=detector, t=tiles, n=at_once: bare(d, t, n),
                    "to overlay": lambda d=detector: run(d, images, Path(folder) / "a", None),
                    "to report": lambda d=detector: run(d, images, Path(folder) / "b", Measuring(cracks=True)),
                }
                for what, way in ways.items():
                    times.setdefault((Path(name).stem, runtime, what), []).append(timed(way))
    rows = tuple(row_of(each, times, megapixels) for each in times)
    print("| detector | runtime | what | MP/s | MP/s of one core | network's fraction |")
    print("|---|---|---|---|---|---|")
    for row in rows:
        told = row.cells.values()
        print(f"| {' | '.join((*row.name, *(one if isinstance(one, str) else f'{one:.2f}' for one in told)))} |")
    if options.record:
        print(kept(options, rows))


def row_of(
    each: tuple[str, str, str], times: dict[tuple[str, str, str], list[tuple[float, float]]], megapixels: float
) -> Row:
    """The rates of one way, over its rounds."""
    wall_s, cpu_s = (np.array(seconds) for seconds in zip(*times[each], strict=True))
    network_s = statistics.median(seconds for _, seconds in times[*each[:2], "network"])
    rates = megapixels / wall_s
    return Row(
        name=each,
        cells={
            "MP/s": f"{np.median(rates):.2f} ({rates.min():.2f}–{rates.max():.2f})",
            "MP/s of one core": float(megapixels / np.median(cpu_s)),
            "network's fraction": float(network_s / np.median(cpu_s)),
        },
    )


def kept(options: argparse.Namespace, rows: tuple[Row, ...]) -> Path:
    """The figures as a result file."""
    columns = (
        Column(name="MP/s"),
        Column(name="MP/s of one core", digits=2, leading_zero=True),
        Column(name="network's fraction", digits=2),
    )
    detectors = "" if options.detectors == ["concrete-crack"] else f" --detectors {' '.join(options.detectors)}"
    return record(
        options.record,
        "Twelve megapixels from JPEG to overlay",
        f"{options.images} drawn images of {WIDTH_PX} × {HEIGHT_PX} px, two threads, two images side by side; "
        f"megapixels a second, median (least to most) of {options.rounds} rounds in turn",
        [
            f"OMP_NUM_THREADS=2 python benchmarks/inspect_speed.py{detectors} --images {options.images} "
            f"--rounds {options.rounds} --record {options.record}"
        ],
        {"runtimes": Table(stub=("detector", "runtime", "what"), columns=columns, rows=rows)},
    )


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


def bare(detector: blemish.Detector, tiles: list[NDArray[np.uint8]], at_once: int) -> None:
    """Tiles that lie in memory through the graph, as many at a time as images."""
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(detector.answer, tiles))


def run(detector: blemish.Detector, images: list[Path], out: Path, measuring: Measuring | None) -> None:
    for _ in inspect_images(detector, [source_of(image) for image in images], out=out, measuring=measuring):
        pass


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds and processor seconds."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall_s, time.process_time() - cpu_s


if __name__ == "__main__":
    main()
