"""What libraries write to the terminal by themselves does not reach it."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image


@pytest.fixture
def noisy(tmp_path: Path, wall: NDArray[np.uint8]) -> Path:
    """Files that make libjpeg, libtiff and Pillow complain."""
    folder = tmp_path / "noisy"
    folder.mkdir()
    stream = BytesIO()
    Image.fromarray(wall).save(stream, "JPEG", quality=60)
    data = stream.getvalue()
    scan = data.index(b"\xff\xda") + 200
    (folder / "bytes between.jpg").write_bytes(data[:scan] + b"\xff\xd0\x12\x34" + data[scan:])
    stream = BytesIO()
    tifffile.imwrite(stream, wall, compression="lzw", photometric="rgb", metadata=None)
    data = bytearray(stream.getvalue())
    with tifffile.TiffFile(BytesIO(data)) as file:
        begin = file.pages[0].dataoffsets[0]
    data[begin + 100 : begin + 140] = bytes(40)
    (folder / "damaged.tif").write_bytes(data)
    (folder / "tags.tif").write_bytes(b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 256, 3, 1, 5) + b"\xff\xff\xff\0")
    Image.fromarray(wall).save(folder / "wall.png")
    return folder


@pytest.mark.parametrize("debug", [True, False])
def test_only_blemish_speaks(darkness_file: Path, noisy: Path, tmp_path: Path, debug: bool):
    command = [str(Path(sys.executable).with_name("blemish")), *["--debug"] * debug]
    command += ["inspect", str(noisy), "--detector", str(darkness_file), "--out", str(tmp_path / "out"), "--no-report"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=dict(os.environ), check=False)
    said = [line for line in done.stderr.splitlines() if not line.startswith(("Skipped: ", "Left out "))]
    assert (said == []) is not debug, done.stderr
    assert "inspected" in done.stdout


def test_errors_still_reach_the_terminal(tmp_path: Path):
    command = [str(Path(sys.executable).with_name("blemish")), "inspect", "없음.png", "--json"]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=dict(os.environ), check=False)
    assert done.returncode == 2
    assert "없음.png" in done.stderr.decode("utf-8")
