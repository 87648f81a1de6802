"""How much memory and time one very large image takes, from its file to findings, overlay, mask and report.

    python benchmarks/large_images.py [--work DIR] [--only jpeg|tiff] [--detector concrete-crack] [--threads 1]
        [--record large-images]

A JPEG of 100 megapixels and a tiled TIFF (Deflate) of 300 are drawn: one wall repeated with fresh grain, a crack in
some of the repetitions. Each is inspected by the command line in a fresh process; the largest resident memory is the
kernel's figure for that process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from numpy.typing import NDArray

from blemish.images import write_jpeg
from blemish.synthesis import draw_image

from machine import describe_machine
from result_files import Column, Row, Table, record
from result_tables import markdown

BLOCK_PX = 1024
TILE_PX = 512
# Blocks down and across: 104 and 302 megapixels.
SIZES = {"jpeg": (9, 11), "tiff": (16, 18)}
NAMES = {"jpeg": "JPEG", "tiff": "TIFF in tiles"}
# 1.5 and 1.2 GB.
AIMS_MIB = {"jpeg": 1430.0, "tiff": 1144.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, help="keep the images there for the next run")
    parser.add_argument("--only", choices=sorted(SIZES))
    parser.add_argument("--detector", default="concrete-crack")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    given = parser.parse_args()
    found: dict[str, tuple[float, float, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        work = given.work or Path(folder)
        for kind in [given.only] if given.only else sorted(SIZES):
            image = draw(work, kind)
            threads = [] if given.threads is None else ["--threads", str(given.threads)]
            found[kind] = inspect(image, Path(folder) / kind, given.detector, threads)
    table = table_of(found)
    print(describe_machine("onnxruntime"), "\n")
    print(markdown(table))
    if given.record:
        threads_told = "" if given.threads is None else f" --threads {given.threads}"
        record(
            given.record,
            "Very large images",
            f"one drawn wall repeated with fresh grain, TIFF in Deflate; {given.detector}, overlay, mask, cracks and "
            "report by the command line, a fresh process each; the kernel's largest resident memory",
            [f"python benchmarks/large_images.py{threads_told} --record {given.record}"],
            {"memory": table},
        )


def table_of(found: dict[str, tuple[float, float, float]]) -> Table:
    rows = []
    for kind, (wall_s, cpu_s, peak) in found.items():
        down, across = SIZES[kind]
        cells = {"megapixels": down * across * BLOCK_PX**2 / 1e6, "s": wall_s, "processor s": cpu_s}
        rows.append(Row(name=(NAMES[kind],), cells=cells | {"peak MiB": peak, "aim, MiB": AIMS_MIB[kind]}))
    columns = ("megapixels", "s", "processor s", "peak MiB", "aim, MiB")
    return Table(stub=("image",), columns=tuple(Column(name=name, digits=0) for name in columns), rows=tuple(rows))


def draw(folder: Path, kind: str) -> Path:
    file = folder / f"large.{'jpg' if kind == 'jpeg' else 'tif'}"
    if file.exists():
        return file
    folder.mkdir(parents=True, exist_ok=True)
    rows, columns = SIZES[kind]
    walls = [draw_image(5, size_px=BLOCK_PX, cracked=cracked).image for cracked in (False, True)]
    if kind == "jpeg":
        image = np.concatenate([np.concatenate(list(row), axis=1) for row in bands(walls, rows, columns)])
        write_jpeg(file, image, quality=92)
        return file
    tiles = (
        np.ascontiguousarray(band[y : y + TILE_PX, x : x + TILE_PX])
        for band in (np.concatenate(list(row), axis=1) for row in bands(walls, rows, columns))
        for y in range(0, BLOCK_PX, TILE_PX)
        for x in range(0, columns * BLOCK_PX, TILE_PX)
    )
    tifffile.imwrite(
        file,
        tiles,
        shape=(rows * BLOCK_PX, columns * BLOCK_PX, 3),
        dtype=np.uint8,
        tile=(TILE_PX, TILE_PX),
        photometric="rgb",
        compression="zlib",
        metadata=None,
    )
    return file


def bands(walls: list[NDArray[np.uint8]], rows: int, columns: int) -> Iterator[Iterator[NDArray[np.uint8]]]:
    rng = np.random.default_rng(0)

    def block(number: int) -> NDArray[np.uint8]:
        wall = walls[number % 7 == 0].astype(np.int16)
        grain = rng.integers(-3, 4, wall.shape[:2], np.int16)
        return np.clip(wall + grain[..., None], 0, 255).astype(np.uint8)

    for row in range(rows):
        yield (block(row * columns + column) for column in range(columns))


def inspect(image: Path, out: Path, detector: str, options: list[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds and largest resident memory in MiB of one inspection."""
    command = ["inspect", str(image), "--detector", detector, "--out", str(out), *options]
    begun = time.perf_counter()
    process = subprocess.Popen([str(Path(sys.executable).with_name("blemish")), *command])
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - begun
    if os.waitstatus_to_exitcode(status):
        sys.exit("the inspection failed")
    peak = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return wall_s, usage.ru_utime + usage.ru_stime, peak


if __name__ == "__main__":
    main()
