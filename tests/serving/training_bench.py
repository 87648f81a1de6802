"""What stands for ``blemish train`` in tests of trainings, and images that an old detector misses."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.detectors import Container, Thresholds, write_container
from blemish.serving.learning import process, trainings

# Stands for `blemish train`: says something, works for a while, and writes the detector that it is told to.
SCRIPT = """
import pathlib, shutil, sys, time
out = sys.argv[sys.argv.index("--out") + 1]
data = pathlib.Path(sys.argv[sys.argv.index("--data") + 1])
assert (data / "instances_train.json").is_file()
print("Epoch 1 of 2; 1 s left.", flush=True)
with (pathlib.Path(out).parent / "begun").open("a") as begun:
    begun.write("x")
time.sleep({seconds})
if {fails!r}:
    sys.exit("Error: " + {fails!r})
shutil.copyfile({made!r}, out)
"""


def detector(container: Container, file: Path, reject: float) -> Path:
    thresholds = Thresholds(review=reject, reject=reject, source="the tests")
    spec = container.spec.model_copy(update={"thresholds": thresholds})
    write_container(file, Container(spec, container.graph, str(reject)))
    return file


def stand_in(patch: pytest.MonkeyPatch, folder: Path, made: Path, *, seconds: float = 0.0, fails: str = "") -> None:
    """Trainings from now on take so long, and end with that file or that error."""
    script = folder / "train.py"
    script.write_text(SCRIPT.format(seconds=seconds, fails=fails, made=str(made)))
    patch.setattr(process, "_BLEMISH", [sys.executable, str(script)])
    patch.setattr(trainings, "find_spec", lambda _: object())


def faint(rng: np.random.Generator, *, has_bar: bool) -> NDArray[np.uint8]:
    """A light, noisy image, uint8 RGB (64, 64, 3); its bar has a darkness of .5."""
    image = rng.integers(180, 255, (64, 64, 3), dtype=np.uint8)
    if has_bar:
        image[30:34, 10:50] = 127
    return image
