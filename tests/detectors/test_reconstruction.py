"""A third output of a graph is a reconstruction; anything else under that name is refused when it is asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from blemish.detectors import Container, Detector, InputSpec
from blemish.errors import DetectorError

IMAGE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


def reconstructing(darkness: Container, operator: str, **attributes: object) -> Detector:
    """The tests' detector at a fixed size, with one operator on the image as its third output."""
    onnx = pytest.importorskip("onnx")
    model = onnx.load_from_string(darkness.graph)
    model.graph.node.append(onnx.helper.make_node(operator, ["image"], ["reconstruction"], **attributes))
    kind = onnx.TensorProto.FLOAT if operator == "Cast" else onnx.TensorProto.UINT8
    model.graph.output.append(onnx.helper.make_tensor_value_info("reconstruction", kind, None))
    spec = darkness.spec.model_copy(update={"input": InputSpec(size_px=(16, 16))})
    return Detector(replace(darkness, spec=spec, graph=model.SerializeToString()))


def test_an_image_and_its_reconstruction_have_the_size_of_the_input(darkness: Container):
    seen, made = reconstructing(darkness, "Identity").reconstruct(IMAGE)
    assert seen.shape == (16, 16, 3)
    np.testing.assert_array_equal(made, seen)


@pytest.mark.parametrize(("operator", "attributes"), [("Cast", {"to": 1}), ("Transpose", {"perm": [3, 1, 2, 0]})])
def test_a_reconstruction_that_is_no_image_is_refused_and_scores_stay(darkness: Container, operator, attributes):
    detector = reconstructing(darkness, operator, **attributes)
    assert detector.inspect(IMAGE).score is not None
    with pytest.raises(DetectorError, match="gives a reconstruction"):
        detector.reconstruct(IMAGE)


def test_a_detector_without_one_has_none(darkness: Container):
    assert Detector(darkness).reconstruct(IMAGE) is None
