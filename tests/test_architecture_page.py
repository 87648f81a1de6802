"""docs/architecture.md tells the truth: its picture shows the imports of today, its files exist, its examples run."""

from __future__ import annotations

import importlib.util
import re
import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.datasets.readers.folders import NormalNames
from blemish.findings import Finding
from blemish.reports.document import Document

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def example(name: str) -> types.ModuleType:
    """The code block of that name, run as a module."""
    found = re.search(rf"^```python {name}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    module = types.ModuleType(f"architecture_{name}")
    sys.modules[module.__name__] = module
    exec(compile(found.group(1), f"docs/architecture.md:{name}", "exec"), module.__dict__)
    return module


def test_the_picture_shows_the_imports_of_today():
    spec = importlib.util.spec_from_file_location("draw_imports", ROOT / "docs" / "tools" / "draw_imports.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    drawn = module.PICTURE.read_text(encoding="utf-8")
    assert drawn == module.draw(module.edges()), "run: python docs/tools/draw_imports.py"


@pytest.mark.parametrize("file", sorted(set(re.findall(r"`((?:\w+/)+\w+\.py)`", PAGE))))
def test_every_file_that_the_page_names_is_there(file: str):
    assert (ROOT / "src" / "blemish" / file).is_file() or (ROOT / file).is_file()


@pytest.mark.train
def test_the_example_of_a_method_trains_and_inspects(tmp_path: Path):
    from blemish import load, train
    from blemish.methods import registry

    rng = np.random.default_rng(0)
    for number in range(8):
        pixels = rng.normal(128, 4, (48, 64, 3)).clip(0, 255).astype(np.uint8)
        cv2.imwrite(str(tmp_path / f"{number}.png"), pixels)
    example("method")
    try:
        train("example-brightness", tmp_path, tmp_path / "d.blemish")
    finally:
        registry._REGISTRY.pop("example-brightness")
    detector = load(tmp_path / "d.blemish")
    normal, dark = np.full((48, 64, 3), 128, np.uint8), np.full((48, 64, 3), 20, np.uint8)
    assert detector.score(dark)[0] == pytest.approx(108, abs=2)
    assert detector.score(normal)[0] < 2


def test_the_example_of_a_reader_reads(tmp_path: Path):
    for name in ("a.png", "b.png"):
        cv2.imwrite(str(tmp_path / name), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "defective.txt").write_text("b.png\nc.png\n")
    layout = example("reader").LISTED
    assert layout.recognise(tmp_path)
    found = layout.read(tmp_path, NormalNames())
    assert {sample.path.name: sample.defective for sample in found.samples} == {"a.png": False, "b.png": True}
    assert "c.png" in found.notes[0]


def test_the_example_of_an_export_writes_the_worst_first(tmp_path: Path):
    images = tuple(
        Finding(image=f"{name}.png", name=name, score=score, verdict=verdict)
        for name, score, verdict in (("fine", 0.1, "pass"), ("bad", 0.7, "reject"), ("worse", 0.9, "reject"))
    )
    document = Document(folder=tmp_path, run=None, grades=None, images=images)
    assert example("export").write_worst(document, tmp_path) == [tmp_path / "worst.txt"]
    assert (tmp_path / "worst.txt").read_text() == "worse\nbad\n"
