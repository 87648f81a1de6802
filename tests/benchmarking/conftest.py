"""A benchmark whose trainings take no time: each gives the tests' detector, and the rest is as it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from blemish.benchmarking import running, stages
from blemish.benchmarking.contenders import Contender
from blemish.benchmarking.running import Benchmark, benchmark
from blemish.files import write_text
from blemish.images import write_png

Run = Callable[..., Benchmark]


def draw_images(root: Path, *, train: int = 6, test: int = 8, size_px: int = 40) -> Path:
    """Light images, every second one with a dark square and its mask, no two alike."""
    rng = np.random.default_rng(0)
    for split, count in (("train", train), ("test", test)):
        for number in range(count):
            image = rng.integers(150, 255, (size_px, size_px, 3), dtype=np.uint8)
            mask = np.zeros((size_px, size_px), np.bool_)
            if number % 2:
                place = rng.integers(4, 24, 2)
                mask[place[0] : place[0] + 9, place[1] : place[1] + 9] = True
                image[mask] = 20 + number
            write_png(root / split / "images" / f"{number}.png", image)
            write_png(root / split / "masks" / f"{number}.png", mask)
    return root


@pytest.fixture
def draw() -> Callable[..., Path]:
    return draw_images


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return draw_images(tmp_path / "벽 walls")


@pytest.fixture
def contenders() -> list[Contender]:
    return [
        Contender("quick one", "unet", "masks", None, {"epochs": 1}),
        Contender("careful one", "darkness", "normal", None, {"levels": 256}),
    ]


@pytest.fixture
def processes(monkeypatch: pytest.MonkeyPatch, darkness_file: Path) -> list[tuple[str, str, int]]:
    """Trainings are replaced by a copy of the tests' detector; inspections run here. Gives what was run."""
    ran: list[tuple[str, str, int]] = []

    def process(half: str, folder: Path) -> None:
        request = stages.Request.model_validate_json((folder / stages.REQUEST_NAME).read_bytes())
        ran.append((half, request.method, request.seed))
        if half == "fit":
            (folder / stages.DETECTOR_NAME).write_bytes(darkness_file.read_bytes())
            found = {"fit_s": 1.5, "fit_peak_mib": 700.0, "n_train": 6, "detector_mb": 0.1}
            write_text(folder / stages.FIT_NAME, json.dumps(found))
        else:
            write_text(folder / stages.INSPECT_NAME, json.dumps(stages.inspect(request, folder)))

    monkeypatch.setattr(running, "_process", process)
    monkeypatch.setattr(stages, "_TIMED", 4)
    return ran


@pytest.fixture
def run(
    tmp_path: Path, images: Path, contenders: list[Contender], processes: object, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """`run(seeds=…)` in a folder of its own."""
    monkeypatch.setattr(running, "read_contenders", lambda recipes, profile: tuple(contenders))

    def go(**options: object) -> Benchmark:
        return benchmark(["any"], **{"data": [images], "out": tmp_path / "out", **options})

    return go
