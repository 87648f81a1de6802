"""Calibrating: a guarantee from normal images, refused where it could not be kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from blemish.calibration import (
    ThresholdRule,
    TooFewImagesError,
    guaranteed_threshold,
    image_maxima,
    p_value,
    pixel_threshold,
)
from blemish.datasets import image_digests, read_dataset
from blemish.detectors import ClassThreshold, Container, Detector, Thresholds, load
from blemish.detectors.card import calibrated_card
from blemish.errors import DataError, SettingsError
from blemish.images import ReadOptions, UsabilityLimits, list_images, read_image, write_png
from blemish.inspection import calibrate


@pytest.fixture
def good(tmp_path: Path) -> list[Path]:
    """Sixty walls whose darkest pixel differs."""
    rng = np.random.default_rng(0)
    for index, darkest in enumerate(rng.permutation(np.arange(100, 220))[:60]):
        image = np.full((12, 15, 3), 230, np.uint8)
        image[5, index % 15] = darkest
        write_png(tmp_path / "good" / f"{index:02d}.png", image)
    return list(list_images([tmp_path / "good"]).images)


def test_the_threshold_is_the_promised_one_of_the_scores(darkness: Container, good: list[Path]):
    detector = Detector(darkness)
    calibrated = calibrate(good, detector=detector, alpha=0.05).detector
    scores = np.array([detector.inspect(path).score for path in good])
    limits = calibrated.spec.thresholds
    assert limits.reject == guaranteed_threshold(scores, 0.05).threshold
    assert limits.review == guaranteed_threshold(scores, 0.25).threshold
    assert limits.pixel == detector.spec.thresholds.pixel
    assert "with 95 % confidence, at most 5 % of normal images" in limits.source.lower()
    assert calibrated.inspect(good[0]).p_value == p_value(scores[0], scores)


def test_the_calibrated_detector_survives_its_file(darkness: Container, good: list[Path], tmp_path: Path):
    calibrated = calibrate(good, detector=Detector(darkness), alpha=0.1).detector
    calibrated.save(tmp_path / "calibrated.blemish")
    assert load(tmp_path / "calibrated.blemish").spec == calibrated.spec
    assert calibrated.container.graph == darkness.graph


def test_pixels_are_calibrated_on_the_maximum_of_each_image(darkness: Container, good: list[Path]):
    calibrated = calibrate(good, detector=Detector(darkness), alpha=0.05, pixels=True).detector
    outlined = [bool(calibrated.inspect(path).regions) for path in good]
    assert sum(outlined) <= 1


@pytest.mark.parametrize("peak", [None, 0.7, 0.999])
def test_a_pixel_threshold_above_the_peak_raises_it(darkness: Container, good: list[Path], peak: float | None):
    before = darkness.spec.thresholds.model_copy(update={"peak": peak})
    detector = Detector(darkness).with_thresholds(before)
    maxima = sorted(image_maxima(detector.score(read_image(path))[1] for path in good))
    limits = calibrate(good, detector=detector, alpha=0.5, pixels=True).thresholds
    assert limits.pixel == pixel_threshold(np.array(maxima), 0.5).threshold
    assert limits.peak == (None if peak is None else max(peak, limits.pixel))


def test_a_calibrated_pixel_threshold_holds_for_every_class(light_and_dark: Container, tmp_path: Path):
    for level in range(30):
        write_png(tmp_path / f"{level}.png", np.full((8, 8, 3), 180 + level, np.uint8))
    images = list_images([tmp_path]).images
    lower = Thresholds(pixel=0.9, by_class=(ClassThreshold(label="1", pixel=0.1), ClassThreshold(label="2", pixel=0.9)))
    calibrated = calibrate(
        images, detector=Detector(light_and_dark).with_thresholds(lower), alpha=0.1, pixels=True
    ).detector
    assert not any(calibrated.inspect(path).regions for path in images)


@pytest.mark.parametrize("rule", ["mean-std:1", "min-max:0.5", "fixed:0.4"])
def test_a_published_rule_decides_instead_and_guarantees_nothing(darkness: Container, good: list[Path], rule: str):
    detector = Detector(darkness)
    calibrated = calibrate(good[:7], detector=detector, threshold_rule=rule).detector
    scores = np.array([detector.inspect(path).score for path in good[:7]])
    limits = calibrated.spec.thresholds
    assert limits.reject == ThresholdRule.parse(rule).threshold(scores)
    assert limits.review is None
    assert "no guarantee" in limits.source
    assert calibrated.spec.calibration.scores == tuple(sorted(scores))


def test_too_few_images_are_refused_with_the_number_needed(darkness: Container, good: list[Path]):
    with pytest.raises(TooFewImagesError, match="needs 299 held-out normal images"):
        calibrate(good, detector=Detector(darkness), alpha=0.01)


def test_images_that_trained_the_detector_are_refused(darkness: Container, good: list[Path]):
    digests = image_digests(read_dataset(good[0].parent))
    made = darkness.spec.provenance.model_copy(update={"images": digests[:2]})
    detector = Detector(replace(darkness, spec=darkness.spec.model_copy(update={"provenance": made})))
    with pytest.raises(DataError, match="2 of these 60 images trained the detector"):
        calibrate(good, detector=detector, alpha=0.1)


def test_copies_count_once_and_bad_files_not_at_all(darkness: Container, good: list[Path], tmp_path: Path):
    copy = tmp_path / "copy.png"
    copy.write_bytes(good[0].read_bytes())
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"not an image")
    said: list[str] = []
    calibrated = calibrate([*good, copy, bad], detector=Detector(darkness), alpha=0.1, say=said.append).detector
    assert calibrated.spec.calibration is not None
    assert len(calibrated.spec.calibration.scores) == 60
    assert said[0] == "1 copies of other images are left out."
    assert "bad.png" in said[1]


def test_images_that_cannot_be_judged_do_not_calibrate(darkness: Container, good: list[Path], tmp_path: Path):
    black = tmp_path / "black.png"
    write_png(black, np.zeros((12, 15, 3), np.uint8))
    limits = UsabilityLimits.none().model_copy(update={"dark_level": 40})
    detector = Detector(replace(darkness, spec=darkness.spec.model_copy(update={"usability": limits})))
    said: list[str] = []
    calibrated = calibrate([*good, black], detector=detector, alpha=0.05, say=said.append).detector
    assert calibrated.spec.calibration is not None
    assert len(calibrated.spec.calibration.scores) == len(good)
    assert any("black.png" in sentence and "too dark" in sentence for sentence in said)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, float("nan")])
def test_an_impossible_fraction_is_a_sentence(darkness: Container, good: list[Path], alpha: float):
    with pytest.raises(SettingsError):
        calibrate(good, detector=Detector(darkness), alpha=alpha)


@pytest.mark.parametrize(
    ("count", "said"), [(0, "There are no calibration scores"), (1, "needs 29 held-out normal images, and there is 1")]
)
def test_no_images_and_one_image_are_refused(darkness: Container, good: list[Path], count: int, said: str):
    with pytest.raises(DataError, match=said):
        calibrate(good[:count], detector=Detector(darkness), alpha=0.1)


class Stuck(Detector):
    """Gives every image the same score."""

    says = 0.25

    def _look(self, pixels):
        return replace(super()._look(pixels), score=self.says)


def test_a_detector_that_tells_nothing_apart_is_refused(darkness: Container, good: list[Path]):
    with pytest.raises(DataError, match=r"All 60 calibration scores equal 0\.25"):
        calibrate(good, detector=Stuck(darkness), alpha=0.1)


def test_a_training_image_is_refused_under_another_name(darkness: Container, good: list[Path], tmp_path: Path):
    renamed = tmp_path / "renamed.png"
    renamed.write_bytes(good[0].read_bytes())
    digests = image_digests(read_dataset(good[0].parent))
    made = darkness.spec.provenance.model_copy(update={"images": digests[:1]})
    detector = Detector(replace(darkness, spec=darkness.spec.model_copy(update={"provenance": made})))
    with pytest.raises(DataError, match=r"1 of these 60 images trained the detector, .*renamed\.png"):
        calibrate([*good[1:], renamed], detector=detector, alpha=0.1)


def test_each_group_with_images_enough_gets_its_own_guarantee_and_the_others_are_named(
    darkness: Container, good: list[Path]
):
    detector = Detector(darkness)
    scores = {path: detector.inspect(path).score for path in good}
    darkest = sorted(good, key=lambda path: -scores[path])
    for place, path in enumerate(darkest[:55]):
        target = path.parent / ("dark" if place < 30 else "light") / path.name
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    said: list[str] = []
    result = calibrate(good[0].parent, detector=detector, alpha=0.1, groups=True, say=said.append)
    assert result.thresholds == calibrate(good[0].parent, detector=detector, alpha=0.1).thresholds
    assert list(result.by_group) == ["dark"]
    expected = guaranteed_threshold([scores[path] for path in darkest[:30]], 0.1).threshold
    assert result.by_group["dark"].spec.thresholds.reject == expected > result.thresholds.reject
    assert result.files == {}
    assert said[1:] == [
        'Group "light" gets no calibration of its own: A false-alarm rate of at most 10 % with 95 % confidence '
        "needs 29 held-out normal images, and there are 25; add images, or ask for 11.3 % or more."
    ]


@pytest.fixture
def bad(tmp_path: Path) -> list[Path]:
    """Eighty walls with a dark pixel; one of them hardly dark."""
    for index in range(80):
        image = np.full((12, 15, 3), 230, np.uint8)
        image[5, index % 15] = 170 if index == 0 else index
        write_png(tmp_path / "bad" / f"{index:02d}.png", image)
    return list(list_images([tmp_path / "bad"]).images)


def test_by_both_tails_a_wall_without_any_grain_is_rejected(darkness: Container, good: list[Path], tmp_path: Path):
    detector = Detector(darkness)
    both = calibrate(good, detector=detector, alpha=0.1, confidence=None, tails="both", out=tmp_path / "b.blemish")
    empty = np.full((12, 15, 3), 230, np.uint8)
    one_sided = calibrate(good, detector=detector, alpha=0.1, confidence=None).detector
    assert one_sided.inspect(empty).verdict == "pass"
    found = load(tmp_path / "b.blemish").inspect(empty)
    assert found.verdict == "reject"
    assert found.p_value == pytest.approx(2 / 61)
    raw = np.array([detector.inspect(path).score for path in good])
    rejected = [both.detector.inspect(path).verdict == "reject" for path in good]
    k = int(0.1 * 61 / 2)
    ordered = np.sort(raw)
    assert rejected == list((raw < ordered[k - 1]) | (raw > ordered[60 - k]))


def test_calibrating_again_keeps_the_tails(darkness: Container, good: list[Path]):
    both = calibrate(good, detector=Detector(darkness), alpha=0.2, tails="both").detector
    again = calibrate(good, detector=both, alpha=0.2).detector
    assert again.spec.calibration == both.spec.calibration, "raw scores, and not their unusualness"
    assert again.spec.thresholds == both.spec.thresholds
    upper = calibrate(good, detector=both, alpha=0.2, tails="upper").detector
    assert upper.spec.calibration is not None
    assert upper.spec.calibration.tails == "upper"


def test_defects_tell_what_fraction_is_caught(darkness: Container, good: list[Path], bad: list[Path]):
    result = calibrate(good, detector=Detector(darkness), alpha=0.1, defects=bad)
    assert result.recall is not None
    assert result.recall.rejected is not None
    caught = sum(result.detector.inspect(path).verdict == "reject" for path in bad)
    assert result.recall.rejected.caught == caught == 79
    assert result.recall.rejected.at_least == pytest.approx(0.942, abs=1e-3)
    said = " ".join(result.recall.sentences())
    assert "Rejected: With 95 % confidence, at least 94.2 % of defects like these are caught (79 of 80" in said


def test_the_card_says_both_guarantees_and_a_later_calibration_replaces_them(
    darkness: Container, good: list[Path], bad: list[Path]
):
    first = calibrate(good, detector=Detector(darkness), alpha=0.1, defects=bad).detector
    card = first.container.card
    assert card.startswith(darkness.card.rstrip())
    assert f"review {first.spec.thresholds.review:g}, reject {first.spec.thresholds.reject:g}" in card
    assert f"at most 10 % of normal images are flagged ({len(good)} calibration images)" in card
    assert "- Rejected: With 95 % confidence, at least 94.2 % of defects like these are caught (79 of 80" in card
    again = calibrate(good, detector=first, alpha=0.2, tails="both").detector.container.card
    assert again.count("## As calibrated") == 1
    assert "at most 20 % of normal images" in again
    assert "by both tails" in again
    assert "defects like these" not in again
    later = f"{card}\n## Grown\n\nMore patches.\n"
    assert calibrated_card(later, first.spec).count("## Grown\n\nMore patches.\n\n## As calibrated\n") == 1


def test_the_review_band_widens_for_a_recall(darkness: Container, good: list[Path], bad: list[Path]):
    before = calibrate(good, detector=Detector(darkness), alpha=0.1, review_alpha=0.1)
    result = calibrate(good, detector=Detector(darkness), alpha=0.1, review_alpha=0.1, defects=bad, recall=0.96)
    verdicts = [result.detector.inspect(path).verdict for path in bad]
    assert set(verdicts) == {"reject", "review"}, "80 defects guarantee 96 % only where all of them are flagged"
    assert result.thresholds.reject == before.thresholds.reject
    flagged = sum(result.detector.inspect(path).verdict != "pass" for path in good)
    assert f"For that, {flagged} of 60 calibration images are flagged; no rate" in result.thresholds.source
    assert flagged > 6, "and the guarantee of the narrower band would not be true"
    assert "at most 10 % of normal images" in before.thresholds.source.partition("Review: ")[2]
    assert "Review: " not in result.thresholds.source


def test_a_band_that_is_wide_enough_stays(darkness: Container, good: list[Path], bad: list[Path]):
    before = calibrate(good, detector=Detector(darkness), alpha=0.1)
    result = calibrate(good, detector=Detector(darkness), alpha=0.1, defects=bad, recall=0.5)
    assert result.thresholds.review == before.thresholds.review
    assert result.thresholds.source.startswith(before.thresholds.source)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"recall": 0.9}, "takes images of defects"),
        ({"threshold_rule": "min-max:0.5", "tails": "both"}, "give it alone"),
    ],
)
def test_options_that_exclude_each_other(darkness: Container, good: list[Path], options: dict[str, object], says: str):
    with pytest.raises(SettingsError, match=says):
        calibrate(good, detector=Detector(darkness), **options)  # type: ignore[arg-type]


def test_a_recall_that_so_few_defects_cannot_guarantee(darkness: Container, good: list[Path], bad: list[Path]):
    with pytest.raises(TooFewImagesError, match=r"With 80 labelled defects, no threshold .* more than 96.4 %"):
        calibrate(good, detector=Detector(darkness), alpha=0.1, defects=bad, recall=0.97)


def test_one_image_cannot_be_normal_and_a_defect(darkness: Container, good: list[Path], bad: list[Path]):
    with pytest.raises(DataError, match="which is it"):
        calibrate(good, detector=Detector(darkness), alpha=0.1, defects=[*bad, good[3]])


def textured(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(60, 200, (48, 48, 3), np.uint8)


@pytest.mark.parametrize(("seen_as", "tails"), [("smoothness", "upper"), ("grain", "both")])
def test_tails_are_chosen_by_painted_defects(darkness: Container, tmp_path: Path, seen_as: str, tails: str):
    """A painted defect is smoother than this grain: a score of grain falls by it, and its negative rises."""
    from blemish.inspection.choosing_tails import choose_tails

    class Detected(Detector):
        def score(self, pixels):  # type: ignore[no-untyped-def,override]
            grain = float(np.abs(np.diff(pixels[..., 0].astype(float), axis=1)).mean())
            return (grain if seen_as == "grain" else -grain), None

    for index in range(60):
        write_png(tmp_path / f"{index:02d}.png", textured(index))
    images = list(list_images([tmp_path]).images)
    detector = Detected(darkness)
    scores = [detector.score(read_image(path))[0] for path in images]
    choice = choose_tails(detector, images, scores, ReadOptions())
    assert (choice.tails, "painted defects" in choice.why) == (tails, True)


def test_auto_tails_are_said_and_kept(darkness: Container, good: list[Path]):
    said: list[str] = []
    result = calibrate(good, detector=Detector(darkness), alpha=0.2, tails="auto", say=said.append)
    assert result.detector.spec.calibration is not None
    assert result.detector.spec.calibration.tails == "upper"
    assert any("The upper tail" in sentence for sentence in said)
