"""What it costs to start: the command line and the import against torch's, the first verdict against anomalib's.

Everything is measured in one run on one machine, in fresh processes that take turns, so that a busy machine is busy
for all of them. Medians are given, after one round that only warms the disk cache.

    python benchmarks/startup.py --detector wall.blemish --image image.jpg [--anomalib-python VENV/bin/python]
        [--record startup]

"bare runtime" is NumPy, ONNX Runtime and the detector's graph on the same image, which lies decoded in a file.
Run it with the Python of an environment that has ``blemish[train]``. It builds the wheel and installs it into a fresh
environment without torch, which is what the using side is measured in. For anomalib give the Python of an environment
of its own, made by ``pip install "anomalib[cpu,openvino]==2.7.0"``; a PaDiM with a ResNet-18 of random weights is
fitted to a few drawn images and exported to OpenVINO first, which is not timed.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path

from machine import describe_machine
from result_files import Column, Row, Table, record
from result_tables import markdown

ROOT = Path(__file__).resolve().parents[1]

# argv: folder to work in, folder of normal images
ANOMALIB_EXPORT = """
import sys
from anomalib.data import Folder
from anomalib.deploy import ExportType
from anomalib.engine import Engine
from anomalib.models import Padim
work, images = sys.argv[1:]
data = Folder(name="drawn", root=images, normal_dir=".", train_batch_size=4, eval_batch_size=4, num_workers=0,
              val_split_mode="from_train", test_split_mode="none")
engine = Engine(accelerator="cpu", devices=1, logger=False, default_root_dir=work)
model = Padim(backbone="resnet18", pre_trained=False)
engine.fit(model=model, datamodule=data)
engine.export(model=model, export_type=ExportType.OPENVINO, export_root=work, input_size=(256, 256))
"""

# argv: graph, image as the graph takes it
BARE_RUNTIME = """
import sys
import numpy as np
import onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = int(sys.argv[3])
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
print(float(session.run(["score"], {"image": np.load(sys.argv[2])})[0][0]))
"""

# argv: exported model, image
ANOMALIB_INSPECT = """
import sys
from anomalib.deploy import OpenVINOInferencer
print(float(OpenVINOInferencer(sys.argv[1], device="CPU").predict(sys.argv[2]).pred_score.reshape(-1)[0]))
"""


@dataclass(frozen=True)
class Cost:
    """Wall time, processor time and highest resident memory of one process."""

    seconds: float
    cpu_s: float
    mebibytes: float


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", type=Path, required=True, help="a .blemish file")
    parser.add_argument("--image", type=Path, required=True, help="the image that gets the first verdict")
    parser.add_argument("--anomalib-python", type=Path, help="the Python of an environment with anomalib")
    parser.add_argument("--runs", type=int, default=5, help="rounds, after one to warm up")
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    given = parser.parse_args()
    detector, image = given.detector.resolve(), given.image.resolve()

    with tempfile.TemporaryDirectory(prefix="blemish-startup-") as name:
        work = Path(name)
        using = make_using_side(work)
        python = sys.executable
        starts = {
            "`python -c pass`": [python, "-c", "pass"],
            "`import torch`": [python, "-c", "import torch"],
            "`import blemish`": [python, "-c", "import blemish"],
            "`blemish --help`": [str(Path(python).with_name("blemish")), "--help"],
        }
        firsts = {
            "bare runtime": bare_runtime(using, detector, image, work),
            "blemish": [str(using / "bin/blemish"), "inspect", str(image), "--detector", str(detector), "--json"],
        }
        environments = {"blemish": using}
        if given.anomalib_python:
            anomalib = given.anomalib_python.absolute()
            model = export_anomalib(anomalib, work)
            firsts["anomalib 2.7.0"] = [str(anomalib), "-c", ANOMALIB_INSPECT, str(model), str(image)]
            environments["anomalib 2.7.0"] = anomalib.parent.parent
        start_costs = take_turns(starts, given.runs)
        first_costs = take_turns(firsts, given.runs)
        sizes = {name: installed_megabytes(folder) for name, folder in environments.items()}
    tables = {"starts": table_of_starts(start_costs), "first-verdict": table_of_firsts(first_costs, sizes)}
    machine = describe_machine("torch", "typer", "onnxruntime")
    print(f"{machine}; median of {given.runs} fresh processes, taking turns\n")
    for table in tables.values():
        print(markdown(table), "\n")
    if given.record:
        command = "python benchmarks/startup.py --detector wall.blemish --image image.jpg"
        command += " --anomalib-python VENV/bin/python" * (given.anomalib_python is not None)
        record(
            given.record,
            "Start-up, memory and installed size",
            f"{image.name} through {detector.name}; medians of {given.runs} fresh processes taking turns",
            [command],
            tables,
            machine=machine,
        )


def table_of_starts(costs: dict[str, Cost]) -> Table:
    torch_s = costs["`import torch`"].seconds
    rows = [
        Row(name=(name,), cells={"s": cost.seconds, "of `import torch`": 100 * cost.seconds / torch_s})
        for name, cost in costs.items()
    ]
    columns = (
        Column(name="s", leading_zero=True),
        Column(name="of `import torch`", digits=1, unit=" %", leading_zero=True),
    )
    return Table(stub=("start",), columns=columns, rows=tuple(rows))


def table_of_firsts(costs: dict[str, Cost], sizes: dict[str, float]) -> Table:
    rows = [
        Row(
            name=(name,),
            cells={"s": cost.seconds, "processor s": cost.cpu_s, "peak MiB": cost.mebibytes}
            | ({"installed MB": sizes[name]} if name in sizes else {}),
        )
        for name, cost in costs.items()
    ]
    columns = (
        Column(name="s", digits=2, leading_zero=True),
        Column(name="processor s", digits=2, leading_zero=True),
        Column(name="peak MiB", digits=0),
        Column(name="installed MB", digits=0),
    )
    return Table(stub=("first verdict on one image, from a cold start",), columns=columns, rows=tuple(rows))


def bare_runtime(using: Path, detector: Path, image: Path, work: Path) -> list[str]:
    """The command that runs the detector's graph alone on the image's first input."""
    import numpy as np

    import blemish
    from blemish.cpu import available_threads
    from blemish.images import read_image

    loaded = blemish.load(str(detector))
    (work / "graph.onnx").write_bytes(loaded.container.graph)
    np.save(work / "image.npy", next(iter(loaded.graph_inputs(read_image(image)))))
    python = str(using / "bin/python")
    return [python, "-c", BARE_RUNTIME, str(work / "graph.onnx"), str(work / "image.npy"), str(available_threads())]


def make_using_side(work: Path) -> Path:
    """An environment with the wheel and its dependencies, and no extras."""
    wheels = work / "wheel"
    call([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(ROOT)])
    venv.create(work / "venv", with_pip=True)
    (wheel,) = wheels.glob("blemish-*.whl")
    call([str(work / "venv/bin/python"), "-m", "pip", "install", "--quiet", str(wheel)])
    return work / "venv"


def export_anomalib(python: Path, work: Path) -> Path:
    """A small anomalib model in OpenVINO's format, fitted to drawn images."""
    from blemish.images import write_png
    from blemish.synthesis import draw_image

    images = work / "drawn"
    for seed in range(16):
        write_png(images / f"{seed}.png", draw_image(seed, size_px=256, cracked=False).image)
    call([str(python), "-c", ANOMALIB_EXPORT, str(work / "anomalib"), str(images)])
    return next((work / "anomalib").rglob("*.xml"))


def take_turns(commands: dict[str, list[str]], runs: int) -> dict[str, Cost]:
    """Median cost of each command over ``runs`` rounds; the first round is not counted."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(runs + 1):
        for name, command in commands.items():
            costs[name].append(measure(command))
    return {
        name: Cost(
            statistics.median(cost.seconds for cost in each[1:]),
            statistics.median(cost.cpu_s for cost in each[1:]),
            statistics.median(cost.mebibytes for cost in each[1:]),
        )
        for name, each in costs.items()
    }


def measure(command: list[str]) -> Cost:
    """Run one process to its end."""
    started_s = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started_s
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{complaint.decode(errors='replace')}")
    # Linux counts in KiB, macOS in bytes.
    mebibytes = usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return Cost(seconds, usage.ru_utime + usage.ru_stime, mebibytes)


def installed_megabytes(environment: Path) -> float:
    """Bytes of all installed packages, in 10⁶; the environment's own pip and setuptools are not counted."""
    packages = next((environment / "lib").glob("python*/site-packages"))
    own = re.compile(r"(pip|setuptools|_distutils_hack|wheel)([-.]|$)")
    return (
        sum(
            file.stat().st_size
            for file in packages.rglob("*")
            if file.is_file() and not file.is_symlink() and not own.match(file.relative_to(packages).parts[0])
        )
        / 1e6
    )


def call(command: list[str]) -> None:
    """Run a command that only prepares; stop with its output when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} … failed:\n{done.stdout}{done.stderr}")


if __name__ == "__main__":
    main()
