"""The adversarial study's system: domains, splits, grid, baselines, and one tiny run of its tables and pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

from blemish.datasets import Sample, read_dataset
from blemish.errors import DataError, SettingsError
from blemish.methods import method_names
from blemish.reproduction import reproduce
from blemish.reproduction.baselines import NAMES, PCA, baseline_scores
from blemish.reproduction.systems import adversarial_study
from blemish.reproduction.systems.adversarial_study import AdversarialStudySystem, min_max
from blemish.reproduction.systems.domains import split

pytestmark = pytest.mark.train

TINY = {"size_px": 32, "width": 4, "batch_size": 8}


def draw(folder: Path, count: int, *, cracked: bool, seed: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number in range(count):
        pixels = rng.normal(170, 4, (40, 40, 3)).clip(0, 255).astype(np.uint8)
        if cracked:
            cv2.line(pixels, (4, 4 + number), (36, 30), (20, 20, 20), 3)
        cv2.imwrite(str(folder / f"{number:05}.png"), pixels)


@pytest.fixture(scope="module")
def metu(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "metu"
    draw(root / "Negative", 24, cracked=False, seed=0)
    draw(root / "Positive", 12, cracked=True, seed=1)
    return root


@pytest.fixture(scope="module")
def chests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("data") / "chest"
    for seed, (name, count) in enumerate((("train/normal", 20), ("test/normal", 6), ("test/covid", 6))):
        draw(root / name, count, cracked=name.endswith("covid"), seed=seed)
    return root


def test_a_quarter_of_the_normal_patches_and_as_many_cracked_ones_test(metu: Path):
    dataset = read_dataset(metu)
    one, again, other = (split("building", dataset, seed, max_train=None, max_test=None) for seed in (0, 0, 1))
    assert one == again
    tests = {sample.path for sample in one.split("test").samples}
    assert tests != {sample.path for sample in other.split("test").samples}
    assert sum(bool(sample.defective) for sample in one.split("test").samples) == len(tests) / 2 == 6
    train = one.split("train").samples
    assert len(train) == 18
    assert not any(sample.defective or sample.path in tests for sample in train)


def test_of_a_whole_set_some_are_drawn_and_no_test_image_trains(metu: Path, chests: Path):
    dealt = split("building", read_dataset(metu), 0, max_train=5, max_test=4)
    tests = {sample.path for sample in dealt.split("test").samples}
    assert (len(dealt.split("train").samples), len(tests)) == (5, 8)
    assert not any(sample.path in tests for sample in dealt.split("train").samples)
    chest = split("medical", read_dataset(chests), 0, max_train=5, max_test=4)
    assert (len(chest.split("train").samples), len(chest.split("test").samples)) == (5, 12)


@pytest.mark.parametrize(("profile", "trains"), [("quick", (4000, 1000)), ("paper", (None, None))])
def test_quick_learns_from_fewer_images_and_a_memory_from_fewer_still(metu: Path, profile: str, trains):
    system = AdversarialStudySystem()
    of = system.variants(profile, system.read([metu]))
    assert (of["building: fanogan"]["max_train"], of["building: patchcore"]["max_train"]) == trains
    assert {one["max_test"] for one in of.values()} == {1000 if profile == "quick" else None}


def test_the_studys_two_methods_train_as_long_as_in_the_study(chests: Path):
    system = AdversarialStudySystem()
    paper = system.variants("paper", system.read([chests]))
    chosen = paper["medical: fanogan"]
    kept = ("epochs", "encoder_epochs", "learning_rate", "batch_size", "size_px", "colour")
    assert [chosen[name] for name in kept] == [100, 20, 0.001, 16, 128, False]
    assert paper["medical: autoencoder"]["epochs"] != 100


def test_both_domains_have_every_method_and_the_published_runs_are_the_studys(metu: Path, chests: Path):
    system = AdversarialStudySystem()
    data = system.read([metu, chests])
    paper = system.variants("paper", data)
    assert set(data) == {"building", "medical"}
    assert {settings["method"] for settings in paper.values()} <= {*method_names(), "trivial baselines"}
    best = paper["building: fanogan"]
    assert (best["size_px"], best["colour"], best["epochs"], best["learning_rate"]) == (64, True, 500, 0.0005)
    chest = paper["medical: ganomaly"]
    assert (chest["size_px"], chest["colour"], chest["epochs"], chest["learning_rate"]) == (128, False, 100, 0.001)
    assert best["augment"] == chest["augment"] == "angle-colour"


def test_the_grid_is_the_studys_and_runs_only_where_it_is_named(metu: Path):
    system = AdversarialStudySystem()
    data = system.read([metu])
    grid = system.on_request("quick", data)
    assert len(grid) == 2 * 2 * 2 * 3 * 2 * 2
    assert not set(grid) & set(system.variants("quick", data))
    chosen = grid["building: ganomaly grey 128 px, batch 64, 0.0005, angle-colour"]
    kept = ("method", "colour", "size_px", "batch_size", "learning_rate", "augment")
    assert [chosen[name] for name in kept] == ["ganomaly", False, 128, 64, 0.0005, "angle-colour"]


def test_scores_are_scaled_by_their_own_extremes():
    np.testing.assert_allclose(min_max(np.array([3.0, 1.0, 2.0])), [1.0, 0.0, 0.5])
    assert min_max(np.array([2.0, 2.0])).tolist() == [0.0, 0.0]


def test_baselines_are_their_numbers(metu: Path):
    samples = read_dataset(metu).samples
    normal = [sample for sample in samples if not sample.defective]
    cracked = [sample for sample in samples if sample.defective]
    plain = {name: scores for name, (scores, _) in baseline_scores(normal[:18], [*normal[18:], *cracked]).items()}
    assert set(plain) == set(NAMES)
    for name in ("standard deviation", "mean |Laplacian|", "darkest pixel", PCA):
        assert plain[name][:6].max() < plain[name][6:].min(), name
    grey = cv2.resize(cv2.cvtColor(cracked[0].read_image(), cv2.COLOR_RGB2GRAY), (64, 64))
    assert plain["mean grey"][6] == pytest.approx(grey.mean(), abs=0.5)
    assert plain["standard deviation"][6] == pytest.approx(grey.std(), rel=0.02)


def test_a_baseline_without_a_direction_is_a_distance_from_normal_images(tmp_path: Path):
    samples = []
    for number, level in enumerate((100, 110, 120, 110, 60, 160)):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((16, 16, 3), level, np.uint8))
        samples.append(Sample(tmp_path / f"{number}.png", label="any"))
    distance = baseline_scores(samples[:3], samples[3:])["mean grey"][1]
    assert distance[0] == pytest.approx(0, abs=1e-3)
    assert distance[1] == pytest.approx(distance[2], rel=1e-3)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["metu", "metu"], 'both of the domain "building"'),
        (["metu/Negative"], "none of the study's sets"),
    ],
)
def test_a_folder_of_another_layout_is_told_what_is_missing(metu: Path, tmp_path: Path, names, message: str):
    with pytest.raises(DataError, match=message):
        reproduce("adversarial-study", [metu.parent / name for name in names], tmp_path / "out")


def test_x_rays_without_test_images_are_refused(chests: Path, tmp_path: Path):
    draw(tmp_path / "one/train/normal", 3, cracked=False, seed=0)
    draw(tmp_path / "one/train/covid", 3, cracked=True, seed=0)
    with pytest.raises(DataError, match="not split as the study's"):
        reproduce("adversarial-study", [tmp_path / "one"], tmp_path / "out")


def test_a_tiny_run_gives_tables_pictures_and_counts(metu: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(adversarial_study._STEPS, "ganomaly", 20)
    monkeypatch.setitem(adversarial_study._QUICK, "ganomaly", TINY)
    how = {"seeds": [0], "variants": ["building: gan*y", "building: trivial*"]}
    done = reproduce("adversarial-study", [metu], tmp_path / "out", **how)
    assert not done.failures
    best, table = done.tables
    assert best.name == "as-published"
    rows = {row.name: row for row in table.rows}
    assert rows["darkest pixel"].mean("AUROC") == 1.0
    assert rows["ganomaly"].test_opened == 1
    assert rows["memae"].mean("AUROC") is None
    assert 0 <= rows["ganomaly"].mean("min-max normal") <= rows["ganomaly"].mean("either way") <= 1
    assert 0 <= rows["ganomaly"].mean("both tails") <= 1
    assert rows["darkest pixel"].mean("both tails") is None
    page = done.page.read_text()
    for said in ("min-max scaled scores", "ROC", "distribution", "losses", "original, reconstruction, difference"):
        assert said in page
    with pytest.raises(SettingsError, match="no variant"):
        reproduce("adversarial-study", [metu], tmp_path / "out", seeds=[0], variants=["medical: *"])
