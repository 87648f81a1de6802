"""imgad and anomavision on the draws of `few_images.py`: AUROC, milliseconds, size, cold start.

    pip install --no-deps --target RIVALS imgad==0.6.0 anomavision==3.6.2
    PYTHONPATH=RIVALS BLEMISH_DATA=… BLEMISH_WEIGHTS=… python benchmarks/few_images_rivals.py --counts 8 60

Both are permissive (Apache-2.0, MIT). imgad as it comes: one vector an image, the nearest normal one by cosine; it gets
the same DINOv2 weights that `dino-memory` uses, in its own preprocessing at 224 px, once with the class token and once
with class token and mean of the patches. anomavision: PatchCore and PaDiM with their defaults, which take torchvision's
ResNet-18 from the internet or from ``TORCH_HOME``; where neither has it, that is said in place of figures. Fit and
scoring are timed with files on disk; the cold start is a process of its own that imports, loads weights and scores one
image, without what was fitted. ``--record NAME`` keeps the table in `benchmarks/results/`.
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

import numpy as np

from blemish.evaluation import auroc
from blemish.files import write_text

from feature_methods import read_set
from few_images import SETS, SHOWN, TESTED, drawn
from machine import describe_machine
from result_files import Column, Row, Spread, Table, record

RIVALS = ("imgad knn, cls", "imgad knn, cls+mean", "anomavision patchcore", "anomavision padim")
_SIZE_PX = 224
_BACKBONE, _FILE = "vit_small_patch14_dinov2", "vit_small_patch14_dinov2.fp16.safetensors"

Fitted = tuple[Callable[[list[Path]], np.ndarray], float]
"""Scores of files, and the size of what was stored in MB."""


def imgad(pooling: str, files: list[Path], folder: Path) -> Fitted:
    import torch
    from imgad.features.timm_models import TimmFeatureExtractor
    from imgad.pipeline import AnomalyDetectionPipeline
    from safetensors.torch import load_file

    weights = folder / "dinov2.pth"
    torch.save(
        {key: value.float() for key, value in load_file(Path(os.environ["BLEMISH_WEIGHTS"]) / _FILE).items()}, weights
    )
    extractor = TimmFeatureExtractor(
        _BACKBONE,
        pooling=pooling,
        timm_kwargs={"dynamic_img_size": True},
        checkpoint=str(weights),
        data_config={
            "mean": [0.485, 0.456, 0.406],
            "std": [0.229, 0.224, 0.225],
            "input_size": [3, _SIZE_PX, _SIZE_PX],
            "crop_pct": 1.0,
        },
        device="cpu",
    )
    pipeline = AnomalyDetectionPipeline(extractor, "knn")
    if files:
        pipeline.fit([str(file) for file in files], show_progress=False)
    return (
        lambda asked: (
            pipeline.score([str(file) for file in asked], show_progress=False)
            if files
            else pipeline.extract([str(file) for file in asked], show_progress=False)
        )
    ), weights.stat().st_size / 1e6


def anomavision(kind: str, files: list[Path], folder: Path) -> Fitted:
    import torch
    from anomavision.algorithm.padim.padim import Padim
    from anomavision.algorithm.patchcore.patchcore import PatchCore
    from anomavision.utils import create_image_transform
    from PIL import Image

    transform = create_image_transform(resize=(_SIZE_PX, _SIZE_PX), crop_size=None, normalize=True)

    def batch(asked: list[Path]) -> torch.Tensor:
        return torch.stack([transform(Image.open(file).convert("RGB")) for file in asked])

    model = PatchCore() if kind == "patchcore" else Padim()
    size_mb = 0.0
    if files:
        model.fit([batch(files[start : start + 8]) for start in range(0, len(files), 8)])
        model.save_statistics(str(folder / "stored.pth"), half=False)
        size_mb = (folder / "stored.pth").stat().st_size / 1e6

    def score(asked: list[Path]) -> np.ndarray:
        with torch.no_grad():
            return np.array([float(model.predict(batch([file]))[0].reshape(-1)[0]) for file in asked])

    return score if files else lambda asked: batch(asked).numpy(), size_mb


def build(rival: str, files: list[Path], folder: Path) -> Fitted:
    package, _, kind = rival.partition(" ")
    return imgad(kind.removeprefix("knn, "), files, folder) if package == "imgad" else anomavision(kind, files, folder)


def measure(rival: str, name: str, count: str, seed: int, options: argparse.Namespace) -> dict | None:
    found = drawn(read_set(name, seed, options.out), count, seed, options.tested)
    if found is None:
        return None
    data, tests = found
    paths = [Path(one.path) for one in tests]
    defective = np.array([bool(one.defective) for one in tests])
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        try:
            score, size_mb = build(rival, [Path(one.path) for one in data.samples], Path(folder))
        except OSError as error:
            return {"failed": f"{type(error).__name__}: {error}"}
        fit_s = time.perf_counter() - started
        started = time.perf_counter()
        scores = np.concatenate([np.asarray(score([path]), float).reshape(-1) for path in paths])
        score_ms = (time.perf_counter() - started) / len(paths) * 1000
    started = time.perf_counter()
    subprocess.run([sys.executable, __file__, "--cold", rival, str(paths[0])], check=True, capture_output=True)
    return {
        "auroc": auroc(scores, defective),
        "n_train": len(data),
        "fit_s": fit_s,
        "score_ms": score_ms,
        "file_mb": size_mb,
        "cold_s": time.perf_counter() - started,
        "machine": describe_machine("torch", "timm"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=["casting", "chest-xray"])
    parser.add_argument("--rivals", nargs="+", choices=RIVALS, default=list(RIVALS))
    parser.add_argument("--counts", nargs="+", default=["8", "60"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--tested", type=int, default=TESTED)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/rivals"))
    parser.add_argument("--record", metavar="NAME", help="keep the table in benchmarks/results/NAME.json")
    parser.add_argument("--cold", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cold:
        with tempfile.TemporaryDirectory() as folder:
            build(options.cold[0], [], Path(folder))[0]([Path(options.cold[1])])
        return
    rows: dict[tuple[str, str, str], list[dict]] = {}
    for name in options.sets:
        for count in options.counts:
            for rival in options.rivals:
                for seed in options.seeds:
                    file = options.out / f"{name}_{count}_{rival.replace(' ', '-')}_{seed}.json"
                    if not file.is_file():
                        write_text(file, json.dumps(measure(rival, name, count, seed, options), indent=1))
                    record = json.loads(file.read_text())
                    print(name, count, rival, seed, record and (record.get("auroc") or record["failed"]), flush=True)
                    if record and "auroc" in record:
                        rows.setdefault((name, count, rival), []).append(record)
    print("\n| set | images | rival | draws | AUROC | fit, s | ms | MB | cold start, s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for (name, _, rival), cell in rows.items():
        values = [one["auroc"] for one in cell]
        spread = f" ± {statistics.stdev(values):.3f}" if len(values) > 1 else ""
        costs = [statistics.mean(one[key] for one in cell) for key in ("fit_s", "score_ms", "file_mb", "cold_s")]
        shown = " | ".join(f"{cost:.1f}" for cost in costs)
        area = f"{statistics.mean(values):.3f}{spread}"
        print(f"| {name} | {cell[0]['n_train']} | {rival} | {len(cell)} | {area} | {shown} |")
    if options.record:
        keep(rows, options)


def keep(rows: dict[tuple[str, str, str], list[dict]], options: argparse.Namespace) -> None:
    """The table as a file of `benchmarks/results/`."""
    headings = {
        "fit, s": ("fit_s", 1),
        "ms an image": ("score_ms", 0),
        "MB": ("file_mb", 1),
        "cold start, s": ("cold_s", 1),
    }
    kept = [
        Row(
            name=(SHOWN[name], count, rival),
            cells={
                "AUROC": Spread(values=tuple(one["auroc"] for one in cell)),
                **{heading: statistics.mean(one[key] for one in cell) for heading, (key, _) in headings.items()},
            },
            seeds=tuple(options.seeds[: len(cell)]),
        )
        for (name, count, rival), cell in rows.items()
    ]
    columns = (Column(name="AUROC"), *(Column(name=name, digits=digits) for name, (_, digits) in headings.items()))
    record(
        options.record,
        "imgad and anomavision on the draws of few_images.py",
        f"{options.tested} test images of either kind at most, drawn by the seed",
        [f"python benchmarks/few_images_rivals.py --counts {' '.join(options.counts)} --tested {options.tested}"],
        {"rivals": Table(stub=("", "images", "rival"), columns=columns, rows=tuple(kept))},
        machine=next(one["machine"] for cell in rows.values() for one in cell),
    )


if __name__ == "__main__":
    main()
