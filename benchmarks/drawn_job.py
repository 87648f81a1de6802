"""Small jobs of many images: a detector that costs next to nothing, and images that are drawn in no time."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnx

from blemish.detectors import Container, DetectorSpec, InputSpec, Provenance, Thresholds, write_container
from blemish.images import UsabilityLimits


def write_detector(path: Path) -> None:
    """A detector whose map is the darkness of each pixel."""
    helper, kinds = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=kinds.FLOAT),
        helper.make_node("ReduceMean", ["levels"], ["grey"], axes=[3], keepdims=0),
        helper.make_node("Div", ["grey", "white"], ["lightness"]),
        helper.make_node("Sub", ["one", "lightness"], ["map"]),
        helper.make_node("ReduceMax", ["map"], ["score"], axes=[1, 2], keepdims=0),
    ]
    inputs = [helper.make_tensor_value_info("image", kinds.UINT8, ["n", "h", "w", 3])]
    outputs = [
        helper.make_tensor_value_info("score", kinds.FLOAT, ["n"]),
        helper.make_tensor_value_info("map", kinds.FLOAT, ["n", "h", "w"]),
    ]
    constants = [helper.make_tensor(name, kinds.FLOAT, [], [value]) for name, value in (("white", 255.0), ("one", 1.0))]
    graph = helper.make_graph(nodes, "darkness", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    spec = DetectorSpec(
        method="darkness",
        settings={},
        input=InputSpec(tile_px=64, overlap_px=8, multiple_of=8),
        classes=("dark",),
        finds="regions",
        usability=UsabilityLimits.none(),
        thresholds=Thresholds(pixel=0.6, review=0.4, reject=0.6, source="chosen"),
        provenance=Provenance(data="none", fingerprint="0" * 64, seed=0, n_train=0, n_held_out=0),
    )
    write_container(path, Container(spec, bytes(model.SerializeToString()), "# Darkness\n"))


def draw_images(folder: Path, first: int, count: int, *, side_px: int = 48, corrupt_every: int = 0) -> list[str]:
    """Draw images, 1,000 to a folder, every second one with a dark bar; the names of those that are corrupt."""
    corrupt = []
    for number in range(first, first + count):
        image = np.full((side_px, side_px), 150 + number % 100, np.uint8)
        if number % 2:
            row = 4 + number % (side_px - 8)
            image[row : row + 3] = 20
        data = cv2.imencode(".png", image)[1].tobytes()
        if corrupt_every and number % corrupt_every == 0:
            corrupt.append(f"{number // 1000:04d}/{number:07d}.png")
            data = data[: len(data) // 2] if number % 2 else b"no image"
        path = folder / f"{number // 1000:04d}" / f"{number:07d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return corrupt
