"""Running a detector's graph: uint8 images in, scores and maps out, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from blemish.cpu import available_threads
from blemish.detectors.graph_check import check_graph
from blemish.detectors.telemetry import import_onnxruntime
from blemish.errors import DetectorError

ort = import_onnxruntime()

ConcreteRuntime = Literal["onnxruntime", "openvino", "openvino-fast"]
RuntimeName = Literal["auto", "onnxruntime", "openvino", "openvino-fast"]
Precision = Literal["float32", "bfloat16", "float16", "int8"]

OUTPUTS = ("score", "map", "reconstruction")
"""Of a graph, in order: it has the first, the first two, or all."""
SURFACE = "surface"
"""What a graph may give beside them: how unlike the surfaces that it was trained for each input is."""
SCORED = (*OUTPUTS[:2], SURFACE)
"""Those that are computed for every image."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a graph says about a batch.

    Attributes:
        scores: float32 (N,), higher is worse.
        maps: float32 (N, H, W), or (N, K, H, W) for K classes, at the input's size; None where the graph gives none.
        surfaces: float32 (N,), how unlike the surfaces that the detector knows; None where the graph gives none.
    """

    scores: NDArray[np.float32]
    maps: NDArray[np.float32] | None
    surfaces: NDArray[np.float32] | None = None

    @classmethod
    def of(cls, outputs: Mapping[str, NDArray[np.float32]]) -> Self:
        """From a graph's outputs by their names."""
        return cls(outputs["score"], outputs.get("map"), outputs.get(SURFACE))


class Runtime(Protocol):
    """Anything that runs a graph: ONNX Runtime, OpenVINO, or torch for what cannot be a graph."""

    @property
    def precision(self) -> Precision:
        """In which numbers it computes."""
        ...

    def __call__(self, batch: NDArray[np.uint8]) -> Prediction:
        """Score a batch, uint8 RGB (N, H, W, 3). May be called from several threads."""
        ...


class OnnxRuntime:
    """ONNX Runtime on the CPU, in float32.

    Args:
        graph: the ONNX model's bytes.
        threads: how many cores all calls may use; None takes what the machine (or ``OMP_NUM_THREADS``) allows.
        calls_at_once: how many threads will call at the same time, each with its fraction of the cores.
        takes: name and type of the graph's input.

    Raises:
        DetectorError: the graph is refused, ONNX Runtime cannot run it, or its inputs and outputs are not a detector's.
    """

    precision: Precision = "float32"

    def __init__(
        self,
        graph: bytes,
        *,
        threads: int | None = None,
        calls_at_once: int = 1,
        takes: tuple[str, str] = ("image", "tensor(uint8)"),
    ) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = max(1, (threads or available_threads()) // calls_at_once)
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # A plan of its memory for each input size takes more (464 instead of 302 MiB at 1024 px) and saves 2 % at most.
        options.enable_mem_pattern = False
        # Idle workers must not spin: decoding and drawing run on the same cores between two calls.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Never another format, whatever the bytes look like: only ONNX has been checked.
        options.add_session_config_entry("session.load_model_format", "ONNX")
        check_graph(graph)
        try:
            self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise DetectorError(f"The detector's graph cannot be run: {str(error).splitlines()[0]}") from error
        inputs = [(value.name, value.type) for value in self._session.get_inputs()]
        outputs = [value.name for value in self._session.get_outputs()]
        if inputs != [takes] or not are_outputs(outputs):
            raise DetectorError(
                f"The detector's graph takes {inputs} and gives {outputs}; expected {takes[0]} -> score, map."
            )
        self._input, self._outputs = takes[0], [name for name in outputs if name in SCORED]
        self._reconstructs = OUTPUTS[2] in outputs

    def __call__(self, batch: NDArray[np.uint8] | NDArray[np.float64]) -> Prediction:
        """Score a batch, uint8 RGB (N, H, W, 3), or float64 (N, L, C) where the graph takes windows."""
        try:
            found = self._session.run(self._outputs, {self._input: np.ascontiguousarray(batch)})
            return Prediction.of(
                {name: np.asarray(value, np.float32) for name, value in zip(self._outputs, found, strict=True)}
            )
        except Exception as error:
            raise DetectorError(
                f"The detector's graph failed on a batch of shape {batch.shape}: {str(error).splitlines()[0]}"
            ) from error

    def reconstruct(self, batch: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """What the graph makes of a batch, uint8 RGB (N, H, W, 3); None where it reconstructs nothing.

        Raises:
            DetectorError: the graph fails, or gives something else.
        """
        if not self._reconstructs:
            return None
        try:
            (found,) = self._session.run([OUTPUTS[2]], {self._input: np.ascontiguousarray(batch)})
        except Exception as error:
            raise DetectorError(f"The detector's graph failed: {str(error).splitlines()[0]}") from error
        given = np.asarray(found)
        if given.shape != batch.shape or given.dtype != np.uint8:
            raise DetectorError(
                f"The detector's graph gives a reconstruction {given.dtype} {given.shape} of images {batch.shape}; "
                "get the detector again."
            )
        return given


def are_outputs(names: list[str]) -> bool:
    """Whether these are the outputs of a detector's graph."""
    common = tuple(name for name in names if name != SURFACE)
    return bool(common) and common == OUTPUTS[: len(common)] and len(names) - len(common) <= 1
