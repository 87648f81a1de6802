"""``blemish doctor`` tells what is there without importing it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


def test_as_json_it_is_complete(blemish):
    report = json.loads(blemish("doctor", "--json").stdout)
    assert {"blemish", "python", "numpy", "onnxruntime", "opencv-python-headless"} <= set(report["versions"])
    assert all(report["versions"].values())
    assert report["machine"]["threads"] >= 1
    assert set(report["folders"]) == {"BLEMISH_DATA", "BLEMISH_WEIGHTS"}


def test_missing_extras_come_with_the_line_that_installs_them(blemish, monkeypatch: pytest.MonkeyPatch):
    from blemish.cli import doctor as verb

    monkeypatch.setattr(verb, "_version", lambda name: None if name == "torch" else "1.0")
    shown = blemish("doctor").stdout
    assert 'missing: torch (in a checkout of blemish, pip install ".[train]")' in shown


def test_weights_that_are_found_are_listed(blemish, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "mobilenet.safetensors").write_bytes(b"")
    monkeypatch.setenv("BLEMISH_WEIGHTS", str(tmp_path))
    monkeypatch.setenv("BLEMISH_DATA", str(tmp_path / "gone"))
    shown = blemish("doctor").stdout
    assert "mobilenet.safetensors" in shown
    assert "gone (no such folder)" in shown


def test_torch_is_not_imported_to_find_its_version():
    code = "import sys\nfrom blemish.cli.doctor import doctor\ndoctor(True)\nassert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
