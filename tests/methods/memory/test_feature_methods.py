"""What every feature method must do, whatever it learns: one row each."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

import blemish  # noqa: E402
from blemish.errors import DataError, SettingsError  # noqa: E402
from blemish.evaluation import auroc  # noqa: E402

pytestmark = pytest.mark.train

METHODS = ["padim", "patchcore", "patch-gaussian", "pca", "one-class-svm", "deep-svdd", "supersimplenet"]
SMALL = {"backbone": "squeezenet1_1", "pretrained": False, "size_px": 64}
QUICK = {"deep-svdd": {"epochs": 10, "patches": 1000}, "one-class-svm": {"patches": 300}, "padim": {"dimensions": 20}}
QUICK["patchcore"] = {"max_patches": 300}
QUICK["supersimplenet"] = {"steps": 80, "dimensions": 32, "hidden": 32}


@pytest.fixture(scope="module")
def cloth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Woven cloth that always lies alike, in normal images and in images with a dark scratch."""
    folder = tmp_path_factory.mktemp("cloth")
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:64, :64]
    for place, count in (("train/good", 15), ("test/good", 8), ("test/torn", 8)):
        (folder / place).mkdir(parents=True)
        for index in range(count):
            grey = 128 + 40 * np.sin(x / 1.6) * np.sin(y / 1.6) + rng.normal(0, 4, (64, 64)) + rng.uniform(-5, 5)
            image = np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
            if place.endswith("torn"):
                at = rng.integers(12, 52, 2).tolist()
                cv2.line(image, at, [at[0] - 8, at[1] + 8], (10, 10, 10), 4)
            cv2.imwrite(str(folder / place / f"{index:03d}.png"), image)
    return folder


@pytest.mark.parametrize("method", METHODS)
def test_it_tells_torn_cloth_from_good(method: str, cloth: Path, tmp_path: Path):
    settings = {**SMALL, **QUICK.get(method, {})}
    detector = blemish.train(method, cloth, tmp_path / "cloth.blemish", settings=settings, seed=2)
    found = [detector.inspect(path) for kind in ("good", "torn") for path in sorted((cloth / "test" / kind).iterdir())]
    scores = np.array([each.score for each in found])
    assert auroc(scores, np.arange(16) >= 8) > 0.9
    assert found[0].anomaly_map.shape == (64, 64)
    assert detector.spec.thresholds.reject is not None


@pytest.mark.parametrize("method", METHODS)
def test_images_at_their_own_resolution(method: str, cloth: Path, tmp_path: Path):
    settings = {**SMALL, **QUICK.get(method, {}), "size_px": None, "tile_px": 64}
    if method == "padim":
        with pytest.raises(SettingsError, match="needs one size"):
            blemish.train(method, cloth, tmp_path / "x.blemish", settings=settings)
        return
    detector = blemish.train(method, cloth, tmp_path / "x.blemish", settings=settings)
    assert detector.inspect(np.zeros((90, 130, 3), np.uint8)).anomaly_map.shape == (90, 130)


def test_padim_needs_two_images_to_compare(cloth: Path, tmp_path: Path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "only.png").write_bytes((cloth / "train/good/000.png").read_bytes())
    with pytest.raises(DataError, match="at least 2 normal images"):
        blemish.train("padim", tmp_path / "one", tmp_path / "x.blemish", settings=SMALL)


@pytest.mark.parametrize("method", METHODS)
def test_images_of_one_flat_colour_are_refused(method: str, tmp_path: Path):
    (tmp_path / "flat").mkdir()
    for index in range(6):
        cv2.imwrite(str(tmp_path / "flat" / f"{index}.png"), np.full((64, 64, 3), 90, np.uint8))
    with pytest.raises(DataError, match="one flat colour") as caught:
        blemish.train(method, tmp_path / "flat", tmp_path / "x.blemish", settings={**SMALL, **QUICK.get(method, {})})
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "x.blemish").exists()


@pytest.mark.parametrize("method", [each for each in METHODS if each != "padim"])
def test_one_image_trains_without_thresholds(method: str, cloth: Path, tmp_path: Path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "only.png").write_bytes((cloth / "train/good/000.png").read_bytes())
    settings = {**SMALL, **QUICK.get(method, {})}
    detector = blemish.train(method, tmp_path / "one", tmp_path / "x.blemish", settings=settings)
    found = detector.inspect(tmp_path / "one" / "only.png")
    assert found.verdict is None
    assert np.isfinite(found.score)


@pytest.mark.parametrize("method", METHODS)
def test_images_of_mixed_sizes_and_colours_train_one_detector(method: str, cloth: Path, tmp_path: Path):
    image = cv2.imread(str(cloth / "train/good/000.png"))
    (tmp_path / "mixed").mkdir()
    for index, size in enumerate([(64, 64), (90, 70), (200, 64), (30, 40), (65, 64)]):
        other = cv2.resize(image, size)
        cv2.imwrite(str(tmp_path / "mixed" / f"{index}.png"), other if index % 2 else other[..., 0])
    settings = {**SMALL, **QUICK.get(method, {})}
    detector = blemish.train(method, tmp_path / "mixed", tmp_path / "x.blemish", settings=settings)
    assert detector.inspect(image[:47, :33]).anomaly_map.shape == (47, 33)
