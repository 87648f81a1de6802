"""Draw the pictures of the tutorials out of a run of each: ``docs/pictures/tutorial-*``.

python docs/tools/tutorial_pictures.py [NAME …]      needs Chromium, and the extras train and serve
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from report_pictures import PICTURES, screenshot

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "support"))
from tutorial_steps import TUTORIALS, run_tutorial


def inspector(folder: Path) -> None:
    """The report, and one photograph."""
    screenshot(folder / "findings/report.html", "tutorial-inspector-report.png", 1000, 1700)
    shutil.copy(folder / "findings/overlays/000001.jpg", PICTURES / "tutorial-inspector-overlay.jpg")


def quality_engineer(folder: Path) -> None:
    """The scores of the test images, and a board without its screw."""
    shutil.copy(folder / "evaluation/histograms.png", PICTURES / "tutorial-quality-scores.png")
    (overlay,) = (folder / "findings/overlays").glob("missing__000*")
    shutil.copy(overlay, PICTURES / "tutorial-quality-overlay.jpg")


def researcher(folder: Path) -> None:
    """The table."""
    screenshot(folder / "bench/benchmark.html", "tutorial-researcher-table.png", 1200, 620)


def main() -> None:
    """Run the tutorials that are named, or all."""
    known = {"inspector": inspector, "quality-engineer": quality_engineer, "researcher": researcher}
    for name in sys.argv[1:] or known:
        with tempfile.TemporaryDirectory() as folder:
            spent_s = run_tutorial(TUTORIALS / f"{name}.md", Path(folder))
            known[name](Path(folder))
            print(f"{name}: {spent_s:.0f} s of processor time")


if __name__ == "__main__":
    main()
