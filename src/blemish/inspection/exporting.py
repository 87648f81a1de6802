"""The verb `export`: a detector's graph for other runtimes, or the detector in int8."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from blemish.cpu import cpu_name
from blemish.detectors import Container, Detector, ImageSource, write_container
from blemish.detectors.answers import outputs_of
from blemish.detectors.protobuf import with_metadata
from blemish.detectors.quantizing import quantize_graph
from blemish.detectors.runtime import ConcreteRuntime, Precision, RuntimeName
from blemish.detectors.runtimes import best_seconds, sample_image
from blemish.detectors.telemetry import import_openvino
from blemish.detectors.trial import Trial, remember
from blemish.errors import DataError, DetectorError, ImageError, MissingExtraError, SettingsError, install_hint
from blemish.files import write_bytes
from blemish.images import BitRange, ReadOptions
from blemish.inspection.graph_drift import DriftCounter, GraphDrift
from blemish.inspection.job.images import Images
from blemish.inspection.progress import OnProgress, Say, silent
from blemish.inspection.ready import ready
from blemish.inspection.sources import SourceLike

Target = Literal["onnx", "openvino", "int8"]
_SUFFIXES: dict[Target, str] = {"onnx": ".onnx", "openvino": ".xml", "int8": ".blemish"}
# Ranges of activations settle within a few dozen inputs; each costs a run of the float32 graph.
_MAX_INPUTS = 128
_MIN_IMAGES = 4


@dataclass(frozen=True, slots=True)
class ExportResult:
    """What `blemish.export` returns.

    Attributes:
        files: what was written; of OpenVINO's two files the one that is opened comes first.
        precision: in which numbers the written graph computes.
        runtime: what drift and speed were measured in; None where nothing was measured.
        drift: what changed against the detector as it was; None where the graph is the same.
        speed_up: how many times as fast the graph runs on this machine; None where it is the same.
    """

    files: tuple[Path, ...]
    precision: Precision
    runtime: ConcreteRuntime | None = None
    drift: GraphDrift | None = None
    speed_up: float | None = None

    def __str__(self) -> str:
        measured = ""
        if self.drift is not None and self.speed_up is not None:
            measured = f"; {self.speed_up:.2f} times as fast as float32 ({self.runtime}); {self.drift}"
        return f"Wrote {', '.join(map(str, self.files))}: computes in {self.precision}{measured}."


def export(
    detector: Detector | Path | str,
    *,
    to: Target,
    out: Path | str,
    data: SourceLike | None = None,
    max_drift: float = 0.05,
    bit_range: BitRange | None = None,
    max_megapixels: float | None = None,
    force: bool = False,
    threads: int | None = None,
    runtime: RuntimeName = "onnxruntime",
    say: Say = silent,
    on_progress: OnProgress = silent,
) -> ExportResult:
    """Write a detector's graph for other programs, or the detector in int8, where it is faster.

    ``onnx`` and ``openvino`` write the graph alone, in the precision that it has. ``int8`` writes a detector: every
    other image of ``data`` sets the ranges of its 8-bit numbers, and the rest say what changed. Its thresholds are
    those that float32 had; a guarantee does not go over, since its scores are others: calibrate it anew.

    Args:
        detector: one that is loaded, or a file, or the name of a bundled one.
        to: what to write.
        out: the file, ending in ``.onnx``, ``.xml`` (``.bin`` is written beside it) or ``.blemish``.
        data: for int8: images or folders of them, four or more, like those that it will see, with and without defects.
        max_drift: for int8: refused where scores (in their standard deviations), the fraction of verdicts or the
            outlined pixels (1 - Dice) change by more than this.
        bit_range, max_megapixels: how ``data`` is read; see `blemish.inspect`.
        force: replace a file that is there already.
        threads, runtime: what speed and drift are measured with, for int8; see `Detector`.
        say, on_progress: told what is left out of ``data``, and how far the comparison is.

    Raises:
        SettingsError: another target or ending, or int8 without images.
        DataError: too few images that can be inspected.
        DetectorError: int8 changes more than ``max_drift``, nothing can be quantised, or ``out`` is there already.
        MissingExtraError: what writes such a file is not installed.

    Example:
        >>> import tempfile, blemish
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     print(blemish.export("concrete-crack", to="onnx", out=f"{folder}/crack.onnx").precision)
        float32
    """
    file = _checked(to, Path(out), force=force)
    if to == "int8":
        if data is None:
            raise SettingsError("INT8 is calibrated on images: give --data with images like those that it will see.")
        with Images(data, say) as images:
            sources = list(images.sources())
        loaded = ready(detector, 1, threads=threads, runtime=runtime)
        options = loaded.read_options(ReadOptions(bit_range, max_megapixels))
        return _to_int8(loaded, file, _Images(sources, options, say), max_drift, threads, on_progress)
    loaded = ready(detector, 1, threads=threads)
    facts = _facts(loaded)
    if to == "onnx":
        write_bytes(file, with_metadata(loaded.container.graph, facts))
        return ExportResult((file,), loaded.spec.precision)
    return ExportResult(_write_openvino(loaded, file, facts), loaded.spec.precision)


def _checked(to: Target, file: Path, *, force: bool) -> Path:
    if to not in get_args(Target):
        raise SettingsError(f'A detector is exported to {", ".join(get_args(Target))}, not to "{to}".')
    if file.suffix != _SUFFIXES[to]:
        raise SettingsError(f'An export to {to} is a file whose name ends in {_SUFFIXES[to]}, which "{file}" does not.')
    if file.exists() and not force:
        raise DetectorError(f'"{file}" exists already; give another name, or --force to replace it.')
    return file


def _facts(detector: Detector) -> dict[str, str]:
    """What a graph alone should say about itself."""
    spec = detector.spec
    return {
        "blemish.method": spec.method,
        "blemish.precision": spec.precision,
        "blemish.input": f"uint8 RGB (N, H, W, 3), {spec.input.describe()}",
        "blemish.classes": ", ".join(spec.classes),
    }


def _write_openvino(detector: Detector, file: Path, facts: dict[str, str]) -> tuple[Path, ...]:
    try:
        openvino = import_openvino()
    except ModuleNotFoundError:
        raise MissingExtraError(f"OpenVINO is not installed: {install_hint('openvino')}.") from None
    weights = file.with_suffix(".bin")
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "graph.xml"
        core = openvino.Core()
        model = core.read_model(detector.container.graph)
        for name, value in facts.items():
            model.set_rt_info(value, name.split("."))
        openvino.save_model(model, written, compress_to_fp16=False)
        # Weights first: whoever finds the file that is opened finds both.
        write_bytes(weights, written.with_suffix(".bin").read_bytes())
        write_bytes(file, written.read_bytes())
    return file, weights


@dataclass(frozen=True, slots=True)
class _Images:
    """Images that are read when they are needed, and left out with a sentence where they cannot be."""

    sources: Sequence[ImageSource]
    options: ReadOptions
    say: Say

    def read(self, which: slice) -> Iterator[NDArray[np.uint8]]:
        for source in self.sources[which]:
            try:
                yield source.load(self.options).pixels
            except ImageError as error:
                self.say(f"Skipped: {error}")


def _to_int8(
    detector: Detector, file: Path, images: _Images, max_drift: float, threads: int | None, on_progress: OnProgress
) -> ExportResult:
    if detector.spec.precision == "int8":
        raise DetectorError("This detector computes in int8 already; export the float32 one that it came from.")
    if len(images.sources) < _MIN_IMAGES:
        raise DataError(f"INT8 needs at least {_MIN_IMAGES} images, not {len(images.sources)}: give more with --data.")
    inputs = (one for pixels in images.read(slice(0, None, 2)) for one in detector.graph_inputs(pixels))
    graph = quantize_graph(detector.container.graph, islice(inputs, _MAX_INPUTS))
    spec = detector.spec.model_copy(update={"precision": "int8", "calibration": None})
    other = Detector(replace(detector.container, graph=graph, spec=spec), threads=threads, runtime=detector.runtime)
    drift = _compare(detector, other, images, on_progress)
    if not drift.largest <= max_drift:
        raise DetectorError(
            f"In int8 the detector changes too much: {drift}; the limit is {max_drift:.1%}. Nothing was written; "
            "give more images, more like those that it will see, or a larger --max-drift."
        )
    speed_up = _speed_up(detector, other)
    write_container(file, _described(other.container, detector.runtime, drift, speed_up))
    return ExportResult((file,), "int8", detector.runtime, drift, speed_up)


def _compare(detector: Detector, other: Detector, images: _Images, on_progress: OnProgress) -> GraphDrift:
    which = slice(1, None, 2)
    counter, count = DriftCounter(), len(images.sources[which])
    for number, pixels in enumerate(images.read(which), start=1):
        counter.add(detector.inspect_pixels(pixels), other.inspect_pixels(pixels))
        on_progress(number, count)
    if not counter.images:
        raise DataError("None of the images that int8 would be compared on can be read: give others with --data.")
    return counter.result()


def _speed_up(detector: Detector, other: Detector) -> float:
    image = sample_image(detector.container)
    first, second = detector.answer(image), other.answer(image)  # the first calls prepare the graphs
    # The file is known here as one that was made here: its first use need not try it out.
    trial = Trial.of(other.spec)
    remember(other.container.graph, trial, outputs_of(other.answer(np.zeros(trial.shape, np.uint8))))
    del first, second
    seconds = best_seconds({"before": lambda: detector.answer(image), "after": lambda: other.answer(image)})
    return seconds["before"] / seconds["after"]


def _described(container: Container, runtime: ConcreteRuntime, drift: GraphDrift, speed_up: float) -> Container:
    """The detector with what was measured in its card, and beside its thresholds whose they are."""
    limits = container.spec.thresholds
    limits = limits.model_copy(update={"source": f"{limits.source} Chosen in float32; {drift}."})
    measured = (
        f"\n## INT8\n\nComputes in 8-bit whole numbers. {speed_up:.2f} times as fast as float32 in {runtime} on "
        f"{cpu_name() or 'an unknown processor'}; {drift}. Thresholds are those of float32, and no guarantee goes "
        "over: run `blemish calibrate` for one.\n"
    )
    spec = container.spec.model_copy(update={"thresholds": limits})
    return replace(container, spec=spec, card=f"{container.card.rstrip()}\n{measured}")
