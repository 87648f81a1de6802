"""Running a detector's graph with OpenVINO."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from blemish.cpu import available_threads
from blemish.detectors.graph_check import check_graph
from blemish.detectors.runtime import SCORED, Precision, Prediction, are_outputs
from blemish.detectors.telemetry import import_openvino
from blemish.errors import DetectorError, MissingExtraError, install_hint

# By OpenVINO's names.
_PRECISIONS: dict[str, Precision] = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}


class OpenVinoRuntime:
    """OpenVINO on the CPU.

    In float32 unless told otherwise, so that thresholds hold whichever runtime chose them. Left to itself, OpenVINO
    computes in bfloat16 on processors that can: scores then move by about 0.1 %, and where a detector's normal scores
    lie closer together than that, verdicts move with them.

    Args:
        graph: the ONNX model's bytes.
        fast: compute in what is fastest on this processor; thresholds are then to be chosen with this runtime too.
        threads: how many cores all calls may use; None takes what the machine (or ``OMP_NUM_THREADS``) allows.
        calls_at_once: how many threads will call at the same time, each with its fraction of the cores.

    Raises:
        MissingExtraError: OpenVINO is not installed.
        DetectorError: the graph is refused, OpenVINO cannot run it, or its inputs and outputs are not a detector's.
    """

    def __init__(self, graph: bytes, *, fast: bool = False, threads: int | None = None, calls_at_once: int = 1) -> None:
        try:
            openvino = import_openvino()
        except ModuleNotFoundError:
            raise MissingExtraError(f'The runtime "openvino" is not installed: {install_hint("openvino")}.') from None
        check_graph(graph)
        try:
            core = openvino.Core()
            options = {
                "INFERENCE_NUM_THREADS": threads or available_threads(),
                "NUM_STREAMS": calls_at_once,
                "PERFORMANCE_HINT": "LATENCY",
            }
            if not fast:
                options["INFERENCE_PRECISION_HINT"] = "f32"
            self._model = core.compile_model(core.read_model(graph), "CPU", options)
            # The first look at any tensor's data builds a table behind a lock and lets go of the interpreter's: two
            # threads whose first calls met there waited for each other for ever (seen with OpenVINO 2026.4).
            openvino.Tensor(np.zeros(1, np.uint8)).data  # noqa: B018
        except Exception as error:
            raise DetectorError(f"The detector's graph cannot be run: {str(error).splitlines()[0]}") from error
        outputs = [output.any_name for output in self._model.outputs]
        if [value.any_name for value in self._model.inputs] != ["image"] or not are_outputs(outputs):
            raise DetectorError(f"The detector's graph gives {outputs}; expected image -> score, map.")
        # A request serves one call at a time.
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(calls_at_once):
            self._requests.put(self._model.create_infer_request())

    @property
    def precision(self) -> Precision:
        """In which numbers the processor computes."""
        return _PRECISIONS[self._model.get_property("INFERENCE_PRECISION_HINT").get_type_name()]

    def __call__(self, batch: NDArray[np.uint8]) -> Prediction:
        """Score a batch, uint8 RGB (N, H, W, 3). May be called from several threads."""
        request = self._requests.get()
        try:
            results = request.infer({"image": np.ascontiguousarray(batch)})
            # Copies: the request's own arrays are written again by the next call.
            outputs = {output.any_name: value for output, value in results.items()}
            return Prediction.of({name: np.array(outputs[name], np.float32) for name in SCORED if name in outputs})
        except Exception as error:
            raise DetectorError(
                f"The detector's graph failed on a batch of shape {batch.shape}: {str(error).splitlines()[0]}"
            ) from error
        finally:
            self._requests.put(request)
