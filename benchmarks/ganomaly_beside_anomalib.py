"""GANomaly beside anomalib's: one pass over the same images, seconds, bytes on disk and peak memory.

    python benchmarks/ganomaly_beside_anomalib.py --anomalib-python VENV/bin/python --out benchmarks/out/ganomaly

anomalib 2.7 lives in its own environment, whose interpreter is given. Each side runs in a process of its own, so that
peak memory is its own; a side that is in ``--out`` is not run again. Both see 60 drawn images of 256 px in colour, one
epoch, batches of 32, in float32 unless the processor computes bfloat16 natively (blemish only).

Three networks: anomalib's defaults; blemish at the same width (64 channels first, the same number of weights), which
says what the code alone is worth; blemish as its ``quick`` profile has it (32 channels), which is what
``blemish train ganomaly`` gives. Seconds are those of the fit, wall and processor; "kept" is what is needed to use the
result: anomalib's checkpoint, blemish's detector file. anomalib's checkpoint also holds Adam's state; its share is
named apart.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

BATCH = 32
SIDES = ("anomalib", "blemish, 64 channels", "blemish, quick")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def draw_images(folder: Path, count: int, size_px: int) -> None:
    """Soft cloth in another phase and light each time."""
    import cv2
    import numpy as np

    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size_px, :size_px]
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        a, b = rng.uniform(0, 2 * np.pi, 2)
        grey = 0.5 + rng.normal(0, 0.03) + 0.2 * np.sin(x / 3 + a) * np.sin(y / 3 + b)
        image = np.clip(255 * grey[..., None] + rng.normal(0, 8, (size_px, size_px, 3)), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{index:04d}.png"), image)


def run_anomalib(options: argparse.Namespace) -> dict:
    from anomalib_engine import cpu_engine  # isort: skip
    import torch
    from anomalib.data import Folder
    from anomalib.models import Ganomaly

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    data = Folder(
        name="cloth",
        root=options.out.resolve() / "images",
        normal_dir="good",
        train_batch_size=BATCH,
        num_workers=0,
        test_split_mode="none",
        val_split_mode="none",
        seed=0,
    )
    model = Ganomaly(
        batch_size=BATCH,
        pre_processor=Ganomaly.configure_pre_processor((options.size_px, options.size_px)),
        evaluator=False,
        visualizer=False,
    )
    engine = cpu_engine(options.out.resolve() / "anomalib", max_epochs=1, limit_val_batches=0)
    started, used = time.perf_counter(), time.process_time()
    engine.fit(model=model, datamodule=data)
    record = {"fit_s": time.perf_counter() - started, "fit_core_s": time.process_time() - used, "peak_mb": peak_mb()}
    # Where the callbacks have kept nothing, what Lightning would keep.
    kept = sorted((options.out / "anomalib").rglob("*.ckpt"))
    if not kept:
        kept = [options.out.resolve() / "anomalib" / "model.ckpt"]
        engine.trainer.save_checkpoint(kept[0])
    weights = sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values())
    record |= {"kept_mb": kept[0].stat().st_size / 1e6, "weights_mb": weights / 1e6}
    record["precision"] = "32-true"
    for file in kept:
        file.unlink()
    return record


def run_blemish(options: argparse.Namespace, width: int | None) -> dict:
    import torch

    torch.set_num_threads(options.threads)
    from blemish.datasets import read_dataset
    from blemish.methods import get_method
    from blemish.training.export import export_graph
    from blemish.training.fitting import fit_by_gradient
    from blemish.training.log import TrainingLog
    from blemish.training.recipes import resolve_settings

    kind = get_method("ganomaly")
    asked = {"size_px": options.size_px, "colour": True, "epochs": 1, "batch_size": BATCH}
    asked |= {} if width is None else {"width": width}
    settings = resolve_settings(kind, recipe=None, profile="quick", overrides=asked)
    samples = read_dataset(options.out / "images").samples
    started, used = time.perf_counter(), time.process_time()
    method, report = fit_by_gradient(
        lambda: kind(settings, (), None),
        samples,
        (),
        seed=0,
        identity="",
        log=TrainingLog(options.out / "blemish" / "log"),
    )
    record = {"fit_s": time.perf_counter() - started, "fit_core_s": time.process_time() - used, "peak_mb": peak_mb()}
    weights = sum(tensor.numel() * tensor.element_size() for tensor in method.state_dict().values())
    graph = export_graph(method.graph(), method.input_spec())
    return record | {"kept_mb": len(graph) / 1e6, "weights_mb": weights / 1e6, "precision": report.precision}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anomalib-python", type=Path, help="interpreter of an environment with anomalib 2.7")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/ganomaly"))
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--size-px", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    options = parser.parse_args()
    if options.side is not None:
        if options.side == "anomalib":
            record = run_anomalib(options)
        else:
            record = run_blemish(options, 64 if "64" in options.side else None)
        file = options.out / f"{options.side.replace(', ', '-').replace(' ', '-')}.json"
        file.write_text(json.dumps(record, indent=1))
        return
    draw_images(options.out / "images" / "good", options.images, options.size_px)
    records = {}
    for side in SIDES:
        file = options.out / f"{side.replace(', ', '-').replace(' ', '-')}.json"
        python = options.anomalib_python if side == "anomalib" else Path(sys.executable)
        if not file.is_file():
            if python is None:
                raise SystemExit("Give --anomalib-python, the interpreter of an environment with anomalib 2.7.")
            command = [str(python), __file__, "--side", side, "--out", str(options.out)]
            command += ["--images", str(options.images), "--size-px", str(options.size_px)]
            command += ["--threads", str(options.threads)]
            subprocess.run(command, check=True, env={**os.environ, "OMP_NUM_THREADS": str(options.threads)})
        records[side] = json.loads(file.read_text())
    # Only here: the other environment has no blemish.
    from machine import describe_machine

    print(f"\n{options.images} images of {options.size_px} px, one epoch; {describe_machine()}\n")
    print("| side | fit s | fit core s | kept MB | of which weights MB | peak MB | precision | faster | smaller |")
    print("|---" * 9 + "|")
    theirs = records["anomalib"]
    for side, ours in records.items():
        metrics = [f"{ours[name]:.1f}" for name in ("fit_s", "fit_core_s", "kept_mb", "weights_mb", "peak_mb")]
        metrics += [ours["precision"], f"{theirs['fit_core_s'] / ours['fit_core_s']:.1f} ×"]
        metrics.append(f"{theirs['kept_mb'] / ours['kept_mb']:.1f} ×")
        print(f"| {' | '.join([side, *metrics])} |")
    if options.record:
        keep(options, records)


def keep(options: argparse.Namespace, records: dict[str, dict]) -> None:
    """The figures as a result file."""
    from result_files import Column, Row, Table, record

    names = {"fit_s": "fit s", "fit_core_s": "fit core s", "kept_mb": "kept MB", "weights_mb": "of which weights MB"}
    columns = [Column(name=name, digits=1) for name in names.values()] + [Column(name="peak MB", digits=0)]
    ratios = {"fit_core_s": "faster (core s)", "kept_mb": "smaller"}
    columns += [Column(name=name, digits=1, unit=" ×") for name in ratios.values()]
    theirs = records["anomalib"]
    rows = [
        Row(
            name=(side,),
            cells={name: ours[key] for key, name in (names | {"peak_mb": "peak MB"}).items()}
            | {name: theirs[key] / ours[key] for key, name in ratios.items()},
        )
        for side, ours in records.items()
    ]
    record(
        options.record,
        "GANomaly beside anomalib's",
        f"one epoch of {options.images} images of {options.size_px} × {options.size_px} px, a process each, one after "
        "the other",
        [
            "python benchmarks/ganomaly_beside_anomalib.py --anomalib-python VENV/bin/python "
            f"--images {options.images} --size-px {options.size_px} --threads {options.threads} "
            f"--record {options.record}"
        ],
        {"costs": Table(stub=("side",), columns=tuple(columns), rows=tuple(rows))},
    )


if __name__ == "__main__":
    main()
