"""The memory bank of a PatchCore detector, read from its graph and replaced: without network, weights or torch.

`NearestNeighbour` leaves blocks named ``head.blocks.0``, … in the graph, each in a
product followed by a minimum. They are found by name, joined, and replaced by as many as the new memory needs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from blemish.errors import DetectorError

_BLOCKS, _SQUARES = "head.blocks.", "head.squares."
_BLOCK_ROWS = 1024


@dataclass(frozen=True, slots=True)
class GraphMemory:
    """A graph and its memory bank.

    Attributes:
        model: the whole graph.
        bank: float32 (k, d), the patches of the memory bank.
        patches: name of the tensor that holds the patch features of a batch, (n, d).
        nearest: name of the tensor that holds each patch's least ``|b|² - 2ab``.
    """

    model: onnx.ModelProto
    bank: NDArray[np.float32]
    patches: str
    nearest: str

    def extractor(self) -> bytes:
        """A graph from ``image`` to patch features alone."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        del model.graph.output[:]
        model.graph.output.append(helper.make_tensor_value_info(self.patches, onnx.TensorProto.FLOAT, None))
        return bytes(model.SerializeToString())

    def front(self) -> bytes:
        """The graph without its memory: two detectors with the same front have the same features."""
        return bytes(_without_memory(self.model)[0].SerializeToString())

    def with_bank(self, bank: NDArray[np.float32]) -> bytes:
        """The whole graph with another memory bank, float32 (k, d)."""
        model, place = _without_memory(self.model)
        blocks = [bank[start : start + _BLOCK_ROWS] for start in range(0, len(bank), _BLOCK_ROWS)]
        nodes, minima = [], []
        for number, rows in enumerate(blocks):
            block, squares, product = f"{_BLOCKS}{number}", f"{_SQUARES}{number}", f"/head/product_{number}"
            minimum = self.nearest if len(blocks) == 1 else f"/head/minimum_{number}"
            model.graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(rows.T), block))
            model.graph.initializer.append(numpy_helper.from_array((rows * rows).sum(axis=1), squares))
            nodes.append(helper.make_node("Gemm", [self.patches, block, squares], [product], product, alpha=-2.0))
            nodes.append(helper.make_node("ReduceMin", [product], [minimum], minimum, axes=[1], keepdims=0))
            minima.append(minimum)
        if len(blocks) > 1:
            nodes.append(helper.make_node("Min", minima, [self.nearest], "/head/minimum"))
        for offset, node in enumerate(nodes):
            model.graph.node.insert(place + offset, node)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())


def read_memory(graph: bytes, name: str) -> GraphMemory:
    """Read the memory bank from the graph of the detector called ``name``.

    Raises:
        DetectorError: it has no memory, or one that re-weights its scores.
    """
    model = onnx.load_from_string(graph)
    blocks = {each.name: each for each in model.graph.initializer if each.name.startswith(_BLOCKS)}
    products = [node for node in model.graph.node if node.op_type == "Gemm" and node.input[1] in blocks]
    if not products:
        raise DetectorError(
            f'"{name}" has no memory that could grow; only detectors that compare patches with a memory have one.'
        )
    users = sum(1 for node in model.graph.node for tensor in node.input if tensor in blocks)
    if users != len(products):
        raise DetectorError(f'The memory of "{name}" also re-weights its scores and cannot grow; train it anew.')
    ordered = sorted(products, key=lambda node: int(node.input[1].removeprefix(_BLOCKS)))
    bank = np.concatenate([numpy_helper.to_array(blocks[node.input[1]]).T for node in ordered])
    return GraphMemory(model, np.asarray(bank, np.float32), ordered[0].input[0], _memory_nodes(model)[-1].output[0])


def _without_memory(model: onnx.ModelProto) -> tuple[onnx.ModelProto, int]:
    """A copy without the memory's initializers and nodes, and the index where the nodes were."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    nodes = _memory_nodes(bare)
    place = min(index for index, node in enumerate(bare.graph.node) if node in nodes)
    for node in nodes:
        bare.graph.node.remove(node)
    for each in [each for each in bare.graph.initializer if each.name.startswith((_BLOCKS, _SQUARES))]:
        bare.graph.initializer.remove(each)
    return bare, place


def _memory_nodes(model: onnx.ModelProto) -> list[onnx.NodeProto]:
    """Products with the memory, their minima, and the minima of those, in the graph's order."""
    found: list[onnx.NodeProto] = []
    tensors: set[str] = set()
    for node in model.graph.node:
        of_memory = node.op_type == "Gemm" and node.input[1].startswith(_BLOCKS)
        if of_memory or (node.op_type in ("ReduceMin", "Min") and set(node.input) <= tensors):
            found.append(node)
            tensors |= set(node.output)
    return found
