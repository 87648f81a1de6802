"""A detector of sensor series in use: a series of any length in, scores per window and per time step out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blemish.bundled import locate
from blemish.datasets.recordings import Series, cut_windows, window_starts
from blemish.detectors.answers import check_answer
from blemish.detectors.container import Container, read_container, write_container
from blemish.detectors.runtime import OnnxRuntime
from blemish.detectors.schema import DetectorSpec, SeriesSpec
from blemish.detectors.trial import ensure_tried
from blemish.errors import DetectorError
from blemish.text import printable

WINDOW_INPUT = ("window", "tensor(double)")
_BATCH_WINDOWS = 256


@dataclass(frozen=True, slots=True)
class SeriesScores:
    """What a detector says about one series; higher is worse.

    Attributes:
        starts: first time step of each window, int64 (W,).
        windows: score of each window, float64 (W,).
        p_values: of each window against normal ones, float64 (W,); None without calibration.
        rejected: windows whose score reaches the threshold, bool (W,); None without one.
        steps: raw score of each time step, float32 (T,): the mean over the windows that hold it.
        alarms: time steps whose score reaches the threshold, bool (T,); None without one.
    """

    starts: NDArray[np.int64]
    windows: NDArray[np.float64]
    p_values: NDArray[np.float64] | None
    rejected: NDArray[np.bool_] | None
    steps: NDArray[np.float32]
    alarms: NDArray[np.bool_] | None


class SeriesDetector:
    """One ``.blemish`` file that looks at sensor series.

    The answer for a series does not depend on what else is scored: nothing is scaled by the series in question.

    Args:
        container: the file's content.
        path: where it came from, for messages.
        threads: cores that the graph may use; None takes all that are allowed.

    Raises:
        DetectorError: it looks at images, or its graph cannot be run.
    """

    def __init__(self, container: Container, *, path: Path | None = None, threads: int | None = None) -> None:
        if container.spec.series is None:
            raise DetectorError(f'"{path}" looks at images, not at sensor series; use it with "blemish inspect".')
        self.container = container
        self.path = path
        self.form: SeriesSpec = container.spec.series
        self._run = OnnxRuntime(container.graph, threads=threads, takes=WINDOW_INPUT)

    def __repr__(self) -> str:
        form, limits = self.form, self.spec.thresholds
        file = "no file" if self.path is None else f'"{self.path}"'
        decided = "no thresholds" if limits.reject is None else f"reject {limits.reject:.4g}"
        return printable(
            f"<SeriesDetector {self.spec.method} from {file}; {len(form.columns)} columns in windows of "
            f"{form.window_steps} steps; {decided}>"
        )

    @property
    def spec(self) -> DetectorSpec:
        """Settings, thresholds, calibration and provenance."""
        return self.container.spec

    def score(self, series: Series, *, stride_steps: int | None = None) -> SeriesScores:
        """Score every window and every time step.

        Args:
            series: with all columns that the detector was trained on, in any order; others are not looked at.
            stride_steps: from window to window; None takes the detector's own.

        Raises:
            DataError: a column is missing, or the series is shorter than one window.
        """
        values = series.only(self.form.columns).values
        starts = window_starts(len(values), self.form.window_steps, stride_steps or self.form.stride_steps, series.name)
        total, times = np.zeros(len(values)), np.zeros(len(values))
        scores = []
        for first in range(0, len(starts), _BATCH_WINDOWS):
            some = starts[first : first + _BATCH_WINDOWS]
            batch = cut_windows(values, some, self.form.window_steps)
            found = check_answer(self._run(batch), self.spec, batch.shape)
            assert found.maps is not None
            scores.append(found.scores)
            steps = some[:, None] + np.arange(self.form.window_steps)
            np.add.at(total, steps, found.maps)
            np.add.at(times, steps, 1)
        windows, p_values = np.concatenate(scores).astype(np.float64), None
        by_step = (total / times).astype(np.float32)
        known, limits = self.spec.calibration, self.spec.thresholds
        if known is not None:
            windows, p_values = known.judged(windows)
        return SeriesScores(
            starts=starts,
            windows=windows,
            p_values=p_values,
            rejected=None if limits.reject is None else windows >= limits.reject,
            steps=by_step,
            alarms=None if limits.pixel is None else by_step >= limits.pixel,
        )

    def save(self, path: Path) -> None:
        """Write the ``.blemish`` file."""
        write_container(Path(path), self.container)


def load_series_detector(path: Path | str, *, threads: int | None = None) -> SeriesDetector:
    """Load a ``.blemish`` file that looks at sensor series.

    Raises:
        DetectorError: it is missing, damaged, altered, of a newer schema, looks at images, or its graph is refused or
            cannot be run.
    """
    container, file = read_container(Path(path)), locate(path)
    ensure_tried(container, file)
    return SeriesDetector(container, path=file, threads=threads)
