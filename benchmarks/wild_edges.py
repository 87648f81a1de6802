"""Where a crack ends, read off the image: outlines lose what looks like the bare surface beside it.

Hand-drawn masks are wider than the crack, and a network that learned from them outlines a rim of bare surface. Here a
pixel that the network finds possible, but not sure, keeps its probability only where the image differs from the bare
surface around it by a third or more of the most that it does within `REACH_PX`: near half the depth of a crack's
profile, where its width is measured too. Others are let down to the gate of the second opinion, below any outline.
Bare is what stays below that gate. Cracks may be lighter than their surface as well. Single pixels go too, and small
gaps and holes are closed, so that no outline falls into crumbs. Scores do not change.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

# Before probabilities are scaled; .7 afterwards. What is as sure as that counts as different, however it looks.
SURE = 5.1
LEAST_CONTRAST = 1 / 3
REACH_PX = 5
_REDUCED, _AROUND = 4, 9  # bare surface is averaged over 9 cells of 4 px
_NORMALISED, _LOGITS, _PROBABILITY = "/from_bytes/Div_output_0", "opinion/both", "/Sigmoid_output_0"


def with_edges(graph: bytes) -> bytes:
    """The graph of a fast-unet with a second opinion, its map cut at the edges of what is seen in the image."""
    model = onnx.load_from_string(graph)
    nodes = [
        _node("Squeeze", [_LOGITS, "edges/channel"], "both"),
        *_contrast(),
        _node("GreaterOrEqual", ["edges/contrast", "edges/least"], "differs"),
        _node("GreaterOrEqual", ["edges/both", "edges/sure"], "is_sure"),
        _node("Or", ["edges/differs", "edges/is_sure"], "stays"),
        *_in_one_piece("edges/stays"),
        _node("Min", ["edges/both", "opinion/gate"], "cut"),
        _node("Where", ["edges/kept", "edges/both", "edges/cut"], "left"),
        _node("Unsqueeze", ["edges/left", "edges/channel"], "logit"),
        _node("Sigmoid", ["edges/logit"], "probability"),
    ]
    at, of_map = next((number, node) for number, node in enumerate(model.graph.node) if "map" in node.output)
    of_map.input[:] = ["edges/probability" if name == _PROBABILITY else name for name in of_map.input]
    for node in reversed(nodes):
        model.graph.node.insert(at, node)
    constants = {
        "sure": np.float32(SURE),
        "third": np.float32(LEAST_CONTRAST),
        "few": np.float32(0.3),  # of nine pixels less than three
        "none": np.float32(0),
        "one": np.float32(1),
        "some": np.float32(1e-3),
        "channel": np.array([1], np.int64),
        "scales": np.array([1, 1, _REDUCED, _REDUCED], np.float32),
    }
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), f"edges/{name}") for name, value in constants.items()
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _contrast() -> list[onnx.NodeProto]:
    """How far each pixel is from the bare surface around it, and how far it has to be, both (N, H, W)."""
    small = {"kernel_shape": [_REDUCED] * 2, "strides": [_REDUCED] * 2}
    return [
        _node("ReduceMean", [_NORMALISED], "grey", axes=[1], keepdims=0),
        *_pooled("AveragePool", "grey", "smooth", **_same(3, 3)),
        _node("Less", ["edges/both", "opinion/gate"], "is_bare"),
        _node("Cast", ["edges/is_bare"], "bare", to=onnx.TensorProto.FLOAT),
        _node("Mul", ["edges/grey", "edges/bare"], "bare_grey"),
        *_pooled("AveragePool", "bare_grey", "small_grey", **small),
        *_pooled("AveragePool", "bare", "small_bare", **small),
        *_pooled("AveragePool", "small_grey", "grey_around", **_same(_AROUND, _AROUND)),
        *_pooled("AveragePool", "small_bare", "bare_around", **_same(_AROUND, _AROUND)),
        _node("Max", ["edges/bare_around", "edges/some"], "share"),
        _node("Div", ["edges/grey_around", "edges/share"], "small_surface"),
        _node("Unsqueeze", ["edges/small_surface", "edges/channel"], "reduced_surface"),
        _node("Resize", ["edges/reduced_surface", "", "edges/scales"], "background", mode="linear"),
        _node("Squeeze", ["edges/background", "edges/channel"], "surface"),
        _node("Sub", ["edges/smooth", "edges/surface"], "difference"),
        _node("Abs", ["edges/difference"], "contrast"),
        _node("Sub", ["edges/one", "edges/bare"], "possible"),
        _node("Mul", ["edges/contrast", "edges/possible"], "seen"),
        *_pooled("MaxPool", "seen", "rows", **_same(2 * REACH_PX + 1, 1)),
        *_pooled("MaxPool", "rows", "highest", **_same(1, 2 * REACH_PX + 1)),
        _node("Mul", ["edges/highest", "edges/third"], "least"),
    ]


def _in_one_piece(stays: str) -> list[onnx.NodeProto]:
    """Without pixels that have fewer than two others beside them, and with gaps and holes of up to 2 px closed."""
    beside = _same(3, 3)
    return [
        _node("Cast", [stays], "staying", to=onnx.TensorProto.FLOAT),
        _node("Mul", ["edges/staying", "edges/possible"], "inside"),
        *_pooled("AveragePool", "inside", "share_beside", **beside),
        _node("GreaterOrEqual", ["edges/share_beside", "edges/few"], "is_beside"),
        _node("Cast", ["edges/is_beside"], "beside", to=onnx.TensorProto.FLOAT),
        _node("Mul", ["edges/inside", "edges/beside"], "joined"),
        *_pooled("MaxPool", "joined", "grown", **beside),
        _node("Neg", ["edges/grown"], "outside"),
        *_pooled("MaxPool", "outside", "outside_grown", **beside),
        _node("Less", ["edges/outside_grown", "edges/none"], "kept"),
    ]


def _pooled(kind: str, source: str, output: str, **how: list[int]) -> list[onnx.NodeProto]:
    """A pool of (N, H, W): with an axis of one channel, OpenVINO gives all values around a pool the room of sixteen."""
    return [
        _node("Unsqueeze", [f"edges/{source}", "edges/channel"], f"{output}/of"),
        _node(kind, [f"edges/{output}/of"], f"{output}/pool", **how),
        _node("Squeeze", [f"edges/{output}/pool", "edges/channel"], output),
    ]


def _node(kind: str, inputs: list[str], output: str, **attributes: object) -> onnx.NodeProto:
    return helper.make_node(kind, inputs, [f"edges/{output}"], name=f"edges/{output}", **attributes)


def _same(height: int, width: int) -> dict[str, list[int]]:
    return {"kernel_shape": [height, width], "pads": [height // 2, width // 2] * 2}


def without_edges(graph: bytes) -> bytes:
    """The graph that `with_edges` was given; one without edges stays."""
    model = onnx.load_from_string(graph)
    for kept in (model.graph.node, model.graph.initializer):
        for each in [one for one in kept if one.name.startswith("edges/")]:
            kept.remove(each)
    for node in model.graph.node:
        node.input[:] = [_PROBABILITY if name == "edges/probability" else name for name in node.input]
    return bytes(model.SerializeToString())
