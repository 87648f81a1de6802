"""From recordings of sensors to a detector file: cut windows, fit, export, choose thresholds, write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import nn

from blemish.calibration import marginal_threshold
from blemish.calibration.scores import just_above
from blemish.datasets.series import Series, cut_windows, read_series, window_starts
from blemish.detectors import (
    Calibration,
    Container,
    DetectorSpec,
    InputSpec,
    Provenance,
    SeriesDetector,
    SeriesSpec,
    Thresholds,
)
from blemish.errors import BlemishError, DataError, SettingsError
from blemish.methods import get_method, method_names
from blemish.methods.networks.pixels import IMAGENET, Normalisation
from blemish.methods.networks.signed_windows import SignedWindows
from blemish.methods.parts.generative_method import GenerativeMethod
from blemish.reports.plots import draw_losses
from blemish.training.backbones import save_weights
from blemish.training.card import model_card
from blemish.training.export import export_window_graph
from blemish.training.fitting import fit
from blemish.training.pipeline import check_target, library_versions
from blemish.training.precision import LossNotFiniteError
from blemish.training.recipes import resolve_settings

# The end of each recording is set aside: neighbouring steps are alike, so random windows would be no test.
_HELD_OUT_FRACTION = 0.25
_ALPHA = 0.05
_OF_IMAGES = ("size_px", "colour", "augment")


def train_series(
    method: str,
    data: Path | str | Series | Sequence[Path | str | Series],
    out: Path | str,
    *,
    window_steps: int = 64,
    stride_steps: int | None = None,
    columns: Sequence[str] | None = None,
    ignore: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    profile: str = "quick",
    seed: int = 0,
    progress: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> SeriesDetector:
    """Learn from recordings of normal operation and write a detector of windows and time steps.

    The first three quarters of each recording teach; the last quarter stops the training and chooses thresholds.

    Args:
        method: ``ganomaly``, ``fanogan`` or ``memae``.
        data: one or more CSV or Parquet files, or `Series`.
        out: the ``.blemish`` file to write.
        window_steps: time steps in one window, at least 16.
        stride_steps: from one window to the next; None: a quarter of a window.
        columns: sensors to read; None: all but ``ignore``.
        ignore: columns that are no sensors.
        settings: values that replace those of the method's recipe; those of images do not apply.
        profile: ``quick`` or ``paper``.
        seed: decides everything random.
        progress: draw a progress bar.
        say: called with sentences for a person.

    Returns:
        The detector.

    Raises:
        SettingsError: unknown method or setting, or a method without a 1-D form.
        DataError: a recording cannot be read, is too short, has gaps, or other columns than the first.
        BlemishError: the loss is not finite, or ``out`` cannot be written.
    """
    target = Path(out)
    chosen: Any = _with_series(method)
    for name in _OF_IMAGES:
        if name in (settings or {}):
            raise SettingsError(f'Setting "{name}" is about images and does not apply to series.')
    resolved = resolve_settings(chosen, recipe=None, profile=profile, overrides=settings or {})
    check_target(target)
    recordings = _read(data, columns, ignore)
    form = _form(recordings[0].columns, window_steps, stride_steps)
    fits, asides = _deal(recordings, form)
    train = np.concatenate([_windows(part, form, form.stride_steps) for part in fits])
    held_out = [_windows(part, form, form.window_steps) for part in asides]
    aside: tuple[Any, ...] = tuple(np.concatenate(held_out)) if held_out else ()
    say(
        f"{len(recordings)} recordings of {len(form.columns)} sensors: {len(train)} windows of {form.window_steps} "
        f"steps to learn from, {len(aside)} set aside."
    )
    view = SignedWindows([part.values for part in fits], form.window_steps)
    examples: tuple[Any, ...] = tuple(train)
    logs = target.with_suffix(".training")

    def build() -> GenerativeMethod:
        built: GenerativeMethod = chosen(resolved, (), _no_backbone, view)
        return built

    try:
        fitted, report = fit(build, examples, aside, seed=seed, logs=logs, progress=progress)
    except LossNotFiniteError as error:
        raise BlemishError(f"{error} Try a smaller learning rate: --set learning_rate=0.0001.") from error
    for remark in report.remarks:
        say(remark)
    save_weights(fitted, logs / "weights.safetensors")
    draw_losses(logs / "curves.png", logs / "metrics.csv")
    info = fitted.info
    digests = tuple(sorted({_digest(recording) for recording in recordings}))
    spec = DetectorSpec(
        method=info.name,
        settings={key: value for key, value in resolved.model_dump(mode="json").items() if key not in _OF_IMAGES},
        input=InputSpec(),
        series=form,
        localises=True,
        provenance=Provenance(
            data=", ".join(Path(recording.name).name for recording in recordings),
            fingerprint=hashlib.sha256("".join(digests).encode()).hexdigest(),
            seed=seed,
            n_train=len(train),
            n_held_out=len(aside),
            images=tuple(digest[:16] for digest in digests),
            libraries=library_versions(),
        ),
    )
    graph = export_window_graph(fitted.graph(), train)
    bare = SeriesDetector(Container(spec, graph, card=""), path=target)
    thresholds, calibration = _thresholds(bare, asides)
    spec = spec.model_copy(update={"thresholds": thresholds, "calibration": calibration})
    card = model_card(target.stem, spec, learns_from=info.learns_from, summary=info.summary, fit=report.describe())
    card = card.replace("images", "windows of recordings").replace("pixel", "time step")
    detector = SeriesDetector(Container(spec, graph, card), path=target)
    detector.save(target)
    say(f"Wrote {target}. Thresholds: {thresholds.source}")
    return detector


def series_methods() -> list[str]:
    """Names of the methods that have a 1-D form."""
    return [name for name in method_names() if getattr(get_method(name), "on_series", False)]


def _with_series(method: str) -> type[GenerativeMethod]:
    chosen = get_method(method)
    if not issubclass(chosen, GenerativeMethod) or not chosen.on_series:
        raise SettingsError(f'Method "{method}" has no form for series; {", ".join(series_methods())} have one.')
    return chosen


def _read(data: Any, columns: Sequence[str] | None, ignore: Sequence[str]) -> list[Series]:
    listed = [data] if isinstance(data, Path | str | Series) else list(data)
    if not listed:
        raise DataError("There is no recording to learn from; name at least one CSV or Parquet file.")
    read: list[Series] = []
    for each in listed:
        one = each if isinstance(each, Series) else read_series(each, columns=columns, ignore=ignore)
        if not np.isfinite(one.values).all():
            raise DataError(f'"{one.name}" has missing values; fill the gaps or cut the series there.')
        if read and set(one.columns) != set(read[0].columns):
            raise DataError(
                f'"{one.name}" has the columns {", ".join(one.columns)}, and "{read[0].name}" has '
                f"{', '.join(read[0].columns)}; recordings of one training must have the same."
            )
        if one.faulty is not None and one.faulty.any():
            raise DataError(f'"{one.name}" has faults in it, and these methods learn from normal operation alone.')
        read.append(one.only(read[0].columns) if read else one)
    return read


def _form(columns: tuple[str, ...], window_steps: int, stride_steps: int | None) -> SeriesSpec:
    try:
        return SeriesSpec(
            columns=columns,
            window_steps=window_steps,
            stride_steps=max(1, window_steps // 4) if stride_steps is None else stride_steps,
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = " ".join(str(part) for part in first["loc"]) or "stride_steps"
        raise SettingsError(f"{where} cannot be {first['input']!r}: {first['msg']}.") from None


def _deal(recordings: list[Series], form: SeriesSpec) -> tuple[list[Series], list[Series]]:
    """The beginning of each recording, and whole windows after it; a recording too short to part teaches whole."""
    fits, asides = [], []
    for one in recordings:
        cut = int(len(one.values) * (1 - _HELD_OUT_FRACTION))
        if cut < form.window_steps:
            cut = len(one.values)
        fits.append(Series(one.name, one.columns, one.values[:cut]))
        usable = (len(one.values) - cut) // form.window_steps * form.window_steps
        if usable:
            asides.append(Series(one.name, one.columns, one.values[cut : cut + usable]))
    return fits, asides


def _windows(part: Series, form: SeriesSpec, stride_steps: int) -> NDArray[np.float64]:
    starts = window_starts(len(part.values), form.window_steps, stride_steps, part.name)
    return cut_windows(part.values, starts, form.window_steps)


def _thresholds(detector: SeriesDetector, asides: list[Series]) -> tuple[Thresholds, Calibration | None]:
    """From windows that do not overlap: overlapping ones would count the same steps twice."""
    scores, maxima = [], []
    for part in asides:
        found = detector.score(part, stride_steps=detector.form.window_steps)
        # Steps are judged as they will be: averaged over overlapping windows.
        steps = detector.score(part).steps.reshape(-1, detector.form.window_steps)
        scores += found.windows.tolist()
        maxima += steps.max(axis=1).tolist()
    if not scores:
        return Thresholds(source="none: the recordings are too short to set any part aside."), None
    alpha = max(_ALPHA, 1 / (len(scores) + 1))
    calibration = Calibration(
        scores=tuple(sorted(scores)),
        source=f"{len(scores)} windows from the ends of the recordings, unseen in training",
    )
    if min(len(set(scores)), len(set(maxima))) == 1:
        source = f"just above the one score of {len(scores)} windows set aside; no guarantee."
        return Thresholds(pixel=just_above(maxima[0]), reject=just_above(scores[0]), source=source), calibration
    reject = marginal_threshold(np.asarray(scores), alpha)
    by_step = marginal_threshold(np.asarray(maxima), alpha)
    source = reject.describe().replace("images", "windows") + " Neighbouring windows are alike, so it holds roughly."
    return Thresholds(pixel=by_step.threshold, reject=reject.threshold, source=source), calibration


def _digest(recording: Series) -> str:
    head = "\0".join(recording.columns).encode()
    return hashlib.sha256(head + b"\0" + np.ascontiguousarray(recording.values).tobytes()).hexdigest()


def _no_backbone(name: str, module: nn.Module) -> Normalisation:
    """Generative methods have none."""
    return IMAGENET
