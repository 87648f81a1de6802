"""OpenVINO beside ONNX Runtime on the same graph."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from blemish.detectors import Container, Detector
from blemish.detectors.openvino_runtime import OpenVinoRuntime
from blemish.errors import DetectorError, MissingExtraError


@pytest.mark.parametrize("shape", [(40, 64), (33, 47)])
def test_it_answers_as_onnx_runtime_does(darkness: Container, shape: tuple[int, int]):
    pytest.importorskip("openvino")
    photo = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    one = Detector(darkness, threads=1).inspect(photo)
    other = Detector(darkness, threads=1, runtime="openvino").inspect(photo)
    assert other.score == pytest.approx(one.score, rel=1e-2)  # processors with bfloat16 use it
    np.testing.assert_allclose(other.heat_map, one.heat_map, atol=1e-2)


def test_what_is_no_graph_is_refused():
    pytest.importorskip("openvino")
    with pytest.raises(DetectorError, match="cannot be run"):
        OpenVinoRuntime(b"not a graph")


def test_without_it_the_extra_is_named(darkness: Container, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r"blemish\[openvino\]"):
        Detector(darkness, runtime="openvino")
