"""A folder of images through blemish and through anomalib's ``engine.predict``, with the same network on both sides.

    python benchmarks/engine_beside_anomalib.py --anomalib-python VENV/bin/python [--images 200] [--rounds 3]
        [--record engine-beside-anomalib]

PaDiM on both sides, fitted to the same drawn images of 256 px, on features of the same layers of the same backbone
(random numbers: time does not depend on them), reduced to as many dimensions. anomalib 2.7 lives in its own
environment, whose interpreter is given. Each side is a process that fits, loads, inspects once to warm up, and then
waits to be told to inspect the folder, so that the sides take turns.

"with pictures": what each does when nothing is said: anomalib draws a picture of each image; blemish draws an overlay
and a small copy of each image and writes findings, tables and the report. "without": anomalib without its visualiser,
which gives answers in memory; blemish writes findings and tables.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

# By name: what anomalib's Padim is given, and the settings of ours that have the same features.
NETWORKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "ResNet-18": (
        {"backbone": "resnet18", "layers": ["layer1", "layer2", "layer3"], "n_features": 100},
        {"backbone": "resnet18", "strides": [4, 8, 16]},
    ),
    # The last layers of timm's mobilenetv2_100 that are 8 and 16 times smaller than the image.
    "MobileNetV2": (
        {"backbone": "mobilenetv2_100", "layers": ["blocks.2", "blocks.4"], "n_features": 100},
        {"backbone": "mobilenet_v2", "strides": [8, 16]},
    ),
}
WAYS = ("with pictures", "without")
TRAINED = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anomalib-python", help="interpreter of an environment with anomalib 2.7")
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        serve(options)
        return
    if options.anomalib_python is None:
        parser.error("give --anomalib-python, the interpreter of an environment with anomalib 2.7.")
    measure(options)


def serve(options: argparse.Namespace) -> None:
    """One side, in its own process: for each way that is read, the seconds that the folder took."""
    data = options.work / "images"
    inspect = SIDES[options.side](options.networks[0], data, options.work / options.side, options.threads)
    for way in WAYS:
        inspect(way)
    # What libraries print goes elsewhere: the last line is the answer.
    print("ready", flush=True)
    for line in sys.stdin:
        begun, used = time.perf_counter(), time.process_time()
        inspect(line.strip())
        print(json.dumps([time.perf_counter() - begun, time.process_time() - used]), flush=True)


def anomalib_side(network: str, data: Path, work: Path, threads: int) -> Callable[[str], None]:
    """Its engine, with and without its visualiser."""
    from anomalib_engine import cpu_engine  # isort: skip
    import torch
    from anomalib.data import Folder
    from anomalib.models import Padim

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    folder = Folder(
        name="cloth",
        root=data.resolve(),
        normal_dir="train/good",
        train_batch_size=32,
        num_workers=0,
        test_split_mode="none",
        val_split_mode="from_train",
        seed=0,
    )
    model = Padim(pre_trained=False, **NETWORKS[network][0])
    engines = {way: cpu_engine(work / way) for way in WAYS}
    engines[WAYS[0]].fit(model=model, datamodule=folder)
    visualizer = model.visualizer

    def inspect(way: str) -> None:
        model.visualizer = visualizer if way == WAYS[0] else None
        answers = engines[way].predict(model=model, data_path=str((data / "test").resolve()))
        assert answers

    return inspect


def blemish_side(network: str, data: Path, work: Path, threads: int) -> Callable[[str], None]:
    """`blemish.inspect` into a folder that is emptied before."""
    import torch

    import blemish
    from blemish.cpu import images_at_once

    torch.set_num_threads(threads)
    settings = {"size_px": 256, "dimensions": 100, "pretrained": False, "score_patches": 1} | NETWORKS[network][1]
    file = work / "padim.blemish"
    blemish.train("padim", data / "train", file, settings=settings)
    at_once = images_at_once(len(list((data / "test").iterdir())), threads)
    detector = blemish.load(file, threads=threads, images_at_once=at_once)

    def inspect(way: str) -> None:
        pictures = way == WAYS[0]
        blemish.inspect(data / "test", detector=detector, out=work / way, overlays=pictures, report=pictures, anew=True)

    return inspect


SIDES = {"anomalib": anomalib_side, "blemish": blemish_side}


class Side:
    """A process that waits to be told what to do."""

    def __init__(self, side: str, network: str, options: argparse.Namespace, work: Path) -> None:
        python = options.anomalib_python if side == "anomalib" else sys.executable
        command = [python, __file__, "--side", side, "--networks", network, "--work", str(work)]
        command += ["--threads", str(options.threads)]
        environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
        (work / side).mkdir(parents=True, exist_ok=True)
        with (work / f"{side}.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment, text=True
            )
        self._log = work / f"{side}.log"
        while self._line() != "ready":
            pass

    def ask(self, way: str) -> tuple[float, float]:
        """Seconds by the clock and of the processor."""
        assert self._process.stdin is not None
        print(way, file=self._process.stdin, flush=True)
        while not (line := self._line()).startswith("["):
            pass
        wall_s, cpu_s = json.loads(line)
        return wall_s, cpu_s

    def close(self) -> None:
        """End it."""
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args} ended:\n{self._log.read_text()[-3000:]}")
        return line.strip()


def measure(options: argparse.Namespace) -> None:
    # Only here: the other environment has no blemish.
    from machine import describe_machine
    from result_files import record
    from result_tables import markdown

    seconds: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for network in options.networks:
        with tempfile.TemporaryDirectory() as folder:
            draw(Path(folder) / "images", options.images)
            sides = {side: Side(side, network, options, Path(folder)) for side in SIDES}
            for _ in range(options.rounds):
                for way in WAYS:
                    for name, side in sides.items():
                        seconds.setdefault((network, way, name), []).append(side.ask(way))
            for side in sides.values():
                side.close()
    table = table_of(seconds, options)
    machine = describe_machine("torch", "onnxruntime")
    print(machine, "\n")
    print(markdown(table))
    if options.record:
        command = "python benchmarks/engine_beside_anomalib.py --anomalib-python VENV/bin/python"
        command += f" --images {options.images} --rounds {options.rounds} --record {options.record}"
        record(
            options.record,
            "A folder of images beside anomalib's engine.predict",
            f"{options.images} drawn images of 256 px, PaDiM on the same features of random numbers, "
            f"{options.threads} threads; median (least to most) of {options.rounds} rounds in turn",
            [command],
            {"folder": table},
            machine=f"{machine}, anomalib {anomalib_version(options.anomalib_python)}",
        )


def draw(folder: Path, count: int) -> None:
    """Normal images to fit, and as many normal as defective ones to inspect."""
    from patchcore_beside_anomalib import draw_images

    draw_images(folder, TRAINED, test=count // 2)
    for kind in ("good", "defect"):
        for path in sorted((folder / "test" / kind).iterdir()):
            path.rename(folder / "test" / f"{kind}-{path.name}")
        (folder / "test" / kind).rmdir()


def table_of(seconds: dict[tuple[str, str, str], list[tuple[float, float]]], options: argparse.Namespace) -> Any:
    """Images a second of both sides, and how many times as fast ours is."""
    from result_files import Column, Row, Table

    rows = []
    for network in options.networks:
        for way in WAYS:
            rates = {}
            for side in SIDES:
                rates[side] = sorted(options.images / wall_s for wall_s, _ in seconds[network, way, side])
            medians = {side: statistics.median(found) for side, found in rates.items()}
            cpu = {side: statistics.median(cpu_s for _, cpu_s in seconds[network, way, side]) for side in SIDES}
            told = {side: f"{medians[side]:.1f} ({found[0]:.1f}–{found[-1]:.1f})" for side, found in rates.items()}
            cells = {f"{side}, images/s": text for side, text in told.items()}
            cells["times as fast"] = medians["blemish"] / medians["anomalib"]
            cells["by processor time"] = cpu["anomalib"] / cpu["blemish"]
            rows.append(Row(name=(network, way), cells=cells))
    columns = (
        *(Column(name=f"{side}, images/s") for side in SIDES),
        Column(name="times as fast", digits=1, leading_zero=True),
        Column(name="by processor time", digits=1, leading_zero=True),
    )
    return Table(stub=("network", "pictures"), columns=columns, rows=tuple(rows))


def anomalib_version(python: str) -> str:
    script = "from importlib.metadata import version; print(version('anomalib'))"
    return subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
