"""``auto``: what it tries on what, and by which rule it takes one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.stats import norm

torch = pytest.importorskip("torch")

import blemish  # noqa: E402
from blemish.datasets import read_dataset  # noqa: E402
from blemish.errors import BlemishError, DataError, SettingsError  # noqa: E402
from blemish.evaluation import auroc, bootstrap_difference  # noqa: E402
from blemish.methods import Candidate, get_method, method_names  # noqa: E402
from blemish.training.automatic import Trial, all_candidates, pick, pick_of_few, train_auto  # noqa: E402
from blemish.training.trials import Outcome, split_for_trials, too_few_to_compare, try_out  # noqa: E402

pytestmark = pytest.mark.train

SMALL = {"backbone": "squeezenet1_1", "pretrained": False, "size_px": 64}
TRIED = (
    Candidate(cost_rank=1, method="patch-gaussian", settings=SMALL),
    Candidate(cost_rank=2, method="padim", settings={**SMALL, "size_px": None}),
    Candidate(cost_rank=3, method="patchcore", settings=SMALL),
    Candidate(cost_rank=4, method="unet", min_masks=20),
)


def draw_images(folder: Path, count: int, *, spot: bool = False, seed: int = 0) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :64]
    for index in range(count):
        grey = 128 + 40 * np.sin(x / 1.6) * np.sin(y / 1.6) + rng.normal(0, 4, (64, 64))
        image = np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
        if spot:
            cv2.circle(image, rng.integers(12, 52, 2).tolist(), 6, (5, 5, 5), -1)
        cv2.imwrite(str(folder / f"{index:03d}.png"), image)


def test_the_card_tells_what_was_tried_and_why_one_was_taken(tmp_path: Path):
    draw_images(tmp_path / "good", 67)
    said: list[str] = []
    detector = train_auto(tmp_path / "good", tmp_path / "x.blemish", candidates=TRIED, say=said.append)
    assert detector.spec.method in ("patch-gaussian", "patchcore")
    assert detector.spec.provenance.n_train + detector.spec.provenance.n_held_out == 67  # on everything
    card = blemish.load(tmp_path / "x.blemish").container.card
    assert "## How it was chosen" in card
    assert "tried on 20 other normal ones and the same with painted defects" in card
    assert "needs one size" in card  # padim could not be tried: a remark, no error
    assert "needs 20 outlined defects" in card
    [taken] = [line for line in said if line.endswith("| taken |")]
    assert taken.startswith(f"| {detector.spec.method} ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good", "x.blemish", "x.training"]


def test_no_test_image_is_opened_and_labelled_defects_decide_where_there_are_enough(tmp_path: Path):
    draw_images(tmp_path / "train" / "good", 20)
    draw_images(tmp_path / "train" / "spot", 36, spot=True)
    for kind in ("good", "spot"):
        (tmp_path / "test" / kind).mkdir(parents=True)
        (tmp_path / "test" / kind / "0.png").write_bytes(b"not an image")
    [images] = split_for_trials(read_dataset(tmp_path), seed=0, say=lambda _: None)
    assert images.real
    assert {sample.split for sample in (*images.normal, *images.defects, *images.fit.samples)} == {"train"}
    everywhere = [sample.path for sample in (*images.normal, *images.defects, *images.fit.samples)]
    assert len(everywhere) == len(set(everywhere)) == 56
    detector = blemish.train("patch-gaussian", images.fit, tmp_path / "x.blemish", settings=SMALL)
    found = try_out(detector, images)
    assert found.auroc(real=True) > 0.9
    assert len(found.normal) == len(found.painted) == len(images.normal)
    again = try_out(detector, images)
    np.testing.assert_array_equal(again.painted, found.painted)


def test_the_best_is_taken_unless_something_cheaper_comes_near():
    rng = np.random.default_rng(0)
    good, bad, none = rng.normal(0, 1, 60), rng.normal(2, 1, 60), np.array([])
    poor = Trial(Candidate(cost_rank=1, method="poor"), Outcome(good, rng.normal(0.3, 1, 60), none, none, 1.0))
    nearly = Outcome(good + rng.normal(0, 0.05, 60), bad, none, none, 1.0)
    near = Trial(Candidate(cost_rank=1, method="near"), nearly)
    best = Trial(Candidate(cost_rank=1, method="best"), Outcome(good, bad + 0.01, none, none, 9.0))
    assert pick([poor, near, best], real=False)[0].method == "near"
    assert "by no more than one standard deviation" in pick([poor, near, best], real=False)[1]
    assert pick([poor, best], real=False)[0].method == "best"
    assert pick([best, near], real=False)[0].method == "best"


def test_every_candidate_is_a_method_with_possible_settings_and_the_cheapest_comes_first():
    found = all_candidates()
    assert [candidate.cost_rank for candidate in found] == sorted(candidate.cost_rank for candidate in found)
    assert len({candidate.cost_rank for candidate in found}) == len(found) >= 5
    for candidate in found:
        get_method(candidate.method).Settings.model_validate(dict(candidate.settings))
    assert {candidate.method for candidate in found} < set(method_names())


def test_nothing_that_could_be_tried_is_a_sentence():
    with pytest.raises(BlemishError, match="None of the methods"):
        pick([Trial(Candidate(cost_rank=1, method="unet"), None, remark="no masks")], real=False)


def test_methods_that_are_not_for_few_images_are_not_tried_on_few(tmp_path: Path):
    draw_images(tmp_path / "good", 2)
    with pytest.raises(BlemishError, match=r"could be trained \(none is for so few images\)"):
        train_auto(tmp_path / "good", tmp_path / "x.blemish", candidates=TRIED)


def test_no_normal_image_is_too_few(tmp_path: Path):
    draw_images(tmp_path / "train" / "spot", 2, spot=True)
    draw_images(tmp_path / "test" / "good", 2)
    with pytest.raises(DataError, match="no normal"):
        train_auto(tmp_path, tmp_path / "x.blemish")
    with pytest.raises(SettingsError, match=r"\.blemish"):
        train_auto(tmp_path / "good", tmp_path / "x.onnx")


def test_an_interrupted_trial_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from blemish.training import automatic

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(automatic, "try_out", interrupted)
    draw_images(tmp_path / "good", 22)
    with pytest.raises(KeyboardInterrupt):
        train_auto(tmp_path / "good", tmp_path / "out" / "x.blemish", candidates=FEW)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_defect_that_shares_its_group_with_a_held_out_normal_image_is_not_trained_on(tmp_path: Path):
    from dataclasses import replace

    from blemish.training.splits import split_few_labels

    draw_images(tmp_path / "train" / "good", 10)
    draw_images(tmp_path / "train" / "spot", 10, spot=True)
    dataset = read_dataset(tmp_path)
    dataset = replace(dataset, samples=tuple(replace(each, group=each.path.stem) for each in dataset.samples))
    parts = split_few_labels(dataset, seed=0, say=lambda _: None)
    aside = {sample.group for sample in parts.held_out.samples}
    assert len(aside) == 2
    assert not aside & {sample.group for sample in parts.fit.samples}
    assert sum(bool(sample.defective) for sample in parts.fit.samples) == 8


FEW = (
    Candidate(cost_rank=1, method="patch-gaussian", settings=SMALL),
    Candidate(cost_rank=3, method="patchcore", settings=SMALL, few_rank=1),
    Candidate(cost_rank=4, method="unet", min_masks=20),
)


def test_a_missing_bit_range_is_said_once_before_the_trials(tmp_path: Path):
    draw_images(tmp_path / "good", 3)
    for path in sorted((tmp_path / "good").iterdir()):
        cv2.imwrite(str(path), cv2.imread(str(path)).astype(np.uint16) * np.uint16(16))
    said: list[str] = []
    train_auto(tmp_path / "good", tmp_path / "x.blemish", candidates=FEW, say=said.append)
    [warning] = [sentence for sentence in said if "--bit-range 0,4095" in sentence]
    first_trial = next(number for number, sentence in enumerate(said) if sentence.startswith("Trying"))
    assert said.index(warning) < first_trial
    assert warning in (tmp_path / "x.training" / "training.log").read_text()


def test_of_few_images_each_is_held_out_in_turn(tmp_path: Path):
    draw_images(tmp_path / "good", 8)
    parts = split_for_trials(read_dataset(tmp_path / "good"), seed=0, say=lambda _: None)
    assert [len(part.normal) for part in parts] == [1] * 8
    for part in parts:
        fitted = {sample.path for sample in part.fit.samples}
        assert len(fitted | {part.normal[0].path}) == 8
        assert part.normal[0].path not in fitted
    assert len({part.normal[0].path for part in parts}) == 8


@pytest.mark.parametrize(
    ("images", "held_out", "paintings", "few"),
    [(19, 19, 4, True), (20, 6, 4, True), (65, 19, 4, True), (66, 20, 1, False)],
)
def test_fewer_than_twenty_held_out_images_do_not_compare_methods(
    tmp_path: Path, images: int, held_out: int, paintings: int, few: bool
):
    draw_images(tmp_path / "good", images)
    parts = split_for_trials(read_dataset(tmp_path / "good"), seed=0, say=lambda _: None)
    assert sum(len(part.normal) for part in parts) == held_out
    assert {part.paintings for part in parts} == {paintings}
    assert too_few_to_compare(parts) is few


def test_the_cheapest_within_one_standard_deviation_needs_more_than_six_held_out_images():
    def taken(images: int, rng: np.random.Generator) -> str:
        normal, defects, none = rng.normal(0, 1, images), rng.normal(0, 1, images), np.array([])
        trials = []
        for method, area in (("worse", 0.85), ("better", 0.95)):
            # Scores of two methods are correlated by one half; the distance of the means gives the area.
            distance = np.sqrt(2) * norm.ppf(area)
            own = [np.sqrt(0.5) * (shared + rng.normal(0, 1, images)) for shared in (normal, defects)]
            outcome = Outcome(own[0], own[1] + distance, none, none, 1.0)
            trials.append(Trial(Candidate(cost_rank=len(trials), method=method), outcome))
        return pick(trials, real=False)[0].method

    rng = np.random.default_rng(0)
    assert [taken(6, rng) for _ in range(16)].count("worse") > 8


def test_of_twenty_images_the_preferred_method_is_taken_and_its_thresholds_are_of_images_it_never_saw(tmp_path: Path):
    draw_images(tmp_path / "good", 20)
    cheaper = Candidate(cost_rank=1, method="padim", settings=SMALL, few_rank=2)
    detector = train_auto(tmp_path / "good", tmp_path / "x.blemish", candidates=(FEW[0], cheaper, FEW[1]))
    assert detector.spec.method == "patchcore"
    assert "patchcore" in detector.container.card.partition("## How it was chosen")[2]
    assert "patch-gaussian" not in detector.container.card
    made = detector.spec.provenance
    assert made.n_train + made.n_held_out == 20
    assert made.n_held_out == len(detector.spec.calibration.scores) > 0


def test_images_of_one_part_are_held_out_together(tmp_path: Path):
    from dataclasses import replace

    draw_images(tmp_path / "good", 6)
    dataset = read_dataset(tmp_path / "good")
    pairs = [replace(sample, group=str(number // 2)) for number, sample in enumerate(dataset.samples)]
    parts = split_for_trials(replace(dataset, samples=tuple(pairs)), seed=0, say=lambda _: None)
    assert all(len(part.fit) == 4 for part in parts)


def test_eight_images_train_a_detector_that_says_what_its_guarantee_is_worth(tmp_path: Path):
    draw_images(tmp_path / "good", 8)
    said: list[str] = []
    detector = train_auto(tmp_path / "good", tmp_path / "x.blemish", candidates=FEW, say=said.append)
    assert detector.spec.method == "patchcore", "of the few that are for few images"
    assert detector.spec.provenance.n_train == 8, "all of them, at the end"
    assert detector.spec.calibration is not None
    assert len(detector.spec.calibration.scores) == 8
    held_out = detector.spec.calibration.scores
    again = [detector.inspect(path).score for path in sorted((tmp_path / "good").iterdir())]
    assert max(score or 0 for score in again) < min(held_out), "held-out scores, and not those of learned images"
    # One in nine on average: above the highest of eight.
    assert detector.spec.thresholds.reject is not None
    assert max(held_out) < detector.spec.thresholds.reject <= np.nextafter(np.float32(max(held_out)), np.float32(9e9))
    told = " ".join(said)
    assert "from 11.2 % on" in told
    assert "29 images for 10 %, 59 for 5 %, 299 for 1 %" in told
    assert "held out in turn: trained on the other 7" in detector.container.card
    assert f"reject {detector.spec.thresholds.reject:g}" in detector.container.card.partition("## As calibrated")[2]
    defect = cv2.circle(np.full((64, 64, 3), 128, np.uint8), (30, 30), 9, (5, 5, 5), -1)
    assert detector.inspect(defect).verdict == "reject"


def test_one_image_trains_the_preferred_method_that_can_be_trained_and_no_thresholds(tmp_path: Path):
    draw_images(tmp_path / "good", 1)
    said: list[str] = []
    first = Candidate(cost_rank=5, method="padim", settings={**SMALL, "size_px": None}, few_rank=1)
    untried = Candidate(cost_rank=2, method="patchcore", settings=SMALL, few_rank=3)
    second = Candidate(cost_rank=4, method="patchcore", settings={**SMALL, "fraction": 0.5}, few_rank=2)
    detector = train_auto(
        tmp_path / "good", tmp_path / "x.blemish", candidates=(FEW[0], untried, second, first), say=said.append
    )
    assert detector.spec.settings["fraction"] == 0.5
    assert detector.spec.thresholds.reject is None
    told = " ".join(said)
    assert "Nothing was tried: one normal image leaves none to hold out." in told
    assert "needs one size" in told
    assert "is preferred with few images, of those that can be trained" in detector.container.card
    assert "1 normal image is too few to hold any out: the detector gets no thresholds." in told
    assert "held out in turn" not in told, "of one image, nothing can be"


def test_of_two_images_each_is_held_out_in_turn(tmp_path: Path):
    draw_images(tmp_path / "good", 2)
    said: list[str] = []
    detector = train_auto(tmp_path / "good", tmp_path / "x.blemish", candidates=FEW, say=said.append)
    assert len(detector.spec.calibration.scores) == 2
    assert any(line.endswith("thresholds none: all normal images were trained on.") for line in said)
    assert said[-1].startswith("Thresholds from the scores held out: On average")
    assert detector.spec.provenance.n_train == 2


def test_the_turns_are_pooled():
    from blemish.training.trials import pooled

    def turn(value: float) -> Outcome:
        one = np.array([value])
        return Outcome(one, np.array([value, value + 1]), np.array([value, 10 * value]), one, value)

    found = pooled([turn(1.0), turn(2.0), turn(6.0)])
    assert found.normal.tolist() == found.maxima.tolist() == [1, 2, 6]
    assert found.painted.tolist() == [1, 2, 2, 3, 6, 7]
    assert found.defects.tolist() == [3, 30], "each defect's mean over the turns"
    assert found.score_ms == 2


def of_few(method: str, few_rank: int, normal: list[float], painted: list[float]) -> Trial:
    none = np.array([])
    outcome = Outcome(np.array(normal), np.array(painted), none, none, 1.0)
    return Trial(Candidate(cost_rank=9 - few_rank, method=method, few_rank=few_rank), outcome)


NORMAL = [float(number) for number in range(8)]
"""Of eight images; below, each has two painted defects."""


def test_with_few_images_a_preferred_method_is_taken_unless_it_is_clearly_beaten():
    perfect = of_few("perfect", 2, NORMAL, [20.0] * 16)
    one_image_worse = of_few("first", 1, NORMAL, [20.0] * 14 + [1.5, 2.5])
    worse_everywhere = of_few("first", 1, NORMAL, [3.5, 2.5] * 8)
    assert one_image_worse.outcome.auroc(real=False) < 0.92
    taken, why = pick_of_few([perfect, one_image_worse])
    assert taken.method == "first", "the margin hangs on one image"
    assert "preferred with few images, and perfect (AUROC 1.000) is not clearly better: by 0.086" in why
    taken, why = pick_of_few([worse_everywhere, perfect])
    assert taken.method == "perfect"
    assert why == "perfect has the highest AUROC, 1.000, clearly above first."
    assert pick_of_few([perfect, of_few("first", 1, NORMAL, [20.0] * 16)])[0].method == "first", "equals"
    with pytest.raises(BlemishError, match="None of the methods"):
        pick_of_few([Trial(Candidate(cost_rank=1, method="first", few_rank=1), None, remark="no weights")])


def test_painted_defects_of_one_image_are_drawn_together():
    # Four strokes on the one image that both see differently are one observation: as four, they would be evidence.
    first = of_few("first", 1, NORMAL, [20.0] * 28 + [1.5] * 4)
    second = of_few("second", 2, NORMAL, [20.0] * 32)
    independent = bootstrap_difference(auroc, first.outcome.pairs(real=False), second.outcome.pairs(real=False))
    assert independent.low > 0
    assert pick_of_few([first, second])[0].method == "first"


def test_methods_for_few_images_are_ordered_and_the_first_choice_is_the_one_made_for_them():
    ranked = {candidate.few_rank: candidate.method for candidate in all_candidates() if candidate.few_rank}
    assert [ranked[rank] for rank in sorted(ranked)] == ["dino-memory", "patchcore", "padim"]
