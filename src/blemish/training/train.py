"""The verb ``train``: from a folder of images to a detector file."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from blemish.datasets import Dataset, read_dataset
from blemish.detectors import Detector
from blemish.errors import SettingsError
from blemish.images import ReadOptions
from blemish.images.options import MAX_MEGAPIXELS
from blemish.methods import get_method
from blemish.training.automatic import AUTO, train_auto
from blemish.training.images import train_on_images
from blemish.training.pipeline import Job, check_target
from blemish.training.recipes import resolve_settings


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
    layout: str | None = None,
    normal_names: Collection[str] | None = None,
    bit_range: tuple[float, float] | None = None,
    max_megapixels: float = MAX_MEGAPIXELS,
    progress: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Detector:
    """Train a method on a data set and write the detector.

    Beside ``out`` stays a folder ``<name>.training`` with the loss curves as CSV and as a picture, and the network's
    weights for a later training to start from.

    Args:
        method: its registered name, or ``auto`` to choose one by trials (`blemish.training.train_auto`).
        data: folder, table or `Dataset`; only its training split is used.
        out: the ``.blemish`` file to write.
        settings: values that replace those of the recipe or the defaults.
        recipe: a recipe file or the name of a shipped one; None takes the one named after the method, if there is one.
        profile: ``quick`` (a 2-core CPU finishes in minutes) or ``paper`` (as published).
        seed: decides everything random: the same seed on the same machine gives the same file.
        weights: a safetensors file with the backbone's pretrained weights.
        start: ``weights.safetensors`` of an earlier training of the same method and settings, to start from.
        layout: how ``data`` is laid out; None recognises it.
        normal_names: the normal classes of ``data``; None takes the usual names.
        bit_range: for files of more than 8 bits, the values that become black and white; the detector keeps it. None
            takes the full scale that each file states.
        max_megapixels: larger images are refused.
        progress: draw a progress bar.
        say: called with sentences for a person.

    Returns:
        The detector, as loaded from ``out``.

    Raises:
        SettingsError: unknown method, setting, profile or recipe.
        DataError: the method cannot be trained on the data set.
        WeightsError: pretrained weights are missing or of another architecture.
        BlemishError: ``out`` cannot be written.

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
        if settings or recipe or start or profile != "quick":
            raise SettingsError(
                f'"{AUTO}" chooses method and settings by itself; leave out --set, --recipe, --profile and '
                "--start-from, or name a method."
            )
        check_target(target)
        return train_auto(read(), target, seed=seed, weights=weights, progress=progress, say=say)
    chosen = get_method(method)
    if not chosen.exportable:
        raise SettingsError(
            f'Method "{method}" searches by gradient for every image, which no detector file can hold; '
            "train and score with blemish.training.train_under_torch."
        )
    resolved = resolve_settings(chosen, recipe=recipe, profile=profile, overrides=settings or {})
    check_target(target)
    logs = target.with_suffix(".training")
    job = Job(chosen, resolved, seed, logs, weights=weights, start=start, progress=progress, say=say)
    return train_on_images(job, read(), target)
