"""What a detector's graph may consist of, checked on its bytes before any runtime reads them.

A runtime does what a graph says: it reads files that the graph names (also with the graph in memory, then from the
current folder), loops for ever, expands functions within functions, calls whatever operators it was built with. So only
what the methods need is let through: a plain chain of standard operators whose values stand in the file, each with a
cost that its inputs' sizes bound. How much memory and time such a graph takes still depends on its numbers;
`blemish.detectors.trial` finds that out.
"""

from __future__ import annotations

import math

from blemish.detectors.protobuf import MalformedError, Walker, numbers
from blemish.errors import DetectorError
from blemish.text import printable

_MAX_FIELDS = 500_000
_MAX_NODES = 20_000
_MAX_DIMENSIONS = 16
_DOMAINS = {b"", b"ai.onnx"}

# Not among them, on purpose: If, Loop, Scan and SequenceMap (graphs within graphs), sequences, optionals, texts, random
# numbers, pictures, training, and whatever ONNX does not define.
_FAMILIES = {
    "element by element": """
        Abs Add And Cast CastLike Ceil Celu Clip Cos Div Elu Equal Erf Exp Floor Gelu Greater GreaterOrEqual
        HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Less LessOrEqual Log Max Mean Min Mish Mod Mul Neg Not Or
        PRelu Pow Reciprocal Relu Round Selu Sigmoid Sign Sin Softplus Softsign Sqrt Sub Sum Tanh ThresholdedRelu
        Where Xor
    """,
    "layers": """
        AveragePool BatchNormalization Conv ConvTranspose Dropout Einsum GRU Gemm GlobalAveragePool GlobalMaxPool
        GridSample GroupNormalization InstanceNormalization LRN LSTM LayerNormalization LogSoftmax LpNormalization
        LpPool MatMul MaxPool MeanVarianceNormalization RNN Softmax
    """,
    "in whole numbers": """
        ConvInteger DequantizeLinear DynamicQuantizeLinear MatMulInteger QLinearConv QLinearMatMul QuantizeLinear
    """,
    "over an axis": """
        ArgMax ArgMin CumSum ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
        ReduceSum ReduceSumSquare TopK
    """,
    "shapes": """
        Concat Constant ConstantOfShape DepthToSpace Expand EyeLike Flatten Gather GatherElements GatherND NonZero
        OneHot Pad Range Reshape Resize ScatterElements ScatterND Shape Size Slice SpaceToDepth Split Squeeze Tile
        Transpose Trilu Unsqueeze
    """,
}
OPERATORS = frozenset(name for family in _FAMILIES.values() for name in family.split())
_OPERATORS = {name.encode() for name in OPERATORS}


def check_graph(graph: bytes) -> None:
    """Refuse a graph that does more than compute, or that no runtime should be asked to read.

    Args:
        graph: an ONNX model's bytes.

    Raises:
        DetectorError: it is no such model, refers to other files, has functions, graphs within graphs, or operators
            that no detector needs, or states values that it does not hold.
    """
    walker = Walker(_MAX_FIELDS)
    try:
        graphs = 0
        for number, value in walker.fields(memoryview(graph)):
            if number in (_MODEL_TRAINING, _MODEL_FUNCTIONS):
                raise _refused("has functions or training steps of its own")
            if number == _MODEL_OPSETS and isinstance(value, memoryview):
                for domain in walker.messages(value, _OPSET_DOMAIN):
                    _check_domain(domain)
            if number == _MODEL_GRAPH and isinstance(value, memoryview):
                graphs += 1
                _check_nodes(walker, value)
        if not graphs:
            raise MalformedError("it has no graph")
    except MalformedError as error:
        raise DetectorError(f"The detector's graph cannot be run: it is no ONNX model ({error}).") from error


# Field numbers of onnx.proto.
_MODEL_GRAPH, _MODEL_OPSETS, _MODEL_TRAINING, _MODEL_FUNCTIONS = 7, 8, 20, 25
_OPSET_DOMAIN = 1
_GRAPH_NODES, _GRAPH_INITIALIZERS, _GRAPH_SPARSE = 1, 5, 15
_NODE_OPERATOR, _NODE_ATTRIBUTES, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS, _ATTRIBUTE_SPARSE = (5, 10), (6, 11), (22, 23)
_TENSOR_DIMENSIONS, _TENSOR_TYPE, _TENSOR_EXTERNAL, _TENSOR_LOCATION = 1, 2, 13, 14
_TYPE_TEXT = 8


def _check_nodes(walker: Walker, graph: memoryview) -> None:
    nodes = 0
    for number, value in walker.fields(graph):
        if not isinstance(value, memoryview):
            continue
        if number == _GRAPH_NODES:
            nodes += 1
            if nodes > _MAX_NODES:
                raise _refused(f"has more than {_MAX_NODES:,} operators")
            _check_node(walker, value)
        elif number == _GRAPH_INITIALIZERS:
            _check_tensor(walker, value)
        elif number == _GRAPH_SPARSE:
            raise _refused("has sparse values, which can unpack to any size")


def _check_node(walker: Walker, node: memoryview) -> None:
    for number, value in walker.fields(node):
        if not isinstance(value, memoryview):
            continue
        if number == _NODE_OPERATOR and bytes(value) not in _OPERATORS:
            raise _refused(f'has the operator "{_text(value)}", which no detector needs')
        if number == _NODE_DOMAIN:
            _check_domain(value)
        if number == _NODE_ATTRIBUTES:
            _check_attribute(walker, value)


def _check_attribute(walker: Walker, attribute: memoryview) -> None:
    for number, value in walker.fields(attribute):
        if not isinstance(value, memoryview):
            continue
        if number in _ATTRIBUTE_GRAPHS:
            raise _refused("has graphs within its graph")
        if number in _ATTRIBUTE_SPARSE:
            raise _refused("has sparse values, which can unpack to any size")
        if number in _ATTRIBUTE_TENSORS:
            _check_tensor(walker, value)


def _check_tensor(walker: Walker, tensor: memoryview) -> None:
    dimensions: list[int] = []
    for number, value in walker.fields(tensor):
        if number in (_TENSOR_EXTERNAL, _TENSOR_LOCATION) and value != 0:
            raise _refused("keeps values in other files")
        if number == _TENSOR_TYPE and value == _TYPE_TEXT:
            raise _refused("holds texts among its values")
        if number == _TENSOR_DIMENSIONS:
            dimensions += numbers(value)
            if len(dimensions) > _MAX_DIMENSIONS:
                raise _refused(f"has values of more than {_MAX_DIMENSIONS} dimensions")
    # Two to a byte is the closest that values are packed.
    if math.prod(dimensions) > 2 * len(tensor):
        raise _refused("states values that it does not hold")


def _check_domain(domain: memoryview) -> None:
    if bytes(domain) not in _DOMAINS:
        raise _refused(f'has operators of "{_text(domain)}", which are not of ONNX itself')


def _text(value: memoryview) -> str:
    return printable(bytes(value[:80]).decode("utf-8", errors="replace"))


def _refused(reason: str) -> DetectorError:
    return DetectorError(f"The detector's graph {reason}; it was not loaded.")
