"""Memory of an inspection, from 100 to 100,000 images, and how soon a large one goes on after it was killed.

    python benchmarks/many_images.py [--images 100 1000 10000 100000] [--side 32]

Tiny drawn images through a detector that costs next to nothing: what grows here grows with the number of images and
with nothing else. Each run is a process of its own; its peak of resident memory is the operating system's. "First
finding" is from the start of the process, imports and listing included; the largest job is killed (SIGKILL) when nine
tenths are done, and "goes on" is the same for the run after it. No overlays and no report.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from drawn_job import draw_images, write_detector

from machine import describe_machine


def child(images: str, detector: str, out: str, kill_at: str) -> None:
    """One run: its peak of memory in MB, seconds to the first finding, seconds in all."""
    begin = float(os.environ["BEGIN"])
    import blemish

    first: list[float] = []
    done = 0

    def seen(_: object) -> None:
        nonlocal done
        done += 1
        if not first:
            first.append(time.time() - begin)
        if done == int(kill_at):
            os.kill(os.getpid(), signal.SIGKILL)

    blemish.inspect(images, detector=detector, out=out, overlays=False, report=False, threads=1, on_finding=seen)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(peak_mb, first[0], time.time() - begin)


def run(*arguments: object) -> list[float] | None:
    """A run in a process of its own; None where it killed itself."""
    command = [sys.executable, __file__, "child", *map(str, arguments)]
    environment = os.environ | {"BEGIN": str(time.time())}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode == 0, done.stderr
    return [float(word) for word in done.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[100, 1000, 10_000, 100_000])
    parser.add_argument("--side", type=int, default=32)
    options = parser.parse_args()
    print(describe_machine("onnxruntime"), "\n")
    print("| images | peak MB | beside the smallest | images/s | first finding (s) | goes on (s) |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        write_detector(base / "darkness.blemish")
        drawn, smallest = 0, 0.0
        for count in sorted(options.images):
            draw_images(base / "images", drawn, count - drawn, side_px=options.side)
            drawn = count
            out = base / f"out {count}"
            resumed = ""
            if count == max(options.images):
                assert run(base / "images", base / "darkness.blemish", out, count * 9 // 10) is None
                _, first_s, _ = run(base / "images", base / "darkness.blemish", out, 0)
                resumed = f"{first_s:.1f}"
                out = base / "undisturbed"
            peak_mb, first_s, whole_s = run(base / "images", base / "darkness.blemish", out, 0)
            smallest = smallest or peak_mb
            grown = f"{peak_mb:.1f} | {peak_mb / smallest - 1:+.1%}"
            print(f"| {count} | {grown} | {count / whole_s:.0f} | {first_s:.1f} | {resumed} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(*sys.argv[2:])
    else:
        main()
