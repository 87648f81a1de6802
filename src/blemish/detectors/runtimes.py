"""Which runtime runs a graph: the one that is named, or the fastest of those that answer alike.

``auto`` is measured at the first use of a detector on a machine, on one made-up image of the size that the detector
sees, and remembered in the cache folder. A runtime whose answers differ from ONNX Runtime's by more than float32
rounding is never taken: thresholds and guarantees were chosen with those. bfloat16 is therefore never taken unasked.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from blemish.cpu import available_threads, cpu_flags, cpu_name
from blemish.detectors.container import Container
from blemish.detectors.openvino_runtime import OpenVinoRuntime
from blemish.detectors.runtime import ConcreteRuntime, OnnxRuntime, Prediction, Runtime, RuntimeName
from blemish.errors import BlemishError
from blemish.files import write_text
from blemish.locations import cache_dir

FLOAT32_TOLERANCE = 1e-4
"""Of the largest value: float32 sums in another order differ in the last digits, other computations by more."""

_Name = TypeVar("_Name", bound=str)
_REFERENCE: ConcreteRuntime = "onnxruntime"
_CANDIDATES: tuple[ConcreteRuntime, ...] = ("openvino",)
_ROUNDS = 3
# Another runtime has to be faster than measurements scatter.
_WORTHWHILE = 0.95
# Side of the image that a graph is measured on where its detector takes any size in one piece.
_FREE_SIDE_PX = 512


def start_runtime(
    name: RuntimeName, container: Container, *, threads: int | None = None, calls_at_once: int = 1
) -> tuple[ConcreteRuntime, Runtime]:
    """A detector's graph in the runtime that is named, or in the one that ``auto`` finds, and that one's name.

    Args:
        name: which.
        container: the detector.
        threads, calls_at_once: see `OnnxRuntime`.

    Raises:
        MissingExtraError: the runtime is not installed.
        DetectorError: the graph is refused or cannot be run.
    """
    if name == "auto":
        name = choose_runtime(container, threads=threads, calls_at_once=calls_at_once)
    return name, _start(name, container.graph, threads=threads, calls_at_once=calls_at_once)


def choose_runtime(container: Container, *, threads: int | None = None, calls_at_once: int = 1) -> ConcreteRuntime:
    """The fastest runtime for a detector on this machine, of those that are installed and answer alike.

    It is measured once for each graph, machine, number of threads and version of the runtimes.

    Args:
        container: the detector.
        threads, calls_at_once: as the runtime will be started with.
    """
    file = cache_dir() / "runtimes" / f"{_key(container.graph, threads, calls_at_once)}.json"
    chosen = _remembered(file)
    if chosen is None:
        seconds = measure_runtimes(container, threads=threads, calls_at_once=calls_at_once)
        fastest = min(seconds, key=lambda name: seconds[name])
        chosen = fastest if seconds[fastest] < _WORTHWHILE * seconds[_REFERENCE] else _REFERENCE
        with suppress(BlemishError):  # where nothing can be remembered it is measured again
            write_text(file, json.dumps({"runtime": chosen, "seconds": seconds}))
    return chosen


def measure_runtimes(
    container: Container, *, threads: int | None = None, calls_at_once: int = 1
) -> dict[ConcreteRuntime, float]:
    """Seconds of one round of ``calls_at_once`` images, for each runtime that may be chosen; ONNX Runtime first."""
    image = sample_image(container)
    started: dict[ConcreteRuntime, Runtime] = {}
    expected: Prediction | None = None
    for name in (_REFERENCE, *_CANDIDATES):
        try:
            runtime = _start(name, container.graph, threads=threads, calls_at_once=calls_at_once)
            found = runtime(image)
        except BlemishError:
            if name == _REFERENCE:
                raise
            continue
        if expected is None:
            expected = found
        if runtime.precision == "float32" and relative_drift(expected, found) <= FLOAT32_TOLERANCE:
            started[name] = runtime
    return best_seconds({name: lambda run=run: run(image) for name, run in started.items()}, calls_at_once)  # type: ignore[misc]


def best_seconds(calls: Mapping[_Name, Callable[[], object]], at_once: int = 1) -> dict[_Name, float]:
    """Least seconds of each way over a few rounds in which they take turns, ``at_once`` calls side by side."""
    seconds: dict[_Name, list[float]] = {name: [] for name in calls}
    with ThreadPoolExecutor(at_once) as pool:
        for _ in range(_ROUNDS):
            for name, call in calls.items():
                begun = time.perf_counter()
                for done in [pool.submit(call) for _ in range(at_once)]:
                    done.result()
                seconds[name].append(time.perf_counter() - begun)
    return {name: min(each) for name, each in seconds.items()}


def relative_drift(expected: Prediction, found: Prediction) -> float:
    """Largest difference of scores or maps, relative to the largest expected value; infinite where one has no map."""
    pairs = [(expected.scores, found.scores), (expected.maps, found.maps)]
    if (expected.maps is None) != (found.maps is None):
        return float("inf")
    return max(
        float(np.abs(got - want).max() / max(float(np.abs(want).max()), 1e-6))
        for want, got in pairs
        if want is not None and got is not None
    )


def sample_image(container: Container) -> NDArray[np.uint8]:
    """A made-up image of the size that a detector's graph sees most, uint8 (1, H, W, 3).

    It is smooth: pure noise would saturate a network and hide a difference.
    """
    wanted = container.spec.input
    free_px = wanted.tile_px or -(-_FREE_SIDE_PX // wanted.multiple_of) * wanted.multiple_of
    height_px, width_px = wanted.size_px or (free_px, free_px)
    rng = np.random.default_rng(0)
    coarse = rng.uniform(0, 255, (1, height_px // 8 + 1, width_px // 8 + 1, 3))
    fine = coarse.repeat(8, axis=1).repeat(8, axis=2)[:, :height_px, :width_px]
    return np.clip(fine + rng.normal(0, 12, fine.shape), 0, 255).astype(np.uint8)


def _start(name: ConcreteRuntime, graph: bytes, *, threads: int | None, calls_at_once: int) -> Runtime:
    if name == "onnxruntime":
        return OnnxRuntime(graph, threads=threads, calls_at_once=calls_at_once)
    return OpenVinoRuntime(graph, fast=name == "openvino-fast", threads=threads, calls_at_once=calls_at_once)


def _key(graph: bytes, threads: int | None, calls_at_once: int) -> str:
    digest = hashlib.sha256(graph)
    versions = {package: _version(package) for package in ("onnxruntime", "openvino")}
    machine = (cpu_name(), sorted(cpu_flags()), threads or available_threads(), calls_at_once, versions)
    digest.update(repr(machine).encode())
    return digest.hexdigest()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _remembered(file: Path) -> ConcreteRuntime | None:
    try:
        said = json.loads(file.read_bytes())["runtime"]
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return said if said in get_args(ConcreteRuntime) and said != "openvino-fast" else None
