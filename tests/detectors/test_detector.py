"""A detector in use: any size, alone or in company, decides where its thresholds say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from blemish.detectors import Calibration, Container, Detector, InputSpec, Thresholds, load
from blemish.detectors.decision import decide
from blemish.detectors.looking import look
from blemish.detectors.runtime import Prediction
from blemish.errors import DetectorError, ImageError


def changed(container: Container, **update: object) -> Detector:
    return Detector(replace(container, spec=container.spec.model_copy(update=update)))


def test_a_dark_bar_is_found_where_it_is(darkness_file: Path, wall: np.ndarray):
    found = load(darkness_file).inspect(wall)
    assert found.verdict == "reject"
    assert found.score == pytest.approx(1 - 20 / 255, abs=1e-6)
    (region,) = found.regions
    assert region.bbox_px == (30, 50, 40, 4)
    assert region.area_px == 160
    assert region.centroid_px == pytest.approx((49.5, 51.5))
    assert region.label == "dark"
    assert found.anomaly_map is not None
    np.testing.assert_allclose(found.anomaly_map, 1 - wall.mean(axis=2) / 255, atol=1e-5)
    assert found.mask is not None
    np.testing.assert_array_equal(found.mask, wall[..., 0] == 20)


def test_a_file_and_its_pixels_get_the_same_answer(darkness_file: Path, wall: np.ndarray, tmp_path: Path):
    path = tmp_path / "담 벽.png"
    path.write_bytes(cv2.imencode(".png", wall[..., ::-1])[1].tobytes())
    detector = load(darkness_file)
    by_path, by_array = detector.inspect(path), detector.inspect(wall)
    assert by_path.path == path
    named = {"path", "image", "name"}
    assert by_path.finding.model_dump(exclude=named) == by_array.finding.model_dump(exclude=named)


def test_company_changes_nothing(darkness_file: Path, wall: np.ndarray):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in ((40, 50, 3), (300, 70, 3), (64, 64, 3))]
    images.insert(1, wall)
    detector = load(darkness_file)
    together = [detector.inspect(pixels).finding.model_dump() for pixels in images]
    assert together == [load(darkness_file).inspect(pixels).finding.model_dump() for pixels in images]


def test_tiles_in_one_batch_and_alone_agree(darkness: Container, monkeypatch: pytest.MonkeyPatch):
    image = np.random.default_rng(2).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    together = Detector(darkness).inspect(image)
    monkeypatch.setattr("blemish.detectors.looking._BATCH_PIXELS", 1)
    alone = Detector(darkness).inspect(image)
    assert alone.score == together.score
    np.testing.assert_array_equal(alone.anomaly_map, together.anomaly_map)


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (7, 9), (64, 64), (65, 129), (500, 333)])
def test_every_size_gets_a_map_of_its_own_size(darkness_file: Path, shape: tuple[int, int]):
    image = np.random.default_rng(1).integers(0, 256, (*shape, 3), dtype=np.uint8)
    anomaly_map = load(darkness_file).inspect(image).anomaly_map
    assert anomaly_map is not None
    np.testing.assert_allclose(anomaly_map, 1 - image.mean(axis=2) / 255, atol=1e-5)


def test_the_score_of_a_large_image_is_that_of_its_worst_tile(darkness_file: Path):
    image = np.full((200, 200, 3), 255, np.uint8)
    image[190, 195] = 51
    assert load(darkness_file).inspect(image).score == pytest.approx(0.8)


def test_without_a_map_too_the_worst_tile_decides(darkness: Container, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("blemish.detectors.looking._BATCH_PIXELS", 1)
    image = np.full((200, 200, 3), 255, np.uint8)
    image[190, 195] = 51
    spec = darkness.spec.model_copy(update={"localises": False})

    def darkest(tiles: np.ndarray) -> Prediction:
        return Prediction(1 - tiles.min(axis=(1, 2, 3)).astype(np.float32) / 255, None)

    seen = look(image, spec, darkest)
    assert seen.score == pytest.approx(0.8)
    assert seen.maps is None


def test_a_fixed_input_size_is_resized_to_and_back(darkness: Container, wall: np.ndarray):
    found = changed(darkness, input=InputSpec(size_px=(50, 75))).inspect(wall)
    assert found.anomaly_map is not None
    assert found.anomaly_map.shape == (100, 150)
    assert found.regions[0].centroid_px == pytest.approx((49.5, 51.5), abs=1.0)


def test_specks_below_the_limit_are_dropped(darkness: Container, wall: np.ndarray):
    wall[10, 10] = 0
    limits = darkness.spec.thresholds
    assert len(changed(darkness).inspect(wall).regions) == 2
    found = changed(darkness, thresholds=limits.model_copy(update={"min_area_px": 2})).inspect(wall)
    assert [region.area_px for region in found.regions] == [160]
    assert found.mask is not None
    assert not found.mask[10, 10]


def test_outlines_that_are_nowhere_certain_are_dropped_and_others_kept_whole(darkness: Container, wall: np.ndarray):
    wall[50:54, 70:80] = 90  # the bar fades out
    wall[10:14, 30:70] = 90  # another one is faint all along
    limits = darkness.spec.thresholds.model_copy(update={"peak": 0.9})
    assert len(changed(darkness).inspect(wall).regions) == 2
    found = changed(darkness, thresholds=limits).inspect(wall)
    assert [region.area_px for region in found.regions] == [200]
    assert found.mask is not None
    assert found.mask.sum() == 200


def test_faint_pieces_near_a_certain_one_are_outlined_with_it(darkness: Container, wall: np.ndarray):
    wall[50:54, 73:83] = 90  # faint, behind a gap of three
    wall[10:14, 30:70] = 90  # faint and far away
    limits = darkness.spec.thresholds.model_copy(update={"peak": 0.9})
    alone = changed(darkness, thresholds=limits).inspect(wall)
    assert [region.area_px for region in alone.regions] == [160]
    found = changed(darkness, thresholds=limits.model_copy(update={"gap_px": 3})).inspect(wall)
    assert [region.area_px for region in found.regions] == [200]
    assert found.mask is not None
    assert found.mask.sum() == 200


def test_gaps_are_closed_of_every_class_and_in_images_looked_at_by_clusters(
    darkness: Container, wall: np.ndarray, monkeypatch: pytest.MonkeyPatch
):
    wall[50:54, 73:83] = 0
    limits = darkness.spec.thresholds.model_copy(update={"gap_px": 3})
    monkeypatch.setattr("blemish.detectors.outlining._BY_CLUSTERS_FROM_PX", 1)
    assert len(changed(darkness).inspect(wall).regions) == 2
    assert len(changed(darkness, thresholds=limits).inspect(wall).regions) == 1


def test_a_peak_below_the_pixel_threshold_is_refused():
    with pytest.raises(ValueError, match="peak must not lie below pixel"):
        Thresholds(pixel=0.6, peak=0.5)


def test_p_values_count_the_normal_scores_at_least_as_high(darkness: Container, wall: np.ndarray):
    detector = changed(darkness, calibration=Calibration(scores=(0.1, 0.5, 0.95), source="test"))
    assert detector.inspect(wall).p_value == pytest.approx(2 / 4)
    assert detector.inspect(np.full_like(wall, 255)).p_value == 1.0


def test_without_calibration_there_is_no_p_value(darkness: Container, wall: np.ndarray):
    assert Detector(darkness).inspect(wall).p_value is None


@pytest.mark.parametrize(
    ("score", "review", "reject", "verdict"),
    [
        (0.5, None, None, None),
        (0.5, None, 0.5, "reject"),
        (0.49, None, 0.5, "pass"),
        (0.49, 0.3, 0.5, "review"),
        (0.29, 0.3, 0.5, "pass"),
        (0.9, 0.3, None, "review"),
    ],
)
def test_verdicts(score: float, review: float | None, reject: float | None, verdict: str | None):
    assert decide(score, Thresholds(review=review, reject=reject)).verdict == verdict


def test_thresholds_can_move_without_touching_the_graph(darkness_file: Path, wall: np.ndarray, tmp_path: Path):
    detector = load(darkness_file)
    lenient = detector.with_thresholds(Thresholds(pixel=0.99, reject=0.99, source="set by hand"))
    assert lenient.inspect(wall).verdict == "pass"
    assert detector.inspect(wall).verdict == "reject"
    lenient.save(tmp_path / "lenient.blemish")
    assert load(tmp_path / "lenient.blemish").inspect(wall).regions == ()
    assert load(tmp_path / "lenient.blemish").container.graph == detector.container.graph


def test_a_detector_says_what_it_is(darkness: Container, darkness_file: Path):
    assert repr(load(darkness_file)) == (
        f'<Detector darkness from "{darkness_file}", classes dark; images at its own resolution, in tiles of 64 px; '
        "pixel 0.6, review 0.4, reject 0.6; onnxruntime in float32>"
    )
    bare = changed(darkness, thresholds=Thresholds(), classes=(), input=InputSpec(size_px=(50, 75)))
    assert repr(bare) == (
        "<Detector darkness from no file; images resized to 75 × 50 px; no thresholds; onnxruntime in float32>"
    )


def test_a_graph_that_is_none_is_a_sentence(darkness: Container):
    with pytest.raises(DetectorError, match="graph cannot be run"):
        Detector(replace(darkness, graph=b"not a graph"))


@pytest.mark.parametrize(
    "image", [np.zeros((3, 4, 5, 6)), np.zeros(7), np.full((8, 8), np.nan), np.full((8, 8, 3), 3.5)]
)
def test_an_array_that_is_no_image_is_a_sentence(darkness_file: Path, image: np.ndarray):
    with pytest.raises(ImageError):
        load(darkness_file).inspect(image)


def test_inspecting_is_deterministic_over_threads(darkness: Container, wall: np.ndarray):
    records = [Detector(darkness, threads=threads).inspect(wall).finding.model_dump() for threads in (1, 2)]
    assert records[0] == records[1]
