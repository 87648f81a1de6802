"""The head of unknown_surface.py: pooled features of an encoder in a crack network's graph, and a classifier on them.

The encoder is the one of the second opinion, as it came from ImageNet: one that learned cracks tells fine grey textures
and X-rays from walls less well, and worse with every kind of drawing that it learns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from scipy.optimize import minimize

BLOCKS = (
    "opinion//features/layers.3/Add_output_0",
    "opinion//features/layers.6/Add_output_0",
    "opinion//features/layers.10/Add_output_0",
    "opinion//features/layers.13/Add_output_0",
    "opinion//features/layers.16/Add_output_0",
    "opinion//features/layers.17/conv/conv.2/Conv_output_0",
)
PENALTY = 33.0  # foreign kinds left out that are found, at 3 % of known ones left out: .3 .85, 10 .88, 33 .91, 100 .91


@dataclass(frozen=True)
class Family:
    """Features of one family of pictures: a row a tile, the image's number, and 0 for the unaltered image."""

    rows: NDArray[np.float32]
    image: NDArray[np.int64]
    view: NDArray[np.int64]

    def images(self, scores: NDArray[np.float64], *, unaltered: bool = True) -> NDArray[np.float64]:
        """The scores of images, as a detector gives them: the median of the tiles."""
        keys = self.image * 100 + self.view
        wanted = np.unique(keys[(self.view == 0) == unaltered])
        return np.array([np.median(scores[keys == key]) for key in wanted])

    def part(self, held_out: bool) -> Family:
        """Every fifth image, or the others."""
        chosen = (self.image % 5 == 0) == held_out
        return Family(self.rows[chosen], self.image[chosen], self.view[chosen])


@dataclass(frozen=True)
class Head:
    """A logistic regression on standardised features."""

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    weight: NDArray[np.float32]
    bias: float

    @classmethod
    def fit(cls, known: Iterable[Family], foreign: Iterable[Family]) -> Head:
        """Every family counts by the root of its size, known and foreign alike in all."""
        sides = [[family.rows for family in side] for side in (known, foreign)]
        rows = np.concatenate([part for side in sides for part in side])
        truth = np.concatenate(
            [np.full(len(part), float(number)) for number, side in enumerate(sides) for part in side]
        )
        weight = np.concatenate([np.full(len(part), len(part) ** -0.5) for side in sides for part in side])
        for number in (0, 1):
            weight[truth == number] *= 0.5 * len(truth) / weight[truth == number].sum()
        mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
        x = np.clip((rows - mean) / scale, -5, 5).astype(np.float64)

        def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            z = x @ values[:-1] + values[-1]
            wrong = weight * (1 / (1 + np.exp(-z)) - truth)
            slope = np.append(x.T @ wrong + PENALTY * values[:-1], wrong.sum())
            total = weight @ (np.logaddexp(0, z) - truth * z) + 0.5 * PENALTY * values[:-1] @ values[:-1]
            return float(total), slope

        found = minimize(loss, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
        return cls(mean, scale.astype(np.float32), found[:-1].astype(np.float32), float(found[-1]))

    def __call__(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """The logit of each row."""
        return np.clip((rows - self.mean) / self.scale, -5, 5).astype(np.float64) @ self.weight + self.bias


def pooled(graph: bytes) -> onnx.ModelProto:
    """The graph with a further value ``pooled`` (N, D): mean and standard deviation of each block's channels."""
    model = onnx.load_from_string(graph)
    assert set(BLOCKS) <= {name for node in model.graph.node for name in node.output}, "another encoder"
    assert model.opset_import[0].version < 18, "axes of ReduceMean are an input from opset 18 on"
    parts = []
    for number, block in enumerate(BLOCKS):
        mean, square, power, centred, variance, deviation = (f"surface/{number}/{step}" for step in range(6))
        model.graph.node.extend(
            [
                helper.make_node("ReduceMean", [block], [mean], axes=[2, 3], keepdims=1),
                helper.make_node("Sub", [block, mean], [centred]),
                helper.make_node("Mul", [centred, centred], [power]),
                helper.make_node("ReduceMean", [power], [variance], axes=[2, 3], keepdims=0),
                helper.make_node("Sqrt", [variance], [deviation]),
                helper.make_node("Flatten", [mean], [square], axis=1),
            ]
        )
        parts += [square, deviation]
    model.graph.node.append(helper.make_node("Concat", parts, ["pooled"], axis=1))
    return model


def with_head(graph: bytes, head: Head) -> bytes:
    """The graph with the output ``surface`` (N,): the head's logit."""
    model = pooled(graph)
    constants = {
        "surface/mean": head.mean,
        "surface/scale": head.scale,
        "surface/low": np.float32(-5),
        "surface/high": np.float32(5),
        "surface/weight": head.weight[:, None],
        "surface/bias": np.float32([head.bias]),
        "surface/axis": np.array([1], np.int64),
    }
    for name, value in constants.items():
        model.graph.initializer.append(numpy_helper.from_array(np.asarray(value), name))
    steps = [
        ("Sub", ["pooled", "surface/mean"], "surface/centred"),
        ("Div", ["surface/centred", "surface/scale"], "surface/standard"),
        ("Clip", ["surface/standard", "surface/low", "surface/high"], "surface/clipped"),
        ("MatMul", ["surface/clipped", "surface/weight"], "surface/product"),
        ("Add", ["surface/product", "surface/bias"], "surface/logit"),
        ("Squeeze", ["surface/logit", "surface/axis"], "surface"),
    ]
    model.graph.node.extend(helper.make_node(kind, inputs, [output]) for kind, inputs, output in steps)
    model.graph.output.append(helper.make_tensor_value_info("surface", TensorProto.FLOAT, ["n"]))
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def without_head(graph: bytes) -> bytes:
    """The graph without the output ``surface`` and all that leads to it alone."""
    model = onnx.load_from_string(graph)
    own = [node for node in model.graph.node if node.output[0].startswith("surface") or node.output[0] == "pooled"]
    for node in own:
        model.graph.node.remove(node)
    for values in (model.graph.initializer, model.graph.output):
        for value in [value for value in values if value.name.startswith("surface")]:
            values.remove(value)
    return bytes(model.SerializeToString())
