"""What is lost when an inspection is killed: nothing but the images in hand, over and over again.

    python benchmarks/killed_runs.py [--kills 200] [--images 500] [--seed 0]

Drawn images, 5 % of them corrupt, go through a detector that costs next to nothing, so that nearly all of the time is
spent on what can be interrupted. Each run is a process that is killed (SIGKILL) at a random moment; every third one is
killed by itself immediately before or after it renames a shard, which it does every 20 images here. After each kill no
image may have two answers in the shards; when a job is done every image stands exactly once, every corrupt one with its
reason, and the tables equal, byte for byte, those of a run that nobody disturbed.

Then the same ten times each with: a disk that is full (a small tmpfs, where one can be mounted), a clock that is set
back by a day before each run, a source folder that grows between runs, and one whose files vanish while it is read.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerContext
from pathlib import Path

import cv2

import blemish
from blemish.errors import BlemishError
from blemish.findings import read_findings
from blemish.inspection.job import shards
from blemish.inspection.job.shards import read_shards
from drawn_job import draw_images, write_detector

from machine import describe_machine

CORRUPT_EVERY = 20
LINES_PER_SHARD = 20
TRIALS = 10
_CLOCK_BACK_S = 86400


@dataclass
class Place:
    """Where one series of jobs works."""

    base: Path
    detector: Path
    images: Path
    corrupt: list[str]
    context: ForkServerContext
    kills: Counter[str] = field(default_factory=Counter)


def run(images: Path, detector: Path, out: Path, rename: str, clock_back_s: float) -> None:
    """One run, in a process of its own."""
    shards._MAX_LINES = LINES_PER_SHARD
    if clock_back_s:
        now = time.time
        time.time = lambda: now() - clock_back_s
    if rename:
        whole = shards._rename
        left = random.randrange(4)

        def killed(part: Path) -> None:
            nonlocal left
            left -= 1
            if left < 0 and rename == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            whole(part)
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        shards._rename = killed
    try:
        blemish.inspect(images, detector=detector, out=out, report=False, threads=1)
    except (BlemishError, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(2)


def one_run(place: Place, out: Path, *, rename: str = "", after_s: float | None = None, back_s: float = 0) -> int:
    """Run once, and kill it after so many seconds; the exit code of the process."""
    process = place.context.Process(target=run, args=(place.images, place.detector, out, rename, back_s))
    process.start()
    process.join(after_s)
    if process.is_alive():
        os.kill(process.pid, signal.SIGKILL)
        process.join()
    return process.exitcode


def check_shards(out: Path) -> None:
    answers = Counter(line.entry.key for line in read_shards(out) if not line.entry.failed)
    assert max(answers.values(), default=0) <= 1, f"answered twice: {answers.most_common(3)}"


def check_job(place: Place, out: Path, expected: set[str], whole: Path | None) -> None:
    findings = list(read_findings(out / "findings.jsonl"))
    counts = Counter(finding.image for finding in findings)
    assert set(counts) == expected, f"{len(expected - set(counts))} missing, {len(set(counts) - expected)} too many"
    assert set(counts.values()) == {1}
    failed = {finding.image for finding in findings if finding.error is not None}
    assert failed == set(place.corrupt) & expected, "corrupt images are not those that are named"
    for finding in findings:
        if finding.error is None:
            assert cv2.imread(str(out / "overlays" / f"{finding.name}.jpg")) is not None, finding.name
            assert finding.mask_file is None or (out / finding.mask_file).is_file()
    assert not [path for path in out.rglob(".*") if path.name != ".lock"], "something was left half-written"
    if whole is not None:
        for name in ("findings.jsonl", "findings.csv"):
            assert (out / name).read_bytes() == (whole / name).read_bytes(), f"{name} differs"


def named(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}


def kill_until(place: Place, kills: int, rng: random.Random, whole: Path, whole_s: float) -> tuple[int, int]:
    """Kill runs until there were so many; how many jobs were finished, and how many answers kept at the kills."""
    jobs = kept = 0
    while place.kills.total() < kills:
        out = place.base / f"job {jobs}"
        for _ in range(rng.randrange(3, 12)):
            rename = rng.choice(["before", "after"]) if place.kills.total() % 3 == 0 else ""
            code = one_run(place, out, rename=rename, after_s=None if rename else rng.uniform(0, 1.1 * whole_s))
            if code != -signal.SIGKILL:
                break
            place.kills["rename" if rename else "random"] += 1
            check_shards(out)
            kept += sum(1 for _ in read_shards(out))
            if place.kills.total() == kills:
                break
        assert one_run(place, out) == 0
        check_job(place, out, named(place.images), whole)
        shutil.rmtree(out)
        jobs += 1
    return jobs, kept


def full_disk(place: Place, rng: random.Random, whole: Path, whole_s: float) -> str:
    """A disk that runs full stops the run with a sentence; with room the job ends like any other."""
    disk = place.base / "disk"
    disk.mkdir()
    needed_kb = sum(path.stat().st_blocks for path in whole.rglob("*")) // 2
    mount = ["mount", "-t", "tmpfs", "-o", f"size={needed_kb // 10}k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        return "not tried: no tmpfs can be mounted here"
    try:
        for number in range(1, TRIALS + 1):
            size_kb = needed_kb * number // (TRIALS + 2) + rng.randrange(50)
            subprocess.run(["mount", "-o", f"remount,size={size_kb}k", str(disk)], check=True)
            assert one_run(place, disk / "out") == 2, "the run did not stop"
            check_shards(disk / "out")
        subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
        assert one_run(place, disk / "out") == 0
        check_job(place, disk / "out", named(place.images), whole)
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    return f"{TRIALS} runs stopped, each with more room than the one before"


def clock_back(place: Place, rng: random.Random, whole: Path, whole_s: float) -> str:
    out = place.base / "clock"
    for number in range(TRIALS):
        one_run(place, out, after_s=rng.uniform(0, whole_s), back_s=_CLOCK_BACK_S * (number + 1))
        check_shards(out)
    assert one_run(place, out, back_s=_CLOCK_BACK_S * 20) == 0
    check_job(place, out, named(place.images), whole)
    return f"{TRIALS} runs killed"


def growing(place: Place, rng: random.Random, whole: Path, whole_s: float) -> str:
    out = place.base / "growing"
    before = len(named(place.images))
    for number in range(TRIALS):
        place.corrupt += draw_images(place.images, 100_000 + 20 * number, 20, corrupt_every=CORRUPT_EVERY)
        one_run(place, out, after_s=rng.uniform(0, whole_s))
        check_shards(out)
    assert one_run(place, out) == 0
    check_job(place, out, named(place.images), None)
    return f"{TRIALS} runs killed, {before} images became {len(named(place.images))}"


def vanishing(place: Place, rng: random.Random, whole: Path, whole_s: float) -> str:
    out = place.base / "vanishing"
    copy = place.base / "vanishing images"
    shutil.copytree(place.images, copy)
    there = Place(place.base, place.detector, copy, place.corrupt, place.context)
    gone = set()
    for _ in range(TRIALS):
        process = place.context.Process(target=run, args=(copy, place.detector, out, "", 0))
        process.start()
        for name in rng.sample(sorted(named(copy)), len(named(place.images)) // 50):
            (copy / name).unlink()
            gone.add(name)
            time.sleep(rng.uniform(0, whole_s / 10))
        if process.is_alive():
            os.kill(process.pid, signal.SIGKILL)
        process.join()
        check_shards(out)
    assert one_run(there, out) == 0
    findings = list(read_findings(out / "findings.jsonl"))
    counts = Counter(finding.image for finding in findings)
    assert set(counts.values()) == {1}
    # What went before it was found is no image of this job; what went later stands, with an error.
    assert named(copy) <= set(counts)
    failed = {finding.image for finding in findings if finding.error is not None}
    assert failed <= gone | set(place.corrupt)
    return (
        f"{TRIALS} runs killed, {len(gone)} images vanished, {len(failed - set(place.corrupt))} of them named as gone"
    )


SCENES: dict[str, Callable[[Place, random.Random, Path, float], str]] = {
    "full disk": full_disk,
    "clock set back": clock_back,
    "files vanish": vanishing,
    "source grows": growing,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--images", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(describe_machine("onnxruntime"), f"seed {options.seed}", "\n")
    context = multiprocessing.get_context("forkserver")
    # The server imports, and its children run: a kill costs a second less.
    context.set_forkserver_preload(["blemish.inspection"])
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        corrupt = draw_images(base / "images", 0, options.images, corrupt_every=CORRUPT_EVERY)
        write_detector(base / "darkness.blemish")
        place = Place(base, base / "darkness.blemish", base / "images", corrupt, context)
        one_run(place, base / "first")
        begin = time.monotonic()
        assert one_run(place, base / "whole") == 0
        whole_s = time.monotonic() - begin
        check_job(place, base / "whole", named(place.images), None)
        jobs, kept = kill_until(place, options.kills, rng, base / "whole", whole_s)
        print("| what happened | how often | lost | repeated |")
        print("|---|---|---|---|")
        print(f"| killed at a random moment | {place.kills['random']} | 0 | 0 |")
        print(f"| killed while a shard is renamed | {place.kills['rename']} | 0 | 0 |")
        for name, scene in SCENES.items():
            print(f"| {name} | {scene(place, rng, base / 'whole', whole_s)} | 0 | 0 |", flush=True)
        print(f"\n{jobs} jobs of {options.images} images, {len(corrupt)} corrupt; an undisturbed run: {whole_s:.1f} s;")
        print(f"{kept / max(options.kills, 1):.0f} images kept at a kill on average.")


if __name__ == "__main__":
    main()
