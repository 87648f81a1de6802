"""Ctrl-C and SIGTERM, in real processes: one sentence, the signal's exit code, nothing half-written."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blemish.detectors import Container, Thresholds, write_container

SIGNALS = {signal.SIGINT: 130, signal.SIGTERM: 143}
# Verbs that import torch, for seconds: one signal for each moment, in turn. What tells the signals apart does not know
# the verb.
HEAVY = ("train", "benchmark")

# Sends the process a signal at a moment that is the same on every machine: while a module is imported, or when a
# function is called.
WHILE_IMPORTING = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path, target=None):
        if name == {moment!r}:
            os.kill(os.getpid(), {signum})
sys.meta_path.insert(0, Interrupting())
"""
WHEN_CALLED = """
import importlib, os, signal
home, _, name = {moment!r}.partition(":")
module = importlib.import_module(home)
called = getattr(module, name)
def interrupted(*arguments, **named):
    os.kill(os.getpid(), {signum})
    return called(*arguments, **named)
setattr(module, name, interrupted)
"""
WHILE_CLEARING_UP = """
import os, signal, sys, time
from blemish.cli import stopping
class Left:
    def __del__(self):
        os.kill(os.getpid(), {signum})
        time.sleep(0.01)
stopping.watch()
try:
    Left()
    time.sleep(20)
except KeyboardInterrupt:
    sys.exit(stopping.exit_code())
"""
RUN = "\nsys.argv[0] = 'blemish'\nfrom blemish.cli.main import main\nmain()"
HERE = {
    "inspect": ["inspect", "images", "--detector", "dark.blemish", "--out", "out"],
    "evaluate": ["evaluate", "--detector", "dark.blemish", "--data", "images", "--out", "out"],
    "calibrate": ["calibrate", "--detector", "dark.blemish", "--data", "images/good", "--alpha", "0.5", "--marginal"],
    "measure": ["measure", "images/bad/0.png"],
    "data check": ["data", "check", "images"],
    "data synth": ["data", "synth", "--out", "out", "-n", "2"],
    "train": ["train", "pca", "--data", "images", "--out", "out.blemish"],
    "benchmark": ["benchmark", "pca", "--data", "images", "--out", "out"],
}
MOMENTS = [
    ("inspect", "import", "typer.main"),
    ("inspect", "import", "blemish.cli.measure"),
    ("inspect", "import", "cv2"),
    ("inspect", "import", "blemish.files"),
    ("inspect", "import", "numpy.linalg"),
    ("inspect", "import", "onnxruntime"),
    ("inspect", "call", "blemish.images.reading:decode"),
    ("inspect", "call", "blemish.files:replacing"),
    ("evaluate", "call", "blemish.inspection.evaluating:inspect_stream"),
    ("calibrate", "call", "blemish.inspection.scores_of_normals:inspect_stream"),
    ("calibrate", "call", "blemish.files:_umask"),
    ("measure", "import", "cv2"),
    ("data check", "call", "blemish.images.reading:decode"),
    ("data synth", "call", "blemish.synthesis.writing:draw_image"),
    ("data synth", "call", "blemish.files:_umask"),
    ("train", "import", "torch._C"),
    ("train", "import", "timm"),
    ("train", "call", "blemish.detectors.container:write_bytes"),
    ("benchmark", "import", "torch"),
    ("benchmark", "call", "subprocess:run"),
]


@pytest.fixture
def here(darkness: Container, tmp_path: Path) -> Path:
    """A folder with images and a detector that guarantees nothing."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    for label in ("good", "bad"):
        (tmp_path / "images" / label).mkdir(parents=True)
        for number in range(6):
            image = rng.integers(90, 160, (64, 64, 3), dtype=np.uint8)
            cv2.imwrite(str(tmp_path / "images" / label / f"{number}.png"), image)
    spec = darkness.spec.model_copy(update={"thresholds": Thresholds()})
    write_container(tmp_path / "dark.blemish", Container(spec, darkness.graph, ""))
    return tmp_path


def blemish(code: str, arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code + RUN, *arguments], capture_output=True, text=True, cwd=folder, check=False
    )


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "how", "moment"), MOMENTS, ids=[" ".join(each) for each in MOMENTS])
def test_stopping_is_one_sentence_with_the_exit_code_of_the_signal(here: Path, verb: str, how: str, moment: str):
    signals = list(SIGNALS)
    if verb in HEAVY:
        pytest.importorskip("torch")
        signals = [signals[MOMENTS.index((verb, how, moment)) % 2]]
    before = files(here)
    template = WHILE_IMPORTING if how == "import" else "import sys\n" + WHEN_CALLED
    for signum in signals:
        done = blemish(template.format(moment=moment, signum=int(signum)), HERE[verb], here)
        assert done.returncode == SIGNALS[signum], done.stderr
        said = done.stderr.splitlines()
        assert said[-1].startswith("Stopped"), done.stderr
        assert "Traceback" not in done.stderr
        left = {name: data for name, data in files(here).items() if not name.startswith("out")}
        assert left == before
        assert not [path for path in here.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_that_python_drops_while_it_clears_up_comes_again(signum: int):
    code = WHILE_CLEARING_UP.format(signum=int(signum))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=15, check=False)
    assert (done.returncode, done.stderr) == (SIGNALS[signum], "")


def test_other_things_that_python_drops_are_told():
    code = "from blemish.cli import stopping\nclass Left:\n    def __del__(self): 1 / 0\nstopping.watch()\nLeft()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "ZeroDivisionError" in done.stderr
