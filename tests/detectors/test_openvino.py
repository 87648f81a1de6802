"""OpenVINO beside ONNX Runtime on the same graph."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from blemish.cpu import cpu_flags
from blemish.detectors import Container, Detector
from blemish.detectors.openvino_runtime import OpenVinoRuntime
from blemish.errors import DetectorError, MissingExtraError
from blemish.inspection import describe_run


@pytest.mark.parametrize("shape", [(40, 64), (33, 47)])
def test_it_answers_as_onnx_runtime_does(darkness: Container, shape: tuple[int, int]):
    pytest.importorskip("openvino")
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    one = Detector(darkness, threads=1).inspect(image)
    other = Detector(darkness, threads=1, runtime="openvino").inspect(image)
    assert other.score == pytest.approx(one.score, rel=1e-5)
    np.testing.assert_allclose(other.anomaly_map, one.anomaly_map, atol=1e-5)


def test_it_computes_in_float32_unless_the_fastest_is_asked_for(darkness: Container):
    pytest.importorskip("openvino")
    assert Detector(darkness, runtime="openvino").precision == "float32"
    fast = Detector(darkness, runtime="openvino-fast")
    assert fast.precision == ("bfloat16" if cpu_flags() & {"avx512_bf16", "amx_bf16"} else "float32")
    assert Detector(darkness).precision == "float32"


def test_the_record_of_a_run_says_what_computed(darkness: Container):
    pytest.importorskip("openvino")
    record = describe_run(Detector(darkness, runtime="openvino")).detector
    assert (record.runtime, record.precision) == ("openvino", "float32")


def test_a_tensor_has_been_looked_into_before_threads_may_call(darkness: Container, monkeypatch: pytest.MonkeyPatch):
    openvino = pytest.importorskip("openvino")
    looked: list[threading.Thread] = []

    class Tensor(openvino.Tensor):
        @property
        def data(self) -> np.ndarray:
            looked.append(threading.current_thread())
            return super().data

    monkeypatch.setattr(openvino, "Tensor", Tensor)
    OpenVinoRuntime(darkness.graph)
    assert looked == [threading.main_thread()]


def test_what_is_no_graph_is_refused():
    pytest.importorskip("openvino")
    with pytest.raises(DetectorError, match="cannot be run"):
        OpenVinoRuntime(b"not a graph")


def test_without_it_the_extra_is_named(darkness: Container, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r"\.\[openvino\]"):
        Detector(darkness, runtime="openvino")
