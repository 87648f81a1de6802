"""Records ``docs/pictures/job.svg``: an inspection that is stopped, asked how far it is, and gone on with.

    python docs/tools/job_picture.py

The commands run as they stand in the picture, on drawn walls.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from blemish.images import write_jpeg
from blemish.inspection import read_progress
from blemish.synthesis import draw_image

IMAGES = 24
STOPPED_AFTER = 9
TARGET = Path(__file__).parents[1] / "pictures" / "job.svg"


def main() -> None:
    """Run the commands and write the picture."""
    console = Console(record=True, width=100, file=Path("/dev/null").open("w"))  # noqa: SIM115
    program = Path(sys.executable).with_name("blemish")
    with tempfile.TemporaryDirectory() as folder:
        for number in range(IMAGES):
            image = draw_image(number, size_px=512, cracked=number % 2 == 0).image
            write_jpeg(Path(folder, "drone", f"DJI_{number:04d}.jpg"), image)
        Path(folder, "drone", "DJI_0005.jpg").write_bytes(b"cut off")
        for command in ("inspect drone/ --out found/", "job status found/", "inspect drone/ --out found/"):
            console.print(f"[bold green]$[/] blemish {command}", highlight=False)
            stop = not Path(folder, "found").exists()
            run = subprocess.Popen(
                [program, *command.split()], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            while stop and run.poll() is None:
                time.sleep(0.05)
                if (
                    Path(folder, "found", "job.json").exists()
                    and read_progress(f"{folder}/found").done >= STOPPED_AFTER
                ):
                    run.send_signal(signal.SIGINT)
                    console.print("^C", highlight=False)
                    stop = False
            said, _ = run.communicate()
            console.print(said.rstrip(), markup=False, highlight=False)
    TARGET.write_text(console.export_svg(title="blemish inspect", clear=False), encoding="utf-8")
    print(console.export_text())


if __name__ == "__main__":
    main()
