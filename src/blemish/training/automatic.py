"""``auto``: try a few methods on held-out training images, take the best, and say why.

The rule: highest AUROC of held-out normal training images against held-out labelled training defects, or, with fewer
than ten of those, against the same normal images with painted defects. Candidates that are worse than the best by no
more than one standard deviation of that difference (bootstrap over images) count as its equals; the cheapest of these
is taken. Test images are never opened.

With fewer than twenty normal images each of them is held out in turn, only methods that learn from few are tried, and
the one that is taken is trained on all of them: the scores of the images while they were held out set its thresholds.

Where fewer than twenty normal images are held out, in turn or at once (three tenths of fewer than 66), and no labelled
defects decide, the rule is another. So few images say little, and painted defects less than real ones: of six, the rule
above would take a method that is worse by .10 in more than half of the cases, if it is cheaper. So the methods stand in
the order of what is published about learning from one to four images (Damm et al., WACV 2025: AnomalyDINO before
PatchCore before PaDiM on MVTec AD and VisA), others are not tried, and the first is taken that the best does not
clearly beat: the 95 % interval of the difference (bootstrap over images, each with its painted defects, expanded for
their small number) holds zero.
With one image alone nothing can be tried, and the first is taken that can be trained.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from blemish.calibration import what_images_support
from blemish.datasets import Dataset, read_dataset
from blemish.datasets.survey import depth_warning
from blemish.detectors import Detector
from blemish.detectors.card import calibrated_card
from blemish.errors import BlemishError, WeightsError, WeightsNotFoundError
from blemish.evaluation import auroc, bootstrap_difference
from blemish.evaluation.bootstrap import expanded_confidence
from blemish.methods import Candidate, get_method, method_names
from blemish.training.images import train_on_images
from blemish.training.pipeline import Job, check_target
from blemish.training.thresholds import guaranteed_thresholds
from blemish.training.trials import (
    Outcome,
    TrialImages,
    auroc_of_images,
    describe,
    pooled,
    split_for_trials,
    too_few_to_compare,
    try_out,
)

AUTO = "auto"
"""Stands in place of a method's name."""

_ONE_SD = 0.6827
# Of an interval that speaks clearly against a method, and enough resamples for its far percentiles.
_CLEARLY = 0.95
_RESAMPLES = 10_000


def all_candidates() -> tuple[Candidate, ...]:
    """What ``auto`` tries, the cheapest to use first: every registered method says how it wants to be tried."""
    found = (candidate for name in method_names() for candidate in get_method(name).info.candidates)
    return tuple(sorted(found, key=lambda candidate: (candidate.cost_rank, candidate.method)))


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One candidate's row.

    Attributes:
        candidate: what was tried.
        outcome: None where it could not be tried.
        fit_s: training time.
        file_mb: size of the detector file.
        remark: why it was not tried.
    """

    candidate: Candidate
    outcome: Outcome | None
    fit_s: float = 0.0
    file_mb: float = 0.0
    remark: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What was tried and what was taken.

    Attributes:
        trials: every candidate's row.
        chosen: the one that was taken.
        why: in a sentence.
        images: what they were tried on.
    """

    trials: tuple[Trial, ...]
    chosen: Candidate
    why: str
    images: tuple[TrialImages, ...]

    @property
    def in_turn(self) -> bool:
        """Whether each normal image was held out in turn."""
        return len(self.images) > 1

    @property
    def outcome(self) -> Outcome:
        """Of the one that was taken."""
        return next(trial.outcome for trial in self.trials if trial.candidate == self.chosen and trial.outcome)

    def table(self) -> str:
        """All trials in Markdown."""
        lines = [
            "| candidate | AUROC, painted | AUROC, labelled | fit, s | score, ms | file, MB | |",
            "|---|---|---|---|---|---|---|",
        ]
        for trial in self.trials:
            taken = "taken" if trial.candidate == self.chosen else trial.remark
            if trial.outcome is None or not trial.outcome.normal.size:
                lines.append(f"| {trial.candidate.name} | – | – | – | – | – | {taken} |")
                continue
            metrics = (_shown(trial.outcome.auroc(real=real)) for real in (False, True))
            cost = f"{trial.fit_s:.0f} | {trial.outcome.score_ms:.0f} | {trial.file_mb:.1f}"
            lines.append(f"| {trial.candidate.name} | {' | '.join(metrics)} | {cost} | {taken} |")
        return "\n".join(lines)


def train_auto(
    data: Path | str | Dataset,
    out: Path | str,
    *,
    candidates: Sequence[Candidate] | None = None,
    seed: int = 0,
    weights: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Detector:
    """Choose a method by trials on training images, train it on all of them, and write the detector.

    Args:
        data: folder, table or `Dataset`; only its training split is used.
        out: the ``.blemish`` file to write.
        candidates: what to try, the cheapest first; None takes `all_candidates`.
        seed: decides everything random.
        weights: a safetensors file with the backbone's pretrained weights.
        say: called with sentences for a person; the last lines are the table.

    Returns:
        The detector, whose card tells how it was chosen.

    Raises:
        DataError: no normal training image.
        WeightsError: ``weights`` is no file, or of another architecture.
        BlemishError: no candidate could be trained, or ``out`` cannot be written.
    """
    target = Path(out)
    check_target(target)
    dataset = data if isinstance(data, Dataset) else read_dataset(Path(data))
    # Said before the trials, which take minutes; the training that follows them knows it too.
    if (of_depth := depth_warning(dataset.samples)) is not None:
        say(of_depth)
    choice = choose(dataset, candidates=candidates, seed=seed, weights=weights, say=say)
    say(describe(choice.images))
    for line in choice.table().splitlines():
        say(line)
    say(choice.why)
    taken, folder = choice.chosen, target.with_suffix(".training")

    def say_what_is_new(sentence: str) -> None:
        if sentence != of_depth:
            say(sentence)

    job = Job.of(
        get_method(taken.method), folder, settings=taken.settings, seed=seed, weights=weights, say=say_what_is_new
    )
    detector = train_on_images(job, dataset, target, hold_out=not choice.in_turn)
    if choice.in_turn:
        detector = _with_thresholds(detector, choice)
        said = f"{detector.spec.thresholds.source} {what_images_support(len(choice.images))}"
        say(f"Thresholds from the scores held out: {said}")
    card = calibrated_card(detector.container.card, detector.spec) if choice.in_turn else detector.container.card
    card = f"{card.rstrip()}\n\n## How it was chosen\n\n{describe(choice.images)} {choice.why}\n\n"
    with_choice = Detector(replace(detector.container, card=f"{card}{choice.table()}\n"), path=target)
    with_choice.save(target)
    return with_choice


def _with_thresholds(detector: Detector, choice: Choice) -> Detector:
    """The detector of all images, decided by the scores that each had while it was held out.

    A detector of one image more scores normal images no higher on the whole, so the thresholds are a little strict.
    """
    outcome = choice.outcome
    thresholds, calibration = guaranteed_thresholds(
        outcome.normal.tolist(), outcome.maxima.tolist(), items="images", origin="normal images, each held out in turn"
    )
    return detector.with_spec(detector.spec.model_copy(update={"thresholds": thresholds, "calibration": calibration}))


def choose(
    dataset: Dataset,
    *,
    candidates: Sequence[Candidate] | None = None,
    seed: int,
    weights: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Choice:
    """Try every candidate and choose one by the rule.

    Raises:
        DataError: no normal training image.
        BlemishError: no candidate could be trained.
    """
    images = split_for_trials(dataset, seed=seed, say=say)
    tried = all_candidates() if candidates is None else candidates
    alone, few = not images[0].normal, too_few_to_compare(images)
    if len(images) > 1 or few:
        tried = [candidate for candidate in tried if candidate.few_rank is not None]
    if alone:
        tried = sorted(tried, key=_preference)
    trials = []
    with tempfile.TemporaryDirectory(prefix="blemish-auto-") as folder:
        for number, candidate in enumerate(tried):
            say(f"Trying {candidate.name} ({number + 1} of {len(tried)}).")
            file = Path(folder) / f"{number}.blemish"
            try:
                trials.append(_tried(candidate, images, file, seed=seed, weights=weights))
            except KeyboardInterrupt:
                raise KeyboardInterrupt("Stopped; trials start anew with the same command.") from None
            if alone and trials[-1].outcome is not None:
                break
    chosen, why = pick_of_few(trials) if few else pick(trials, real=images[0].real)
    return Choice(tuple(trials), chosen, why, images)


def pick(trials: list[Trial], *, real: bool) -> tuple[Candidate, str]:
    """The cheapest of those that count as equals of the best, and the reason in a sentence.

    Args:
        trials: the cheapest candidate first.
        real: whether labelled defects decide, rather than painted ones.

    Raises:
        BlemishError: none could be tried.
    """
    done = _done(trials)
    best, its_outcome = max(done, key=lambda each: each[1].auroc(real=real) or 0.0)
    top = its_outcome.auroc(real=real) or 0.0
    for candidate, outcome in done:
        if candidate == best:
            return best, f"{best.name} has the highest AUROC, {top:.3f}, and nothing cheaper comes near."
        behind = bootstrap_difference(
            auroc,
            outcome.pairs(real=real),
            its_outcome.pairs(real=real),
            confidence=_ONE_SD,
            strata=outcome.pairs(real=real)[1].tolist(),
        )
        if behind is not None and behind.estimate <= (behind.high - behind.low) / 2:
            return candidate, (
                f"{candidate.name} is the cheapest that is worse than the best ({best.name}, AUROC {top:.3f}) by no "
                f"more than one standard deviation: by {behind.estimate:.3f}."
            )
    raise AssertionError("the best is among those that were tried")


def pick_of_few(trials: list[Trial]) -> tuple[Candidate, str]:
    """The first in order of preference that the best does not clearly beat on painted defects, and why.

    Raises:
        BlemishError: none could be tried.
    """
    done = sorted(_done(trials), key=lambda each: _preference(each[0]))
    if len(done) == 1:
        return done[0][0], f"{done[0][0].name} is preferred with few images, of those that can be trained."
    best, its_outcome = max(done, key=lambda each: each[1].auroc(real=False) or 0.0)
    top = its_outcome.auroc(real=False) or 0.0
    beaten: list[str] = []
    for candidate, outcome in done:
        if candidate == best:
            why = f"{best.name} has the highest AUROC, {top:.3f}"
            return best, f"{why}, clearly above {' and '.join(beaten)}." if beaten else f"{why}, and is preferred."
        behind = bootstrap_difference(
            auroc_of_images,
            outcome.images(),
            its_outcome.images(),
            confidence=expanded_confidence(_CLEARLY, len(outcome.normal)),
            resamples=_RESAMPLES,
        )
        if behind is not None and behind.low <= 0:
            return candidate, (
                f"{candidate.name} is preferred with few images, and {best.name} (AUROC {top:.3f}) is not clearly "
                f"better: by {behind.estimate:.3f} on painted defects, 95 % interval {behind.low:.3f} to "
                f"{behind.high:.3f}."
            )
        beaten.append(candidate.name)
    raise AssertionError("the best is among those that were tried")


def _preference(candidate: Candidate) -> int:
    """Its place where images are few."""
    return candidate.few_rank or 0


def _done(trials: list[Trial]) -> list[tuple[Candidate, Outcome]]:
    """Those that could be tried."""
    done = [(trial.candidate, trial.outcome) for trial in trials if trial.outcome is not None]
    if not done:
        remarks = (
            "; ".join(f"{trial.candidate.name}: {trial.remark}" for trial in trials) or "none is for so few images"
        )
        raise BlemishError(f"None of the methods that auto tries could be trained ({remarks}).")
    return done


def _tried(candidate: Candidate, parts: Sequence[TrialImages], file: Path, *, seed: int, weights: Path | None) -> Trial:
    """Train a candidate and try it; data that it cannot be trained on are a remark, not an error."""
    masked = sum(1 for sample in parts[0].fit.samples if sample.defective and sample.masks)
    if masked < candidate.min_masks:
        return Trial(
            candidate, None, remark=f"needs {candidate.min_masks} outlined defects to learn from, has {masked}"
        )
    outcomes: list[Outcome] = []
    fit_s = 0.0
    try:
        for images in parts:
            started = time.perf_counter()
            method, folder = get_method(candidate.method), file.with_suffix(".training")
            job = Job.of(method, folder, settings=candidate.settings, seed=seed, weights=weights)
            detector = train_on_images(job, images.fit, file, hold_out=len(parts) == 1)
            fit_s += (time.perf_counter() - started) / len(parts)
            outcomes.append(try_out(detector, images))
    except BlemishError as error:
        if isinstance(error, WeightsError) and not isinstance(error, WeightsNotFoundError):
            raise  # the weights file that was named is unusable, or of another architecture
        return Trial(candidate, None, remark=str(error).rstrip("."))
    return Trial(candidate, pooled(outcomes), fit_s, file.stat().st_size / 1e6)


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
