"""``blemish watch``: a hot folder at the command line, until Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from blemish.images import write_png


def wait_for(condition, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_files_are_inspected_as_they_come_until_ctrl_c(darkness_file: Path, tmp_path: Path):
    hot, out = tmp_path / "hot", tmp_path / "out"
    write_png(hot / "first.png", np.full((40, 40, 3), 120, np.uint8))
    command = [sys.executable, "-m", "blemish", "watch", hot, "--out", out, "--detector", darkness_file, "--json"]
    with subprocess.Popen(
        [*map(str, command), "--every", "0.2s"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        write_png(hot / "second.png", np.full((40, 40, 3), 20, np.uint8))
        second = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert [Path(each["image"]).name for each in (first, second)] == ["first.png", "second.png"]
    assert process.returncode == 130, said
    assert "2 of 2 images are done and kept" in said
    wait_for((out / "findings.jsonl").exists, 1)
    assert len((out / "findings.jsonl").read_text().splitlines()) == 2
    assert (out / "report.html").exists()


def test_a_web_hook_without_a_secret_is_refused(blemish, darkness_file: Path, tmp_path: Path):
    (tmp_path / "hot").mkdir()
    result = blemish(
        "watch",
        tmp_path / "hot",
        "--out",
        tmp_path / "out",
        "--detector",
        darkness_file,
        "--webhook",
        "https://a.example",
    )
    assert result.exit_code == 2
    assert "BLEMISH_WEBHOOK_SECRET" in result.output


def test_a_folder_that_is_not_there_is_a_sentence(blemish, darkness_file: Path, tmp_path: Path):
    result = blemish("watch", tmp_path / "hot", "--out", tmp_path / "out", "--detector", darkness_file)
    assert result.exit_code == 2
    assert "There is no folder" in result.output


def test_the_time_between_two_looks_is_checked_before_anything_is_looked_at(
    blemish, darkness_file: Path, tmp_path: Path
):
    result = blemish("watch", tmp_path, "--out", tmp_path / "out", "--detector", darkness_file, "--every", "often")
    assert result.exit_code == 2
    assert 'A folder is looked at every 2s or every 0.5s, 0.1s at least, not every "often".' in " ".join(
        result.output.split()
    )
    assert not (tmp_path / "out").exists()
