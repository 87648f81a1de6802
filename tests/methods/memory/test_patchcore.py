"""PatchCore as a whole: fitted on normal images, exported, finding what is not good."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

import blemish  # noqa: E402
from blemish.errors import BlemishError, DataError, SettingsError, WeightsError  # noqa: E402
from blemish.evaluation import auroc  # noqa: E402
from blemish.methods.parts.nearest_neighbour import NearestNeighbour  # noqa: E402

pytestmark = pytest.mark.train

# Random numbers for weights are good enough for such cloth, and the network is quickly exported.
SMALL = {"backbone": "squeezenet1_1", "pretrained": False, "size_px": 64, "max_patches": 300}


def weave(rng: np.random.Generator, size: tuple[int, int] = (64, 64)) -> NDArray[np.uint8]:
    """A woven texture with another phase and light each time."""
    y, x = np.mgrid[: size[0], : size[1]]
    a, b = rng.uniform(0, 6.28, 2)
    grey = 128 + 40 * np.sin(x / 1.6 + a) * np.sin(y / 1.6 + b) + rng.normal(0, 4, size) + rng.uniform(-8, 8)
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def torn(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """The same with a dark scratch."""
    ends = rng.integers(10, min(image.shape[:2]) - 10, 4).tolist()
    ends[2] = ends[0] + 20 if ends[0] < image.shape[1] // 2 else ends[0] - 20
    return cv2.line(image.copy(), ends[:2], ends[2:], (10, 10, 10), 4)


def draw_set(folder: Path, *, good: int = 12, size: tuple[int, int] = (64, 64)) -> Path:
    rng = np.random.default_rng(3)
    for place, count, bad in (("train/good", good, False), ("test/good", 8, False), ("test/torn", 8, True)):
        (folder / place).mkdir(parents=True)
        for index in range(count):
            image = torn(weave(rng, size), rng) if bad else weave(rng, size)
            cv2.imwrite(str(folder / place / f"{index:03d}.png"), image)
    return folder


@pytest.fixture(scope="module")
def cloth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_set(tmp_path_factory.mktemp("cloth 천"))


@pytest.fixture(scope="module")
def trained(cloth: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("out") / "cloth.blemish"
    blemish.train("patchcore", cloth, out, settings=SMALL)
    return out


def scores_of(detector: blemish.Detector, folder: Path) -> list[float]:
    return [detector.inspect(path).score or 0.0 for path in sorted(folder.iterdir())]


def test_the_anomaly_map_points_at_the_scratch(trained: Path):
    rng = np.random.default_rng(9)
    image = weave(rng)
    scratched = cv2.line(image.copy(), (40, 20), (40, 50), (10, 10, 10), 4)
    anomaly_map = blemish.load(trained).inspect(scratched).anomaly_map
    assert anomaly_map is not None
    assert anomaly_map.shape == (64, 64)
    assert abs(np.unravel_index(anomaly_map.argmax(), anomaly_map.shape)[1] - 40) <= 10


def test_thresholds_and_p_values_come_from_held_out_normal_images(trained: Path):
    spec = blemish.load(trained).spec
    assert spec.provenance.n_train + spec.provenance.n_held_out == 12
    assert spec.calibration is not None
    assert len(spec.calibration.scores) == spec.provenance.n_held_out
    assert spec.thresholds.reject is not None
    assert spec.thresholds.reject >= max(spec.calibration.scores)
    assert "of normal images are flagged" in spec.thresholds.source
    assert spec.classes == ()


@pytest.mark.parametrize("k", [1, 900, 2100])
def test_the_graph_finds_what_scikit_learn_finds(k: int):
    from sklearn.neighbors import NearestNeighbors

    rng = np.random.default_rng(0)
    bank, patches = rng.normal(size=(k, 10)).astype(np.float32), rng.normal(size=(2, 10, 3, 4)).astype(np.float32)
    found = NearestNeighbour(torch.from_numpy(bank))(torch.from_numpy(patches))
    rows = patches.transpose(0, 2, 3, 1).reshape(-1, 10)
    expected = NearestNeighbors(n_neighbors=1).fit(bank).kneighbors(rows)[0]
    np.testing.assert_allclose(found.numpy().ravel(), expected.ravel(), rtol=1e-4, atol=1e-3)


def test_reweighting_follows_equation_7():
    rng = np.random.default_rng(1)
    bank, patches = rng.normal(size=(40, 5)), rng.normal(size=(1, 5, 2, 2))
    head = NearestNeighbour(torch.tensor(bank).float(), neighbours=9)
    features = torch.tensor(patches).float()
    unusual = head(features)
    rows = patches[0].reshape(5, 4).T
    distances = np.linalg.norm(rows[:, None] - bank[None], axis=2)
    worst = int(distances.min(axis=1).argmax())
    nearest = int(distances[worst].argmin())
    around = np.argsort(np.linalg.norm(bank - bank[nearest], axis=1))[:9]
    exponentials = np.exp(distances[worst] / 5**0.5)
    weight = 1 - exponentials[nearest] / exponentials[around].sum()
    expected = weight * distances[worst, nearest]
    assert head.image_score(features, unusual, 1).item() == pytest.approx(expected, rel=1e-4)


def train_with(data: Path, out: Path, **settings: object) -> blemish.Detector:
    return blemish.train("patchcore", data, out, settings={**SMALL, **settings})


@pytest.mark.parametrize(
    "settings",
    [
        {"projection": "whiten", "dimensions": 24, "score_patches": 5, "local_contrast_px": 17},
        {"projection": "random", "dimensions": 24, "position_weight": 0.2, "rotations": 4},
        {"scaling": "none", "reweighting": 5, "smoothing_px": 0.0, "strides": [4, 8]},
        {"size_px": None, "tile_px": 64},
    ],
)
def test_every_option_gives_a_detector_that_works(cloth: Path, tmp_path: Path, settings: dict[str, object]):
    detector = train_with(cloth, tmp_path / "cloth.blemish", **settings)
    good, bad = scores_of(detector, cloth / "test/good"), scores_of(detector, cloth / "test/torn")
    assert auroc(np.array(good + bad), np.array([False] * 8 + [True] * 8)) > 0.9


def test_large_images_are_seen_at_their_own_resolution_in_tiles(cloth: Path, tmp_path: Path):
    detector = train_with(cloth, tmp_path / "cloth.blemish", size_px=None, tile_px=64)
    large = weave(np.random.default_rng(5), (150, 210))
    scratched = cv2.line(large.copy(), (180, 90), (180, 120), (10, 10, 10), 4)
    found = detector.inspect(scratched)
    assert found.anomaly_map is not None
    assert found.anomaly_map.shape == (150, 210)
    y, x = np.unravel_index(found.anomaly_map.argmax(), found.anomaly_map.shape)
    assert abs(x - 180) <= 10
    assert 80 <= y <= 130
    assert (found.score or 0) > (detector.inspect(large).score or 0)


def test_the_usual_proportions_of_the_images_are_kept(tmp_path: Path):
    wide = draw_set(tmp_path / "wide", good=6, size=(64, 128))
    assert train_with(wide, tmp_path / "a.blemish", size_px=96).spec.input.size_px == (64, 128)
    assert train_with(wide, tmp_path / "b.blemish", size_px=96, keep_aspect=False).spec.input.size_px == (96, 96)


def test_what_lies_outside_the_region_is_not_looked_at(cloth: Path, tmp_path: Path):
    region = np.zeros((64, 64), np.uint8)
    region[:, 32:] = 255
    cv2.imwrite(str(tmp_path / "region.png"), region)
    detector = train_with(
        cloth, tmp_path / "cloth.blemish", region=str(tmp_path / "region.png"), smoothing_px=0, strides=[4]
    )
    good = weave(np.random.default_rng(5))
    outside = cv2.line(good.copy(), (8, 20), (8, 50), (10, 10, 10), 4)
    inside = cv2.line(good.copy(), (50, 20), (50, 50), (10, 10, 10), 4)
    assert detector.inspect(outside).score == pytest.approx(detector.inspect(good).score, rel=0.2)
    assert detector.inspect(inside).score > 2 * detector.inspect(outside).score
    assert detector.inspect(outside).anomaly_map[:, :26].max() == 0


def test_one_image_is_enough_for_a_detector_without_thresholds(tmp_path: Path):
    (tmp_path / "data").mkdir()
    cv2.imwrite(str(tmp_path / "data" / "only.png"), weave(np.random.default_rng(0)))
    said: list[str] = []
    detector = blemish.train("patchcore", tmp_path / "data", tmp_path / "x.blemish", settings=SMALL, say=said.append)
    assert detector.inspect(weave(np.random.default_rng(1))).verdict is None
    assert any("too few to hold any out" in sentence for sentence in said)


def test_a_memory_larger_than_all_patches_keeps_them_all(cloth: Path, tmp_path: Path):
    card = train_with(cloth, tmp_path / "cloth.blemish", fraction=1.0, max_patches=1_000_000).container.card
    kept, seen = map(int, re.search(r"(\d+) of (\d+) patches", card).groups())
    assert kept == seen


def test_an_interrupted_fit_leaves_nothing_but_its_log(cloth: Path, tmp_path: Path, monkeypatch):
    from blemish.methods.parts.memory_bank import MemoryBank

    def interrupted(self, vectors):
        raise KeyboardInterrupt

    monkeypatch.setattr(MemoryBank, "add", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train_with(cloth, tmp_path / "out" / "x.blemish")
    assert {path.name for path in (tmp_path / "out").rglob("*")} == {"x.training", "training.log", ".lock"}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"strides": [8, 4]}, "ascending powers of two"),
        ({"strides": [3]}, "ascending powers of two"),
        ({"size_px": None, "position_weight": 1.0}, "needs images of one size"),
    ],
)
def test_impossible_settings_are_a_sentence(cloth: Path, tmp_path: Path, settings: dict[str, object], said: str):
    with pytest.raises(SettingsError, match=said) as caught:
        train_with(cloth, tmp_path / "x.blemish", **settings)
    assert "\n" not in str(caught.value)


def test_a_region_that_is_black_is_a_sentence(cloth: Path, tmp_path: Path):
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((64, 64), np.uint8))
    with pytest.raises(DataError, match="nothing would be inspected"):
        train_with(cloth, tmp_path / "x.blemish", region=str(tmp_path / "black.png"))
    with pytest.raises(BlemishError, match=r"none\.png"):
        train_with(cloth, tmp_path / "x.blemish", region=str(tmp_path / "none.png"))


def test_without_any_weights_auto_takes_the_built_in_network(cloth: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("BLEMISH_WEIGHTS", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)
    detector = train_with(cloth, tmp_path / "x.blemish", backbone="auto", pretrained=True)
    assert detector.spec.settings["backbone"] == "scattering"


def test_weights_of_another_network_are_refused_also_where_the_network_is_chosen_by_itself(cloth: Path, tmp_path: Path):
    from safetensors.torch import save_file

    save_file({"stem.kernel": torch.zeros(3, 3)}, tmp_path / "other.safetensors")
    for backbone in ("auto", "mobilenet_v2"):
        settings = {**SMALL, "backbone": backbone, "pretrained": True}
        with pytest.raises(
            WeightsError, match=r'another architecture.*"features\.0\.0\.weight".*"stem\.kernel"'
        ) as caught:
            blemish.train(
                "patchcore", cloth, tmp_path / "x.blemish", settings=settings, weights=tmp_path / "other.safetensors"
            )
        assert "\n" not in str(caught.value)
        with pytest.raises(WeightsError, match="no weights file"):
            blemish.train(
                "patchcore", cloth, tmp_path / "x.blemish", settings=settings, weights=tmp_path / "none.safetensors"
            )
