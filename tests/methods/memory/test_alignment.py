"""Parts in a jig: images in other poses are aligned with a reference."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

import blemish  # noqa: E402
from blemish.detectors import load  # noqa: E402
from blemish.detectors.schema import InputSpec, encode_reference  # noqa: E402
from blemish.errors import ImageError, SettingsError  # noqa: E402
from blemish.images import read_image  # noqa: E402
from blemish.inspection import file_sources, inspect_images  # noqa: E402
from blemish.methods.data.image_stream import ImageStream  # noqa: E402

pytestmark = pytest.mark.train

SMALL = {"backbone": "squeezenet1_1", "pretrained": False, "size_px": 96, "strides": [4], "smoothing_px": 1.0}
PLACED = {**SMALL, "position_weight": 0.5}
SIDE = 128


def part(rng: np.random.Generator, *, shift: tuple[int, int] = (0, 0), degrees: float = 0.0) -> NDArray[np.uint8]:
    """A plate with two holes and an edge, moved."""
    image = np.full((SIDE, SIDE, 3), 70, np.uint8)
    cv2.rectangle(image, (20, 24), (104, 96), (190, 190, 190), -1)
    cv2.circle(image, (44, 56), 13, (40, 40, 40), -1, cv2.LINE_AA)
    cv2.circle(image, (84, 70), 8, (40, 40, 40), -1, cv2.LINE_AA)
    matrix = cv2.getRotationMatrix2D((63.5, 63.5), degrees, 1.0)
    matrix[:, 2] += shift
    image = cv2.warpAffine(image, matrix, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
    return np.clip(image + rng.normal(0, 3, image.shape), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def plates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plates")
    rng = np.random.default_rng(0)
    (folder / "train" / "good").mkdir(parents=True)
    for number in range(24):
        moved = part(rng, shift=tuple(rng.integers(-5, 6, 2).tolist()), degrees=float(rng.uniform(-8, 8)))
        cv2.imwrite(str(folder / "train" / "good" / f"{number:02d}.png"), part(rng) if number == 0 else moved)
    return folder


def test_a_part_that_lies_askew_is_as_good_as_one_that_does_not(plates: Path, tmp_path: Path):
    reference = plates / "train" / "good" / "00.png"
    rng = np.random.default_rng(1)
    straight, askew = part(rng), part(rng, shift=(14, -10), degrees=9)
    hurt = askew.copy()
    cv2.circle(hurt, (90, 56), 6, (20, 20, 20), -1)
    scores = {}
    for name, settings in (("as it lies", {}), ("aligned", {"align": str(reference)})):
        detector = blemish.train("patchcore", plates, tmp_path / "x.blemish", settings={**PLACED, **settings})
        scores[name] = [detector.inspect(image).score for image in (straight, askew, hurt)]
    assert scores["as it lies"][1] > 2.5 * scores["as it lies"][0]
    assert scores["as it lies"][2] < 1.05 * scores["as it lies"][1]
    assert scores["aligned"][1] < 1.5 * scores["aligned"][0]
    assert scores["aligned"][2] > 2 * scores["aligned"][1]
    # From the file, without the reference image, and with the map where the image shows the defect.
    answer = load(tmp_path / "x.blemish").inspect(hurt)
    assert answer.score == pytest.approx(scores["aligned"][2])
    assert not any("as it lies" in note for note in answer.notes)
    y, x = np.unravel_index(answer.anomaly_map.argmax(), answer.anomaly_map.shape)
    assert np.hypot(x - 90, y - 56) <= 6


def test_training_sees_aligned_images(plates: Path):
    folder = plates / "train" / "good"
    first = read_image(folder / "00.png")
    spec = InputSpec(size_px=(SIDE, SIDE), reference=encode_reference(first))
    (aligned,) = ImageStream(sorted(folder.iterdir())).batches(spec)
    (lying,) = ImageStream(sorted(folder.iterdir())).batches(InputSpec(size_px=(SIDE, SIDE)))
    middle = (slice(None), slice(16, 112), slice(16, 112))
    off = [np.abs(images.astype(int) - first)[middle].mean(axis=(1, 2, 3))[1:] for images in (aligned, lying)]
    assert off[0].max() < 6 < off[1].mean()


def test_an_image_of_something_else_is_inspected_as_it_is_and_that_is_said(plates: Path, tmp_path: Path):
    reference = plates / "train" / "good" / "00.png"
    detector = blemish.train("padim", plates, tmp_path / "x.blemish", settings={**SMALL, "align": str(reference)})
    image = tmp_path / "noise.png"
    cv2.imwrite(str(image), np.random.default_rng(2).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8))
    for answer in (detector.inspect(image), *inspect_images(detector, file_sources([image]))):
        assert any("as it lies" in note for note in answer.notes)
        assert answer.verdict == "reject"


def test_masks_move_with_their_images(plates: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from blemish.methods.memory import supersimplenet

    rng = np.random.default_rng(3)
    image = part(rng, shift=(14, -10), degrees=9)
    matrix = cv2.getRotationMatrix2D((63.5, 63.5), 9, 1.0)
    matrix[:, 2] += (14, -10)
    hole = (matrix @ [84, 70, 1]).round().astype(int).tolist()
    mask = cv2.circle(np.zeros((SIDE, SIDE), np.uint8), hole, 8, 255, -1)
    for place, pixels in (("test/dent", image), ("ground_truth/dent", mask), ("train/dent", image)):
        (tmp_path / "set" / place).mkdir(parents=True)
        cv2.imwrite(str(tmp_path / "set" / place / "0.png"), pixels)
    seen = []
    original = supersimplenet.SuperSimpleNet._defects

    def spied(self):
        for features, its_mask in original(self):
            seen.append(its_mask)
            yield features, its_mask

    monkeypatch.setattr(supersimplenet.SuperSimpleNet, "_defects", spied)
    manifest = tmp_path / "set.csv"
    goods = "".join(f"{path},good,,train\n" for path in sorted((plates / "train" / "good").iterdir()))
    manifest.write_text(
        f"path,label,mask,split\n{goods}{tmp_path}/set/train/dent/0.png,dent,{tmp_path}/set/ground_truth/dent/0.png,train\n"
    )
    settings = {**SMALL, "steps": 2, "hidden": 8, "align": str(plates / "train" / "good" / "00.png")}
    blemish.train("supersimplenet", manifest, tmp_path / "x.blemish", settings=settings)
    (its_mask,) = (one.numpy() for one in seen if one is not None)
    y, x = (
        float((its_mask * axis).sum() / its_mask.sum()) for axis in np.mgrid[: its_mask.shape[0], : its_mask.shape[1]]
    )
    scale = its_mask.shape[0] / SIDE
    assert (x, y) == pytest.approx((84 * scale, 70 * scale), abs=1.5)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"rotations": 4}, "choose one"), ({"size_px": None}, "give size_px"), ({"align": "none.png"}, r"none\.png")],
)
def test_what_cannot_be_is_a_sentence(plates: Path, tmp_path: Path, settings: dict, said: str):
    reference = str(plates / "train" / "good" / "00.png")
    with pytest.raises((SettingsError, ImageError), match=said):
        blemish.train("patchcore", plates, tmp_path / "x.blemish", settings={**SMALL, "align": reference, **settings})


def test_a_reference_is_checked_when_a_detector_is_read(plates: Path):
    image = read_image(plates / "train" / "good" / "00.png")
    text = encode_reference(image)
    assert InputSpec(size_px=(64, 64), reference=text).place(image) is not None
    for wrong in ("no base64!", text[: len(text) // 2], "aGVsbG8="):
        with pytest.raises(ValueError, match="reference is no picture"):
            InputSpec(size_px=(64, 64), reference=wrong)
    with pytest.raises(ValueError, match="needs size_px"):
        InputSpec(tile_px=64, reference=text)
