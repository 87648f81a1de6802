"""Images that are too large to be held: the same answers, with pixels and map reduced."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from blemish.detectors import Container, Detector, Measuring, large, source_of, sources
from blemish.detectors.large import SparseMap, reduced_mask
from blemish.images import Box, LoadedImage, ReadOptions
from blemish.images.windows import HeldWindows, open_windows
from blemish.inspection.stream import inspect_stream
from blemish.measurement import Scale, clusters


@pytest.fixture
def surface() -> np.ndarray:
    """A light surface of 500 × 640 px with dark strokes, and grain that is nowhere dark."""
    rng = np.random.default_rng(0)
    image = rng.normal(210, 6, (500, 640)).clip(150, 255).astype(np.uint8)
    for start in ((40, 60), (420, 70), (80, 400), (560, 380)):
        line = np.array(start) + np.cumsum(rng.integers((3, -8), (12, 12), (9, 2)), axis=0)
        cv2.polylines(image, [line.astype(np.int32)], False, 20, 4)
    return np.repeat(image[..., None], 3, axis=2)


@pytest.fixture
def detector(darkness: Container) -> Detector:
    spec = darkness.spec
    return Detector(replace(darkness, spec=spec.model_copy(update={"finds_cracks": True})), threads=1)


@pytest.fixture
def in_parts(surface: np.ndarray, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The surface as a tiled TIFF, which is read part by part however small."""
    path = tmp_path / "surface.tif"
    tifffile.imwrite(path, surface, tile=(64, 64), photometric="rgb", compression="zlib", metadata=None)
    monkeypatch.setattr(sources, "open_windows", partial(open_windows, from_px=1))
    monkeypatch.setattr(large, "_PICTURE_PX", 30_000.0)
    return path


@pytest.mark.parametrize("cut", [{}, {"overlap_px": 0}, {"tile_px": 128, "overlap_px": 32}])
def test_score_regions_and_mask_are_those_of_the_whole(detector, surface, in_parts, cut):
    spec = detector.spec
    detector = detector.with_spec(spec.model_copy(update={"input": spec.input.model_copy(update=cut)}))
    whole = detector.inspect_pixels(surface)
    found = detector.inspect_source(source_of(in_parts))
    assert found.cutouts is not None
    assert (found.score, found.verdict, found.finding.size_px) == (whole.score, whole.verdict, (640, 500))
    np.testing.assert_array_equal(found.mask, whole.mask)
    assert len(found.regions) == len(whole.regions) == 4
    for one, other in zip(found.regions, whole.regions, strict=True):
        assert (one.bbox_px, one.area_px, one.score) == (other.bbox_px, other.area_px, other.score)
        assert one.mean_score == pytest.approx(other.mean_score)
        assert one.contrast == pytest.approx(other.contrast)


def test_pieces_with_small_gaps_are_one_region_there_too(detector, surface, in_parts):
    surface[:, 90:94] = surface[:, 600:604] = 210  # through two of the strokes
    tifffile.imwrite(in_parts, surface, tile=(64, 64), photometric="rgb", compression="zlib", metadata=None)
    counts = []
    for gap_px in (0, 12):
        limits = detector.spec.thresholds.model_copy(update={"gap_px": gap_px})
        looking = detector.with_spec(detector.spec.model_copy(update={"thresholds": limits}))
        whole, found = looking.inspect_pixels(surface), looking.inspect_source(source_of(in_parts))
        assert found.cutouts is not None
        assert [one.bbox_px for one in found.regions] == [one.bbox_px for one in whole.regions]
        counts.append(len(found.regions))
    assert counts[1] == 4 < counts[0]


def test_cracks_are_those_of_the_whole(detector, surface, in_parts):
    measuring, level = Measuring.of(0.5), detector.spec.thresholds.pixel
    whole = measuring.measure(detector.inspect_pixels(surface), level)
    found = measuring.measure(detector.inspect_source(source_of(in_parts)), level)
    assert len(found.cracks) == len(whole.cracks) == 4
    for crack in whole.cracks:
        other = min(found.cracks, key=lambda one: np.hypot(*np.subtract(one.max_width_at, crack.max_width_at)))
        assert other.mm.max_width == pytest.approx(crack.mm.max_width, abs=0.02)
        assert other.mm.length == pytest.approx(crack.mm.length, rel=1e-3)


def test_the_overlay_is_reduced_and_shows_what_is_outlined(detector, surface, in_parts):
    found = detector.inspect_source(source_of(in_parts))
    shrink = found.cutouts.shrink
    assert shrink == 4
    assert found.pixels.shape == (125, 160, 3)
    expected = cv2.resize(surface, (160, 125), interpolation=cv2.INTER_AREA)
    assert np.abs(found.pixels.astype(int) - expected).max() <= 1
    assert found.anomaly_map.shape == (125, 160)
    whole = detector.inspect_pixels(surface).anomaly_map
    np.testing.assert_array_equal(found.anomaly_map, whole.reshape(125, 4, 160, 4).max(axis=(1, 3)))
    overlay = found.overlay()
    assert overlay.shape == found.pixels.shape
    assert (overlay == (0, 229, 255)).all(axis=2).any()


def test_a_scale_by_marker_is_said_to_be_impossible(detector, in_parts):
    def marker(pixels):
        raise AssertionError("nothing is looked for in a reduced picture")

    found = Measuring.of(marker).measure(detector.inspect_source(source_of(in_parts)), 0.6)
    assert any("read part by part" in note for note in found.notes)


def test_a_stream_reads_in_parts_unless_all_is_asked_for(detector, surface, in_parts):
    (part,) = inspect_stream(detector, [source_of(in_parts)])
    (whole,) = inspect_stream(detector, [source_of(in_parts)], whole=True)
    assert part.cutouts is not None
    assert whole.cutouts is None
    assert whole.pixels.shape == surface.shape
    assert part.finding.path == str(in_parts)


def test_detectors_that_resize_or_tell_classes_apart_see_the_whole(darkness, light_and_dark, in_parts):
    resized = darkness.spec.model_copy(update={"input": darkness.spec.input.model_copy(update={"tile_px": None})})
    for container in (replace(darkness, spec=resized), light_and_dark):
        image = Detector(container, threads=1).read(source_of(in_parts), ReadOptions())
        assert image.pixels.shape == (500, 640, 3)


@pytest.mark.parametrize("size", [(1, 1), (64, 64), (65, 200), (300, 130)])
def test_a_sparse_map_is_true_around_what_reaches_the_level(size):
    rng = np.random.default_rng(1)
    whole = rng.random(size, np.float32) * 0.4
    for _ in range(3):
        whole[rng.integers(size[0]), rng.integers(size[1])] = 0.9
    sparse = SparseMap(*size, 0.5)
    for top in range(0, size[0], 37):
        sparse.add(whole[top : top + 37])
    sparse.close()
    kept = sparse.cut(Box(0, 0, *size))
    near = cv2.dilate((whole >= 0.5).astype(np.uint8), np.ones((129, 129), np.uint8)) > 0
    np.testing.assert_array_equal(kept[near], whole[near])
    assert set(np.unique(kept[~near])) <= {np.float32(-0.5), *np.unique(whole)}
    y, x = size[0] // 3, size[1] // 3
    np.testing.assert_array_equal(sparse.cut(Box(y, x, size[0] - y, size[1] - x)), kept[y:, x:])


def test_a_reduced_mask_keeps_every_pixel():
    mask = np.zeros((11, 7), bool)
    mask[10, 6] = mask[4, 0] = True
    assert np.argwhere(reduced_mask(mask, 4)).tolist() == [[1, 0], [2, 1]]


def test_a_mask_takes_memory_where_it_holds_anything(darkness):
    """Of an image of 4096 x 16384 px with one dark spot, the mask's 64 MiB are all but untouched."""
    if not Path("/proc/self/smaps").exists():
        pytest.skip("the system does not tell")
    rows = np.full((4096, 16384, 3), 230, np.uint8)
    rows[2000:2010, 5000:5010] = 10
    scan = large.Scan(HeldWindows(LoadedImage(rows)), darkness.spec, Detector(darkness, threads=1).answer)
    assert scan.mask is not None
    assert scan.mask.sum() == 100
    assert resident_bytes(scan.mask) < scan.mask.nbytes / 4


def resident_bytes(array: np.ndarray) -> int:
    """Of the mapping that an array lies in, as far as it takes memory of its own."""
    place, inside = array.ctypes.data, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if match := re.match(r"([0-9a-f]+)-([0-9a-f]+) ", line):
            inside = int(match[1], 16) <= place < int(match[2], 16)
        elif inside and line.startswith("Rss:"):
            return int(line.split()[1]) << 10
    raise AssertionError("the array lies in no mapping")


def test_large_images_in_memory_are_outlined_by_clusters_with_the_same_answer(detector, surface, monkeypatch):
    whole = Measuring().measure(detector.inspect_pixels(surface), 0.6)
    monkeypatch.setattr("blemish.detectors.outlining._BY_CLUSTERS_FROM_PX", 1)
    monkeypatch.setattr("blemish.detectors.measuring.CLUSTERED_FROM_PX", 1)
    found = Measuring().measure(detector.inspect_pixels(surface), 0.6)
    np.testing.assert_array_equal(found.mask, whole.mask)
    assert [one.bbox_px for one in found.regions] == [one.bbox_px for one in whole.regions]
    assert len(found.cracks) == len(whole.cracks)
    assert clusters.CLUSTERED_FROM_PX > 12e6, "photographs are measured in one go"


def test_large_images_that_have_to_be_read_as_a_whole_are_looked_at_part_by_part(
    detector, surface, tmp_path, monkeypatch
):
    monkeypatch.setattr("blemish.detectors.detector.CLUSTERED_FROM_PX", 1)
    cv2.imwrite(str(tmp_path / "a.png"), surface)
    seen = []

    def marker(pixels):
        seen.append(pixels.shape)
        return Scale.given(0.5)

    found = Measuring.of(marker).measure(detector.inspect_source(source_of(tmp_path / "a.png")), 0.6)
    whole = Measuring.of(0.5).measure(detector.inspect_pixels(surface), 0.6)
    assert found.cutouts is not None
    assert seen == [surface.shape], "a marker is looked for at full size"
    np.testing.assert_array_equal(found.mask, whole.mask)
    assert [one.bbox_px for one in found.regions] == [one.bbox_px for one in whole.regions]
    assert len(found.cracks) == len(whole.cracks)


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs the kernel's count of this process's memory")
def test_an_empty_mask_takes_memory_only_where_something_is_marked():
    def resident_mb() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    before = resident_mb()
    mask = large._sparse_mask(8192, 8192)
    mask[::256, 100:200] = True
    assert not mask[1::256].any()
    assert resident_mb() - before < 8
    assert mask.sum() == 32 * 100
