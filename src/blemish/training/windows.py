"""Windows of sensor recordings as training data: read, cut, split in time, exported as a graph of windows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import nn

from blemish.datasets.recordings import Series, cut_windows, read_series, window_starts
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
from blemish.errors import DataError, SettingsError
from blemish.methods import LoadWeights, Method, MethodSettings, get_method, method_names
from blemish.methods.networks.signed_windows import SignedWindows
from blemish.training.card import Words
from blemish.training.export import export_window_graph
from blemish.training.pipeline import Job, TrainingData, check_target, library_versions, train_to_file
from blemish.training.thresholds import guaranteed_thresholds

# The end of each recording is held out: neighbouring steps are alike, so random windows would be no test.
_HELD_OUT_FRACTION = 0.25
_OF_IMAGES = ("size_px", "colour", "augment")
_WORDS = Words(
    items="windows of recordings",
    place="time step",
    limits="Recordings of another machine, load or sampling rate than the training recordings need a test of their\n"
    "own before this detector is trusted.",
)


class TrainingWindows(TrainingData[SeriesDetector]):
    """Windows of recordings of normal operation.

    The first three quarters of each recording are fitted on; the last quarter stops the training and chooses
    thresholds. A recording too short to split is fitted on whole.

    Args:
        recordings: of the same columns in the same order.
        form: columns, window and stride.

    Raises:
        DataError: a recording is shorter than one window.
    """

    words = _WORDS

    def __init__(self, recordings: Sequence[Series], form: SeriesSpec) -> None:
        self._form = form
        self._digests = tuple(sorted({_digest(recording) for recording in recordings}))
        self._name = ", ".join(Path(recording.name).name for recording in recordings)
        self._fit, self._held_out = _split(recordings, form)
        self._windows = np.concatenate([_windows(part, form, form.stride_steps) for part in self._fit])
        self.fit = tuple(self._windows)
        # Held-out windows do not overlap: overlapping ones would count the same steps twice.
        self.held_out = tuple(window for part in self._held_out for window in _windows(part, form, form.window_steps))

    def digest(self) -> str:
        """Of the recordings and the form of windows."""
        return hashlib.sha256("".join([*self._digests, self._form.model_dump_json()]).encode()).hexdigest()

    def build(self, method: Any, settings: MethodSettings, load_weights: LoadWeights) -> Method:
        """A method in its 1-D form, with the scale of these recordings."""
        view = SignedWindows([part.values for part in self._fit], self._form.window_steps)
        built: Method = method(settings, (), load_weights, view)
        return built

    def describe(self, fitted: Method, *, seed: int) -> DetectorSpec:
        """Method, columns and provenance."""
        settings = fitted.settings.model_dump(mode="json")
        return DetectorSpec(
            method=fitted.info.name,
            settings={key: value for key, value in settings.items() if key not in _OF_IMAGES},
            input=InputSpec(),
            series=self._form,
            localises=True,
            provenance=Provenance(
                data=self._name,
                fingerprint=hashlib.sha256("".join(self._digests).encode()).hexdigest(),
                seed=seed,
                n_train=len(self.fit),
                n_held_out=len(self.held_out),
                images=tuple(digest[:16] for digest in self._digests),
                libraries=library_versions(),
            ),
        )

    def export(self, graph: nn.Module, spec: DetectorSpec) -> bytes:
        """ONNX bytes of a graph of windows."""
        return export_window_graph(graph, self._windows)

    def detector(self, container: Container, path: Path) -> SeriesDetector:
        """A detector of series."""
        return SeriesDetector(container, path=path)

    def thresholds(self, detector: SeriesDetector) -> tuple[Thresholds, Calibration | None]:
        """From windows and time steps of the ends of the recordings."""
        scores: list[float] = []
        maxima: list[float] = []
        for part in self._held_out:
            scores += detector.score(part, stride_steps=self._form.window_steps).windows.tolist()
            # Steps are scored as in use: averaged over overlapping windows.
            steps = detector.score(part).steps.reshape(-1, self._form.window_steps)
            maxima += steps.max(axis=1).tolist()
        thresholds, calibration = guaranteed_thresholds(
            scores, maxima, items="windows", origin="windows from the ends of the recordings"
        )
        if thresholds.reject is not None:
            roughly = f"{thresholds.source} Neighbouring windows are alike, so it holds roughly."
            thresholds = thresholds.model_copy(update={"source": roughly})
        return thresholds, calibration


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
    say: Callable[[str], None] = lambda _: None,
) -> SeriesDetector:
    """Train on recordings of normal operation and write a detector of windows and time steps.

    Args:
        method: one with a 1-D form; `series_methods` lists them.
        data: one or more CSV or Parquet files, or `Series`.
        out: the ``.blemish`` file to write.
        window_steps: time steps in one window, at least 16.
        stride_steps: from one window to the next; None: a quarter of a window.
        columns: sensors to read; None: all but ``ignore``.
        ignore: columns that are no sensors.
        settings: values that replace those of the method's recipe; those of images do not apply.
        profile: ``quick`` or ``paper``.
        seed: decides everything random.
        say: called with sentences for a person.

    Returns:
        The detector.

    Raises:
        SettingsError: unknown method or setting, or a method without a 1-D form.
        DataError: a recording cannot be read, is too short, has gaps, or other columns than the first.
        BlemishError: the loss is not finite, or ``out`` cannot be written.
        KeyboardInterrupt: stopped by Ctrl-C; the same call resumes the training from its last checkpoint.
    """
    target = Path(out)
    chosen = get_method(method)
    if not chosen.on_series:
        raise SettingsError(f'Method "{method}" has no form for series; {", ".join(series_methods())} have one.')
    for name in _OF_IMAGES:
        if name in (settings or {}):
            raise SettingsError(f'Setting "{name}" is about images and does not apply to series.')
    job = Job.of(chosen, target.with_suffix(".training"), settings=settings, profile=profile, seed=seed, say=say)
    check_target(target)
    recordings = _read(data, columns, ignore)
    form = _form(recordings[0].columns, window_steps, stride_steps)
    windows = TrainingWindows(recordings, form)
    job.log.say(
        f"{len(recordings)} recordings of {len(form.columns)} sensors: {len(windows.fit)} training windows of "
        f"{form.window_steps} steps, {len(windows.held_out)} held out."
    )
    return train_to_file(job, windows, target)


def series_methods() -> list[str]:
    """Names of the methods that have a 1-D form."""
    return [name for name in method_names() if get_method(name).on_series]


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


def _split(recordings: Sequence[Series], form: SeriesSpec) -> tuple[list[Series], list[Series]]:
    """The beginning of each recording, and whole windows after it."""
    fit, held_out = [], []
    for one in recordings:
        cut = int(len(one.values) * (1 - _HELD_OUT_FRACTION))
        if cut < form.window_steps:
            cut = len(one.values)
        fit.append(Series(one.name, one.columns, one.values[:cut]))
        usable = (len(one.values) - cut) // form.window_steps * form.window_steps
        if usable:
            held_out.append(Series(one.name, one.columns, one.values[cut : cut + usable]))
    return fit, held_out


def _windows(part: Series, form: SeriesSpec, stride_steps: int) -> NDArray[np.float64]:
    starts = window_starts(len(part.values), form.window_steps, stride_steps, part.name)
    return cut_windows(part.values, starts, form.window_steps)


def _digest(recording: Series) -> str:
    head = "\0".join(recording.columns).encode()
    return hashlib.sha256(head + b"\0" + np.ascontiguousarray(recording.values).tobytes()).hexdigest()
