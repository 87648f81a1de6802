"""Draw the pictures of docs/benchmarking.md: the page and the ranks of a benchmark of three methods on three data sets.

python docs/tools/benchmark_pictures.py     needs Chromium, and the extra train

Parts are drawn, methods small, so that it takes minutes: it shows what a benchmark writes, and which method is better
only on such drawings.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from report_pictures import PICTURES, screenshot

KINDS = ("board", "blister", "connector")
METHODS = ("padim", "pca", "patchcore")
SETTINGS = "{backbone: scattering, size_px: 64}"


def main() -> None:
    """Draw parts, compare, look."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        for kind in KINDS:
            blemish(folder, f"data parts --kind {kind} --size 64 --train 30 --test 20 --faults 7 --out {kind}s")
        for method in METHODS:
            recipe = f"method: {method}\nprofiles:\n  quick: {SETTINGS}\n"
            (folder / f"{method}-small.yaml").write_text(recipe)
        recipes = " ".join(f"{method}-small.yaml" for method in METHODS)
        data = " ".join(f"--data {kind}s" for kind in KINDS)
        blemish(folder, f"benchmark {recipes} {data} --seed 0 --seed 1 --freeze plan.toml --out bench")
        screenshot(folder / "bench/benchmark.html", "benchmark-page.png", 1280, 1000)
        shrink(PICTURES / "benchmark-page.png")
        (PICTURES / "benchmark-ranks.png").write_bytes((folder / "bench/ranks.png").read_bytes())


def blemish(folder: Path, arguments: str) -> None:
    """Run a command in a folder."""
    subprocess.run([sys.executable, "-m", "blemish", *arguments.split()], cwd=folder, check=True)


def shrink(picture: Path) -> None:
    """A table takes few colours."""
    Image.open(picture).quantize(64).save(picture, optimize=True)


if __name__ == "__main__":
    main()
