"""The head of "unknown surface": its fit beside scikit-learn, its limit, and the same numbers in the graph."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import blemish
from blemish.detectors.runtime import OnnxRuntime
from blemish.detectors.telemetry import import_onnxruntime
from surface_head import BLOCKS, PENALTY, Family, Head, pooled, with_head, without_head
from unknown_surface import MAX_UNKNOWN, SCENES_OF_WALLS, left_out, threshold

onnx = pytest.importorskip("onnx")
FEATURES = 12


def family(centre: float, count: int, seed: int, views: int = 1) -> Family:
    """Rows around a point; of each image one unaltered and one altered view, two tiles each."""
    rng = np.random.default_rng(seed)
    image = np.repeat(np.arange(count), 2 * (1 + views))
    view = np.tile(np.repeat(np.arange(1 + views), 2), count)
    rows = rng.normal(centre, 1, (len(image), FEATURES)).astype(np.float32)
    return Family(rows, image.astype(np.int64), view.astype(np.int64))


@pytest.fixture
def known() -> dict[str, list[Family]]:
    names = ("walls", "roads", SCENES_OF_WALLS)
    return {name: [family(0.3 * number, 20, number), family(0.2, 10, 9 + number)] for number, name in enumerate(names)}


@pytest.fixture
def foreign() -> dict[str, Family]:
    return {"sky": family(1.0, 15, 50), "steel": family(0.7, 25, 51)}


def test_the_head_is_the_logistic_regression_of_scikit_learn(known, foreign):
    from sklearn.linear_model import LogisticRegression

    sides = [family for families in known.values() for family in families], list(foreign.values())
    head = Head.fit(*sides)
    rows = np.concatenate([one.rows for side in sides for one in side])
    truth = np.concatenate([np.full(len(one.rows), number) for number, side in enumerate(sides) for one in side])
    # Each family by the root of its size; both sides alike, a half of all rows each.
    weight = np.concatenate([np.full(len(one.rows), len(one.rows) ** -0.5) for side in sides for one in side])
    for number in (0, 1):
        weight[truth == number] *= len(truth) / 2 / weight[truth == number].sum()
    scaled = np.clip((rows - rows.mean(0)) / rows.std(0), -5, 5)
    reference = LogisticRegression(C=1 / PENALTY, tol=1e-8, max_iter=1000).fit(scaled, truth, sample_weight=weight)
    np.testing.assert_allclose(head(rows), reference.decision_function(scaled), atol=2e-3)


def test_the_limit_is_what_3_percent_of_surfaces_exceed_that_were_left_out(known, foreign):
    scores = left_out(known, foreign)
    assert set(scores) == {"walls", "roads"}
    for domain, found in scores.items():
        learned = [one.part(False) for name, those in known.items() if name != domain for one in those]
        head = Head.fit(learned, foreign.values())
        expected = []
        for one in known[domain]:
            for number in np.unique(one.image):
                expected.append(np.median(head(one.rows)[(one.image == number) & (one.view == 0)]))
        np.testing.assert_allclose(sorted(found), sorted(expected))
    limit = threshold(known, foreign)
    together = np.concatenate(list(scores.values()))
    assert (together > limit).mean() == pytest.approx(MAX_UNKNOWN, abs=1 / len(together))


def test_the_graph_says_what_the_head_says_of_the_encoder():
    graph = without_head(blemish.load("concrete-crack").container.graph)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 128, 192, 3), dtype=np.uint8)
    model = pooled(graph)
    for name in (*BLOCKS, "pooled"):
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    session = import_onnxruntime().InferenceSession(model.SerializeToString())
    *blocks, found = session.run([*BLOCKS, "pooled"], {"image": pixels})
    expected = np.concatenate([part for one in blocks for part in (one.mean((2, 3)), one.std((2, 3)))], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4)
    rng = np.random.default_rng(1)
    numbers = (rng.normal(size=found.shape[1]).astype(np.float32) for _ in range(2))
    head = Head(next(numbers), np.ones(found.shape[1], np.float32), next(numbers), 0.25)
    said = OnnxRuntime(with_head(graph, head))(pixels).surfaces
    np.testing.assert_allclose(said, head(found), rtol=1e-3, atol=1e-3)


def test_the_encoder_is_the_one_that_learned_no_cracks():
    assert all(block.startswith("opinion/") for block in BLOCKS)
    container = blemish.load("concrete-crack").container
    assert container.spec.knows_surfaces
    takes = {name for node in onnx.load_from_string(container.graph).graph.node for name in node.input}
    assert set(BLOCKS) <= takes
