"""What the values of mask files mean is decided from a whole set, said, and refused where nothing decides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from blemish.datasets import FileMask, read_dataset
from blemish.datasets.mask_values import decide, merged, read_layer, take_census
from blemish.errors import DataError

HEIGHT_PX, WIDTH_PX = 48, 64
FIRST, SECOND = np.zeros((HEIGHT_PX, WIDTH_PX), bool), np.zeros((HEIGHT_PX, WIDTH_PX), bool)
FIRST[8:12, 5:50] = True
SECOND[20:40, 30:34] = True
TRUTH = FIRST | SECOND
VOID = cv2.dilate(TRUTH.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool) & ~TRUTH
BLACK, RED, BLUE, DARK = (0, 0, 0), (128, 0, 0), (0, 0, 200), (64, 0, 0)
WHITE, BORDER = (255, 255, 255), (224, 224, 192)


def index(first: int, second: int, void: int = 0, normal: int = 0, dtype: type = np.uint8) -> np.ndarray:
    drawn = np.full(TRUTH.shape, normal, dtype)
    drawn[FIRST], drawn[SECOND] = first, second
    if void:
        drawn[VOID] = void
    return drawn


def colours(first: Any, second: Any, normal: Any = BLACK, void: Any = None, dtype: type = np.uint8) -> np.ndarray:
    drawn = np.empty((*TRUTH.shape, 3), dtype)
    drawn[:], drawn[FIRST], drawn[SECOND] = normal, first, second
    if void is not None:
        drawn[VOID] = void
    return drawn


def palette(drawn: np.ndarray, table: dict[int, tuple[int, int, int]]) -> Image.Image:
    image = Image.fromarray(drawn, "P")
    flat = [0] * 768
    for place, colour in table.items():
        flat[3 * place : 3 * place + 3] = colour
    image.putpalette(flat)
    return image


def strokes(colour: tuple[int, int, int], alpha: int = 255, behind: tuple[int, int, int] = (0, 0, 0)) -> Image.Image:
    rgba = np.zeros((*TRUTH.shape, 4), np.uint8)
    rgba[..., :3] = behind
    rgba[TRUTH] = (*colour, alpha)
    return Image.fromarray(rgba)


def smoothed() -> np.ndarray:
    return cv2.GaussianBlur(TRUTH.astype(np.uint8) * 255, (0, 0), 1.2)


def through_jpeg(drawn: np.ndarray, quality: int = 80) -> np.ndarray:
    return cv2.imdecode(cv2.imencode(".jpg", drawn, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_UNCHANGED)


def with_nan() -> np.ndarray:
    drawn = TRUTH.astype(np.float32)
    drawn[VOID] = np.nan
    return drawn


@dataclass(frozen=True)
class Case:
    """One way to write a mask: what is saved, under which suffix, and whether `VOID` is ignored."""

    drawn: Any
    suffix: str = ".png"
    ignored: bool = False
    exact: bool = True
    options: dict[str, Any] = field(default_factory=dict)


def white_is_zero(dtype: type) -> Case:
    top = np.iinfo(dtype).max
    # Pillow itself inverts 8-bit files as it writes them.
    drawn = ((TRUTH if dtype is np.uint8 else ~TRUTH) * top).astype(dtype)
    return Case(drawn, ".tif", options={"tiffinfo": {TiffImagePlugin.PHOTOMETRIC_INTERPRETATION: 0}})


READ = {
    "0 and 1": Case(index(1, 1)),
    "0 and 255": Case(index(255, 255)),
    "0 and 128": Case(index(128, 128)),
    "ids 1, 2": Case(index(1, 2)),
    "ids 1, 200": Case(index(1, 200)),
    "ids 3, 254": Case(index(3, 254)),
    "ids of 16 bit": Case(index(1000, 40000, dtype=np.uint16)),
    "ids as Cityscapes has them": Case(index(26000, 33001, dtype=np.uint16)),
    "small ids of 16 bit": Case(index(1, 300, dtype=np.uint16)),
    "ids of 32 bit": Case(index(7, 70000, dtype=np.int32), ".tif"),
    "class 1 with a border of 255": Case(index(1, 1, void=255), ignored=True),
    "classes 1 and 18 with a border of 255": Case(index(1, 18, void=255), ignored=True),
    "class 1 with a border of 255 in 16 bit": Case(index(1, 1, void=255, dtype=np.uint16), ignored=True),
    "class 1 with a border of 65535": Case(index(1, 2, void=65535, dtype=np.uint16), ignored=True),
    "-1 for ignore": Case(index(1, 1, void=-1, dtype=np.int32), ".tif", ignored=True),
    "not a number for ignore": Case(with_nan(), ".tif", ignored=True),
    "0.0 and 1.0": Case(TRUTH.astype(np.float32), ".tif"),
    "0.0 and 255.0": Case(TRUTH.astype(np.float32) * 255, ".tif"),
    "probabilities": Case(np.where(TRUTH, np.float32(0.8), np.float32(0.1)), ".tif"),
    "stretched classes 85, 170, 255": Case(np.maximum(index(170, 255), index(85, 0))),
    "VOC colours": Case(colours(RED, DARK)),
    "VOC colours with a border": Case(colours(RED, DARK, void=BORDER), ignored=True),
    "class colours on white": Case(colours(RED, BLUE, normal=WHITE)),
    "colours of 16 bit": Case(colours((40000, 0, 0), (0, 300, 0), dtype=np.uint16)),
    "white of 16-bit RGB": Case(colours((65535,) * 3, (65535,) * 3, dtype=np.uint16)),
    "one of 16-bit RGB": Case(colours((1,) * 3, (1,) * 3, dtype=np.uint16)),
    "grey RGB, 0 and 1": Case(colours((1,) * 3, (1,) * 3)),
    "palette, black first": Case(palette(index(1, 2), {1: RED, 2: BLUE})),
    "palette, black last": Case(palette(index(0, 1, normal=2), {0: RED, 1: BLUE, 2: BLACK})),
    "palette, white first": Case(palette(index(1, 2), {0: WHITE, 1: RED, 2: BLUE})),
    "palette of two greys, reversed": Case(palette(index(0, 0, normal=1), {0: WHITE, 1: BLACK})),
    "palette without black and white": Case(palette(index(1, 2), {0: (90, 90, 140), 1: RED, 2: BLUE})),
    "palette that is black all over": Case(palette(index(1, 2), {})),
    "VOC palette with a border": Case(palette(index(1, 2, void=255), {1: RED, 2: DARK, 255: BORDER}), ignored=True),
    "palette with a white border": Case(palette(index(1, 2, void=255), {1: RED, 2: DARK, 255: WHITE}), ignored=True),
    "black strokes": Case(strokes(BLACK)),
    "red strokes on clear white": Case(strokes((200, 0, 0), behind=WHITE)),
    "half-transparent strokes": Case(strokes((0, 255, 0), alpha=90)),
    "colours that are transparent all over": Case(strokes(WHITE, alpha=0)),
    "black strokes, grey and alpha": Case(Image.fromarray(np.dstack([TRUTH * 0, TRUTH * 255]).astype(np.uint8), "LA")),
    "black and white with a clear frame": Case(
        np.dstack([np.repeat(index(255, 255)[..., None], 3, axis=2), np.pad(np.full((40, 56), 255, np.uint8), 4)])
    ),
    "white holes in a black layer": Case(
        np.dstack([np.repeat(index(255, 255)[..., None], 3, axis=2), ~index(255, 255)])
    ),
    "smoothed": Case(smoothed(), exact=False),
    "compressed once": Case(through_jpeg(index(255, 255)), exact=False),
    "compressed hard": Case(through_jpeg(index(255, 255), 30), exact=False),
    "lossy WebP": Case(index(255, 255), ".webp", exact=False),
    "lossless WebP": Case(colours(RED, DARK), ".webp", options={"lossless": True, "exact": True}),
    "JPEG": Case(index(255, 255), ".jpg", exact=False),
    "JPEG of quality 30": Case(index(255, 255), ".jpg", exact=False, options={"quality": 30}),
    "JPEG of two bright greys": Case(index(150, 255), ".jpg", exact=False),
    "smoothed, as JPEG": Case(smoothed(), ".jpg", exact=False),
    "JPEG in colour": Case(colours((255, 0, 0), (0, 255, 255)), ".jpg", exact=False),
    "white is zero, 8 bit": white_is_zero(np.uint8),
    "white is zero, 16 bit": white_is_zero(np.uint16),
    "1 bit": Case(Image.fromarray(TRUTH)),
}

STRAY = np.maximum(index(255, 255), np.eye(HEIGHT_PX, WIDTH_PX, 62, dtype=np.uint8) * 3)
HOLES = np.dstack([np.zeros((*TRUTH.shape, 3), np.uint8), np.where(TRUTH, 0, 255).astype(np.uint8)])

REFUSED = {
    "grey classes in a JPEG": (Case(index(90, 220), ".jpg"), "greys below mid-grey"),
    "grey classes in a JPEG of low quality": (Case(index(70, 255), ".jpg", options={"quality": 40}), "greys below"),
    "grey ids in a JPEG": (Case(index(60, 120, void=0) + index(0, 135), ".jpg"), "greys below mid-grey"),
    "grey classes in a lossy WebP": (Case(index(100, 255), ".webp"), "greys below mid-grey"),
    "dark classes in a JPEG": (Case(index(50, 110), ".jpg"), "without a value above mid-grey"),
    "two conventions at once in numbers": (Case(index(1, 2, void=-4, dtype=np.int32), ".tif"), "numbers"),
    "ids 1 to 255": (Case(index(130, 255, void=7)), "7, 130 and 255"),
    "classes 40, 80 and white": (Case(index(140, 255, void=40)), "40, 140 and 255"),
    "greys without 0": (Case(index(2, 3, void=4, normal=1)), "nowhere 0"),
    "colours in 16 bit without black": (
        Case(colours((9, 0, 0), (0, 9, 0), normal=(5, 5, 9), dtype=np.uint16)),
        "black",
    ),
    "a fraction beyond 1": (Case(np.where(TRUTH, np.float32(1.4), np.float32(0)), ".tif"), "no classes"),
    "no 0": (Case(index(2, 2, normal=1)), "nowhere 0"),
    "stray pixels of 3 in black and white": (Case(STRAY), "a few pixels of 3"),
    "ids up to 255": (Case(index(200, 255, void=100)), "100, 200 and 255"),
    "half of white": (Case(index(128, 255)), "128 and 255"),
    "smoothed and dim": (Case(smoothed() // 3), "no value above mid-grey"),
    "indices in a JPEG": (Case(index(1, 2), ".jpg"), "do not survive JPEG"),
    "dark class colours in a JPEG": (Case(colours((150, 0, 0), (0, 0, 140)), ".jpg"), "dark class colours"),
    "colours without black or white": (Case(colours(RED, BLUE, normal=(90, 90, 140))), "without black or white"),
    "black layer with holes": (Case(HOLES), "black alone"),
    "numbers that are no classes": (Case(np.where(TRUTH, np.float32(7.5), np.float32(-4)), ".tif"), "numbers"),
}


def save(case: Case, path: Path) -> Path:
    path = path.with_suffix(case.suffix)
    path.parent.mkdir(parents=True, exist_ok=True)
    deep_colour = isinstance(case.drawn, np.ndarray) and case.drawn.ndim == 3 and case.drawn.dtype == np.uint16
    if deep_colour:
        path.write_bytes(cv2.imencode(".png", case.drawn[..., ::-1])[1].tobytes())
        return path
    image = case.drawn if isinstance(case.drawn, Image.Image) else Image.fromarray(case.drawn)
    image.save(path, **case.options)
    return path


@pytest.mark.parametrize("name", READ)
def test_a_mask_file_alone_is_read_as_it_was_meant(name: str, tmp_path: Path):
    case = READ[name]
    mask = FileMask(save(case, tmp_path / "mask"))
    found, ignored = mask.read(HEIGHT_PX, WIDTH_PX), mask.read_ignored(HEIGHT_PX, WIDTH_PX)
    if case.exact:
        np.testing.assert_array_equal(found, TRUTH)
    else:
        assert (found ^ TRUTH).sum() < 0.1 * TRUTH.sum()
    np.testing.assert_array_equal(np.zeros_like(TRUTH) if ignored is None else ignored, VOID & case.ignored)


@pytest.mark.parametrize("name", READ)
def test_a_set_with_an_empty_mask_is_read_as_it_was_meant(name: str, tmp_path: Path):
    case = READ[name]
    write_images(tmp_path, 1)
    save(case, tmp_path / "masks" / "0")
    (sample,) = read_dataset(tmp_path).samples
    found = sample.read_mask(HEIGHT_PX, WIDTH_PX)
    assert (found ^ TRUTH).sum() <= (0 if case.exact else 0.1 * TRUTH.sum())
    assert (sample.read_ignored(HEIGHT_PX, WIDTH_PX) is not None) == case.ignored


@pytest.mark.parametrize("name", REFUSED)
def test_values_that_can_be_read_in_two_ways_are_refused(name: str, tmp_path: Path):
    case, said = REFUSED[name]
    write_images(tmp_path, 1)
    mask = save(case, tmp_path / "masks" / "0")
    with pytest.raises(DataError, match=said):
        FileMask(mask).read(HEIGHT_PX, WIDTH_PX)
    with pytest.raises(DataError, match=said):
        read_dataset(tmp_path)


def write_images(root: Path, count: int) -> None:
    (root / "images").mkdir()
    for number in range(count):
        Image.fromarray(np.full((HEIGHT_PX, WIDTH_PX, 3), 90 + number, np.uint8)).save(
            root / "images" / f"{number}.png"
        )


def write_set(root: Path, *drawn: np.ndarray) -> Path:
    write_images(root, len(drawn))
    for number, mask in enumerate(drawn):
        save(Case(mask), root / "masks" / str(number))
    return root


EMPTY = np.zeros_like(index(0, 0))


def test_the_whole_set_decides_what_one_file_cannot(tmp_path: Path):
    corner = EMPTY.copy()
    corner[:6, :6] = 255  # alone, this would be a defect
    dataset = read_dataset(write_set(tmp_path, index(1, 1, void=255), corner, index(1, 0), EMPTY))
    masks = [sample.read_mask(HEIGHT_PX, WIDTH_PX) for sample in dataset.samples]
    assert [int(mask.sum()) for mask in masks] == [TRUTH.sum(), 0, FIRST.sum(), 0]
    assert dataset.samples[1].read_ignored(HEIGHT_PX, WIDTH_PX).sum() == 36
    assert any("255" in note and "ignored" in note for note in dataset.notes)


def test_two_conventions_in_one_set_are_refused(tmp_path: Path):
    with pytest.raises(DataError, match="none both"):
        read_dataset(write_set(tmp_path, index(1, 1), index(255, 255)))


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (index(255, 255), None),
        (index(1, 1), None),
        (index(1, 2), "above 0 (1, 2)"),
        (index(1, 1, void=255), "255 stands beside class indices (1) and is ignored"),
        (smoothed(), "above 127 are defects"),
        (
            colours(RED, DARK, void=BORDER),
            "black is normal, RGB 64-0-0, RGB 128-0-0 defective, RGB 224-224-192 ign",
        ),
    ],
)
def test_what_was_decided_is_said(tmp_path: Path, drawn: np.ndarray, said: str | None):
    notes = read_dataset(write_set(tmp_path, drawn, EMPTY if drawn.ndim == 2 else colours(BLACK, BLACK))).notes
    assert [said in note for note in notes if "ask" in note] == [True] * (said is not None)


def test_a_damaged_mask_is_left_to_whoever_reads_it(tmp_path: Path):
    write_set(tmp_path, index(1, 2), EMPTY)
    (tmp_path / "masks" / "1.png").write_bytes(b"damaged")
    dataset = read_dataset(tmp_path)
    assert dataset.samples[0].read_mask(HEIGHT_PX, WIDTH_PX).sum() == TRUTH.sum()
    with pytest.raises(DataError, match=r"1\.png"):
        dataset.samples[1].read_mask(HEIGHT_PX, WIDTH_PX)


def pages(*drawn: np.ndarray) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        first, *others = (Image.fromarray(each) for each in drawn)
        first.save(path, save_all=True, append_images=others)
        return path

    return write


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (pages(index(255, 255), index(255, 255)), True),
        (pages(EMPTY, index(255, 255)), True),
        (pages(index(255, 255), EMPTY, EMPTY), True),
        (pages(index(255, 255), index(255, 255)[::4, ::4]), True),
        (pages(index(255, 0), index(0, 255)), False),
    ],
)
def test_of_several_pages_the_one_that_holds_something_counts(write: Callable, read: bool, tmp_path: Path):
    mask = FileMask(write(tmp_path / "mask.tif"))
    if read:
        np.testing.assert_array_equal(mask.read(HEIGHT_PX, WIDTH_PX), TRUTH)
    else:
        with pytest.raises(DataError, match="2 pages that differ"):
            mask.read(HEIGHT_PX, WIDTH_PX)


def test_ids_of_many_touching_objects_are_not_taken_for_smoothed_edges():
    blocks = np.kron(np.arange(1, 13, dtype=np.uint8).reshape(3, 4) * 20, np.ones((16, 16), np.uint8))
    blocks[0] = 0
    census = merged([take_census(layer_of(blocks), "a")])
    meaning = decide(census)
    assert meaning.above == 0
    assert meaning.note.startswith("Mask values above 0 (20, 40, 60, 80, … 240) are all read as defects. They are one ")


def layer_of(drawn: np.ndarray) -> Any:
    from blemish.datasets.mask_values import Layer

    return Layer(drawn)


def test_values_are_counted_as_a_histogram_counts_them(tmp_path: Path):
    drawn = np.random.default_rng(0).integers(0, 7, (31, 17), dtype=np.uint8)
    path = tmp_path / "m.png"
    Image.fromarray(drawn).save(path)
    layer = read_layer(path)
    values, counts = np.unique(drawn, return_counts=True)
    expected = {layer.code_of(int(value)): int(count) for value, count in zip(values, counts, strict=True)}
    assert dict(take_census(layer, "m").values) == expected
