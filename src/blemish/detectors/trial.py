"""The first run of a graph that somebody else made: in a process of its own, with little memory and time.

`blemish.detectors.graph_check` lets through only graphs that compute; how much they compute stands in their numbers.
A chain of a few operators on constants can unfold to terabytes while it is loaded, before any image is seen. So a file
that is neither bundled nor known is run once on one small image (one of the fixed size, where there is one) in a child
process. What passes is remembered by its SHA-256 in the cache folder, so the price, a third of a second, is paid once;
that is why it belongs to loading and needs no command of its own.

A graph can still take more for a large image than for the small one. A server that inspects with detectors of strangers
has to bound its workers' memory as well. Windows has no such limits: there the child is only stopped by the clock.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from blemish.bundled import bundled_detectors
from blemish.detectors.answers import Output, check_outputs
from blemish.detectors.container import Container
from blemish.detectors.graph_check import check_graph
from blemish.detectors.schema import DetectorSpec
from blemish.errors import BlemishError, DetectorError
from blemish.files import write_text
from blemish.locations import cache_dir
from blemish.text import printable

_MEMORY = 4 << 30
# A runtime holds a graph's weights several times over while it prepares them.
_COPIES = 4
_CPU_S, _WALL_S = 60, 180
_CHILD = Path(__file__).with_name("trial_child.py")


@dataclass(frozen=True, slots=True)
class Trial:
    """What a graph is run on.

    Attributes:
        name: of the graph's input.
        dtype: of it, as NumPy names it.
        shape: of it; a batch of one.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]

    @classmethod
    def of(cls, spec: DetectorSpec) -> Trial:
        """The smallest run that a detector's description allows."""
        if spec.series is not None:
            return cls("window", "float64", (1, spec.series.window_steps, len(spec.series.columns)))
        return cls("image", "uint8", (1, *spec.input.trial_sizes()[0], 3))

    def mark(self, graph: bytes) -> Path:
        """The file that remembers that a graph has passed."""
        digest = hashlib.sha256(graph)
        digest.update(f"{self} {version('onnxruntime')}".encode())
        return cache_dir() / "tried-graphs" / digest.hexdigest()


def ensure_tried(container: Container, path: Path) -> None:
    """Run a detector's graph for the first time, unless it is bundled or known to have passed.

    Args:
        container: what the file holds.
        path: where it was read, for messages.

    Raises:
        DetectorError: it takes too much memory or time, crashes, cannot be run, or answers what its description does
            not say.
    """
    if path in bundled_detectors().values():
        return
    trial = Trial.of(container.spec)
    outputs = _remembered(container.graph, trial)
    if outputs is None:
        if getattr(sys, "frozen", False) or not sys.executable:
            return  # a program with Python inside cannot start a Python
        check_graph(container.graph)
        outputs = _run(trial, container.graph, path)
        remember(container.graph, trial, outputs)
    check_outputs(outputs, container.spec, trial.shape)


def remember(graph: bytes, trial: Trial, outputs: Mapping[str, Output]) -> None:
    """Note what a graph gave; where the cache folder cannot be written to, it will be tried again."""
    with suppress(BlemishError):
        write_text(trial.mark(graph), json.dumps({name: asdict(output) for name, output in outputs.items()}))


def _remembered(graph: bytes, trial: Trial) -> dict[str, Output] | None:
    try:
        return _outputs(json.loads(trial.mark(graph).read_bytes()))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _outputs(said: Mapping[str, Any]) -> dict[str, Output]:
    return {name: Output(tuple(found["shape"]), found["finite"]) for name, found in said.items()}


def _run(trial: Trial, graph: bytes, path: Path) -> dict[str, Output]:
    """What the graph gave."""
    limits = {"memory": _MEMORY + _COPIES * len(graph), "cpu_s": _CPU_S}
    wanted = json.dumps({"name": trial.name, "dtype": trial.dtype, "shape": trial.shape, **limits})
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    try:
        done = subprocess.run(
            [sys.executable, "-P", str(_CHILD), wanted],
            input=graph,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | one_thread | {"ORT_DISABLE_TELEMETRY": "1"},
            timeout=_WALL_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _refused(path, f"takes more than {_WALL_S} s for one small image") from None
    answer = _answer(done.stdout)
    if answer is None:
        raise _refused(path, f"crashes, or takes more than {_CPU_S} s for one small image")
    if answer.get("memory"):
        raise _refused(path, f"takes more than {limits['memory'] >> 30} GiB of memory for one small image")
    if "error" in answer:
        raise DetectorError(f'The graph of "{path}" cannot be run: {printable(str(answer["error"]))}')
    return _outputs(answer)


def _answer(said: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(said)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _refused(path: Path, reason: str) -> DetectorError:
    return DetectorError(f'"{path}" was refused: its graph {reason}; use detectors of people whom you trust.')
