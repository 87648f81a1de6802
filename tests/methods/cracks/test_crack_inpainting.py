"""Crack inpainting, published and improved: composites, losses, graphs, and training sets that are refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import blemish  # noqa: E402
from blemish.datasets import ClassMask, FileMask, Sample  # noqa: E402
from blemish.errors import DataError  # noqa: E402
from blemish.methods.cracks.crack_inpainting import CrackInpainting, CrackInpaintingSettings  # noqa: E402
from blemish.methods.cracks.crack_matting import (  # noqa: E402
    CrackMatting,
    CrackMattingSettings,
    matting_loss,
    restored,
)
from blemish.methods.data.composites import Composites  # noqa: E402
from blemish.methods.data.compositing import erase, multiply, surface_level, transplant  # noqa: E402
from blemish.methods.data.crack_images import (  # noqa: E402
    CrackImage,
    check_labels,
    crack_free_corners,
    largest_crack_free_px,
    read_crack_image,
)
from blemish.methods.parts.segmentation_losses import bce_dice_loss  # noqa: E402

pytestmark = pytest.mark.train

SIDE_PX = 64
WAYS = {way.__name__: partial(way, side_px=SIDE_PX, min_strength=0.4, max_zoom=1.4) for way in (multiply, transplant)}


def cracked_wall(seed: int, size_px: int = 96) -> CrackImage:
    rng = np.random.default_rng(seed)
    pixels = rng.normal(170, 8, (size_px, size_px, 3)).clip(0, 255).astype(np.uint8)
    label = np.zeros((size_px, size_px), np.uint8)
    cv2.line(label, (8, int(rng.integers(8, 30))), (size_px - 8, int(rng.integers(8, 30))), 1, 3)
    pixels[label > 0] = 40
    return CrackImage(pixels, label.astype(np.bool_))


def write_wall(folder: Path, index: int, image: CrackImage, label: np.ndarray | None = None) -> Sample:
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    name = f"{index:03d}.png"
    cv2.imwrite(str(folder / "images" / name), image.pixels[..., ::-1])
    drawn = image.label.astype(np.uint8) * 255 if label is None else label
    cv2.imwrite(str(folder / "masks" / name), drawn)
    masks = (ClassMask("crack", FileMask(folder / "masks" / name)),)
    return Sample(folder / "images" / name, "crack", masks=masks)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("seed", range(12))
def test_a_composite_changes_nothing_away_from_the_placed_crack(way: str, seed: int):
    composite = WAYS[way]([cracked_wall(1), cracked_wall(2)], cracked_wall(3), np.random.default_rng(seed))
    assert composite.cracked.shape == composite.normal.shape == (SIDE_PX, SIDE_PX, 3)
    assert composite.label.dtype == np.float32
    changed = (composite.cracked != composite.normal).any(axis=2)
    placed = composite.label > 0
    if way == "transplant":  # the crack's blurred edge goes with it: 4 px, at most 1.4 times as large, and resampling
        placed = cv2.dilate(placed.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    assert not changed[~placed].any()


@pytest.mark.parametrize("way", WAYS)
def test_placed_cracks_are_darker_than_their_background(way: str):
    composite = [WAYS[way]([cracked_wall(1)], cracked_wall(3), np.random.default_rng(seed)) for seed in range(12)]
    inside = [each for each in composite if (each.label == 1).sum() > 20]
    assert len(inside) >= 8
    for each in inside:
        core = each.label == 1
        assert each.cracked[core].mean() < each.normal[core].mean() - 25


@pytest.mark.parametrize("way", WAYS)
def test_the_same_seed_makes_the_same_composite_and_another_seed_another(way: str):
    def make(seed: int):
        return WAYS[way]([cracked_wall(1)], cracked_wall(3), np.random.default_rng(seed))

    first, again, other = make(5), make(5), make(6)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert (first.cracked != other.cracked).any()


def test_the_published_product_is_grey_times_label_times_background():
    # Unturned, unscaled and in full strength the factor is the crack's grey value, black to white.
    crack = cracked_wall(1)
    background = CrackImage(np.full((96, 96, 3), 200, np.uint8), np.zeros((96, 96), np.bool_))
    composite = multiply([crack], background, np.random.default_rng(0), side_px=64, min_strength=1.0, max_zoom=1.0)
    core = cv2.erode((composite.label == 1).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    np.testing.assert_allclose(composite.cracked[core], 200 * 40 / 255, atol=1)


def test_composed_as_published_a_tile_is_multiplied_onto_another_as_it_is():
    """Strength, scale, mirroring and rotation are ours: without augment the product is the formula, pixel for pixel."""
    crack = cracked_wall(1)
    grain = np.random.default_rng(9).integers(90, 210, (96, 96, 1), dtype=np.uint8)
    background = CrackImage(np.repeat(grain, 3, axis=2), np.zeros((96, 96), np.bool_))
    for seed in range(4):
        made = multiply(
            [crack],
            background,
            np.random.default_rng(seed),
            side_px=96,
            min_strength=0.4,
            max_zoom=1.4,
            augment=False,
        )
        grey = cv2.cvtColor(crack.pixels, cv2.COLOR_RGB2GRAY) / 255
        masked = np.where(crack.label, grey, 1.0)
        np.testing.assert_array_equal(made.normal, background.pixels)
        np.testing.assert_allclose(made.cracked, background.pixels * masked[..., None], atol=0.51)
        np.testing.assert_array_equal(made.label, crack.label)


def test_a_transplanted_crack_takes_the_light_of_its_new_wall():
    crack = cracked_wall(1)
    crack.pixels[crack.label] = 120
    composite = [
        transplant(
            [crack],
            CrackImage(np.full((96, 96, 3), grey, np.uint8), np.zeros((96, 96), np.bool_)),
            np.random.default_rng(4),
            side_px=64,
            min_strength=1.0,
            max_zoom=1.0,
        )
        for grey in (100, 200)
    ]
    core = cv2.erode((composite[0].label == 1).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    assert core.any()
    # The same exposure is drawn for both, so only the light of the background differs: the dark is a fraction of it.
    dark, light = (each.cracked[core].mean() for each in composite)
    background_dark, background_light = (each.normal.mean() for each in composite)
    assert light > dark
    assert light - dark < background_light - background_dark


def test_erasing_leaves_the_rest_and_hides_the_crack():
    image = cracked_wall(7)
    gone = cv2.dilate(image.label.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    normal = erase(image.pixels, gone, surface_level(image.pixels, gone))
    assert (normal[~gone] == image.pixels[~gone]).all()
    assert abs(normal[gone].mean() - 170) < 4
    # With grain as strong as the wall's own.
    assert 4 < normal[gone].std() < 12


def test_the_surface_level_of_an_even_wall_is_its_grey_whatever_is_unknown():
    unknown = np.zeros((80, 60), np.bool_)
    unknown[20:60, 10:50] = True
    level = surface_level(np.full((80, 60, 3), 123, np.uint8), unknown)
    np.testing.assert_allclose(level, 123, atol=0.01)


def test_crack_free_squares_are_found_as_by_looking_everywhere():
    label = cracked_wall(2, 40).label
    near = cv2.dilate(label.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    expected = [
        (y, x) for y in range(40 - 13 + 1) for x in range(40 - 13 + 1) if not near[y : y + 13, x : x + 13].any()
    ]
    assert [tuple(corner) for corner in crack_free_corners(label, 13).tolist()] == expected
    largest = largest_crack_free_px(label)
    assert len(crack_free_corners(label, largest))
    assert not len(crack_free_corners(label, largest + 2))


@pytest.mark.parametrize("way", WAYS)
def test_examples_are_drawn_anew_in_training_and_stay_in_validation(tmp_path: Path, way: str):
    samples = [write_wall(tmp_path, index, cracked_wall(index)) for index in range(4)]

    def examples(training: bool):
        settings = {"background_px": 32, "crack_counts": (0, 1), "seed": 3}
        return Composites(samples, compose=WAYS[way], training=training, **settings)

    still, moving, near_duplicate = examples(False), examples(True), examples(True)
    assert all(torch.equal(a, b) for a, b in zip(still[1], still[1], strict=True))
    first = moving[1]
    assert not torch.equal(first[0], moving[1][0])
    assert all(torch.equal(a, b) for a, b in zip(first, near_duplicate[1], strict=True))
    assert [part.dtype for part in first] == [torch.uint8, torch.uint8, torch.float32]


def test_a_normal_composite_is_its_own_background(tmp_path: Path):
    samples = [write_wall(tmp_path, index, cracked_wall(index)) for index in range(3)]
    images = Composites(samples, compose=WAYS["transplant"], background_px=16, crack_counts=(1,), training=True, seed=0)
    cracked, normal, label = images[0]
    assert torch.equal(cracked, normal)
    assert not label.any()


def whole_label(image: CrackImage) -> np.ndarray:
    return np.full(image.label.shape, 255, np.uint8)


def inverted_label(image: CrackImage) -> np.ndarray:
    return np.where(image.label, 0, 255).astype(np.uint8)


def small_label(image: CrackImage) -> np.ndarray:
    return image.label[:50, :50].astype(np.uint8) * 255


def crowded_label(image: CrackImage) -> np.ndarray:
    grid = np.zeros(image.label.shape, np.uint8)
    grid[::16] = grid[:, ::16] = 255
    return grid


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (whole_label, "002.png.* is white everywhere"),
        (inverted_label, "002.png.* marks 9.% .* seems inverted"),
        (small_label, "002.png.* is 50×50 px but its image"),
    ],
)
@pytest.mark.parametrize("method", ["crack-inpainting", "crack-matting"])
def test_a_label_that_cannot_be_right_is_named_before_the_training(tmp_path: Path, method: str, spoil, said: str):
    for index in range(6):
        image = cracked_wall(index)
        write_wall(tmp_path / "train", index, image, spoil(image) if index == 2 else None)
    settings = {"crop_px": 64, "epochs": 1} | ({"pretrained": False} if method == "crack-matting" else {})
    out = tmp_path / "wall.blemish"
    with pytest.raises(DataError, match=said) as caught:
        blemish.train(method, tmp_path, out, settings=settings)
    assert "\n" not in str(caught.value)
    assert not out.exists()


def test_images_without_crack_free_areas_are_said(tmp_path: Path):
    for index in range(6):
        image = cracked_wall(index)
        write_wall(tmp_path / "train", index, image, crowded_label(image))
    with pytest.raises(DataError, match=r"crack-free square of 32 px .* largest has 11 px; add images"):
        blemish.train("crack-inpainting", tmp_path, tmp_path / "wall.blemish", settings={"crop_px": 64, "epochs": 1})


def test_fat_but_dark_labels_are_taken(tmp_path: Path):
    pixels = np.full((60, 60, 3), 180, np.uint8)
    pixels[:36] = 30
    label = np.zeros((60, 60), np.bool_)
    label[:36] = True
    sample = write_wall(tmp_path, 0, CrackImage(pixels, label))
    (facts,) = check_labels([sample])
    assert facts.cracked
    assert (read_crack_image(sample).label == label).all()


def published() -> CrackInpainting:
    return CrackInpainting(CrackInpaintingSettings(), ("crack",), lambda *_: pytest.fail("no weights are needed"))


def improved() -> CrackMatting:
    return CrackMatting(CrackMattingSettings(pretrained=False), ("crack",), lambda *_: pytest.fail("not wanted"))


def test_the_published_map_is_the_brightening_alone():
    method = published().eval()
    image = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        score, brightening = method.graph()(image)
        normal = method.restore(image)[:, 0]
    luma = torch.from_numpy(np.stack([cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in image.numpy()])) / 255
    expected = (normal.clamp(max=1) - luma).clamp(min=0)
    torch.testing.assert_close(brightening, expected, atol=0.003, rtol=0)  # OpenCV rounds to whole grey values
    torch.testing.assert_close(score, brightening.flatten(1).topk(64).values.mean(dim=1))


def test_the_published_loss_is_the_mean_squared_error_of_the_restored_tile():
    method = published().eval()
    cracked, normal = torch.randint(0, 256, (2, 1, 64, 64, 3), dtype=torch.uint8)
    with torch.no_grad():
        found = method.compute_loss((cracked, normal, torch.zeros(1, 64, 64)))
        expected = ((method.restore(cracked) - method.from_bytes(normal)) ** 2).mean()
    torch.testing.assert_close(found, expected)


def test_a_restored_image_is_the_image_where_there_is_no_crack():
    image = torch.randint(0, 256, (1, 8, 8, 3), dtype=torch.uint8)
    logits = torch.full((1, 1, 8, 8), -50.0)
    logits[0, 0, 2, 3] = 50.0
    normal = restored(image, logits, torch.full((1, 3, 8, 8), 0.25))
    gain = normal - image.permute(0, 3, 1, 2) / 255
    assert gain[0, :, 2, 3].tolist() == pytest.approx([0.25] * 3, abs=1e-6)
    gain[0, :, 2, 3] = 0
    assert gain.abs().max() < 1e-6


def test_the_improved_loss_adds_the_label_and_the_restoration():
    rng = torch.Generator().manual_seed(0)
    cracked, normal = torch.randint(0, 256, (2, 2, 16, 16, 3), dtype=torch.uint8, generator=rng)
    logits = torch.randn(2, 1, 16, 16, generator=rng)
    darkening = torch.rand(2, 3, 16, 16, generator=rng)
    label = torch.rand(2, 1, 16, 16, generator=rng)
    found = matting_loss(logits, darkening, cracked, normal, label, dice_weight=0.5, restoration_weight=3)
    target = normal.permute(0, 3, 1, 2) / 255
    difference = (cracked.permute(0, 3, 1, 2) / 255 + logits.sigmoid() * darkening - target).abs().mean()
    segmentation = bce_dice_loss(logits, label, dice_weight=0.5, absent_classes=True)
    torch.testing.assert_close(found, segmentation + 3 * difference)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("crack-inpainting", {"crop_px": 32, "learning_rate": 0.01}),
        ("crack-matting", {"crop_px": 64, "pretrained": False, "learning_rate": 0.005}),
    ],
)
def test_a_detector_learns_from_composites_to_mark_real_cracks(tmp_path: Path, method: str, settings: dict):
    for index in range(12):
        write_wall(tmp_path / "train", index, cracked_wall(index))
    chosen = {"epochs": 16, "patience": 16, "min_strength": 0.9} | settings
    detector = blemish.train(method, tmp_path, tmp_path / "wall.blemish", settings=chosen, seed=1)
    unseen = cracked_wall(99)
    found = detector.inspect(unseen.pixels)
    assert found.mask is not None
    union = (found.mask | unseen.label).sum()
    assert (found.mask & unseen.label).sum() / union > 0.6
