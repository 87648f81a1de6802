"""The verb `evaluate`: a detector against labelled images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.datasets import Dataset, Sample, is_defective, read_dataset
from blemish.detectors import Detector, Inspection, source_of
from blemish.detectors.runtime import RuntimeName
from blemish.errors import DataError
from blemish.evaluation import Evaluation
from blemish.findings import UNDECIDED, Verdict
from blemish.images import BitRange, ReadOptions, range_warning
from blemish.inspection.evaluation_data import check_labelled, choose_split
from blemish.inspection.evaluation_result import EvaluationResult
from blemish.inspection.openings import count_opening
from blemish.inspection.portfolio import Answer, Portfolio
from blemish.inspection.progress import OnProgress, Say, silent
from blemish.inspection.ready import ready
from blemish.inspection.stream import inspect_stream

_EFFECTS: dict[Verdict, str] = {
    "unusable": "their scores count, nothing is outlined in them",
    "unknown surface": "their scores and outlines count as of any other",
}
"""What images without a decision do to metrics."""


def evaluate(
    data: Dataset | Path | str,
    *,
    detector: Detector | Path | str,
    split: str | None = "test",
    out: Path | str | None = None,
    layout: str | None = None,
    normal_names: Sequence[str] | None = None,
    bit_range: BitRange | None = None,
    max_megapixels: float | None = None,
    threads: int | None = None,
    runtime: RuntimeName = "onnxruntime",
    say: Say = silent,
    on_answer: Callable[[Answer], None] = silent,
    on_progress: OnProgress = silent,
) -> EvaluationResult:
    """Compare a detector's answers with labels and masks. Nothing is tuned here.

    That these images were evaluated on is counted on this machine, see `blemish.inspection.openings`.

    Args:
        data: a data set, or the folder, table or COCO file of one.
        detector: one that is loaded, or a file, or the name of a bundled one.
        split: the split to use; where the data has none, all images that did not train the detector. None takes all.
        out: folder for ``metrics.json``, ``images.csv`` and plots, with ``reconstructions.png`` for methods that make
            any; None writes nothing.
        layout, normal_names, bit_range, max_megapixels: how to read the data; see `blemish.datasets.read_dataset`. A
            `Dataset` has been read already.
        threads, runtime: what a detector that is not loaded may use; see `Detector`.
        say, on_answer, on_progress: told what was chosen, each answer with its arrays, and how far the run is.

    Raises:
        DataError: data without labels and masks, no such split, or an image that cannot be read: metrics over a part
            would mislead.
        DetectorError: no such detector, or it cannot be run.
        MissingExtraError: plots are wanted and Matplotlib is not installed.

    Example:
        >>> import tempfile, blemish
        >>> from blemish.synthesis import write_synthesis
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     made = write_synthesis(f"{folder}/walls", n=4, size_px=128, test_fraction=1.0)
        ...     result = blemish.evaluate(made.folder, detector="concrete-crack")
        >>> result.metrics.n, len(result.images)
        (4, 4)
        >>> sorted(result.metrics.to_record()["pixel"])[:3]
        ['accuracy', 'auroc', 'average_precision']
    """
    dataset = data
    if not isinstance(dataset, Dataset):
        options = ReadOptions(bit_range, max_megapixels)
        dataset = read_dataset(Path(dataset), layout=layout, normal_names=normal_names, options=options)
    loaded = ready(detector, len(dataset), threads=threads, runtime=runtime)
    spec = loaded.spec
    chosen = dataset if split is None else choose_split(dataset, split, trained_on=spec.provenance.images)
    notes = [*chosen.notes, *_notes(chosen, spec.classes)]
    for note in notes:
        say(note)
    count_opening(chosen)
    evaluation = Evaluation(reject=spec.thresholds.reject, classes=spec.classes)
    portfolio = Portfolio()
    likely: list[BitRange | None] = []
    undecided: Counter[str | None] = Counter()
    for number, answer in enumerate(_evaluate_each(loaded, chosen, evaluation), start=1):
        portfolio.add(answer)
        likely.append(answer.found.finding.likely_range)
        undecided[answer.found.verdict] += answer.found.verdict in UNDECIDED
        on_answer(answer)
        on_progress(number, len(chosen))
    for verdict, effect in _EFFECTS.items():
        if undecided[verdict]:
            notes.append(f"{undecided[verdict]} of {len(chosen)} images are judged {verdict}: {effect}.")
            say(notes[-1])
    if (depth := range_warning(likely)) is not None:
        say(depth)
        notes.append(depth)
    result = EvaluationResult(evaluation.result(), spec.thresholds, tuple(notes), portfolio)
    if out is not None:
        result.save(out)
    return result


def _notes(chosen: Dataset, classes: tuple[str, ...]) -> Iterator[str]:
    unlabelled = check_labelled(chosen)
    if unlabelled is not None:
        yield unlabelled
    unknown = [label for label in chosen.classes if label not in classes]
    if len(classes) > 1 and unknown:
        yield (
            f"The detector does not know the class {', '.join(unknown)}: it counts in the metrics of images and "
            "pixels, not in those of classes."
        )


def _evaluate_each(detector: Detector, dataset: Dataset, evaluation: Evaluation) -> Iterator[Answer]:
    """Inspect every image, compare with what is known about it, and add that to ``evaluation``. Nothing is tuned here.

    Args:
        detector: what is evaluated, with its thresholds as they are.
        dataset: images with labels, masks, or both.
        evaluation: gathers the metrics.

    Yields:
        Each image with its answer. The arrays are large: take what is needed and let them go.

    Raises:
        DataError: an image or mask cannot be read or they do not fit each other: metrics of a part would mislead.
    """
    sources = (source_of(sample.path) for sample in dataset.samples)
    answers = (_with_masks(detector, found) for found in inspect_stream(detector, sources, dataset.options, whole=True))
    for sample, found in zip(dataset.samples, answers, strict=True):
        if found.pixels is None or found.score is None:
            raise DataError(f"The evaluation stopped at an image that cannot be inspected. {found.error}")
        truth = None if sample.masks is None else sample.read_mask(*found.pixels.shape[:2])
        ignored = sample.read_ignored(*found.pixels.shape[:2])
        defective = is_defective(sample.defective, truth)
        evaluation.add(
            score=found.score,
            defective=defective,
            anomaly_map=found.anomaly_map,
            mask_predicted=found.mask,
            mask_truth=truth,
            ignored=ignored,
            class_masks=_class_masks(evaluation.classes, found, sample),
            labels=_labels(detector, found, sample, defective) if evaluation.classes else None,
        )
        reconstruct = partial(detector.reconstruct, found.pixels)
        yield Answer(sample, found.pixels, found, truth, ignored, defective, reconstruct)


def _with_masks(detector: Detector, found: Inspection) -> Inspection:
    """An image that is judged unusable has no masks: here it counts as one in which nothing is outlined."""
    spec, shape = detector.spec, None if found.anomaly_map is None else found.anomaly_map.shape
    if found.mask is not None or shape is None or spec.thresholds.pixel is None:
        return found
    classes = np.zeros((len(spec.classes), *shape), np.bool_) if len(spec.classes) > 1 else None
    return replace(found, mask=np.zeros(shape, np.bool_), class_masks=classes)


def _class_masks(
    classes: tuple[str, ...], found: Inspection, sample: Sample
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Predicted and true masks of the classes evaluated; defects of other classes count in none of them."""
    if not classes or found.class_masks is None or sample.masks is None:
        return None
    known = replace(sample, masks=tuple(mask for mask in sample.masks if mask.label in classes))
    return found.class_masks, known.read_class_masks(classes, *found.class_masks.shape[1:])


def _labels(
    detector: Detector, found: Inspection, sample: Sample, defective: bool | None
) -> tuple[str | None, str | None] | None:
    """True and predicted class; None where the detector names none, or the image's class is not one of its own."""
    spec = detector.spec
    if len(spec.classes) < 2 or (spec.thresholds.pixel is not None and found.class_masks is None):
        return None
    if defective is False:
        return None, found.label
    return (sample.label, found.label) if sample.label in spec.classes else None
