"""A detector that tells unknown surfaces: a third output of its graph, a limit, a verdict that is never pass."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import blemish
from blemish.detectors import Container, Detector, read_container, write_container
from blemish.detectors.decision import decide
from blemish.detectors.schema import Thresholds
from blemish.errors import DetectorError, SettingsError
from blemish.images import write_png
from blemish.inspection.thresholds import set_thresholds

GREY, BLUE = (200, 200, 200), (60, 60, 250)


@pytest.fixture
def knowing(darkness: Container) -> Container:
    """`darkness` that takes blue for what is no surface: the mean of blue less that of red, in grey levels."""
    onnx = pytest.importorskip("onnx", reason="draws the graph of the tests' detector")
    helper, kinds = onnx.helper, onnx.TensorProto
    model = onnx.load_from_string(darkness.graph)
    model.graph.node.extend(
        [
            helper.make_node("MatMul", ["levels", "blueness"], ["blue"]),
            helper.make_node("ReduceMean", ["blue"], ["surface"], axes=[1, 2, 3], keepdims=0),
        ]
    )
    model.graph.initializer.append(helper.make_tensor("blueness", kinds.FLOAT, [3, 1], [-1.0, 0.0, 1.0]))
    model.graph.output.append(helper.make_tensor_value_info("surface", kinds.FLOAT, ["n"]))
    limits = darkness.spec.thresholds.model_copy(update={"surface": 50.0})
    spec = darkness.spec.model_copy(update={"knows_surfaces": True, "thresholds": limits})
    return replace(darkness, graph=model.SerializeToString(), spec=spec)


def plain(colour: tuple[int, int, int], height_px: int = 128, width_px: int = 128) -> NDArray[np.uint8]:
    return np.full((height_px, width_px, 3), colour, np.uint8)


def test_an_unknown_surface_is_neither_passed_nor_rejected_and_says_what_its_score_says(knowing: Container):
    detector = Detector(knowing)
    known = detector.inspect(plain(GREY)).finding
    assert (known.verdict, known.surface_score) == ("pass", 0.0)
    foreign = detector.inspect(plain(BLUE)).finding
    assert (foreign.verdict, foreign.surface_score, foreign.label) == ("unknown surface", 190.0, None)
    assert foreign.notes == (
        "unlike the surfaces that this detector knows (190, limit 50): its score and its outlines may mean nothing "
        "here; by its score alone it would be review",
    )


def test_an_image_is_too_small_to_be_told_by_below_128_px(knowing: Container):
    detector = Detector(knowing)
    assert detector.inspect(plain(BLUE, 128, 200)).finding.verdict == "unknown surface"
    small = detector.inspect(plain(BLUE, 200, 127)).finding
    assert (small.verdict, small.surface_score) == ("review", None)
    assert small.notes == (
        "below 128 px: too small to tell whether it shows a surface that this detector knows",
        "nothing is outlined: the image score alone decides",
    )


def test_a_part_of_an_image_that_shows_something_else_changes_nothing(knowing: Container):
    wall_and_sky = plain(GREY, 300, 300)
    wall_and_sky[:100] = BLUE
    found = Detector(knowing).inspect(wall_and_sky).finding
    assert found.surface_score is not None
    assert found.surface_score < 50
    assert found.verdict != "unknown surface"


def test_large_images_are_told_as_small_ones_are(knowing: Container, monkeypatch: pytest.MonkeyPatch):
    image = plain(BLUE, 300, 200)
    at_once = Detector(knowing).inspect(image).finding
    monkeypatch.setattr("blemish.detectors.detector.CLUSTERED_FROM_PX", 1)
    in_parts = Detector(knowing).inspect(image).finding
    assert (in_parts.verdict, in_parts.surface_score) == (at_once.verdict, at_once.surface_score)


def test_a_detector_without_the_output_is_as_before(darkness: Container):
    found = Detector(darkness).inspect(plain(BLUE)).finding
    assert (found.verdict, found.surface_score) == ("review", None)


@pytest.mark.parametrize("says", [True, False], ids=["not given", "not said"])
def test_a_file_that_says_otherwise_than_its_graph_is_refused(knowing: Container, darkness: Container, says: bool):
    spec = darkness.spec.model_copy(update={"knows_surfaces": says})
    wrong = replace(darkness if says else knowing, spec=spec)
    with pytest.raises(DetectorError, match="surface"):
        Detector(wrong).inspect(plain(GREY))


def test_the_output_survives_the_file_and_the_trial_of_strangers(knowing: Container, tmp_path: Path):
    file = tmp_path / "knowing.blemish"
    write_container(file, knowing)
    assert blemish.load(file).inspect(plain(BLUE)).verdict == "unknown surface"


def test_the_limit_is_moved_by_hand_where_there_is_one(knowing: Container, darkness_file: Path, tmp_path: Path):
    file = tmp_path / "knowing.blemish"
    write_container(file, knowing)
    set_thresholds(file, surface=200.0)
    assert read_container(file).spec.thresholds.surface == 200.0
    assert blemish.load(file).inspect(plain(BLUE)).verdict == "review"
    with pytest.raises(SettingsError, match="does not tell which surfaces it knows"):
        set_thresholds(darkness_file, surface=1.0)


@pytest.mark.parametrize(
    ("score", "regions", "surface", "unusable", "verdict"),
    [
        (0.1, 0, 2.0, None, "unknown surface"),
        (0.1, 3, 2.0, None, "unknown surface"),
        (0.9, 3, 2.0, None, "unknown surface"),
        (0.9, 3, 1.0, None, "reject"),
        (0.1, 0, None, None, "pass"),
        (0.1, 0, 2.0, "too dark", "unusable"),
    ],
)
def test_what_is_unusable_comes_first_then_unknown_surfaces(
    score: float, regions: int, surface: float | None, unusable: str | None, verdict: str
):
    limits = Thresholds(review=0.5, reject=0.8, surface=1.0)
    assert decide(score, limits, regions=regions, surface=surface, unusable=unusable).verdict == verdict


def test_without_thresholds_of_scores_unknown_surfaces_are_told_all_the_same():
    assert decide(0.1, Thresholds(surface=1.0), surface=2.0).verdict == "unknown surface"
    assert decide(0.1, Thresholds(surface=1.0), surface=0.5).verdict is None


def test_the_report_lists_and_counts_them(knowing: Container, tmp_path: Path):
    for name, colour in {"wall": GREY, "sky": BLUE}.items():
        write_png(tmp_path / "images" / f"{name}.png", plain(colour))
    summary = blemish.inspect(tmp_path / "images", detector=Detector(knowing), out=tmp_path / "found")
    assert str(summary).startswith("2 inspected (1 pass, 1 unknown surface, 0 review, 0 reject).")
    page = (tmp_path / "found" / "report.html").read_text(encoding="utf-8")
    assert "show a surface that the detector does not know" in page
    assert "Unknown surface: 1" in page
    assert 'class="badge unknown surface"' in page
