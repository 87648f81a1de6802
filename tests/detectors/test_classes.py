"""Detectors that tell several classes apart: each class decides for itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.detectors import ClassThreshold, Container, Detector, Thresholds, load, read_container, write_container
from blemish.inspection import set_thresholds


def deciding(container: Container, *by_class: ClassThreshold) -> Container:
    thresholds = container.spec.thresholds.model_copy(update={"by_class": by_class})
    return replace(container, spec=container.spec.model_copy(update={"thresholds": thresholds}))


@pytest.fixture
def image() -> np.ndarray:
    """Grey, with a light square of 36 px, a dark bar of 40 px, and a dark speck."""
    image = np.full((40, 60, 3), 128, np.uint8)
    image[2:8, 2:8] = 250
    image[20:22, 10:30] = 10
    image[35, 50] = 10
    return image


def test_without_thresholds_of_their_own_all_classes_fraction_one(light_and_dark: Container, image: np.ndarray):
    found = Detector(light_and_dark).inspect(image)
    assert sorted((region.label, region.area_px) for region in found.regions) == [("1", 36), ("2", 1), ("2", 40)]
    assert found.class_masks is not None
    assert found.mask is not None
    assert found.class_masks.sum(axis=(1, 2)).tolist() == [36, 41]
    np.testing.assert_array_equal(found.mask, found.class_masks.any(axis=0))


@pytest.mark.parametrize(
    ("classes", "finds", "measured"),
    [
        (("pore", "crack"), None, ("crack",)),
        (("pore", "Hair Cracks"), "cracks", ("Hair Cracks",)),
        (("pore", "균열"), None, ("균열",)),
        (("pore", "crack"), "regions", ()),
        (("pore", "scratch"), None, ()),
        (("pore", "scratch"), "cracks", ("pore", "scratch")),
    ],
)
def test_only_classes_of_cracks_are_measured_as_cracks(
    light_and_dark: Container, image: np.ndarray, classes: tuple[str, ...], finds: str | None, measured: tuple[str, ...]
):
    spec = light_and_dark.spec.model_copy(update={"classes": classes, "finds": finds})
    found = Detector(replace(light_and_dark, spec=spec)).inspect(image)
    assert spec.crack_classes == measured
    assert spec.finds_cracks == bool(measured)
    if not measured:
        assert found.cracks is None
        assert found.crack_mask is None
    else:
        chosen = [name in measured for name in classes]
        np.testing.assert_array_equal(found.crack_mask, found.class_masks[chosen].any(axis=0))
        assert found.cracks is not None


def test_regions_have_sizes_and_contrast(light_and_dark: Container, image: np.ndarray):
    bar = next(one for one in Detector(light_and_dark).inspect(image).regions if one.area_px == 40)
    assert (bar.length_px, bar.width_px, bar.contrast) == pytest.approx((20, 2, 10 - 128), abs=1)


def test_each_class_has_its_own_threshold_and_least_area(light_and_dark: Container, image: np.ndarray):
    limits = (ClassThreshold(label="2", pixel=0.9, min_area_px=2), ClassThreshold(label="1", pixel=0.99))
    found = Detector(deciding(light_and_dark, *limits)).inspect(image)
    assert [(region.label, region.area_px) for region in found.regions] == [("2", 40)]


def test_classes_may_overlap(light_and_dark: Container):
    limits = (ClassThreshold(label="1", pixel=0.4), ClassThreshold(label="2", pixel=0.4))
    found = Detector(deciding(light_and_dark, *limits)).inspect(np.full((8, 8, 3), 128, np.uint8))
    assert found.class_masks is not None
    assert found.class_masks.all()


def test_a_detector_of_one_class_has_no_masks_of_classes(darkness: Container, wall: np.ndarray):
    assert Detector(darkness).inspect(wall).class_masks is None


def test_a_file_without_thresholds_of_classes_still_loads():
    assert Thresholds.model_validate({"pixel": 0.5, "min_area_px": 1, "source": "an earlier version"}).by_class == ()


def test_thresholds_of_classes_survive_the_file(light_and_dark: Container, tmp_path: Path):
    limit = ClassThreshold(label="2", pixel=0.9, min_area_px=2)
    write_container(tmp_path / "x.blemish", deciding(light_and_dark, limit))
    assert read_container(tmp_path / "x.blemish").spec.thresholds.by_class == (limit,)


def test_a_threshold_set_by_hand_holds_for_every_class(light_and_dark: Container, tmp_path: Path, image: np.ndarray):
    file = tmp_path / "x.blemish"
    write_container(file, deciding(light_and_dark, ClassThreshold(label="2", pixel=0.99)))
    set_thresholds(file, reject=0.6)
    assert load(file).spec.thresholds.by_class
    set_thresholds(file, pixel=0.7)
    assert load(file).spec.thresholds.by_class == ()
    assert {region.label for region in load(file).inspect(image).regions} == {"1", "2"}


def test_the_image_is_named_after_its_worst_region(light_and_dark: Container, image: np.ndarray):
    detector = Detector(light_and_dark)
    assert detector.inspect(image).label == "1"
    assert detector.inspect(255 - image).label == "2"
    assert detector.inspect(np.full((8, 8, 3), 128, np.uint8)).label is None


@pytest.mark.parametrize(("grey", "label"), [(250, "1"), (5, "2"), (128, None)])
def test_without_outlines_the_highest_map_names_the_image(light_and_dark: Container, grey: int, label: str | None):
    detector = Detector(light_and_dark).with_thresholds(Thresholds(reject=0.7))
    found = detector.inspect(np.full((8, 8, 3), grey, np.uint8))
    assert (found.label, found.regions) == (label, ())
    assert found.label == label


def test_a_detector_of_one_class_names_none(darkness: Container, wall: np.ndarray):
    assert Detector(darkness).inspect(wall).label is None


def test_the_union_of_classes_that_exclude_one_another_is_one_minus_the_background(light_and_dark: Container):
    maps = np.array([[[0.3, 0.1]], [[0.3, 0.7]]], np.float32)
    spec = light_and_dark.spec
    np.testing.assert_allclose(spec.union(maps), [[0.3, 0.7]])
    exclusive = spec.model_copy(update={"exclusive_classes": True})
    np.testing.assert_allclose(exclusive.union(maps), [[0.6, 0.8]])
    np.testing.assert_array_equal(exclusive.union(maps[0]), maps[0])


def test_windows_drop_what_fits_into_them_alone_of_each_class(light_and_dark: Container, image: np.ndarray):
    limits = light_and_dark.spec.thresholds
    found = {
        window_px: Detector(
            replace(
                light_and_dark,
                spec=light_and_dark.spec.model_copy(
                    update={"thresholds": limits.model_copy(update={"window_px": window_px})}
                ),
            )
        ).inspect(image)
        for window_px in (1, 6)
    }
    assert sorted((region.label, region.area_px) for region in found[1].regions) == [("1", 36), ("2", 40)]
    assert sorted((region.label, region.area_px) for region in found[6].regions) == [("2", 40)]
