"""Detectors of people who mean harm, or whose program failed: each is refused with a sentence, and none hangs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from blemish.detectors import Container, Detector, DetectorSpec, InputSpec, load, trial, write_container
from blemish.detectors.graph_check import OPERATORS, check_graph
from blemish.errors import DetectorError

onnx = pytest.importorskip("onnx", reason="builds the hostile graphs")
helper, Kinds = onnx.helper, onnx.TensorProto
node = helper.make_node
DOMAIN = "evil"


def numbers(name: str, values: object, kind: int | None = None) -> Any:
    array = np.asarray(values)
    kind = kind or helper.np_dtype_to_tensor_dtype(array.dtype)
    return helper.make_tensor(name, kind, array.shape, array.ravel().tolist())


def model(
    nodes: list[Any] | None = None,
    initializers: list[Any] | None = None,
    *,
    outputs: tuple[str, ...] = ("score", "map"),
    opsets: dict[str, int] | None = None,
    **more: Any,
) -> Any:
    """A graph that gives lightness, and further nodes; ``score`` and ``map`` make way where those give their own."""
    made = {name for each in nodes or () for name in each.output}
    names = {name: f"{name}_before" if name in made else name for name in ("score", "map")}
    base = [
        node("Cast", ["image"], ["levels"], to=Kinds.FLOAT),
        node("ReduceMean", ["levels"], ["grey"], axes=[3], keepdims=0),
        node("Div", ["grey", "white"], [names["map"]]),
        node("ReduceMax", [names["map"]], [names["score"]], axes=[1, 2], keepdims=0),
    ]
    graph = helper.make_graph(
        [*base, *(nodes or ())],
        "graph",
        [helper.make_tensor_value_info("image", Kinds.UINT8, ["n", "h", "w", 3])],
        [helper.make_tensor_value_info(name, Kinds.FLOAT, None) for name in outputs],
        [numbers("white", np.float32(255)), *(initializers or ())],
    )
    imports = [helper.make_opsetid(name, version) for name, version in ({"": 13} | (opsets or {})).items()]
    return helper.make_model(graph, opset_imports=imports, ir_version=8, **more)


def external(*, location: bool = True, entries: bool = True) -> Any:
    tensor = numbers("white2", np.zeros(256, np.float32))
    tensor.ClearField("float_data")
    if location:
        tensor.data_location = Kinds.EXTERNAL
    if entries:
        tensor.external_data.add(key="location", value="secrets.bin")
    return tensor


def branches() -> Any:
    def branch(name: str) -> Any:
        value = helper.make_tensor_value_info(name, Kinds.FLOAT, None)
        return helper.make_graph([node("Identity", ["white"], [name])], name, [], [value])

    yes, no = branch("yes"), branch("no")
    return node("If", ["flag"], ["x"], then_branch=yes, else_branch=no)


def endless() -> Any:
    values = [helper.make_tensor_value_info(name, kind, None) for name, kind in (("i", 7), ("c", 9), ("o", 9))]
    body = helper.make_graph([node("Identity", ["c"], ["o"])], "body", values[:2], values[2:])
    return node("Loop", ["", "flag"], [], body=body)


def functions(levels: int) -> list[Any]:
    """Each calls the next one twice."""
    ids = [helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, 1)]
    made = [helper.make_function(DOMAIN, "f0", ["a"], ["b"], [node("Neg", ["a"], ["b"])], ids)]
    for level in range(1, levels):
        inner = f"f{level - 1}"
        calls = [node(inner, ["a"], ["m"], domain=DOMAIN), node(inner, ["m"], ["b"], domain=DOMAIN)]
        made.append(helper.make_function(DOMAIN, f"f{level}", ["a"], ["b"], calls, ids))
    return made


def sparse() -> Any:
    values, indices = numbers("s", np.float32([1.0])), numbers("s_indices", np.int64([0]))
    return helper.make_sparse_tensor(values, indices, [1 << 40])


def with_sparse_initializer() -> Any:
    made = model()
    made.graph.sparse_initializer.add().CopyFrom(sparse())
    return made


def with_training() -> Any:
    made = model()
    made.training_info.add()
    return made


def without(name: str) -> Any:
    made = model()
    made.ClearField(name)
    return made


def stating(dims: list[int]) -> Any:
    tensor = numbers("x", np.float32([1.0]))
    tensor.ClearField("dims")
    tensor.dims.extend(dims)
    return tensor


FLAG = numbers("flag", np.bool_(True))
STATIC: dict[str, tuple[Callable[[], Any], str]] = {
    "external data": (lambda: model(initializers=[external()]), "values in other files"),
    "external data without a place": (lambda: model(initializers=[external(entries=False)]), "values in other files"),
    "external data in disguise": (lambda: model(initializers=[external(location=False)]), "values in other files"),
    "external data of a constant": (
        lambda: model([node("Constant", [], ["x"], value=external())]),
        "values in other files",
    ),
    "an endless loop": (lambda: model([endless()], [FLAG]), 'operator "Loop"'),
    "branches": (lambda: model([branches()], [FLAG]), 'operator "If"'),
    "a graph in an attribute": (
        lambda: model([node("Identity", ["white"], ["x"], body=model().graph)]),
        "graphs within",
    ),
    "graphs in an attribute": (
        lambda: model([node("Identity", ["white"], ["x"], bodies=[model().graph])]),
        "graphs within",
    ),
    "functions that call functions": (
        lambda: model([node("f39", ["grey"], ["x"], domain=DOMAIN)], functions=functions(40), opsets={DOMAIN: 1}),
        f'operators of "{DOMAIN}"|operator "f39"|functions',
    ),
    "functions alone": (lambda: model(functions=functions(1)), "functions"),
    "training": (with_training, "training"),
    "a domain of its own": (lambda: model([node("Relu", ["grey"], ["x"], domain=DOMAIN)]), f'of "{DOMAIN}"'),
    "an operator of ONNX Runtime's own": (
        lambda: model([node("Gelu", ["grey"], ["x"], domain="com.microsoft")], opsets={"com.microsoft": 1}),
        'of "com.microsoft"',
    ),
    "an import of another domain": (lambda: model(opsets={"ai.onnx.ml": 3}), 'of "ai.onnx.ml"'),
    "an operator with a terminal's escapes": (lambda: model([node("\x1b[2J", [], ["x"])]), r'"\\u001b\[2J"'),
    "sparse values": (with_sparse_initializer, "sparse"),
    "a sparse constant": (lambda: model([node("Constant", [], ["x"], sparse_value=sparse())]), "sparse"),
    "texts": (lambda: model(initializers=[helper.make_tensor("x", Kinds.STRING, [1], [b"a"])]), "texts"),
    "values that are not there": (lambda: model(initializers=[stating([1 << 40])]), "values that it does not hold"),
    "sizes whose product overflows": (lambda: model(initializers=[stating([1 << 32, 1 << 32])]), "does not hold"),
    "a thousand dimensions": (lambda: model(initializers=[stating([1] * 1000)]), "16 dimensions"),
    "too many operators": (
        lambda: model([node("Identity", ["grey"], [f"x{index}"]) for index in range(20_001)]),
        "more than 20,000",
    ),
    "random numbers": (lambda: model([node("RandomNormal", [], ["x"], shape=[1])]), 'operator "RandomNormal"'),
    "no graph": (lambda: without("graph"), "no ONNX model"),
}
BYTES = {
    "nothing": b"",
    "text": b"<?xml version='1.0'?><net></net>",
    "zeros": bytes(1000),
    "another format of ONNX Runtime": b"\x18\x00\x00\x00ORTM" + bytes(64),
    "a length beyond the end": b"\x3a\xff\xff\xff\xff\x0f",
    "an endless number": b"\x08" + b"\xff" * 20,
    "a group": b"\x0b\x0c",
    "a million fields": b"\x08\x07" * 1_000_000,
}
UNFOLDING = {
    "three gigabytes, which the machine has": (
        [node("ConstantOfShape", ["size"], ["big"]), node("ReduceMax", ["big"], ["x"], keepdims=0)],
        [numbers("size", np.int64([3 << 28]))],
    ),
    "a terabyte at once": (
        [node("ConstantOfShape", ["size"], ["big"]), node("ReduceMax", ["big"], ["x"])],
        [numbers("size", np.int64([1 << 38]))],
    ),
    "a terabyte by doubling": (
        [
            node("ConstantOfShape", ["size"], ["d0"]),
            *(node("Concat", [f"d{level}"] * 2, [f"d{level + 1}"], axis=0) for level in range(16)),
            node("ReduceMax", ["d16"], ["x"], keepdims=0),
        ],
        [numbers("size", np.int64([1 << 22]))],
    ),
    "a terabyte by expansion": (
        [node("Expand", ["grey", "size"], ["big"]), node("ReduceMax", ["big"], ["x"], keepdims=0)],
        [numbers("size", np.int64([1 << 26, 1, 64, 96]))],
    ),
    "a terabyte of numbers in a row": (
        [node("Range", ["start", "limit", "step"], ["big"]), node("ReduceMax", ["big"], ["x"], keepdims=0)],
        [numbers("start", np.float32(0)), numbers("limit", np.float32(1e12)), numbers("step", np.float32(1))],
    ),
    "a terabyte by tiling the image": (
        [node("Tile", ["grey", "times"], ["big"]), node("ReduceMax", ["big"], ["x"], keepdims=0)],
        [numbers("times", np.int64([1, 1 << 14, 1 << 14]))],
    ),
}
K = ("first", "second")
ANSWERS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a score for every row": (
        lambda: model([node("ReduceMax", ["map"], ["score"], axes=[2], keepdims=0)]),
        {},
        "score of shape",
    ),
    "one score for all images": (
        lambda: model([node("ReduceMax", ["map"], ["score"], keepdims=0)]),
        {},
        r"score of shape \(\) where",
    ),
    "no map": (lambda: model(outputs=("score",)), {}, "gives score where map and score are stated"),
    "a map that is not stated": (model, {"localises": False}, "where score are stated"),
    "a map of half the size": (
        lambda: model([node("Slice", ["map_before", "zero", "four", "one"], ["map"])], SLICE),
        {},
        "map of shape",
    ),
    "a map for each class that is not stated": (
        lambda: model([node("Unsqueeze", ["map_before", "one"], ["map"])], [numbers("one", np.int64([1]))]),
        {},
        "map of shape",
    ),
    "two classes and one map": (model, {"classes": K}, "map of shape"),
    "a map of no numbers": (
        lambda: model([node("Sub", ["map_before", "white"], ["below"]), node("Log", ["below"], ["map"])]),
        {},
        "map with values that are no finite numbers",
    ),
    "an infinite score": (
        lambda: model([node("Div", ["score_before", "zero"], ["score"])], [numbers("zero", np.float32(0))]),
        {},
        "score with values that are no finite numbers",
    ),
    "other names": (lambda: model([node("Neg", ["map"], ["x"])], outputs=("x",)), {}, "gives|stated"),
    "a graph that does not fit together": (lambda: model([node("Neg", ["nowhere"], ["x"])]), {}, "cannot be run"),
    "an operator that fails": (
        lambda: model([node("Reshape", ["map", "size"], ["x"])], [numbers("size", np.int64([7, 7, 7]))]),
        {},
        "cannot be run",
    ),
    "a fixed size that the graph does not take": (
        lambda: model([node("Reshape", ["map", "size"], ["x"])], [numbers("size", np.int64([1, 64, 96]))]),
        {"input": InputSpec(size_px=(50, 50))},
        "cannot be run",
    ),
}
SLICE = [numbers("zero", np.int64([0])), numbers("four", np.int64([4])), numbers("one", np.int64([1]))]


@pytest.fixture(autouse=True)
def small_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_MEMORY", 1 << 30)
    monkeypatch.setattr(trial, "_CPU_S", 5)


@pytest.fixture
def file(tmp_path: Path, darkness: Container) -> Callable[..., Path]:
    """Writes a detector of any graph and description."""

    def write(graph: bytes, **update: object) -> Path:
        spec = DetectorSpec.model_validate(
            darkness.spec.model_copy(update={"input": InputSpec(), **update}).model_dump()
        )
        path = tmp_path / "hostile.blemish"
        write_container(path, Container(spec, graph, ""))
        return path

    return write


def test_the_graph_that_the_hostile_ones_are_made_of_is_accepted(file: Callable[..., Path]):
    load(file(model().SerializeToString())).inspect(np.zeros((40, 50, 3), np.uint8))


@pytest.mark.parametrize("name", STATIC)
def test_a_graph_that_does_more_than_compute_is_refused(
    file: Callable[..., Path], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets.bin").write_bytes(bytes(4096))
    make, said = STATIC[name]
    graph = make().SerializeToString()
    with pytest.raises(DetectorError, match=said):
        load(file(graph))
    with pytest.raises(DetectorError, match=said):
        Detector(Container(load("concrete-crack").spec, graph, ""))


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_model_are_refused(file: Callable[..., Path], name: str):
    with pytest.raises(DetectorError, match="no ONNX model"):
        load(file(BYTES[name]))


def test_no_cut_or_flipped_graph_ends_in_another_error(darkness_graph: bytes):
    rng = np.random.default_rng(0)
    for _ in range(2000):
        graph = bytearray(darkness_graph[: rng.integers(1, len(darkness_graph))])
        graph[rng.integers(len(graph))] = rng.integers(256)
        try:
            check_graph(bytes(graph))
        except DetectorError:
            continue


@pytest.mark.parametrize("name", UNFOLDING)
def test_a_graph_that_unfolds_to_terabytes_is_stopped(file: Callable[..., Path], name: str):
    nodes, values = UNFOLDING[name]
    graph = model([*nodes, node("Add", ["score_before", "x"], ["score"])], values)
    said = "1 GiB of memory" if name.startswith("three") else r"1 GiB of memory|cannot be run|crashes"
    with pytest.raises(DetectorError, match=said):
        load(file(graph.SerializeToString()))


def test_a_graph_that_takes_ages_is_stopped(file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trial, "_CPU_S", 1)
    products = [node("MatMul", [f"m{level}", "m0"], [f"m{level + 1}"]) for level in range(500)]
    nodes = [node("ConstantOfShape", ["size"], ["m0"]), *products, node("ReduceMax", ["m500"], ["x"], keepdims=0)]
    graph = model([*nodes, node("Add", ["score_before", "x"], ["score"])], [numbers("size", np.int64([4000, 4000]))])
    with pytest.raises(DetectorError, match="more than 1 s for one small image"):
        load(file(graph.SerializeToString()))


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_that_are_not_what_is_stated_are_refused_when_the_file_is_loaded(file: Callable[..., Path], name: str):
    make, update, said = ANSWERS[name]
    with pytest.raises(DetectorError, match=said):
        load(file(make().SerializeToString(), **update))


def test_answers_are_looked_at_each_time(file: Callable[..., Path]):
    nodes = [node("Sub", ["limit", "map_before"], ["below"]), node("Sqrt", ["below"], ["map"])]
    detector = load(file(model(nodes, [numbers("limit", np.float32(0.99))]).SerializeToString()))
    detector.inspect(np.full((8, 8, 3), 200, np.uint8))
    with pytest.raises(DetectorError, match="map with values that are no finite numbers"):
        detector.inspect(np.full((8, 8, 3), 255, np.uint8))


def test_what_has_passed_is_not_tried_again(darkness_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    started: list[str] = []
    run = trial._run
    monkeypatch.setattr(trial, "_run", lambda *given: started.append("") or run(*given))
    monkeypatch.setenv("BLEMISH_CACHE", str(tmp_path / "cache"))
    for _ in range(2):
        load(darkness_file)
    load("concrete-crack")
    assert len(started) == 1
    container = load(darkness_file).container
    wider = replace(container, spec=container.spec.model_copy(update={"input": InputSpec(size_px=(96, 96))}))
    write_container(darkness_file, wider)
    load(darkness_file)
    assert len(started) == 2


def test_a_cache_that_cannot_be_written_costs_time_only(
    darkness_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BLEMISH_CACHE", str(tmp_path / "file" / "cache"))
    load(darkness_file)


def test_the_operators_are_those_of_onnx():
    unknown = [name for name in OPERATORS if not onnx.defs.has(name)]
    assert unknown == []
    assert not OPERATORS & {"If", "Loop", "Scan", "SequenceMap"}
