"""``--runtime auto``: the fastest runtime of those that answer alike, measured once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.detectors import Container, Detector, runtimes
from blemish.detectors.runtime import Prediction
from blemish.inspection import describe_run
from blemish.locations import cache_dir


class Stub:
    """A runtime that answers with one map, and counts its calls."""

    def __init__(self, level: float, precision: str = "float32"):
        self.level, self.precision, self.calls = level, precision, 0

    def __call__(self, batch: np.ndarray) -> Prediction:
        self.calls += 1
        count, height, width, _ = batch.shape
        level = np.float32(self.level)
        return Prediction(np.full(count, level), np.full((count, height, width), level))


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Two runtimes of given answers and seconds; the cache is empty."""
    monkeypatch.setenv("BLEMISH_CACHE", str(tmp_path / "cache"))

    def install(onnxruntime: tuple[Stub, float], openvino: tuple[Stub, float]) -> None:
        known = {"onnxruntime": onnxruntime, "openvino": openvino}
        monkeypatch.setattr(runtimes, "_start", lambda name, *_, **__: known[name][0])
        monkeypatch.setattr(
            runtimes, "best_seconds", lambda calls, _: {name: known[name][1] for name in calls if calls[name]() or True}
        )

    return install


@pytest.mark.parametrize(
    ("onnxruntime", "openvino", "chosen"),
    [
        ((Stub(0.5), 2.0), (Stub(0.5), 1.0), "openvino"),
        ((Stub(0.5), 1.0), (Stub(0.5), 2.0), "onnxruntime"),
        ((Stub(0.5), 1.0), (Stub(0.5), 0.99), "onnxruntime"),
        ((Stub(0.5), 2.0), (Stub(0.5 + 4e-5), 1.0), "openvino"),
        ((Stub(0.5), 2.0), (Stub(0.5 + 1e-3), 1.0), "onnxruntime"),
        ((Stub(0.5), 2.0), (Stub(float("nan")), 1.0), "onnxruntime"),
        ((Stub(0.5), 2.0), (Stub(0.5, "bfloat16"), 1.0), "onnxruntime"),
    ],
    ids=["faster", "slower", "not worth it", "rounding", "other answers", "no numbers", "bfloat16"],
)
def test_the_fastest_of_those_that_answer_alike_is_chosen(darkness, installed, onnxruntime, openvino, chosen):
    installed(onnxruntime, openvino)
    detector = Detector(darkness, runtime="auto")
    assert detector.runtime == chosen
    assert describe_run(detector).detector.runtime == chosen


def test_it_is_measured_once_for_a_graph_and_machine(darkness: Container, installed, monkeypatch: pytest.MonkeyPatch):
    slow, fast = Stub(0.5), Stub(0.5)
    installed((slow, 2.0), (fast, 1.0))
    assert runtimes.choose_runtime(darkness) == "openvino"
    calls = slow.calls, fast.calls
    assert runtimes.choose_runtime(darkness) == "openvino"
    assert (slow.calls, fast.calls) == calls
    runtimes.choose_runtime(darkness, threads=7)
    assert slow.calls > calls[0], "another number of threads is measured by itself"
    monkeypatch.setattr(runtimes, "cpu_name", lambda: "another processor")
    before = slow.calls
    runtimes.choose_runtime(darkness)
    assert slow.calls > before
    before = slow.calls
    runtimes.choose_runtime(replace(darkness, graph=darkness.graph + b"\0"))
    assert slow.calls > before


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"runtime": "openvino-fast"}', '{"runtime": "a stranger\'s"}'])
def test_a_damaged_memory_is_measured_anew(darkness: Container, installed, content: str):
    installed((Stub(0.5), 1.0), (Stub(0.5), 2.0))
    runtimes.choose_runtime(darkness)
    (file,) = (cache_dir() / "runtimes").iterdir()
    file.write_text(content)
    assert runtimes.choose_runtime(darkness) == "onnxruntime"
    assert json.loads(file.read_text())["runtime"] == "onnxruntime"


def test_a_cache_that_cannot_be_written_to_stops_nothing(darkness: Container, monkeypatch, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BLEMISH_CACHE", str(tmp_path / "file"))
    assert Detector(darkness, runtime="auto", threads=1).runtime in ("onnxruntime", "openvino")


def test_whatever_is_chosen_gives_the_same_answers(darkness: Container, wall: np.ndarray):
    one, other = (
        Detector(darkness, threads=1).inspect(wall),
        Detector(darkness, threads=1, runtime="auto").inspect(wall),
    )
    assert other.score == pytest.approx(one.score, rel=1e-4)
    assert (other.verdict, other.finding.precision) == (one.verdict, "float32")


def test_drift_is_that_of_scores_and_maps():
    base = Prediction(np.float32([2.0]), np.full((1, 2, 2), 4, np.float32))
    assert runtimes.relative_drift(base, base) == 0
    assert runtimes.relative_drift(base, replace(base, scores=np.float32([2.2]))) == pytest.approx(0.1)
    assert runtimes.relative_drift(base, replace(base, maps=base.maps + 1)) == 0.25
    assert runtimes.relative_drift(base, replace(base, maps=None)) == np.inf
