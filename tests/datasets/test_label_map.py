"""``labelmap.txt`` keeps the classes of colour and index masks apart; without it, they are said to be one class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blemish.datasets import read_dataset
from blemish.errors import DataError

CRACK, SPALL = np.zeros((24, 32), bool), np.zeros((24, 32), bool)
CRACK[4:6, 2:30], SPALL[12:20, 8:16] = True, True
VOID = np.zeros((24, 32), bool)
VOID[22:] = True


def drawn(crack: Any, spall: Any, normal: Any = 0, void: Any = None, dtype: type = np.uint8) -> np.ndarray:
    shape = CRACK.shape if np.isscalar(crack) else (*CRACK.shape, 3)
    mask = np.full(shape, normal, dtype)
    mask[CRACK], mask[SPALL] = crack, spall
    if void is not None:
        mask[VOID] = void
    return mask


def palette(mask: np.ndarray, *table: tuple[int, int, int]) -> Image.Image:
    image = Image.fromarray(mask, "P")
    image.putpalette([channel for colour in table for channel in colour])
    return image


RED, GREEN, GREY = (250, 50, 83), (36, 179, 83), (90, 90, 90)
MASKS: dict[str, tuple[Any, str]] = {
    "indices 1 and 2": (drawn(1, 2), "crack:1\nspall:2"),
    "indices in the other order": (drawn(2, 1), "spall:1\ncrack:2"),
    "indices with a background": (drawn(1, 2), "background:0\ncrack:1\nspall:2"),
    "indices with 255 left open": (drawn(1, 2, void=255), "crack:1\nspall:2"),
    "far indices": (drawn(7, 120), "crack:7\nspall:120\nrust:9"),
    "255 as a class": (drawn(1, 255), "crack:1\nspall:255"),
    "greys": (drawn(128, 255), "crack:128\nspall:255"),
    "indices of 16 bit": (drawn(300, 2, dtype=np.uint16), "crack:300\nspall:2"),
    "CVAT's colours": (
        drawn(RED, GREEN),
        "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncrack:250,50,83::\nspall:36,179,83::",
    ),
    "colours without a background": (drawn(RED, GREEN), "crack:250,50,83\nspall:36,179,83"),
    "colours with VOC's border": (drawn(RED, GREEN, void=(224, 224, 192)), "crack:250,50,83\nspall:36,179,83"),
    "colours on a grey background": (drawn(RED, GREEN, GREY), "background:90,90,90\ncrack:250,50,83\nspall:36,179,83"),
    "a grey written as a colour": (drawn(40, 80), "crack:40,40,40::\nspall:80,80,80::"),
    "a colour that is grey": (drawn((40,) * 3, (80,) * 3), "crack:40\nspall:80"),
    "spaces and empty lines": (drawn(1, 2), "\n crack : 1 \n\nspall: 2\n\n"),
    "parts and actions behind": (drawn(1, 2), "crack:1:a,b:c\nspall:2::"),
    "a normal class beside": (drawn(1, 2, void=3), "crack:1\nspall:2\ngood:3"),
    "palette": (palette(drawn(1, 2), (0, 0, 0), RED, GREEN), "crack:250,50,83\nspall:36,179,83"),
    "palette in the other order": (palette(drawn(0, 1, 2), RED, GREEN, (0, 0, 0)), "crack:250,50,83\nspall:36,179,83"),
    "Windows line ends": (drawn(1, 2), "crack:1\r\nspall:2\r\n"),
}


def write_set(root: Path, mask: Any, label_map: str | None, layout: str = "images and masks") -> Path:
    photo = Image.fromarray(np.full((24, 32, 3), 120, np.uint8))
    folders = {"images and masks": ("images", "masks", ""), "masks beside": ("", "", "_mask")}
    images, masks, ending = folders[layout]
    for folder in (images, masks):
        (root / folder).mkdir(exist_ok=True)
    image = mask if isinstance(mask, Image.Image) else Image.fromarray(mask)
    empty = Image.fromarray(np.zeros_like(np.asarray(image))) if not isinstance(mask, Image.Image) else None
    for name, content in (("a", image), ("b", empty)):
        if content is not None:
            photo.save(root / images / f"{name}.jpg")
            content.save(root / masks / f"{name}{ending}.png")
    if label_map is not None:
        (root / "labelmap.txt").write_text(label_map, encoding="utf-8", newline="")
    return root


@pytest.mark.parametrize("layout", ["images and masks", "masks beside"])
@pytest.mark.parametrize("name", MASKS)
def test_classes_are_kept_apart(tmp_path: Path, name: str, layout: str):
    dataset = read_dataset(write_set(tmp_path, *MASKS[name], layout))
    assert set(dataset.classes) == {"crack", "spall"}
    sample = dataset.samples[0]
    assert set(sample.label.split("+")) == {"crack", "spall"}
    crack, spall = sample.read_class_masks(("crack", "spall"), 24, 32)
    np.testing.assert_array_equal(crack, CRACK)
    np.testing.assert_array_equal(spall, SPALL)
    is_open = "left open" in name or "border" in name
    ignored = sample.read_ignored(24, 32)
    np.testing.assert_array_equal(np.zeros_like(VOID) if ignored is None else ignored, VOID & is_open)
    if len(dataset) > 1 and "background" not in name:
        assert dataset.samples[1].label == "good"
        assert not dataset.samples[1].read_mask(24, 32).any()
    assert any('Classes by "labelmap.txt": ' in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("mask", "label_map", "said"),
    [
        (drawn(1, 2), "crack:1", "holds the colour 2,2,2, which is none of those"),
        (drawn(RED, GREEN), "crack:250,50,83", "holds the colour 36,179,83"),
        (drawn(1, 2), "crack", 'Line 1 of .* "crack:1" for index masks'),
        (drawn(1, 2), "crack:1\nspall:red", "Line 2"),
        (drawn(1, 2), "crack:1,2", "Line 1"),
        (drawn(1, 2), "crack:1\nspall:1", '"crack" and "spall" the same colour'),
    ],
)
def test_a_label_map_that_cannot_be_right_is_refused(tmp_path: Path, mask: np.ndarray, label_map: str, said: str):
    with pytest.raises(DataError, match=said):
        read_dataset(write_set(tmp_path, mask, label_map))


@pytest.mark.parametrize("mask", [drawn(1, 2), drawn(RED, GREEN), drawn(1, 2, void=255), drawn(40, 200)])
def test_without_one_it_is_said_that_the_classes_are_one(tmp_path: Path, mask: np.ndarray):
    dataset = read_dataset(write_set(tmp_path, mask, None))
    assert dataset.classes == ("defect",)
    assert any("They are one class; a labelmap.txt" in note for note in dataset.notes)


@pytest.mark.parametrize("mask", [drawn(1, 1), drawn(RED, RED), drawn(255, 255)])
def test_of_one_class_nothing_is_said(tmp_path: Path, mask: np.ndarray):
    assert not any("one class" in note for note in read_dataset(write_set(tmp_path, mask, None)).notes)
