"""Memory of an inspection, from 100 to 100,000 images, and how soon a large one goes on after it was killed.

    python benchmarks/many_images.py [--images 100 10000 100000] [--side 32] [--kept 0.9]

Tiny drawn images through a detector that costs next to nothing: what grows here grows with the number of images and
with nothing else. Each run is a process of its own; its peak of resident memory is the operating system's. "First new
finding" is from the start of the process, imports, listing and reading of shards included, by the clock and by the
processor, which others may be using. Of each job but the smallest
nine tenths are in the shards when the process starts (`--kept`), written by the writer that a run uses. No overlays and
no report.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from blemish.detectors import load
from blemish.findings import Finding
from blemish.inspection import Images, Job
from blemish.inspection.job.shards import Entry, ShardWriter
from drawn_job import draw_images, write_detector

from machine import describe_machine


def child(images: str, detector: str, out: str) -> None:
    """One run: its peak of memory in MB, wall and processor seconds to the first finding, seconds in all."""
    begin = float(os.environ["BEGIN"])
    import blemish

    first: list[float] = []

    def seen(_: object) -> None:
        if not first:
            first.extend((time.time() - begin, time.process_time()))

    blemish.inspect(images, detector=detector, out=out, overlays=False, report=False, threads=1, on_finding=seen)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(peak_mb, *first, time.time() - begin)


def keep(images: Path, detector: Path, out: Path, fraction: float) -> None:
    """Write the shards of a job of which so much is done."""
    with Images(images) as found, Job(out, load(detector)) as job, ShardWriter(job.folder) as shards:
        found.index.name_all()
        for wanted in islice(found.index.to_do(), round(fraction * len(found))):
            entry = Entry(wanted.key, wanted.stamp, wanted.place, wanted.name, verdict="pass")
            path = wanted.locator.where
            shards.add(entry, Finding(image=wanted.image, path=path, name=wanted.name, score=0.1, verdict="pass"))


def run(*arguments: object) -> list[float]:
    """A run in a process of its own."""
    command = [sys.executable, __file__, "child", *map(str, arguments)]
    environment = os.environ | {"BEGIN": str(time.time())}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[100, 10_000, 100_000])
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--kept", type=float, default=0.9)
    options = parser.parse_args()
    print(describe_machine("onnxruntime"), "\n")
    print("| images | kept | peak MB | beside the smallest | first new finding (s) | processor (s) | whole run (s) |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        images, detector = Path(folder, "images"), Path(folder, "darkness.blemish")
        write_detector(detector)
        drawn, smallest = 0, 0.0
        for count in sorted(options.images):
            draw_images(images, drawn, count - drawn, side_px=options.side)
            drawn, out = count, Path(folder, f"out {count}")
            kept = options.kept if smallest else 0
            if kept:
                keep(images, detector, out, kept)
            peak_mb, first_s, cpu_s, whole_s = run(images, detector, out)
            smallest = smallest or peak_mb
            grown = f"{peak_mb:.1f} | {peak_mb / smallest - 1:+.1%}"
            print(
                f"| {count} | {kept * count:.0f} | {grown} | {first_s:.1f} | {cpu_s:.1f} | {whole_s:.0f} |", flush=True
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:])
    else:
        main()
