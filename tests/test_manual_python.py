"""The Python of the manual runs: the blocks of each page, top to bottom, in a folder with what the page speaks of.

A page's block must import what it uses; the names of a reader's own images and lists (``image``, ``mask``, ``paths``)
are given. Blocks with a word behind the language are run by the tests of that page, tours as wholes by theirs.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray

import blemish
import blemish.benchmarking.running as running
from blemish import benchmarking
from blemish.detectors import Container, write_container
from blemish.images import write_png
from blemish.synthesis.sensor_series import draw_sensor_series

from manual_pages import PAGES, blocks, name_of

TINY = {"size_px": 32, "width": 4, "epochs": 1, "batch_size": 4}
# What a page shows at full length and a test does in seconds: text of the page -> text that is run.
SHORTER: Mapping[str, Mapping[str, str]] = {
    "docs/generative.md": {'"anogan-run", say': '"anogan-run", settings=tiny, say'},
    "docs/how-to/large-jobs.md": {"/shared/wall.blemish": "wall.blemish"},
    "docs/series.md": {"window_steps=64": "window_steps=16, settings=tiny"},
    "docs/service.md": {"127.0.0.1:8000": "{address}"},
}
LEARNS = {"docs/generative.md", "docs/series.md"}

Prepare = Callable[[Path], Iterator[Mapping[str, Any]]]


def page_cases() -> list[Any]:
    pages = [page for page in PAGES if blocks(page, "python", plain=True) and "tutorials" not in page.parts]
    marks = [[pytest.mark.train, pytest.mark.slow] if name_of(page) in LEARNS else [] for page in pages]
    return [pytest.param(page, id=name_of(page), marks=own) for page, own in zip(pages, marks, strict=True)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wall: NDArray[np.uint8], darkness: Container) -> Path:
    """The current folder, with the images and the detector that pages take for granted."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BLEMISH_WEIGHTS", raising=False)
    for name in ("image.jpg", "wall.jpg", "drone/1.jpg", "drone/2.jpg"):
        Path(name).parent.mkdir(exist_ok=True)
        write_png(Path(name), wall)
    with zipfile.ZipFile("bridge.zip", "w") as archive:
        archive.write("wall.jpg")
    write_container(Path("wall.blemish"), darkness)
    return tmp_path


@pytest.mark.parametrize("page", page_cases())
def test_the_python_of_a_page_runs(page: Path, folder: Path, wall: NDArray[np.uint8]):
    name = name_of(page)
    given = {"image": wall, "pixels": wall, "mask": wall[..., 0] < 100, "paths": ["image.jpg", "wall.jpg"]}
    text_of = SHORTER.get(name, {})
    for own in PREPARE.get(name, nothing)(folder):
        scope = {**given, **own}
        for text in blocks(page, "python", plain=True):
            for shown, run in text_of.items():
                text = text.replace(shown, run.format(**scope) if "{" in run else run)
            # As a notebook does, names live on from one block to the next.
            exec(compile(text, name, "exec"), scope)
    assert all(any(shown in text for text in blocks(page, "python")) for shown in text_of)


def nothing(_: Path) -> Iterator[Mapping[str, Any]]:
    yield {}


def a_job(_: Path) -> Iterator[Mapping[str, Any]]:
    yield {"detector": blemish.load("wall.blemish")}


def two_dates(_: Path) -> Iterator[Mapping[str, Any]]:
    found = blemish.load("wall.blemish").inspect("image.jpg")
    view = np.kron(np.random.default_rng(0).integers(0, 256, (25, 30)), np.ones((4, 5))).astype(np.uint8)
    yield {"earlier": found.finding, "later": found.finding, "earlier_view": view, "later_view": view}


class Spark:
    """Gives a worker its rows as Spark does, one batch, and collects what it yields."""

    class Batch(dict[str, Any]):
        def assign(self, **columns: Any) -> Spark.Batch:
            return Spark.Batch(self, **columns)

    def createDataFrame(self, paths: list[str]) -> Spark:
        self.rows = Spark.Batch(path=paths)
        return self

    def mapInPandas(self, worker: Callable[[Iterator[Any]], Iterator[Any]], schema: str) -> list[Any]:
        found = list(worker(iter([self.rows])))
        assert set(found[0]) == {column.split()[0] for column in schema.split(", ")}
        return found


def many_machines(_: Path) -> Iterator[Mapping[str, Any]]:
    yield {"spark": Spark()}


def a_benchmark(_: Path) -> Iterator[Mapping[str, Any]]:
    # Minutes, by processes of its own; a tour runs one by its command. Here the call and what is read must be possible.
    difference = mock.create_autospec(running.Difference, instance=True)
    with mock.patch.object(benchmarking, "benchmark", autospec=True) as asked:
        asked.return_value = mock.create_autospec(running.Benchmark, instance=True, differences=(difference,))
        yield {}
        difference.sentence.assert_called_once_with()


def generative(folder: Path) -> Iterator[Mapping[str, Any]]:
    waves(folder / "images")
    blemish.train("autoencoder", folder / "images", folder / "part.blemish", settings=TINY)
    tiny = {**TINY, "latent": 4, "search_steps": 2, "search_starts": 1}
    yield {
        "tiny": tiny,
        "paths": sorted((folder / "images/test/good").iterdir()),
        "image": np.zeros((32, 32, 3), np.uint8),
    }


def waves(folder: Path) -> None:
    """Grey images, of which the defective ones carry a black square."""
    rng = np.random.default_rng(0)
    for place in ("train/good", "test/good", "test/hole"):
        (folder / place).mkdir(parents=True)
        for number in range(8):
            image = rng.normal(150, 10, (32, 32, 3)).clip(0, 255).astype(np.uint8)
            image[8:18, 8:18] //= 8 if place.endswith("hole") else 1
            write_png(folder / place / f"{number}.png", image)


def sensors(_: Path) -> Iterator[Mapping[str, Any]]:
    for seed, day in enumerate(("monday", "tuesday", "wednesday")):
        series = draw_sensor_series(300, columns=2, seed=seed)
        rows = [f"{step},{','.join(map(str, row))}\n" for step, row in enumerate(series.values)]
        Path(f"{day}.csv").write_text("".join([f"time,{','.join(series.columns)}\n", *rows]))
    yield {"tiny": {"width": 4, "epochs": 1}}


def a_service(folder: Path) -> Iterator[Mapping[str, Any]]:
    for module in ("fastapi", "httpx", "tritonclient.http"):
        pytest.importorskip(module, reason="asks a service")
    from blemish.serving.service import Service
    from blemish.serving.settings import ServeSettings

    from listening import listening

    shutil.copy("wall.blemish", "concrete-crack.blemish")
    settings = ServeSettings(detectors=("concrete-crack.blemish",), store=folder / "store", threads=1)
    with listening(Service(settings)) as address:
        yield {"address": address.removeprefix("http://")}


PREPARE: Mapping[str, Prepare] = {
    "docs/architecture.md": a_job,
    "docs/benchmarking.md": a_benchmark,
    "docs/generative.md": generative,
    "docs/how-to/large-jobs.md": many_machines,
    "docs/measuring.md": two_dates,
    "docs/series.md": sensors,
    "docs/service.md": a_service,
}
