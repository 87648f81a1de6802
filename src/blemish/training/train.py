"""The verb ``train``: from a folder of images to a detector file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from blemish.datasets import Dataset, read_dataset
from blemish.detectors import Detector
from blemish.errors import SettingsError
from blemish.images import ReadOptions
from blemish.training.automatic import AUTO, train_auto
from blemish.training.images import train_on_images
from blemish.training.pipeline import Job, check_target
from blemish.training.precision import PrecisionName
from blemish.training.recipes import find_method


def train(
    method: str,
    data: Path | str | Dataset,
    out: Path | str,
    *,
    settings: Mapping[str, Any] | None = None,
    recipe: Path | None = None,
    profile: str = "quick",
    seed: int = 0,
    weights: Path | None = None,
    start: Path | None = None,
    precision: PrecisionName = "auto",
    threshold_rule: str | None = None,
    devices: int = 1,
    layout: str | None = None,
    normal_names: Collection[str] | None = None,
    bit_range: tuple[float, float] | None = None,
    max_megapixels: float | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Detector:
    """Train a method on a data set and write the detector.

    Beside ``out`` stays a folder ``<name>.training`` with the log and, of methods fitted by gradient, the curves as
    CSV and as a picture and the weights for a later training to start from. While training, checkpoints are kept there:
    the same call after an interruption resumes from the last one, with the same result.

    Args:
        method: a registered method, a recipe (a shipped one by name, or a file), or ``auto``, which chooses by trials
            (`blemish.training.train_auto`).
        data: folder, table or `Dataset`; only its training split is used.
        out: the ``.blemish`` file to write.
        settings: values that replace those of the recipe or the defaults.
        recipe: for ``method``: a file or the name of a shipped one; None takes the one named after the method.
        profile: ``quick`` (a 2-core CPU finishes in minutes) or ``paper`` (as published).
        seed: decides everything random: the same seed on the same machine gives the same file.
        weights: a safetensors file with the backbone's pretrained weights.
        start: ``weights.safetensors`` of an earlier training of the same method and settings, to start from.
        precision: ``float32`` or ``bfloat16`` while training; ``auto`` takes bfloat16 where the processor computes it
            natively, which changes results a little. The detector says which.
        threshold_rule: how the score of an image is decided instead of by best F1 or with a guarantee, from normal
            images that the method was not fitted on: ``mean-std:K``, ``min-max:F`` or ``fixed:T``; see
            `blemish.calibration.ThresholdRule`.
        devices: GPUs of this machine, or processes where it has none, among which every batch of a method fitted by
            gradient is shared: one process each. A script that calls this needs ``if __name__ == "__main__":``.
        layout: how ``data`` is laid out; None recognises it.
        normal_names: the normal classes of ``data``; None takes the usual names.
        bit_range: for files of more than 8 bits, the values that become black and white; the detector keeps it. None
            takes the full scale that each file states.
        max_megapixels: larger images are refused; None refuses those above 500, or of a suspicious size.
        say: called with sentences for a person.

    Returns:
        The detector, as loaded from ``out``.

    Raises:
        SettingsError: unknown method, setting, profile or recipe.
        DataError: the method cannot be trained on the data set, or another training is writing beside ``out``.
        WeightsError: pretrained weights are missing or of another architecture.
        BlemishError: ``out`` cannot be written.
        KeyboardInterrupt: stopped by Ctrl-C; the message says from where the same call resumes.

    Example:
        >>> import blemish
        >>> detector = blemish.train("auto", "photos/", "wall.blemish", say=print)  # doctest: +SKIP
        >>> detector.inspect("photo.jpg").verdict                                   # doctest: +SKIP
        'reject'
    """
    target = Path(out)

    options = ReadOptions(bit_range, max_megapixels)

    def read() -> Dataset:
        if isinstance(data, Dataset):
            return data
        return read_dataset(Path(data), layout=layout, normal_names=normal_names, options=options)

    if method == AUTO:
        chosen_by_hand = settings or recipe or start or threshold_rule or precision != "auto" or profile != "quick"
        if chosen_by_hand or devices != 1:
            raise SettingsError(
                f'"{AUTO}" chooses method and settings by itself; leave out --set, --recipe, --profile, '
                "--start-from, --precision, --threshold-rule and --devices, or name a method."
            )
        check_target(target)
        return train_auto(read(), target, seed=seed, weights=weights, say=say)
    chosen, named = find_method(method)
    if not chosen.info.exportable:
        raise SettingsError(
            f'Scoring by "{chosen.info.name}" is no graph, which a detector file holds: it is trained and tested under '
            "torch, by blemish train with a folder for --out, or by blemish.training.train_and_test."
        )
    job = Job.of(
        chosen,
        target.with_suffix(".training"),
        settings=settings,
        recipe=recipe or named,
        profile=profile,
        seed=seed,
        weights=weights,
        start=start,
        precision=precision,
        threshold_rule=threshold_rule,
        devices=devices,
        say=say,
    )
    check_target(target)
    return train_on_images(job, read(), target)
