"""The report on a data set: what it holds, what is wrong with it, what leaks."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest

from blemish.datasets import check_dataset, read_dataset, with_duplicate_groups
from blemish.datasets.duplicates import near_duplicate_groups, perceptual_hashes, thumbnail


def blobs(seed: int, size_px: int = 96) -> np.ndarray:
    """A smooth picture, as images are: a thumbnail keeps most of it."""
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return cv2.resize(small, (size_px, size_px), interpolation=cv2.INTER_CUBIC)


def test_counts_sizes_and_coverage_are_reported(lay_out, save, texture) -> None:
    root = lay_out(["train/images/a.jpg", "train/masks/a.png", "test/images/b.jpg", "test/masks/b.png"])
    save(root / "test/images/c.jpg", texture(9, 50, 20))
    report = check_dataset(read_dataset(root))
    assert report.counts == {"defect": {"test": 1, "train": 1}, "unlabelled": {"test": 1}}
    assert report.sizes is not None
    assert (report.sizes.min_height_px, report.sizes.median_height_px, report.sizes.max_height_px) == (32, 32, 50)
    assert (report.sizes.min_width_px, report.sizes.max_width_px, report.sizes.distinct) == (20, 40, 2)
    assert report.coverage["defect"].images == 2
    assert report.coverage["defect"].pixel_fraction == pytest.approx(96 / (32 * 40))
    assert report.unknown_extent == 1
    assert report.leaks == ()


def test_masks_that_look_wrong_are_reported_and_not_changed(lay_out, save, square_mask) -> None:
    names = ["empty", "white", "inverted", "small", "fine"]
    root = lay_out([f"images/{name}.jpg" for name in names])
    for name, mask in {
        "empty": square_mask() * 0,
        "white": square_mask() * 0 + 255,
        "inverted": 255 - square_mask(),
        "small": square_mask(16, 40),
        "fine": square_mask(),
    }.items():
        save(root / f"masks/{name}.png", mask)
    dataset = read_dataset(root)
    report = check_dataset(dataset)
    assert report.empty_masks == ("images/empty.jpg",)
    assert report.all_white_masks == ("images/white.jpg",)
    assert report.mostly_white_masks == ("images/inverted.jpg",)
    ((name, reason),) = report.mask_problems
    assert name == "images/small.jpg"
    assert "40×16" in reason
    assert next(s for s in dataset.samples if s.path.stem == "inverted").read_mask(32, 40).mean() > 0.5


def test_unreadable_images_are_reported_with_a_reason(lay_out) -> None:
    root = lay_out(["good/a.jpg", "good/b.jpg", "good/c.jpg"])
    (root / "good/a.jpg").write_bytes(b"")
    (root / "good/b.jpg").write_bytes((root / "good/c.jpg").read_bytes()[:300])
    report = check_dataset(read_dataset(root))
    assert [name for name, _ in report.unreadable] == ["good/a.jpg", "good/b.jpg"]
    assert all("jpg" in reason for _, reason in report.unreadable)
    assert report.exact_duplicates == ()


def test_nothing_readable_is_still_a_report(lay_out) -> None:
    root = lay_out(["good/a.jpg"])
    (root / "good/a.jpg").write_bytes(b"")
    assert check_dataset(read_dataset(root)).sizes is None


def test_every_kind_of_leak_is_found(lay_out, save) -> None:
    root = lay_out([])
    for seed, name in enumerate(["train/good/a", "train/good/b", "train/good/c", "test/good/d", "test/dent/e"]):
        save(root / f"{name}.png", blobs(seed))
    shutil.copy(root / "train/good/a.png", root / "test/good/copy.png")
    brighter = np.clip(blobs(1).astype(int) * 0.8 + 30, 0, 255).astype(np.uint8)
    save(root / "test/good/again.jpg", cv2.resize(brighter, (80, 80)))
    shutil.copy(root / "test/dent/e.png", root / "test/good/e_copy.png")
    (root / "groups.csv").write_text("path,group\ntrain/good/c.png,7\ntest/good/d.png,7\n")
    leaks = {leak.kind: leak for leak in check_dataset(read_dataset(root)).leaks}
    assert {kind: leak.images for kind, leak in leaks.items()} == {
        "same image": (("test/good/copy.png", "train/good/a.png"),),
        "look-alike": (("test/good/again.jpg", "train/good/b.png"),),
        "same group": (("test/good/d.png", "train/good/c.png"),),
        "two labels": (("test/dent/e.png", "test/good/e_copy.png"),),
    }
    assert all(leak.sentence.startswith("1 case of ") for leak in leaks.values())


def test_the_same_pixels_in_another_file_format_are_the_same_image(lay_out, save) -> None:
    root = lay_out([])
    save(root / "good/a.png", blobs(0))
    save(root / "good/b.bmp", blobs(0))
    save(root / "good/c.png", blobs(1))
    assert check_dataset(read_dataset(root)).exact_duplicates == (("good/a.png", "good/b.bmp"),)


def test_the_report_is_plain_json(lay_out) -> None:
    root = lay_out(["정상/a.jpg", "결함/b.jpg"])
    record = json.loads(json.dumps(check_dataset(read_dataset(root)).to_record(), allow_nan=False))
    assert record["images"] == 2
    assert record["counts"] == {"결함": {"no split": 1}, "정상": {"no split": 1}}
    assert record["normal_labels"] == ["정상"]


def test_images_that_show_the_same_become_one_group(lay_out, save) -> None:
    root = lay_out([])
    for name, seed in {"a": 0, "b": 1, "c": 1, "d": 2, "e": 3, "f": 4}.items():
        save(root / f"good/{name}.png", blobs(seed))
    save(root / "good/g.jpg", blobs(2, 90))
    (root / "groups.csv").write_text("path,group\ngood/d.png,7\ngood/e.png,7\n")
    groups = {sample.path.stem: sample.group for sample in with_duplicate_groups(read_dataset(root)).samples}
    assert groups == {
        "a": None,
        "b": "like good/b.png",
        "c": "like good/b.png",
        "d": "7",
        "e": "7",
        "f": None,
        "g": "7",
    }


def test_look_alikes_are_found_through_scale_exposure_and_jpeg_but_not_among_strangers() -> None:
    originals = [blobs(seed) for seed in range(40)]
    copies = []
    for image in originals[:10]:
        darker = (image * 0.7 + 20).astype(np.uint8)
        jpeg = cv2.imdecode(cv2.imencode(".jpg", darker, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], cv2.IMREAD_COLOR)
        copies.append(cv2.resize(jpeg, (70, 130)))
    groups = near_duplicate_groups(np.stack([thumbnail(image) for image in originals + copies]))
    assert groups == [[index, 40 + index] for index in range(10)]


def test_images_of_one_even_grey_are_no_look_alikes() -> None:
    flat = np.stack([np.full((32, 32), level, np.uint8) for level in (0, 100, 255)])
    assert len(near_duplicate_groups(flat)) == 0


def test_all_pairs_are_compared_across_blocks(monkeypatch) -> None:
    monkeypatch.setattr("blemish.datasets.duplicates._ROWS", 7)
    thumbs = np.stack([thumbnail(blobs(seed % 25)) for seed in range(50)])
    assert near_duplicate_groups(thumbs) == [[index, index + 25] for index in range(25)]


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_images_have_no_group(count) -> None:
    assert near_duplicate_groups(np.zeros((count, 32, 32), np.uint8)) == []


def look_alikes(count: int) -> np.ndarray:
    """Thumbnails of one scene with a little noise each: every pair looks the same."""
    scene = thumbnail(blobs(1)).astype(np.int16)
    noise = np.random.default_rng(0).integers(-2, 3, (count, 32, 32), dtype=np.int16)
    return np.clip(scene + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("rows", [7, 64, 2048])
def test_many_look_alikes_are_one_group_and_not_a_pair_for_each_two(rows, monkeypatch) -> None:
    monkeypatch.setattr("blemish.datasets.duplicates._ROWS", rows)
    strangers = np.stack([thumbnail(blobs(seed)) for seed in range(2, 12)])
    thumbs = np.concatenate([strangers[:5], look_alikes(600), strangers[5:]])
    assert near_duplicate_groups(thumbs) == [list(range(5, 605))]


def test_groups_join_through_any_one_of_their_images(monkeypatch) -> None:
    """As the connected components of all pairs, compared one by one."""
    monkeypatch.setattr("blemish.datasets.duplicates._ROWS", 16)
    scene = thumbnail(blobs(1)).astype(np.int16)
    steps = np.random.default_rng(0).integers(-3, 4, (40, 32, 32)).cumsum(axis=0)
    thumbs = np.clip(scene + steps, 0, 255).astype(np.uint8)
    hashes = perceptual_hashes(thumbs)
    flat = thumbs.reshape(len(thumbs), -1).astype(float)
    correlation = np.corrcoef(flat)
    alike = [
        (i, j)
        for i in range(40)
        for j in range(i)
        if (hashes[i] != hashes[j]).sum() <= 10 and correlation[i, j] >= 0.995
    ]
    assert 0 < len(alike) < 40 * 39 / 2
    numbers = list(range(40))
    for i, j in alike * 40:
        numbers[i] = numbers[j] = min(numbers[i], numbers[j])
    expected = [[i for i in range(40) if numbers[i] == number] for number in sorted(set(numbers))]
    assert near_duplicate_groups(thumbs) == [group for group in expected if len(group) > 1]


def test_the_hash_does_not_see_brightness() -> None:
    dark = thumbnail(blobs(3) // 2)
    bright = dark + np.uint8(60)
    first, second = perceptual_hashes(np.stack([dark, bright]))
    assert (first != second).sum() <= 2


def test_the_hash_is_of_the_lowest_frequencies_without_the_constant_term() -> None:
    """Beside the cosine sums written out: 0 to 7 down, 1 to 8 across."""
    thumbs = np.random.default_rng(0).integers(0, 256, (20, 32, 32), dtype=np.uint8)
    cosines = np.cos(np.pi * np.outer(np.arange(9), np.arange(32) + 0.5) / 32)
    cosines[0] /= np.sqrt(2)
    low = (cosines @ thumbs.astype(float) @ cosines.T)[:, :8, 1:].reshape(len(thumbs), 64)
    expected = low > np.median(low, axis=1, keepdims=True)
    np.testing.assert_array_equal(perceptual_hashes(thumbs), expected)
