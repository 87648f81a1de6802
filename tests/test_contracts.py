"""The two worlds, tried out in fresh processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
USING_SIDE = [
    "blemish",
    "blemish.calibration",
    "blemish.client",
    "blemish.datasets",
    "blemish.detectors",
    "blemish.evaluation",
    "blemish.images",
    "blemish.inspection",
    "blemish.measurement",
    "blemish.reports.overlays",
    "blemish.reports.picture_page",
    "blemish.serving.app",
    "blemish.synthesis",
    "blemish.cli.main",
]
HEAVY = ["numpy", "cv2", "scipy", "pydantic", "onnxruntime", "rich", "torch", "lightning"]
# A finder in front of all others: on the using side torch is not there.
WITHOUT_TORCH = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "torchvision", "lightning", "timm", "segmentation_models_pytorch",
                                      "safetensors", "onnx", "onnxscript", "huggingface_hub", "matplotlib"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
"""
LOADED = "import json, sys; print(json.dumps(sorted(sys.modules)))"


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_imports_keep_to_the_contract():
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_using_side_imports_without_torch():
    done = run(WITHOUT_TORCH + "\n".join(f"import {name}" for name in USING_SIDE))
    assert done.returncode == 0, done.stderr


def test_training_without_torch_names_the_extra():
    code = "sys.argv = 'blemish train any --data d --out o.blemish'.split()\nfrom blemish.cli.main import main\nmain()"
    done = run(WITHOUT_TORCH + code)
    assert done.returncode == 2
    assert 'in a checkout of blemish, pip install ".[train]"' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import blemish",
        "import sys; sys.argv = ['blemish', '--help']\nfrom blemish.cli.main import main\n"
        "try: main()\nexcept SystemExit as end: assert end.code == 0",
    ],
    ids=["import blemish", "blemish --help"],
)
def test_starting_up_imports_nothing_heavy(code: str):
    done = run(f"{code}\n{LOADED}")
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert not loaded & set(HEAVY)


def test_a_verdict_waits_for_nothing_that_it_does_not_need():
    done = run(f"import blemish.inspection.inspecting, blemish.cli.inspect\n{LOADED}")
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    unneeded = (
        "blemish.datasets.readers",
        "blemish.evaluation",
        "blemish.synthesis",
        "blemish.reports.page",
        "jinja2",
        "yaml",
    )
    assert not loaded & {*unneeded, "scipy.ndimage", "scipy.sparse", "matplotlib", "rich.console"}
