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
        *_contrast(),
        _node("GreaterOrEqual", ["edges/contrast", "edges/least"], "differs"),
        _node("GreaterOrEqual", [_LOGITS, "edges/sure"], "is_sure"),
        _node("Or", ["edges/differs", "edges/is_sure"], "stays"),
        *_in_one_piece("edges/stays"),
        _node("Min", [_LOGITS, "opinion/gate"], "cut"),
        _node("Where", ["edges/kept", _LOGITS, "edges/cut"], "logit"),
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
        "scales": np.array([1, 1, _REDUCED, _REDUCED], np.float32),
    }
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value), f"edges/{name}") for name, value in constants.items()
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _contrast() -> list[onnx.NodeProto]:
    """How far each pixel is from the bare surface around it, and how far it has to be."""
    small = {"kernel_shape": [_REDUCED] * 2, "strides": [_REDUCED] * 2}
    return [
        _node("ReduceMean", [_NORMALISED], "grey", axes=[1], keepdims=1),
        _node("AveragePool", ["edges/grey"], "smooth", kernel_shape=[3, 3], pads=[1] * 4),
        _node("Less", [_LOGITS, "opinion/gate"], "is_bare"),
        _node("Cast", ["edges/is_bare"], "bare", to=onnx.TensorProto.FLOAT),
        _node("Mul", ["edges/grey", "edges/bare"], "bare_grey"),
        _node("AveragePool", ["edges/bare_grey"], "small_grey", **small),
        _node("AveragePool", ["edges/bare"], "small_bare", **small),
        _node("AveragePool", ["edges/small_grey"], "grey_around", **_same(_AROUND, _AROUND)),
        _node("AveragePool", ["edges/small_bare"], "bare_around", **_same(_AROUND, _AROUND)),
        _node("Max", ["edges/bare_around", "edges/some"], "share"),
        _node("Div", ["edges/grey_around", "edges/share"], "surface"),
        _node("Resize", ["edges/surface", "", "edges/scales"], "background", mode="linear"),
        _node("Sub", ["edges/smooth", "edges/background"], "difference"),
        _node("Abs", ["edges/difference"], "contrast"),
        _node("Sub", ["edges/one", "edges/bare"], "possible"),
        _node("Mul", ["edges/contrast", "edges/possible"], "seen"),
        _node("MaxPool", ["edges/seen"], "rows", **_same(2 * REACH_PX + 1, 1)),
        _node("MaxPool", ["edges/rows"], "highest", **_same(1, 2 * REACH_PX + 1)),
        _node("Mul", ["edges/highest", "edges/third"], "least"),
    ]


def _in_one_piece(stays: str) -> list[onnx.NodeProto]:
    """Without pixels that have fewer than two others beside them, and with gaps and holes of up to 2 px closed."""
    beside = {"kernel_shape": [3, 3], "pads": [1] * 4}
    return [
        _node("Cast", [stays], "staying", to=onnx.TensorProto.FLOAT),
        _node("Mul", ["edges/staying", "edges/possible"], "inside"),
        _node("AveragePool", ["edges/inside"], "share_beside", **beside),
        _node("GreaterOrEqual", ["edges/share_beside", "edges/few"], "is_beside"),
        _node("Cast", ["edges/is_beside"], "beside", to=onnx.TensorProto.FLOAT),
        _node("Mul", ["edges/inside", "edges/beside"], "joined"),
        _node("MaxPool", ["edges/joined"], "grown", **beside),
        _node("Neg", ["edges/grown"], "outside"),
        _node("MaxPool", ["edges/outside"], "outside_grown", **beside),
        _node("Less", ["edges/outside_grown", "edges/none"], "kept"),
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
