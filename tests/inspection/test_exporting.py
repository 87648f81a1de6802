"""Exports: the graph for other programs, and the detector in int8 with its drift."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import blemish
from blemish.detectors import Calibration, Container, Detector, load, quantizing, read_container, write_container
from blemish.detectors.runtimes import FLOAT32_TOLERANCE, relative_drift, sample_image
from blemish.detectors.telemetry import import_onnxruntime, import_openvino
from blemish.errors import BlemishError, DataError, DetectorError, MissingExtraError, SettingsError
from blemish.images import write_png
from blemish.inspection.graph_drift import DriftCounter


@pytest.fixture(scope="session")
def conv_graph() -> bytes:
    """A graph with two convolutions, whose map is the blurred darkness of each pixel."""
    onnx = pytest.importorskip("onnx", reason="draws the graph of the tests' detector")
    helper, kinds, arrays = onnx.helper, onnx.TensorProto, onnx.numpy_helper
    rng = np.random.default_rng(0)
    first = rng.normal(0, 0.02, (8, 3, 3, 3)).astype(np.float32)
    first[0] = 1 / 27
    second = np.zeros((1, 8, 3, 3), np.float32)
    second[0, 0] = -1 / 9
    nodes = [
        helper.make_node("Cast", ["image"], ["levels"], to=kinds.FLOAT),
        helper.make_node("Div", ["levels", "white"], ["light"]),
        helper.make_node("Transpose", ["light"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "first"], ["a"], pads=[1] * 4, name="first"),
        helper.make_node("Relu", ["a"], ["b"], name="relu"),
        helper.make_node("Conv", ["b", "second", "one"], ["c"], pads=[1] * 4, name="second"),
        helper.make_node("Squeeze", ["c", "axis"], ["map"]),
        helper.make_node("ReduceMax", ["map"], ["score"], axes=[1, 2], keepdims=0),
    ]
    graph = helper.make_graph(
        nodes,
        "blurred-darkness",
        [helper.make_tensor_value_info("image", kinds.UINT8, ["n", "h", "w", 3])],
        [
            helper.make_tensor_value_info("score", kinds.FLOAT, ["n"]),
            helper.make_tensor_value_info("map", kinds.FLOAT, ["n", "h", "w"]),
        ],
        [
            arrays.from_array(np.float32(255), "white"),
            arrays.from_array(first, "first"),
            arrays.from_array(second, "second"),
            arrays.from_array(np.float32([1]), "one"),
            arrays.from_array(np.int64([1]), "axis"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@pytest.fixture
def detector(darkness: Container, conv_graph: bytes, tmp_path: Path) -> Path:
    """A detector with convolutions and calibration scores."""
    spec = darkness.spec.model_copy(update={"calibration": Calibration(scores=(0.1, 0.2), source="two images")})
    write_container(tmp_path / "conv.blemish", Container(spec, conv_graph, "# Convolutions\n"))
    return tmp_path / "conv.blemish"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """Twelve grey images, each darker than the one before, with a dark bar in every third."""
    rng = np.random.default_rng(0)
    for number in range(12):
        image = np.clip(rng.normal(220 - 8 * number, 10, (48, 64, 3)), 0, 255).astype(np.uint8)
        if number % 3 == 0:
            image[20:28, 10:50] = 20
        write_png(tmp_path / "images" / f"{number:02}.png", image)
    return tmp_path / "images"


def test_int8_is_a_detector_that_says_so_and_answers_nearly_the_same(detector: Path, images: Path, tmp_path: Path):
    result = blemish.export(detector, to="int8", out=tmp_path / "small.blemish", data=images)
    other = load(tmp_path / "small.blemish")
    assert other.precision == other.spec.precision == result.precision == "int8"
    assert result.drift is not None
    assert result.drift.images == 6, "every other image is compared"
    assert 0 < result.drift.scores < 0.05
    assert result.speed_up is not None
    for file in sorted(images.iterdir()):
        before, after = load(detector).inspect(file), other.inspect(file)
        assert after.score == pytest.approx(before.score, abs=0.02)
        assert after.finding.precision == "int8"
        assert before.finding.precision == "float32"
    graph = other.container.graph
    assert b"QuantizeLinear" in graph
    assert b"QuantizeLinear" not in read_container(detector).graph


def test_the_last_layer_stays_in_float32(detector: Path, images: Path, tmp_path: Path):
    """A map in 8 bits would have 256 values at most."""
    blemish.export(detector, to="int8", out=tmp_path / "small.blemish", data=images)
    found = load(tmp_path / "small.blemish").answer(np.random.default_rng(1).integers(0, 256, (1, 96, 96, 3), np.uint8))
    assert found.maps is not None
    assert len(np.unique(found.maps)) > 256


def test_layers_are_quantised_also_where_the_map_depends_on_the_image_itself(conv_graph: bytes):
    import onnx

    model = onnx.load_from_string(conv_graph)
    at = next(number for number, node in enumerate(model.graph.node) if "map" in node.output)
    model.graph.node[at].input[0] = "where dark"
    less, where = (
        onnx.helper.make_node("Less", ["planes", "one"], ["dark"]),
        onnx.helper.make_node("Where", ["dark", "c", "c"], ["where dark"]),
    )
    model.graph.node.insert(at, where)
    model.graph.node.insert(at, less)
    in_float32 = quantizing._name_last_layers(model.graph)
    assert {"second"} <= set(in_float32)
    assert not {"first", "relu"} & set(in_float32)


def test_int8_takes_no_guarantee_over_and_says_what_was_measured(detector: Path, images: Path, tmp_path: Path):
    blemish.export(detector, to="int8", out=tmp_path / "small.blemish", data=images)
    small, large = read_container(tmp_path / "small.blemish"), read_container(detector)
    assert large.spec.calibration is not None
    assert small.spec.calibration is None
    assert small.spec.thresholds.source.startswith(f"{large.spec.thresholds.source} Chosen in float32; on 6 images")
    assert small.spec.thresholds.model_copy(update={"source": ""}) == large.spec.thresholds.model_copy(
        update={"source": ""}
    )
    assert "## INT8" in small.card
    assert "Convolutions" in small.card


def test_the_same_images_give_the_same_graph(detector: Path, images: Path, tmp_path: Path):
    for name in ("a", "b"):
        blemish.export(detector, to="int8", out=tmp_path / f"{name}.blemish", data=images)
    assert read_container(tmp_path / "a.blemish").graph == read_container(tmp_path / "b.blemish").graph


def test_a_drift_above_the_limit_is_refused_and_nothing_is_written(detector: Path, images: Path, tmp_path: Path):
    with pytest.raises(DetectorError, match=r"changes too much: on 6 images scores move by .*; the limit is 0\.0%"):
        blemish.export(detector, to="int8", out=tmp_path / "small.blemish", data=images, max_drift=0.0)
    assert not (tmp_path / "small.blemish").exists()


def test_an_int8_detector_runs_in_openvino_too(detector: Path, images: Path, tmp_path: Path):
    pytest.importorskip("openvino")
    result = blemish.export(detector, to="int8", out=tmp_path / "s.blemish", data=images, runtime="openvino")
    assert result.runtime == "openvino"
    assert load(tmp_path / "s.blemish", runtime="openvino").precision == "int8"


def test_an_unreadable_image_is_left_out_with_a_sentence(detector: Path, images: Path, tmp_path: Path):
    (images / "05.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    said: list[str] = []
    result = blemish.export(detector, to="int8", out=tmp_path / "s.blemish", data=images, say=said.append)
    assert any("05.png" in sentence for sentence in said)
    assert result.drift is not None
    assert result.drift.images == 5


def test_onnx_is_the_same_graph_that_says_what_it_is(detector: Path, tmp_path: Path):
    result = blemish.export(detector, to="onnx", out=tmp_path / "graph.onnx")
    assert result.files == (tmp_path / "graph.onnx",)
    data = (tmp_path / "graph.onnx").read_bytes()
    assert data.startswith(read_container(detector).graph)
    session = import_onnxruntime().InferenceSession(data, providers=["CPUExecutionProvider"])
    facts = session.get_modelmeta().custom_metadata_map
    assert facts["blemish.precision"] == "float32"
    assert facts["blemish.method"] == "darkness"
    image = sample_image(read_container(detector))
    score, _ = session.run(["score", "map"], {"image": image})
    assert score == pytest.approx(Detector(read_container(detector)).answer(image).scores)


def test_openvino_reads_what_is_written_for_it(detector: Path, tmp_path: Path):
    pytest.importorskip("openvino")
    result = blemish.export(detector, to="openvino", out=tmp_path / "graph.xml")
    assert result.files == (tmp_path / "graph.xml", tmp_path / "graph.bin")
    model = import_openvino().Core().compile_model(tmp_path / "graph.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    image = sample_image(read_container(detector))
    found = model({"image": image})
    expected = Detector(read_container(detector)).answer(image)
    given = type(expected)(np.asarray(found["score"]), np.asarray(found["map"]))
    assert relative_drift(expected, given) <= FLOAT32_TOLERANCE
    assert 'precision value="float32"' in (tmp_path / "graph.xml").read_text()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"to": "torch", "out": "a.pt"}, SettingsError, "exported to onnx, openvino, int8"),
        ({"to": "onnx", "out": "a.blemish"}, SettingsError, r"ends in \.onnx"),
        ({"to": "int8", "out": "a.onnx"}, SettingsError, r"ends in \.blemish"),
        ({"to": "int8", "out": "a.blemish"}, SettingsError, "give --data"),
        ({"to": "onnx", "out": "there.onnx"}, DetectorError, "exists already"),
    ],
)
def test_what_cannot_be_done_is_said(detector: Path, tmp_path: Path, options, error, message):
    (tmp_path / "there.onnx").touch()
    with pytest.raises(error, match=message):
        blemish.export(detector, **{**options, "out": tmp_path / options["out"]})


def test_too_few_images_and_graphs_without_layers_are_said(
    detector: Path, darkness_file: Path, images: Path, tmp_path: Path
):
    few = sorted(images.iterdir())[:3]
    with pytest.raises(DataError, match="at least 4 images, not 3"):
        blemish.export(detector, to="int8", out=tmp_path / "s.blemish", data=few)
    with pytest.raises(DetectorError, match="no layer that could compute in int8"):
        blemish.export(darkness_file, to="int8", out=tmp_path / "s.blemish", data=images)
    blemish.export(detector, to="int8", out=tmp_path / "s.blemish", data=images)
    with pytest.raises(DetectorError, match="in int8 already"):
        blemish.export(tmp_path / "s.blemish", to="int8", out=tmp_path / "t.blemish", data=images)


def test_without_onnx_or_openvino_the_extra_is_named(detector, images, tmp_path, monkeypatch: pytest.MonkeyPatch):
    def missing():
        raise ModuleNotFoundError

    monkeypatch.setattr(quantizing, "import_quantization", missing)
    with pytest.raises(
        MissingExtraError, match=r'"onnx", which is not installed: in a checkout .*, pip install "\.\[train\]"'
    ):
        blemish.export(detector, to="int8", out=tmp_path / "s.blemish", data=images)
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(MissingExtraError, match=r"\.\[openvino\]"):
        blemish.export(detector, to="openvino", out=tmp_path / "s.xml")


def test_drift_is_counted_as_it_is_described(darkness: Container):
    detector = Detector(darkness)
    light, dark = (np.full((40, 40, 3), level, np.uint8) for level in (200, 20))
    counter = DriftCounter()
    a, b = detector.inspect_pixels(light), detector.inspect_pixels(dark)
    counter.add(a, a)
    counter.add(b, a)
    drift = counter.result()
    scores = np.array([a.score, b.score])
    assert drift.scores == pytest.approx(abs(scores[1] - scores[0]) / 2 / scores.std())
    assert drift.verdicts == 0.5
    assert drift.masks == 1.0, "all that was outlined is gone"
    same = DriftCounter()
    same.add(a, a)
    assert same.result().largest == 0
    assert same.result().masks is None


def test_the_command_says_what_it_wrote(detector: Path, images: Path, tmp_path: Path):
    from typer.testing import CliRunner

    from blemish.cli.app import app

    out, data = str(tmp_path / "s.blemish"), str(images)
    arguments = ["export", "--detector", str(detector), "--to", "int8", "--out", out, "--data", data]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "computes in int8" in done.stdout
    again = CliRunner().invoke(app, arguments)
    assert again.exit_code == 2
    assert "--force" in again.output
    assert CliRunner().invoke(app, [*arguments, "--force"]).exit_code == 0
    shown = CliRunner().invoke(app, ["detector", "show", str(tmp_path / "s.blemish"), "--json"])
    assert json.loads(shown.stdout)["precision"] == "int8"


def test_errors_are_of_our_kind(tmp_path: Path):
    with pytest.raises(BlemishError, match="no detector"):
        blemish.export(tmp_path / "none.blemish", to="onnx", out=tmp_path / "a.onnx")
