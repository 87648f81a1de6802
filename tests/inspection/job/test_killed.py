"""Runs killed at random moments, some while a shard is renamed: each image is answered exactly once."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

import blemish
from blemish.findings import read_findings
from blemish.inspection.job import shards
from blemish.inspection.job.shards import read_shards

IMAGES, KILLS = 40, 6
CORRUPT = {"07.png", "23.png"}


def run(images: Path, detector: Path, out: Path, rename: str) -> None:
    """One run, in a process of its own; killed before or after it renames its second shard."""
    shards._MAX_LINES = 6
    if rename:
        whole, left = shards._rename, [2]

        def killed(part: Path) -> None:
            left[0] -= 1
            if left[0] <= 0 and rename == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            whole(part)
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

        shards._rename = killed
    blemish.inspect(images, detector=detector, out=out, report=False, threads=1)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    for number in range(IMAGES):
        image = np.full((48, 48), 150 + number, np.uint8)
        image[20:24] = 20 if number % 2 else 200
        data = cv2.imencode(".png", image)[1].tobytes()
        name = f"{number:02d}.png"
        (folder / name).write_bytes(data[: len(data) // 2] if name in CORRUPT else data)
    return folder


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are killed as POSIX does it")
def test_killed_at_any_moment_each_image_is_answered_once(darkness_file: Path, images: Path, tmp_path: Path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["blemish.inspection"])
    rng = random.Random(0)

    def one_run(out: Path, *, rename: str = "", after_s: float | None = None) -> int | None:
        process = context.Process(target=run, args=(images, darkness_file, out, rename))
        process.start()
        process.join(after_s)
        if process.is_alive():
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
        return process.exitcode

    one_run(tmp_path / "warm")
    begin = time.monotonic()
    assert one_run(tmp_path / "whole") == 0
    whole_s = time.monotonic() - begin
    out, kills = tmp_path / "out", 0
    for attempt in range(10 * KILLS):
        rename = ("before", "after")[kills % 2] if kills % 3 == 2 and not (out / "findings.jsonl").exists() else ""
        code = one_run(out, rename=rename, after_s=None if rename else rng.uniform(0.2, 0.9) * whole_s)
        kills += code == -signal.SIGKILL
        answers = Counter(line.entry.key for line in read_shards(out) if not line.entry.failed)
        assert max(answers.values(), default=0) <= 1
        if kills == KILLS:
            break
        if code == 0:
            # Quicker than the kill: the next one has a folder of its own.
            check(out, tmp_path / "whole")
            out = tmp_path / f"out {attempt}"
    assert kills == KILLS
    assert one_run(out) == 0
    check(out, tmp_path / "whole")


def check(out: Path, whole: Path) -> None:
    """A job is as if nobody had disturbed it."""
    findings = list(read_findings(out / "findings.jsonl"))
    assert [one.image for one in findings] == [f"{number:02d}.png" for number in range(IMAGES)]
    assert {one.image for one in findings if one.error is not None} == CORRUPT
    for name in ("findings.jsonl", "findings.csv"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()
    assert not [path for path in out.rglob(".*") if path.name != ".lock"]
