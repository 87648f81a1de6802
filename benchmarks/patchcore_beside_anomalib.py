"""PatchCore beside anomalib's: the same images, the same ResNet-18 weights, the same fraction of patches, one run.

    python benchmarks/patchcore_beside_anomalib.py --anomalib-python VENV/bin/python --threads 2 --out benchmarks/out/pc

anomalib 2.7 lives in its own environment, whose interpreter is given. Each side runs in a process of its own, so that
peak memory is its own. The weights are random unless ``--weights`` names a ResNet-18 in safetensors: time, memory and
coverage do not depend on them. Steps that are done are not done again: delete a file in ``--out`` to repeat its step.

Fit: anomalib's ``engine.fit``; ours the whole of ``blemish.train``, export and thresholds included, and the same
without. Scoring: images already decoded; anomalib's bare module (the fastest of its paths that takes one image), ours
`Detector.score`. Radius: the largest distance of any training patch to the memory, in one feature space (ours with
``scaling`` and ``projection`` none, which is anomalib's).
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

import numpy as np

SIZE_PX = 256
SAME = {
    "backbone": "resnet18",
    "strides": [8, 16],
    "size_px": SIZE_PX,
    "scaling": "none",
    "projection": "none",
    "share": 0.1,
    "max_patches": 100_000,
    "score_patches": 1,
}


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def draw_images(folder: Path, train: int, test: int = 20, seed: int = 0) -> None:
    """Woven cloth in another phase and light each time; scratches, blobs and holes in the defective ones."""
    import cv2

    if (folder / "done").is_file():
        return
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIZE_PX, :SIZE_PX].astype(np.float32)
    for place, count in (("train/good", train), ("test/good", test), ("test/defect", test)):
        (folder / place).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            a, b, c = rng.uniform(0, 2 * np.pi, 3)
            pitch = 2 * np.pi / rng.normal(12, 0.15)
            grey = 0.5 + 0.18 * np.sin(pitch * x + a) * np.sin(pitch * y + b)
            grey = grey * (1 + 0.1 * (np.cos(c) * (x / SIZE_PX - 0.5) + np.sin(c) * (y / SIZE_PX - 0.5)))
            grey += cv2.GaussianBlur(rng.normal(0, 0.1, grey.shape).astype(np.float32), (0, 0), 1.2)
            if place.endswith("defect"):
                mask = np.zeros(grey.shape, np.uint8)
                at = rng.integers(50, SIZE_PX - 50, 2).tolist()
                if index % 3 == 0:
                    cv2.line(mask, at, [at[0] + 40, at[1] + int(rng.integers(-30, 30))], 255, 3)
                elif index % 3 == 1:
                    cv2.ellipse(mask, at, rng.integers(5, 16, 2).tolist(), 0, 0, 360, 255, -1)
                else:
                    cv2.rectangle(mask, at, [at[0] + int(rng.integers(8, 26)), at[1] + 14], 255, -1)
                soft = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 1)
                grey = grey * (1 - soft) + soft * grey.mean() * rng.uniform(0.4, 0.8)
            tint = np.array([0.82, 0.93, 1.0]) * rng.normal(1, 0.015, 3)
            image = (np.clip(grey[..., None] * tint, 0, 1) * 255).astype(np.uint8)
            cv2.imwrite(str(folder / place / f"{index:04d}.png"), image)
    (folder / "done").write_text("")


def save_random_weights(path: Path) -> None:
    import timm
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(0)
    save_file({k: v.contiguous() for k, v in timm.create_model("resnet18").state_dict().items()}, path)


def test_images(data: Path) -> tuple[list[Path], np.ndarray]:
    paths = [path for kind in ("good", "defect") for path in sorted((data / "test" / kind).glob("*.png"))]
    return paths, np.array([path.parent.name == "defect" for path in paths])


def rate(score, items: list, batch: int) -> float:
    """Items a second, best of three passes."""
    score(items[:batch])
    best = 0.0
    for _ in range(3):
        started = time.perf_counter()
        for start in range(0, len(items), batch):
            score(items[start : start + batch])
        best = max(best, len(items) / (time.perf_counter() - started))
    return best


def run_anomalib(options: argparse.Namespace) -> dict:
    from anomalib_engine import cpu_engine  # isort: skip
    import torch
    from anomalib.data import Folder
    from anomalib.data.utils import read_image
    from anomalib.models import Patchcore
    from safetensors.torch import load_file
    from sklearn.metrics import roc_auc_score

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    data, out = options.data.resolve(), options.out.resolve()
    module = Folder(
        name="cloth",
        root=data,
        normal_dir="train/good",
        abnormal_dir="test/defect",
        normal_test_dir="test/good",
        train_batch_size=32,
        eval_batch_size=32,
        num_workers=0,
        val_split_mode="same_as_test",
        seed=0,
    )
    model = Patchcore(backbone="resnet18", pre_trained=False, layers=["layer2", "layer3"], coreset_sampling_ratio=0.1)
    tensors = {key: value for key, value in load_file(options.weights).items() if not key.startswith("fc.")}
    missing = model.model.feature_extractor.feature_extractor.load_state_dict(tensors, strict=False).missing_keys
    engine = cpu_engine(out / "anomalib")
    started = time.perf_counter()
    engine.fit(model=model, datamodule=module)
    fit_s = time.perf_counter() - started
    np.save(out / "anomalib_bank.npy", model.model.memory_bank.numpy())
    paths, defective = test_images(data)
    images = [read_image(str(path), as_tensor=True) for path in paths]
    model.eval()
    with torch.inference_mode():
        scores = [float(model.model(model.pre_processor(image[None])).pred_score) for image in images]
        rates = {f"images_s_batch{n}": rate(lambda some: model(torch.stack(some)), images, n) for n in (1, 8)}
    return {
        "missing_tensors": len(missing),
        "fit_s": fit_s,
        "bank": list(model.model.memory_bank.shape),
        "auroc": float(roc_auc_score(defective, scores)),
        **rates,
        "peak_mb": peak_mb(),
    }


def run_ours(options: argparse.Namespace) -> dict:
    import torch

    import blemish
    from blemish.evaluation import auroc
    from blemish.images import read_image
    from blemish.methods import get_method
    from blemish.methods.data.image_stream import ImageStream
    from blemish.training.backbones import Backbones

    torch.set_num_threads(options.threads)
    settings = json.loads(options.settings)
    paths = sorted((options.data / "train/good").glob("*.png"))
    method = get_method("patchcore")
    started = time.perf_counter()
    fitted = method(method.Settings(**settings), (), Backbones(options.weights).load)
    build_s = time.perf_counter() - started
    started = time.perf_counter()
    learned = fitted.fit(ImageStream(paths), seed=0)
    record = {"build_s": build_s, "fit_s": time.perf_counter() - started, "learned": learned}
    if settings["projection"] == "none":
        # The mean was taken off: with it back, both sides speak of the same space.
        np.save(options.out / f"{options.name}_bank.npy", fitted.bank.numpy() + fitted.features.mean.numpy())
    record |= {"bank": list(fitted.bank.shape), "peak_mb": peak_mb()}
    if options.fit_only:
        return record
    file = options.out / f"{options.name}.blemish"
    started = time.perf_counter()
    # All images teach, as they do anomalib.
    blemish.train("patchcore", options.data, file, settings=settings, weights=options.weights)
    record["train_with_export_s"] = time.perf_counter() - started
    detector = blemish.load(file, threads=options.threads)
    tested, defective = test_images(options.data)
    images = [read_image(path) for path in tested]
    scores = [detector.score(image)[0] for image in images]
    run = detector._run
    return record | {
        "auroc": auroc(np.array(scores), defective),
        "images_s_batch1": rate(lambda some: detector.score(some[0]), images, 1),
        "images_s_batch8": rate(lambda some: run(np.stack(some)), images, 8),
        "file_mb": file.stat().st_size / 1e6,
        "peak_mb": peak_mb(),
    }


def run_radius(options: argparse.Namespace) -> dict:
    """The coverage radius of both memories over the same patches, in float64 for the farthest."""
    import torch

    from blemish.methods import get_method
    from blemish.methods.data.image_stream import ImageStream
    from blemish.methods.parts.coreset import nearest_squared
    from blemish.training.backbones import Backbones

    torch.set_num_threads(options.threads)
    method = get_method("patchcore")
    fitted = method(method.Settings(**SAME), (), Backbones(options.weights).load)
    images = ImageStream(sorted((options.data / "train/good").glob("*.png")))
    spec = fitted.settings.input_spec(images.sizes_px())
    with torch.inference_mode():
        patches = torch.cat([fitted.flat(fitted.features(torch.from_numpy(b))) for b in images.batches(spec)])
    mean = patches.mean(dim=0)
    record = {}
    for side in ("anomalib", "ours"):
        bank = torch.from_numpy(np.load(options.out / f"{side}_bank.npy"))
        away = nearest_squared(bank - mean, patches - mean).sqrt()
        record[side] = float(nearest_squared(patches - mean, bank - mean).max().sqrt())
        # A remembered patch is a training patch: this is how far the two sides' features differ.
        record[f"{side}_feature_error"] = float(away.max() / (patches - mean).norm(dim=1).mean())
    return record | {"ratio": record["ours"] / record["anomalib"]}


def step(name: str, options: argparse.Namespace, python: str, side: str, *extra: str) -> dict | None:
    """Run one side in its own process, or read what it found before."""
    record = options.out / f"{name}.json"
    if not record.is_file():
        command = [python, __file__, "--side", side, "--name", name, "--out", str(options.out)]
        command += ["--threads", str(options.threads), "--weights", str(options.weights), *extra]
        environment = os.environ | {"OMP_NUM_THREADS": str(options.threads)}
        if subprocess.run(command, env=environment, check=False).returncode:
            print(f"{name} failed", file=sys.stderr)
            return None
    found = json.loads(record.read_text())
    print(name, json.dumps(found, indent=1), flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anomalib-python", default="", help="leave out to run our side alone")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/patchcore"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--many", type=int, default=600, help="images of the large fit; 0 leaves it out")
    for hidden in ("--side", "--name", "--settings"):
        parser.add_argument(hidden, default="", help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--fit-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        run = {"anomalib": run_anomalib, "ours": run_ours, "radius": run_radius}[options.side]
        found = run(options)
        (options.out / f"{options.name}.json").write_text(json.dumps(found, indent=1))
        return
    from machine import describe_machine

    options.out.mkdir(parents=True, exist_ok=True)
    if options.weights is None:
        options.weights = options.out / "resnet18.safetensors"
        if not options.weights.is_file():
            save_random_weights(options.weights)
    data = options.out / f"cloth{options.images}"
    draw_images(data, options.images)
    print(describe_machine())
    where = ("--data", str(data))
    ours = step("ours", options, sys.executable, "ours", *where, "--settings", json.dumps(SAME))
    small = SAME | {"projection": "random", "dimensions": 96}
    projected = step("ours_projected", options, sys.executable, "ours", *where, "--settings", json.dumps(small))
    theirs = None
    if options.anomalib_python:
        theirs = step("anomalib", options, options.anomalib_python, "anomalib", *where)
    if ours and theirs:
        radius = step("radius", options, sys.executable, "radius", *where)
        print("\n| | anomalib | blemish | blemish, 96 random dimensions | ratio | ratio |")
        print("|---|---|---|---|---|---|")
        for key in ("fit_s", "images_s_batch1", "images_s_batch8", "auroc", "peak_mb"):
            a, b, c = theirs[key], ours[key], (projected or ours)[key]
            times = (a / b, a / c) if key == "fit_s" else (b / a, c / a)
            print(f"| {key} | {a:.4g} | {b:.4g} | {c:.4g} | {times[0]:.2f} | {times[1]:.2f} |")
        if radius:
            print(f"| radius | {radius['anomalib']:.5g} | {radius['ours']:.5g} | | {radius['ratio']:.4f} | |")
    if options.many:
        data = options.out / f"cloth{options.many}"
        draw_images(data, options.many, test=1)
        many = SAME | {"max_patches": 10_000}
        step("many", options, sys.executable, "ours", "--data", str(data), "--settings", json.dumps(many), "--fit-only")


if __name__ == "__main__":
    main()
