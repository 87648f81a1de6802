"""Reading damaged files of every format for a bounded time: no crash, no hang, bounded memory, only our error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from heic_samples import HEIC

FUZZER = Path(__file__).parents[1] / "support" / "fuzz_reading.py"
# CI may give it longer, and another seed each night.
SECONDS = float(os.environ.get("BLEMISH_FUZZ_S", "12"))
SEED = int(os.environ.get("BLEMISH_FUZZ_SEED", "0"))


def with_pillow(values, kind, mode=None, **options):
    stream = BytesIO()
    image = Image.fromarray(values)
    (image.convert(mode) if mode else image).save(stream, kind, **options)
    return stream.getvalue()


def with_tifffile(values, **options):
    stream = BytesIO()
    tifffile.imwrite(stream, values, metadata=None, **options)
    return stream.getvalue()


def undamaged_files(scene, deep_scene):
    """One small file of every format and way of coding that is read."""
    small, deep = scene[:24, :32], deep_scene[:24, :32]
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "baseline.jpg": with_pillow(small, "JPEG", exif=exif),
        "progressive.jpg": with_pillow(small, "JPEG", progressive=True),
        "restart.jpg": with_pillow(small, "JPEG", restart_marker_rows=1),
        "cmyk.jpg": with_pillow(small, "JPEG", mode="CMYK"),
        "colour.png": with_pillow(small, "PNG"),
        "palette.png": with_pillow(small, "PNG", mode="P"),
        "deep.png": imagecodecs.png_encode(deep),
        "plain.tif": with_pillow(small, "TIFF"),
        "lzw.tif": with_pillow(small, "TIFF", compression="tiff_lzw"),
        "jpeg.tif": with_pillow(small, "TIFF", compression="jpeg"),
        "big.tif": with_tifffile(deep, bigtiff=True, compression="zlib", predictor=True),
        "tiled.tif": with_tifffile(small, tile=(16, 16), photometric="rgb"),
        "float.tif": with_tifffile(deep[..., 0].astype(np.float32) / 65535),
        "image.bmp": with_pillow(small, "BMP"),
        "lossy.webp": with_pillow(small, "WEBP"),
        "lossless.webp": with_pillow(small, "WEBP", lossless=True),
        "image.gif": with_pillow(small, "GIF", mode="P"),
        "image.ppm": with_pillow(small, "PPM"),
        "text.pgm": b"P2 4 3 255\n" + b"1 22 255 7\n" * 3,
        "image.jp2": imagecodecs.jpeg2k_encode(small, level=0),
        "image.avif": with_pillow(small, "AVIF"),
        "image.jxl": imagecodecs.jpegxl_encode(small, lossless=True),
        "image.heic": HEIC,
    }


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="memory is bounded by limits that Windows does not have")
def test_damaged_files_end_in_a_picture_or_an_image_error(scene, deep_scene, tmp_path: Path):
    files = undamaged_files(scene, deep_scene)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", str(FUZZER), str(tmp_path), str(SECONDS), str(SEED)],
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS + 60,
    )
    bad = tmp_path / "last.bad"
    culprit = bad.read_bytes().hex() if bad.exists() and done.returncode else ""
    assert done.returncode == 0, f"{done.stderr[-3000:]}\n{culprit}"
    found = json.loads(done.stdout)
    assert set(found["counts"]) == set(files)
    assert min(sum(counts) for counts in found["counts"].values()) > 0, found["counts"]
    assert sum(counts[1] for counts in found["counts"].values()) > 0
    # Small files may claim 25 megapixels, see blemish.images.limits: 75 MB of colour, and what decoders take besides.
    assert found["peak_mib"] < 1000
    assert found["longest_s"] < 10
