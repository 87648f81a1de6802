"""Weights that 16 bits hold exactly are stored in 16 bits: half the file, and the same numbers when it is run."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper, numpy_helper

_MIN_VALUES = 1 << 14


def store_exact_halves(graph: bytes) -> bytes:
    """A graph whose large float32 weights stand as float16 wherever no value changes by it.

    A runtime casts them back once, when it loads the graph. Where any value needs more bits, weights stay as they are.
    """
    model = onnx.load_from_string(graph)
    casts = []
    for weights in model.graph.initializer:
        if weights.data_type != onnx.TensorProto.FLOAT or np.prod(weights.dims, dtype=np.int64) < _MIN_VALUES:
            continue
        values = numpy_helper.to_array(weights)
        with np.errstate(over="ignore"):
            halves = values.astype(np.float16)
        if not np.array_equal(halves.astype(np.float32), values):
            continue
        name = weights.name
        weights.CopyFrom(numpy_helper.from_array(halves, f"{name}.half"))
        casts.append(helper.make_node("Cast", [weights.name], [name], f"{name}.cast", to=onnx.TensorProto.FLOAT))
    if not casts:
        return graph
    for node in reversed(casts):
        model.graph.node.insert(0, node)
    return bytes(model.SerializeToString())
