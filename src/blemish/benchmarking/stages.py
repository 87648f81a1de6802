"""The two stages of one run, each in a process of its own: fit, then inspect.

    python -m blemish.benchmarking.stages fit|inspect FOLDER

Separate processes keep runs from influencing one another and show how much memory each stage takes: the inspecting one
never loads torch. The folder holds ``request.json``; each stage writes its result beside it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from blemish.benchmarking.data import BenchmarkData, load_data
from blemish.benchmarking.machine import describe_machine
from blemish.benchmarking.records import IMAGES_NAME, image_row, read_images, write_images
from blemish.datasets import relative_name
from blemish.detectors import Detector, load, source_of
from blemish.errors import BlemishError
from blemish.evaluation import Confusion, auroc
from blemish.files import write_text
from blemish.inspection import Answer, evaluate
from blemish.inspection.stream import inspect_stream

REQUEST_NAME, FIT_NAME, INSPECT_NAME, DETECTOR_NAME = "request.json", "fit.json", "inspect.json", "detector.blemish"
_WARM_UP = 4
_TIMED = 64
_TIMED_AT_MAX_S = 30.0


class Request(BaseModel):
    """What the processes of a run are asked to do. Paths are absolute.

    Attributes:
        data: folder, table or COCO file.
        split: the file that `blemish.benchmarking.data.save_data` wrote.
    """

    model_config = ConfigDict(frozen=True)

    data: Path
    split: Path
    method: str
    learns_from: str
    recipe: Path | None
    profile: str
    seed: int

    def read_data(self) -> BenchmarkData:
        """The data set as the benchmark split it."""
        return load_data(self.data, self.split)


def fit(request: Request, folder: Path) -> dict[str, Any]:
    """Train, without being given the test split."""
    from blemish.training import train  # imported here: the inspecting process must not load torch

    images = request.read_data().training(sees_defects=request.learns_from != "normal")
    started = time.perf_counter()
    detector = train(
        request.method,
        images,
        folder / DETECTOR_NAME,
        recipe=request.recipe,
        profile=request.profile,
        seed=request.seed,
        say=lambda sentence: print(sentence, flush=True),
    )
    fit_s = time.perf_counter() - started
    return {
        "fit_s": fit_s,
        "fit_peak_mib": peak_mib(),
        "n_train": len(detector.spec.provenance.images),
        "detector_mb": (folder / DETECTOR_NAME).stat().st_size / 1e6,
    }


def inspect(request: Request, folder: Path) -> dict[str, Any]:
    """Time the detector on training images, then score the test split, once."""
    data = request.read_data()
    detector = load(folder / DETECTOR_NAME)
    speed = images_per_s(detector, [sample.path for sample in data.training(sees_defects=True).samples])
    peak = peak_mib()  # before the metrics, which keep every pixel's score
    limit = detector.spec.thresholds.reject
    test = data.test()
    rows = []

    def keep(answer: Answer) -> None:
        sample, found = answer.sample, answer.found
        name = relative_name(test, sample)
        score = float(found.score or 0.0)
        rows.append(
            image_row(
                name,
                sample.group,
                leaked=name in data.leaked,
                defective=answer.defective,
                score=score,
                flagged=None if limit is None else score >= limit,
                pixels=None
                if answer.truth is None or found.mask is None
                else Confusion.of(found.mask, answer.truth, answer.ignored),
            )
        )

    metrics = evaluate(test, detector=detector, split=None, on_answer=keep).metrics.details()
    write_images(folder / IMAGES_NAME, rows)
    if data.leaked:
        metrics["image"]["auroc_without_leaks"] = auroc_without_leaks(folder)
    return {
        "images_per_s": speed,
        "inspect_peak_mib": peak,
        "metrics": metrics,
        "machine": describe_machine(),
    }


def images_per_s(detector: Detector, images: list[Path]) -> float:
    """Images decoded and inspected in a second, after a warm-up; too few images are repeated."""
    wanted = _WARM_UP + _TIMED
    again = images * (wanted // len(images) + 1)
    answers = inspect_stream(detector, map(source_of, again[:wanted]))
    for _ in islice(answers, _WARM_UP):
        pass
    started = time.perf_counter()
    count = 0
    for _ in answers:
        count += 1
        if time.perf_counter() - started > _TIMED_AT_MAX_S:
            break
    took_s = time.perf_counter() - started
    answers.close()
    return count / took_s


def peak_mib() -> float:
    """Peak memory of this process, in MiB."""
    try:
        # Not getrusage: it would remember the parent that this process was forked from.
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
    except (OSError, StopIteration):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def auroc_without_leaks(folder: Path) -> float | None:
    """Image AUROC on the test images that the training cannot have seen."""
    answers = read_images(folder)
    fresh = answers.known & ~answers.leaked
    return auroc(answers.scores[fresh], answers.defective[fresh])


_STAGES: dict[str, tuple[Callable[[Request, Path], dict[str, Any]], str]] = {
    "fit": (fit, FIT_NAME),
    "inspect": (inspect, INSPECT_NAME),
}


def main() -> int:
    """Run one stage. An error that is the input's fault is one sentence on stderr and exit code 2."""
    stage, name = _STAGES[sys.argv[1]]
    folder = Path(sys.argv[2])
    try:
        request = Request.model_validate_json((folder / REQUEST_NAME).read_bytes())
        write_text(folder / name, json.dumps(stage(request, folder), allow_nan=False))
    except BlemishError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
