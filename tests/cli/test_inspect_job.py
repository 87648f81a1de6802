"""``blemish inspect`` into a folder that holds something already."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.cli.job_progress import told
from blemish.images import write_png
from blemish.inspection import Progress


@pytest.fixture
def images(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    for number in range(3):
        write_png(tmp_path / "images" / f"{number}.png", wall)
    return tmp_path / "images"


def test_the_same_command_adds_what_is_new(blemish, darkness_file: Path, images: Path, wall: NDArray[np.uint8]):
    command = ("inspect", images, "--detector", darkness_file, "--out", "out")
    blemish(*command)
    write_png(images / "new.png", wall)
    assert blemish(*command).stdout.startswith("4 inspected (0 pass, 0 review, 4 reject); 3 of them by an earlier run.")
    assert "3 of them" not in blemish(*command, "--anew").stdout


def test_another_detector_needs_a_word(blemish, darkness_file: Path, images: Path):
    command = ("inspect", images, "--detector", darkness_file, "--out", "out")
    blemish(*command)
    result = blemish(*command, "--mm-per-px", 0.5)
    assert result.exit_code == 2
    assert "--anew" in result.stderr


def test_failed_images_are_tried_again_unless_told_otherwise(blemish, darkness_file: Path, images: Path):
    (images / "1.png").write_bytes(b"")
    command = ("inspect", images, "--detector", darkness_file, "--out", "out")
    assert blemish(*command).exit_code == 3
    assert "Skipped" in blemish(*command).stderr
    result = blemish(*command, "--keep-failed")
    assert "Skipped" not in result.stderr
    assert result.exit_code == 3


@pytest.mark.parametrize(
    ("shard", "said"), [("4/3", "Part 4 of 3 does not exist"), ("3", "--shard wants"), ("a/b", "a/b")]
)
def test_a_shard_that_is_none_is_refused(blemish, darkness_file: Path, images: Path, shard: str, said: str):
    result = blemish("inspect", images, "--detector", darkness_file, "--out", "out", "--shard", shard)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("now", "text"),
    [
        (Progress(0, 10), ""),
        (Progress(4, 10, 1, 0, {"pass": 2, "reject": 1}, 2.0), "0:00:03 left · 2/s · 2 pass, 1 reject, 1 failed"),
        (Progress(4, None, images_per_s=0.5), "0.5/s · "),
        (Progress(10, 100_000, images_per_s=10), "2:46:39 left · 10/s · "),
    ],
)
def test_the_bar_says_time_left_rate_and_verdicts(now: Progress, text: str):
    assert told(now) == text


def test_parts_are_merged_and_asked_how_far_they_are(blemish, darkness_file: Path, images: Path):
    for part in ("1/2", "2/2"):
        blemish("inspect", images, "--detector", darkness_file, "--out", part[0], "--shard", part, "--no-report")
    result = blemish("job", "merge", "1", "2", "--out", "all")
    assert result.stdout.startswith("3 inspected (0 pass, 0 review, 3 reject). Findings and report.html")
    assert blemish("job", "status", "all").stdout == "3 images done, which is all: 3 reject.\n"
    assert json.loads(blemish("job", "status", "all", "--json").stdout) == {
        "done": 3, "failed": 0, "left_out": 0, "verdicts": {"reject": 3}, "complete": True,
    }  # fmt: skip
    assert blemish("job", "status", images).exit_code == 2


@pytest.mark.parametrize(
    ("options", "said"), [(["--address", "h:1"], "--engine ray"), (["--engine", "ray", "--json"], "--out DIR")]
)
def test_a_cluster_needs_a_folder_and_an_address_a_cluster(blemish, images: Path, options: list[str], said: str):
    out = [] if "--json" in options else ["--out", "out"]
    result = blemish("inspect", images, *out, *options)
    assert result.exit_code == 2
    assert said in result.stderr
