"""What a detector says of normal images that are to calibrate it: asked now, or kept in job folders."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from blemish.calibration import image_maxima
from blemish.datasets import Dataset, Sample, image_digests
from blemish.detectors import Detector, source_of
from blemish.errors import DataError
from blemish.findings import Finding, read_run
from blemish.images import BitRange, ReadOptions, range_warning
from blemish.inspection.job.assembling import read_job
from blemish.inspection.job.record import JobOptions, JobRecord, read_record
from blemish.inspection.progress import OnProgress, Say
from blemish.inspection.sources.files import stamp_of
from blemish.inspection.stream import inspect_stream


@dataclass(frozen=True, slots=True)
class NormalScore:
    """What the detector said about a normal image: its score, and the maximum of its map where it is wanted."""

    image: Path
    score: float
    maximum: float | None = None


def score_normals(
    detector: Detector,
    normals: Sequence[Path],
    options: ReadOptions,
    *,
    pixels: bool,
    say: Say,
    on_progress: OnProgress,
) -> list[NormalScore]:
    """Inspect normal images.

    Args:
        detector: without calibration, so that it gives raw scores.
        normals: files.
        options: how they are read.
        pixels: whether the maxima of the maps are wanted.
        say, on_progress: told what was left out, and how far the run is.

    Raises:
        DataError: an image trained the detector, or cannot be read.
    """
    images = [normals[index] for index in _distinct(detector, _digests(normals), normals, say)]
    maxima: list[float | None] = []

    def answers() -> Iterator[_Answer]:
        found_each = zip(images, inspect_stream(detector, map(source_of, images), options), strict=True)
        for number, (image, found) in enumerate(found_each, start=1):
            on_progress(number, len(images))
            whole = found.anomaly_map if pixels else None
            maxima.append(None if whole is None else float(image_maxima([whole])[0]))
            yield _Answer.of(image, found.finding)

    usable = _usable(answers(), say, guaranteed=pixels)
    return [NormalScore(one.image, score, maxima[number]) for number, one, score in usable]


def scores_of_jobs(folders: Sequence[Path], detector: Detector, say: Say) -> tuple[list[NormalScore], ReadOptions]:
    """Scores that inspections of normal images have left in job folders, and how the images were read.

    That no image trained the detector is known from the content of the files, which are read for it unless the jobs
    were run by content.

    Args:
        folders: of jobs, with this detector and in one way.
        detector: which is to be calibrated.
        say: told what was left out.

    Raises:
        DataError: a folder holds no job or one of another detector, runtime or version, an image has changed since or
            is gone, or one trained the detector.
    """
    if detector.spec.calibration is not None and detector.spec.calibration.tails == "both":
        raise DataError(
            "This detector decides by both tails, and what it leaves in job folders is no raw score; calibrate it from "
            "the images."
        )
    first, expected = _record(folders[0]), JobRecord.of(detector, JobOptions())
    if (first.sha256, first.blemish) != (expected.sha256, expected.blemish):
        raise DataError(
            f'"{folders[0]}" was inspected by another detector or version of blemish, or with other thresholds; '
            "calibrate the detector that inspected it."
        )
    if (first.runtime, first.precision) != (expected.runtime, expected.precision):
        raise DataError(
            f'"{folders[0]}" was inspected by {first.runtime} in {first.precision}, and the detector now runs by '
            f"{expected.runtime} in {expected.precision}; give the same --runtime."
        )
    answers: list[_Answer] = []
    for folder in folders:
        _record(folder).check_same(first, folders[0])
        run = read_run(folder)
        if run is None or not run.complete:
            say(f'"{folder}" has not come to its end: some of its images are missing.')
        for entry, finding in read_job(folder):
            if not entry.left_out:
                path = finding.file or Path(finding.image)
                answers.append(_Answer.of(path, finding, entry.stamp))
    read = [answer for answer in answers if answer.score is not None]
    if not read:
        raise DataError("There is no image with a score in these job folders.")
    for answer in answers:
        if answer.score is None:
            say(f"Left out: {answer.why}")
    digests = [answer.stamp[:16] for answer in read] if first.by_content else _digests(_unchanged(read))
    kept = _distinct(detector, digests, [answer.image for answer in read], say)
    usable = _usable((read[index] for index in kept), say, guaranteed=False)
    return [NormalScore(one.image, score) for _, one, score in usable], ReadOptions(first.bit_range)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What is needed of a finding.

    Attributes:
        score: None where there is none.
        why: why it does not count, for a person; empty where it does.
        outlined: whether anything is.
        likely_range: as the finding has it.
        stamp: which state of the file it is about.
    """

    image: Path
    score: float | None
    why: str
    outlined: bool
    likely_range: BitRange | None
    stamp: str

    @classmethod
    def of(cls, image: Path, finding: Finding, stamp: str = "") -> _Answer:
        why = finding.error or ""
        if finding.verdict == "unusable":
            why = f'"{image}" is {"; ".join(finding.notes)}.'
        return cls(image, finding.score, why, bool(finding.regions), finding.likely_range, stamp)


def _record(folder: Path) -> JobRecord:
    record = read_record(folder)
    if record is None:
        raise DataError(f'"{folder}" holds no job; give folders that "blemish inspect --out" wrote.')
    return record


def _digests(paths: Sequence[Path]) -> tuple[str, ...]:
    samples = tuple(Sample(path, "normal", defective=False) for path in paths)
    return image_digests(Dataset("normals", Path(), "images", samples, ()))


def _unchanged(answers: Sequence[_Answer]) -> list[Path]:
    """The files, which must be those that were inspected."""
    for answer in answers:
        if answer.stamp != stamp_of(answer.image):
            raise DataError(
                f'"{answer.image}" is no longer the file that was inspected, so it cannot be told whether it trained '
                "the detector; calibrate where the images are, or inspect them with --by-content."
            )
    return [answer.image for answer in answers]


def _usable(answers: Iterable[_Answer], say: Say, *, guaranteed: bool) -> list[tuple[int, _Answer, float]]:
    """Number, answer and score of those that count; what is known of all of them together is said."""
    usable: list[tuple[int, _Answer, float]] = []
    likely: list[BitRange | None] = []
    for number, answer in enumerate(answers):
        # Of those that are too dark to be judged too: a range that is missing may be why.
        likely += [] if answer.score is None else [answer.likely_range]
        if answer.score is None or answer.why:
            say(f"Left out: {answer.why}")
        else:
            usable.append((number, answer, answer.score))
    if (warning := range_warning(likely)) is not None:
        say(warning)
    outlined = sum(answer.outlined for _, answer, _ in usable)
    if outlined and not guaranteed:
        say(
            f"{outlined} of {len(usable)} normal images have an outline and go to review for that, whatever their "
            "score; --pixels guarantees how many do."
        )
    return usable


def _distinct(detector: Detector, digests: Sequence[str], paths: Sequence[Path], say: Say) -> list[int]:
    """Where the images stand that are no copies of others, once none is known to have trained the detector."""
    known = frozenset(detector.spec.provenance.images)
    seen = [path for path, digest in zip(paths, digests, strict=True) if digest in known]
    if seen:
        raise DataError(
            f'{len(seen)} of these {len(paths)} images trained the detector, "{seen[0]}" is one; '
            "a guarantee needs images that it has never seen."
        )
    first = {digest: index for index, digest in reversed(list(enumerate(digests)))}
    if len(first) < len(digests):
        say(f"{len(digests) - len(first)} copies of other images are left out.")
    return sorted(first.values())
