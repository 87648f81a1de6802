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

from blemish.detectors.answers import outputs_of
from blemish.detectors.runtime import OUTPUTS, OnnxRuntime, Prediction
from blemish.detectors.schema import InputSpec
from blemish.detectors.series_detector import WINDOW_INPUT
from blemish.detectors.trial import Trial, remember
from blemish.errors import DetectorError
from blemish.training.half_storage import store_exact_halves

_OPSET = 17
# fp32 sums in another order differ in the last digits; more than this is another computation.
_RELATIVE = 1e-4


def export_graph(module: nn.Module, spec: InputSpec) -> bytes:
    """ONNX bytes of a scoring module, verified against torch at batch 1 and 3 and, where the size is free, two sizes.

    Args:
        module: uint8 (N, H, W, 3) -> score (N,)[, map (N, H, W) or (N, K, H, W)[, reconstruction as the images]].
        spec: the sizes that the graph will see.

    Raises:
        DetectorError: ONNX Runtime's answers differ from torch's by more than 1e-4 relative.
    """
    module = module.cpu().eval()
    sizes = spec.trial_sizes()
    example = torch.from_numpy(_images(1, sizes[0]))
    with torch.inference_mode():
        outputs = module(example)
    names = [*OUTPUTS[: len(outputs)]] if isinstance(outputs, tuple) else ["score"]
    free = {0: "batch"} if spec.size_px is not None else {0: "batch", 1: "height", 2: "width"}
    axes = {"image": free, "score": {0: "batch"}, "reconstruction": free}
    if "map" in names:
        last = outputs[1].ndim
        axes["map"] = {0: "batch"} if spec.size_px is not None else {0: "batch", last - 2: "height", last - 1: "width"}
    graph = to_onnx(module, example, names, {name: axes[name] for name in ("image", *names)})
    _verify(graph, module, sizes)
    return graph


def export_window_graph(module: nn.Module, windows: NDArray[np.float64]) -> bytes:
    """ONNX bytes of a module that scores windows of a series, verified against torch at batch 1 and 3.

    Args:
        module: float64 (N, L, C) -> score (N,) and map (N, L).
        windows: three or more, to verify with.

    Raises:
        DetectorError: as `export_graph`.
    """
    module = module.cpu().eval()
    axes = {name: {0: "batch"} for name in ("window", "score", "map")}
    graph = to_onnx(module, torch.from_numpy(windows[:1]), ["score", "map"], axes, takes="window")
    runtime = OnnxRuntime(graph, takes=WINDOW_INPUT)
    for count in (1, 3):
        with torch.inference_mode():
            expected = [value.numpy() for value in module(torch.from_numpy(windows[:count]))]
        found = runtime(windows[:count])
        if count == 1:
            remember(graph, Trial("window", "float64", windows[:1].shape), outputs_of(found))
        drift = _drift(expected, found)
        if not drift <= _RELATIVE:
            raise DetectorError(
                f"The exported graph differs from torch by {drift:.1e} relative on {count} windows; "
                "the detector was not written."
            )
    return graph


def to_onnx(
    module: nn.Module, example: torch.Tensor, names: list[str], axes: dict[str, dict[int, str]], takes: str = "image"
) -> bytes:
    """ONNX bytes of any module, not yet verified; weights that 16 bits hold exactly stand so.

    Args:
        module: with one input.
        example: of the input.
        names: of the outputs.
        axes: of the input and the outputs, those that are free.
        takes: name of the input.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = Path(folder) / "graph.onnx"
        # The tracing exporter takes one second where the newer one takes thirty, for the same graph and numbers.
        torch.onnx.export(
            module,
            (example,),
            file,
            input_names=[takes],
            output_names=names,
            dynamic_axes=axes,
            opset_version=_OPSET,
            dynamo=False,
        )
        return store_exact_halves(file.read_bytes())


def _images(count: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Smooth random pictures: pure noise would saturate a network and hide a difference."""
    rng = np.random.default_rng(count)
    coarse = rng.uniform(0, 255, (count, size[0] // 8 + 1, size[1] // 8 + 1, 3))
    fine = coarse.repeat(8, axis=1).repeat(8, axis=2)[:, : size[0], : size[1]]
    return np.clip(fine + rng.normal(0, 12, fine.shape), 0, 255).astype(np.uint8)


def _verify(graph: bytes, module: nn.Module, sizes: list[tuple[int, int]]) -> None:
    runtime = OnnxRuntime(graph)
    for size in sizes:
        for count in (1, 3):
            batch = _images(count, size)
            with torch.inference_mode():
                outputs = module(torch.from_numpy(batch))
            expected = outputs if isinstance(outputs, tuple) else (outputs,)
            found = runtime(batch)
            if count == 1:
                remember(graph, Trial("image", "uint8", batch.shape), outputs_of(found))
            drift = _drift([value.numpy() for value in expected], found)
            if not drift <= _RELATIVE:
                raise DetectorError(
                    f"The exported graph differs from torch by {drift:.1e} relative on {count} images of "
                    f"{size[0]}×{size[1]}; the detector was not written."
                )


def _drift(expected: list[NDArray[np.float32]], found: Prediction) -> float:
    """Largest difference relative to the largest expected value, over score and map."""
    pairs = zip(expected[:2], [found.scores, found.maps][: len(expected)], strict=True)
    return max(
        float(np.abs(got - want).max() / max(float(np.abs(want).max()), 1e-6)) if got is not None else np.inf
        for want, got in pairs
    )
