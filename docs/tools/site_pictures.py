"""Draw the pictures of the manual itself and of the demo's page: the site's front, its results page, a search, a demo.

python docs/tools/site_pictures.py          needs Chromium, and the extras serve and dev
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from report_pictures import screenshot

ROOT = Path(__file__).resolve().parents[2]


def build(site: Path) -> None:
    """The site, as `make site` builds it."""
    sphinx = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", "-c", "docs/site", "-d", f"{site}.kept"]
    subprocess.run([*sphinx, ".", site], cwd=ROOT, check=True)


def main() -> None:
    """Build, run, look."""
    with tempfile.TemporaryDirectory() as folder:
        site, demo = Path(folder) / "site", Path(folder) / "demo"
        build(site)
        screenshot(site / "docs/index.html", "site-front.png", 1280, 1000)
        screenshot(site / "docs/results.html", "site-results.png", 1280, 1000)
        screenshot(site / "search.html", "site-search.png", 1280, 800, query="?q=guarantee")
        subprocess.run([sys.executable, "-m", "blemish", "demo", "--out", demo], check=True)
        screenshot(demo / "index.html", "demo.png", 1280, 1000)


if __name__ == "__main__":
    main()
