"""What tests of several rooms share: a detector that needs no training, and an image for it."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from blemish.detectors import Container, DetectorSpec, InputSpec, Provenance, Thresholds, write_container
from blemish.images import UsabilityLimits

# What a test takes on a quiet core, roughly, where its marker does not say it: `slow(seconds)`.
SLOW_S, QUICK_S = 3.0, 0.1


def pytest_configure(config: pytest.Config) -> None:
    """Ctrl-C stops what the tests start, also where a shell started them in the background, which ignores it."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Workers take files in the order of `pytest_collection_modifyitems`, and not those of many tests first.
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first, so that no worker is left alone with one at the end."""
    seconds: Counter[Path] = Counter()
    for item in items:
        slow = item.get_closest_marker("slow")
        seconds[item.path] += (slow.args or (SLOW_S,))[0] if slow else QUICK_S
    items.sort(key=lambda item: -seconds[item.path])


@pytest.fixture(scope="session", autouse=True)
def _cache_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is remembered between runs is remembered between tests, and nowhere else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BLEMISH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def darkness_graph() -> bytes:
    """A graph whose map is the darkness of each pixel, 0 to 1, and whose score is that of the darkest."""
    onnx = pytest.importorskip("onnx", reason="draws the graph of the tests' detector")
    helper, kinds = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=kinds.FLOAT),
        helper.make_node("ReduceMean", ["levels"], ["grey"], axes=[3], keepdims=0),
        helper.make_node("Div", ["grey", "white"], ["lightness"]),
        helper.make_node("Sub", ["one", "lightness"], ["map"]),
        helper.make_node("ReduceMax", ["map"], ["score"], axes=[1, 2], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "darkness",
        [helper.make_tensor_value_info("image", kinds.UINT8, ["n", "h", "w", 3])],
        [
            helper.make_tensor_value_info("score", kinds.FLOAT, ["n"]),
            helper.make_tensor_value_info("map", kinds.FLOAT, ["n", "h", "w"]),
        ],
        [helper.make_tensor("white", kinds.FLOAT, [], [255.0]), helper.make_tensor("one", kinds.FLOAT, [], [1.0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@pytest.fixture
def darkness(darkness_graph: bytes) -> Container:
    """A detector, in tiles of 64 px, that takes dark pixels for defects."""
    spec = DetectorSpec(
        method="darkness",
        settings={"levels": 256},
        input=InputSpec(tile_px=64, overlap_px=8, multiple_of=8),
        classes=("dark",),
        finds="cracks",
        usability=UsabilityLimits.none(),
        thresholds=Thresholds(pixel=0.6, review=0.4, reject=0.6, source="chosen for the tests"),
        provenance=Provenance(data="none", fingerprint="0" * 64, seed=0, n_train=0, n_held_out=0),
    )
    return Container(spec, darkness_graph, "# Darkness\n")


@pytest.fixture
def darkness_file(darkness: Container, tmp_path: Path) -> Path:
    """`darkness` as a file."""
    path = tmp_path / "darkness.blemish"
    write_container(path, darkness)
    return path


@pytest.fixture
def light_and_dark() -> Container:
    """A detector that tells two classes apart: light pixels, and dark ones."""
    onnx = pytest.importorskip("onnx", reason="draws the graph of the tests' detector")
    helper, kinds = onnx.helper, onnx.TensorProto
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=kinds.FLOAT),
        helper.make_node("ReduceMean", ["levels"], ["grey"], axes=[3], keepdims=0),
        helper.make_node("Div", ["grey", "white"], ["lightness"]),
        helper.make_node("Sub", ["one", "lightness"], ["darkness"]),
        helper.make_node("Unsqueeze", ["lightness", "axis"], ["first"]),
        helper.make_node("Unsqueeze", ["darkness", "axis"], ["second"]),
        helper.make_node("Concat", ["first", "second"], ["map"], axis=1),
        helper.make_node("ReduceMax", ["map"], ["score"], axes=[1, 2, 3], keepdims=0),
    ]
    constants = [
        helper.make_tensor("white", kinds.FLOAT, [], [255.0]),
        helper.make_tensor("one", kinds.FLOAT, [], [1.0]),
        helper.make_tensor("axis", kinds.INT64, [1], [1]),
    ]
    outputs = [
        helper.make_tensor_value_info("score", kinds.FLOAT, ["n"]),
        helper.make_tensor_value_info("map", kinds.FLOAT, ["n", 2, "h", "w"]),
    ]
    inputs = [helper.make_tensor_value_info("image", kinds.UINT8, ["n", "h", "w", 3])]
    graph = helper.make_graph(nodes, "light-and-dark", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    spec = DetectorSpec(
        method="light-and-dark",
        settings={},
        input=InputSpec(),
        classes=("1", "2"),
        usability=UsabilityLimits.none(),
        thresholds=Thresholds(pixel=0.7, reject=0.7, source="chosen for the tests"),
        provenance=Provenance(data="none", fingerprint="0" * 64, seed=0, n_train=0, n_held_out=0),
    )
    return Container(spec, model.SerializeToString(), "# Light and dark\n")


@pytest.fixture
def wall() -> NDArray[np.uint8]:
    """A light image, 100 × 150 px, with one dark bar of 40 × 4 px at (30, 50)."""
    image = np.full((100, 150, 3), 200, np.uint8)
    image[50:54, 30:70] = 20
    return image
