"""From a trained network to a graph that runs without torch, checked on the spot."""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from blemish.detectors.runtime import OnnxRuntime, Prediction
from blemish.detectors.schema import InputSpec
from blemish.errors import DetectorError

_OPSET = 17
# fp32 sums in another order differ in the last digits; more than this is another computation.
_RELATIVE = 1e-4


def export_graph(module: nn.Module, spec: InputSpec) -> bytes:
    """ONNX bytes of a scoring module, verified against torch at batch 1 and 3 and, where the size is free, two sizes.

    Args:
        module: uint8 (N, H, W, 3) -> score (N,)[, map (N, H, W) or (N, K, H, W)].
        spec: the sizes that the graph will see.

    Raises:
        DetectorError: ONNX Runtime's answers differ from torch's by more than 1e-4 relative.
    """
    module = module.cpu().eval()
    sizes = _sizes(spec)
    example = torch.from_numpy(_photos(1, sizes[0]))
    with torch.inference_mode():
        outputs = module(example)
    names = ["score", "map"] if isinstance(outputs, tuple) and len(outputs) == 2 else ["score"]
    free = {0: "batch"} if spec.size_px is not None else {0: "batch", 1: "height", 2: "width"}
    axes = {"image": free, "score": {0: "batch"}}
    if "map" in names:
        last = outputs[1].ndim
        axes["map"] = {0: "batch"} if spec.size_px is not None else {0: "batch", last - 2: "height", last - 1: "width"}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(folder) / "graph.onnx"
        # The tracing exporter takes one second where the newer one takes thirty, for the same graph and numbers.
        torch.onnx.export(
            module,
            (example,),
            file,
            input_names=["image"],
            output_names=names,
            dynamic_axes=axes,
            opset_version=_OPSET,
            dynamo=False,
        )
        graph = file.read_bytes()
    _verify(graph, module, sizes)
    return graph


def _sizes(spec: InputSpec) -> list[tuple[int, int]]:
    if spec.size_px is not None:
        return [spec.size_px]
    unit = max(spec.multiple_of, 32)
    return [(2 * unit, 3 * unit), (4 * unit, 2 * unit)]


def _photos(count: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Smooth random pictures: pure noise would saturate a network and hide a difference."""
    rng = np.random.default_rng(count)
    coarse = rng.uniform(0, 255, (count, size[0] // 8 + 1, size[1] // 8 + 1, 3))
    fine = coarse.repeat(8, axis=1).repeat(8, axis=2)[:, : size[0], : size[1]]
    return np.clip(fine + rng.normal(0, 12, fine.shape), 0, 255).astype(np.uint8)


def _verify(graph: bytes, module: nn.Module, sizes: list[tuple[int, int]]) -> None:
    runtime = OnnxRuntime(graph)
    for size in sizes:
        for count in (1, 3):
            batch = _photos(count, size)
            with torch.inference_mode():
                outputs = module(torch.from_numpy(batch))
            expected = outputs if isinstance(outputs, tuple) else (outputs,)
            drift = _drift([value.numpy() for value in expected], runtime(batch))
            if not drift <= _RELATIVE:
                raise DetectorError(
                    f"The exported graph differs from torch by {drift:.1e} relative on {count} photos of "
                    f"{size[0]}×{size[1]}; the detector was not written."
                )


def _drift(expected: list[NDArray[np.float32]], found: Prediction) -> float:
    """Largest difference relative to the largest expected value, over score and map."""
    pairs = zip(expected, [found.scores, found.maps][: len(expected)], strict=True)
    return max(
        float(np.abs(got - want).max() / max(float(np.abs(want).max()), 1e-6)) if got is not None else np.inf
        for want, got in pairs
    )
