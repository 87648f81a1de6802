"""The verb `calibrate`: thresholds with a guarantee, from normal images that a detector has never seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from blemish.bundled import locate
from blemish.calibration import Guarantee, Tails, ThresholdRule, bands, pixel_threshold
from blemish.datasets import groups_of_images, list_normal_images
from blemish.detectors import Calibration, Detector, Thresholds, require_free
from blemish.detectors.card import calibrated_card
from blemish.detectors.runtime import Precision, RuntimeName
from blemish.errors import DataError, SettingsError
from blemish.images import BitRange, ReadOptions
from blemish.inspection.choosing_tails import choose_tails
from blemish.inspection.defects_caught import CaughtDefects, caught_defects, scores_of_defects, with_recall
from blemish.inspection.progress import OnProgress, Say, silent
from blemish.inspection.ready import ready
from blemish.inspection.scores_of_normals import NormalScore, score_normals, scores_of_jobs

# Without another wish, the review band takes five times as many normal images as the reject band.
_REVIEW_FACTOR = 5.0


@dataclass(frozen=True, slots=True)
class _Goal:
    """What is to be guaranteed, as `calibrate` is asked."""

    alpha: float
    confidence: float | None
    review_alpha: float | None
    pixels: bool
    rule: ThresholdRule | None
    tails: Tails
    recall: float | None


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """What `blemish.calibrate` returns.

    Attributes:
        detector: with thresholds and p-values from all images together.
        by_group: one for each group with images enough; empty where groups were not asked for.
        files: what was written, the common detector first; empty without ``out``.
        recall: what the given defects say about the fraction caught; None without any.
    """

    detector: Detector
    by_group: Mapping[str, Detector]
    files: Mapping[Path, Detector]
    recall: CaughtDefects | None = None

    @property
    def thresholds(self) -> Thresholds:
        """Where decisions of the common detector fall, and what they guarantee."""
        return self.detector.spec.thresholds


def calibrate(
    data: Path | str | Iterable[Path | str] | None = None,
    *,
    detector: Detector | Path | str,
    jobs: Iterable[Path | str] | None = None,
    alpha: float = 0.01,
    confidence: float | None = 0.95,
    review_alpha: float | None = None,
    pixels: bool = False,
    threshold_rule: str | None = None,
    tails: Tails | Literal["auto"] | None = None,
    defects: Path | str | Iterable[Path | str] | None = None,
    recall: float | None = None,
    groups: bool = False,
    bit_range: BitRange | None = None,
    max_megapixels: float | None = None,
    out: Path | str | None = None,
    force: bool = False,
    threads: int | None = None,
    runtime: RuntimeName = "onnxruntime",
    say: Say = silent,
    on_progress: OnProgress = silent,
) -> CalibrationResult:
    """Set thresholds and p-values from normal images, with a guarantee about false alarms; the graph stays as it is.

    Args:
        data: images of normal surfaces, or folders of them, each of another part, that did not train the detector.
        detector: one that is loaded, or a file, or the name of a bundled one.
        jobs: instead of ``data``: folders in which inspections of normal images with this detector have left their
            scores, on several machines for example. The result is that of all these images.
        alpha: at most this fraction of normal images will be rejected.
        confidence: with which that holds for this calibration; None: on average over calibrations only.
        review_alpha: at most this fraction will be rejected or sent to review; None takes five times ``alpha``.
        pixels: also set the pixel threshold, so that at most ``alpha`` of normal images show any outline at all.
        threshold_rule: how the score of an image is decided instead, without a guarantee and without a review band, as
            publications do: ``mean-std:K``, ``min-max:F`` or ``fixed:T``; see `blemish.calibration.ThresholdRule`.
        tails: ``both`` also flags images that score unusually low, with the same guarantee: half of the false alarms
            are spent on either side, so it takes about twice the images. ``auto`` chooses by painted defects (see
            `blemish.inspection.choosing_tails`). None keeps the detector's own.
        defects: images of defects that did not train the detector, or folders of them: the result tells what fraction
            of such defects is caught, as an exact lower bound.
        recall: the review band is widened until at least this fraction of such defects is rejected or sent to review,
            with ``confidence``; needs ``defects``.
        groups: also calibrate each camera, line or lot by itself: sub-folders, or the groups of ``groups.csv``. The
            guarantee of all together speaks of their mixture, a group's own of that group.
        bit_range: raw values that become black and white in images of more than 8 bits, kept in the result; None takes
            the detector's own.
        max_megapixels: larger images are refused; None refuses those above 500, or of a suspicious size.
        out: detector file to write, the detector's own one included; those of groups stand beside it. None writes none.
        force: replace another file that is there already.
        threads, runtime: what a detector that is not loaded may use; see `Detector`.
        say, on_progress: told what was left out, and how far the run is.

    Raises:
        DataError: an image trained the detector, or none can be read; a folder of ``jobs`` holds another inspection.
        TooFewImagesError: the message gives the number that the guarantee needs.
        SettingsError: a fraction outside (0, 1), no such rule, ``recall`` without defects, or options that exclude each
            other; ``jobs`` with what takes images: ``pixels``, ``groups``, ``tails="auto"``, a bit range.
        DetectorError: no such detector, or ``out`` is there already.

    Example:
        >>> import tempfile, blemish
        >>> from blemish.synthesis import write_synthesis
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = write_synthesis(f"{folder}/walls", n=8, size_px=64, crack_fraction=0.0, test_fraction=0.0)
        ...     result = blemish.calibrate(made.folder, detector="concrete-crack", alpha=0.4)
        >>> result.thresholds.reject is not None
        True
    """
    if recall is not None and defects is None:
        raise SettingsError("A guaranteed recall takes images of defects; give them with defects (--defects).")
    rule = None if threshold_rule is None else ThresholdRule.parse(threshold_rule)
    if rule is not None and (tails in ("both", "auto") or recall is not None):
        raise SettingsError("threshold_rule decides without a guarantee and by high scores; give it alone.")
    folders = [] if jobs is None else _as_list(jobs)
    if bool(folders) == (data is not None):
        raise SettingsError("Give either normal images (--data) or job folders of them (--job).")
    if folders and (pixels or groups or tails == "auto" or bit_range or max_megapixels):
        raise SettingsError(
            "Job folders hold the scores of images and not their maps, and how they were read: --pixels, --groups, "
            "--tails auto, --bit-range and --max-megapixels take the images themselves; give them with --data."
        )
    common_file = None if out is None else Path(out)
    if common_file is not None and not _is_file_of(detector, common_file):
        require_free(common_file, force=force)
    group_of = {} if data is None else _group_of_each(_as_list(data), groups, say)
    names = sorted({group for group in group_of.values() if group is not None})
    group_files = {} if common_file is None else _group_files(common_file, names)
    for file in group_files.values():
        require_free(file, force=force)
    options = ReadOptions(bit_range, max_megapixels)
    given_detector = ready(detector, len(group_of), threads=threads, runtime=runtime)
    before = given_detector.spec.calibration
    own_tails: Tails = "upper" if before is None or rule is not None else before.tails
    if folders:
        answers, options = scores_of_jobs(folders, given_detector, say)
    loaded = _reading_as(given_detector, options)
    if not folders:
        answers = score_normals(loaded, list(group_of), options, pixels=pixels, say=say, on_progress=on_progress)
    if tails == "auto":
        choice = choose_tails(
            loaded, [answer.image for answer in answers], [answer.score for answer in answers], options
        )
        say(choice.why)
        tails = choice.tails
    goal = _Goal(alpha, confidence, review_alpha, pixels, rule, tails or own_tails, recall)
    bad: list[float] = []
    if defects is not None:
        normal = frozenset(answer.image.resolve() for answer in answers)
        bad = scores_of_defects(loaded, _as_list(defects), normal, options, say)
    common, own = _calibrated(loaded, answers, goal, bad), _by_group(loaded, answers, group_of, goal, bad, say)
    files: dict[Path, Detector] = {}
    if common_file is not None:
        files = {common_file: common, **{group_files[group]: one for group, one in own.items()}}
    for file, calibrated in files.items():
        calibrated.save(file)
    return CalibrationResult(common, own, files, caught_defects(common, bad, confidence, recall) if bad else None)


def _as_list(data: Path | str | Iterable[Path | str]) -> list[Path]:
    return [Path(data)] if isinstance(data, str | Path) else [Path(one) for one in data]


def _is_file_of(detector: Detector | Path | str, file: Path) -> bool:
    own = detector.path if isinstance(detector, Detector) else locate(Path(detector))
    return own is not None and own.resolve() == file.resolve()


def _group_of_each(given: Sequence[Path], groups: bool, say: Say) -> Mapping[Path, str | None]:
    """All images, and the camera, line or lot of each where ``groups`` are asked for."""
    listed = list_normal_images(given)
    for note in listed.notes:
        say(note)
    return groups_of_images(listed.paths, given) if groups else dict.fromkeys(listed.paths)


def _reading_as(detector: Detector, options: ReadOptions) -> Detector:
    """The detector with the bit range that is asked for, if one is, and without calibration: it gives raw scores."""
    read = detector.spec.input.model_copy(update={"bit_range": detector.read_options(options).bit_range})
    return detector.with_spec(detector.spec.model_copy(update={"input": read, "calibration": None}))


def _by_group(
    detector: Detector,
    answers: Sequence[NormalScore],
    group_of: Mapping[Path, str | None],
    goal: _Goal,
    bad: Sequence[float],
    say: Say,
) -> dict[str, Detector]:
    members: dict[str, list[NormalScore]] = {}
    for answer in answers:
        group = group_of.get(answer.image)
        if group is not None:
            members.setdefault(group, []).append(answer)
    own: dict[str, Detector] = {}
    for group, of_group in members.items():
        try:
            own[group] = _calibrated(detector, of_group, goal, bad)
        except DataError as error:
            say(f'Group "{group}" gets no calibration of its own: {error}')
    return own


def _group_files(common: Path, groups: Sequence[str]) -> dict[str, Path]:
    """The file of each group, beside the common one. Raises DataError where two groups would share one."""
    files: dict[str, Path] = {}
    for group in groups:
        name = re.sub(r"[^\w.-]+", "_", group)
        file = common.with_name(f"{common.stem}-{name}.blemish")
        if file in files.values():
            raise DataError(f'The groups "{group}" and another one would both be written to "{file}"; rename one.')
        files[group] = file
    return files


def _calibrated(detector: Detector, answers: Sequence[NormalScore], goal: _Goal, bad: Sequence[float]) -> Detector:
    scores = [answer.score for answer in answers]
    update, of_review = _image_update(scores, goal)
    if goal.pixels:
        maxima = [answer.maximum for answer in answers if answer.maximum is not None]
        if not maxima:
            raise DataError("This detector gives no anomaly map, so it has no pixel threshold to calibrate.")
        limit = pixel_threshold(np.asarray(maxima), goal.alpha, goal.confidence)
        update |= _pixel_update(detector.spec.thresholds, limit)
    thresholds = Thresholds.model_validate(detector.spec.thresholds.model_dump() | update)
    source = _source(len(scores), detector.precision)
    calibration = Calibration(scores=tuple(sorted(scores)), source=source, tails=goal.tails)
    spec = detector.spec.model_copy(update={"thresholds": thresholds, "calibration": calibration})
    calibrated = detector.with_spec(spec)
    if goal.recall is not None:
        calibrated = with_recall(calibrated, bad, goal.recall, goal.confidence, of_review)
    caught = caught_defects(calibrated, bad, goal.confidence, goal.recall).sentences() if bad else ()
    card = calibrated_card(calibrated.container.card, calibrated.spec, caught)
    calibrated.container = replace(calibrated.container, card=card)
    return calibrated


def _image_update(scores: Sequence[float], goal: _Goal) -> tuple[dict[str, object], str]:
    """Where images are decided, by the rule that is asked for or with a guarantee; and what the review band guarantees.

    Where a recall may still widen that band, the source does not tell it.
    """
    if goal.rule is not None:
        return {"reject": goal.rule.threshold(scores), "review": None, "source": goal.rule.describe(len(scores))}, ""
    alpha, review_alpha = goal.alpha, goal.review_alpha
    if review_alpha is None:
        review_alpha = max(alpha, min(0.5, _REVIEW_FACTOR * alpha))
    guaranteed = bands(
        np.asarray(scores),
        reject_alpha=alpha,
        review_alpha=review_alpha,
        confidence=goal.confidence,
        tails=goal.tails,
    )
    source, of_review = f"reject: {guaranteed.reject.describe()}", f"Review: {guaranteed.review.describe()}"
    update: dict[str, object] = {
        "reject": guaranteed.reject.threshold,
        "review": guaranteed.review.threshold,
        "source": source if goal.recall is not None else f"{source} {of_review}",
    }
    return update, of_review


def _pixel_update(before: Thresholds, guaranteed: Guarantee) -> dict[str, object]:
    """Thresholds under which no pixel below the guaranteed one is outlined, of whatever class."""
    peak = None if before.peak is None else max(before.peak, guaranteed.threshold)
    return {"pixel": guaranteed.threshold, "peak": peak, "by_class": ()}


def _source(count: int, precision: Precision) -> str:
    """Which scores calibrated; those of another precision than every runtime's default are said to be."""
    computed = "" if precision == "float32" else f", computed in {precision}"
    return f"{count} normal images given to calibrate{computed}"
