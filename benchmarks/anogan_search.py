"""AnoGAN's search in latent space: many images and starts at once beside one at a time, with and without early stop.

    python benchmarks/anogan_search.py --steps 500

A small AnoGAN learns drawn normal surfaces first. Then the same images are searched for with the same starts:

- one at a time, all steps: what public implementations do, one image and one start after the other;
- one at a time, stopping: the same, each ending by itself;
- batched, all steps: all images and starts in one batch;
- batched, stopping: each leaves the batch when it makes no more progress, as blemish does.

Time is wall time per image, best of ``--repeats``; "found" is the mean distance that the search ends with, so that one
sees what stopping costs.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from blemish.methods.gans.anogan import anogan_distance
from blemish.methods.parts.latent_search import search

from machine import describe_machine
from result_files import Column, Row, Table, record


def draw_images(folder: Path, count: int, size_px: int, seed: int) -> list[Path]:
    """Stripes of another phase and light each time."""
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    paths = []
    for index in range(count):
        at = np.arange(size_px) / size_px
        grey = 120 + 50 * np.sin(2 * np.pi * (3 * at[None] + at[:, None] + rng.uniform())) + rng.normal(0, 15)
        image = np.clip(grey[..., None] + rng.normal(0, 6, (size_px, size_px, 3)), 0, 255).astype(np.uint8)
        paths.append(folder / f"{index:04d}.png")
        cv2.imwrite(str(paths[-1]), image)
    return paths


def learn(options: argparse.Namespace):
    from blemish.training import train_under_torch

    draw_images(options.out / "images" / "good", 64, options.size_px, seed=0)
    settings = {
        "size_px": options.size_px,
        "width": options.width,
        "epochs": options.epochs,
        "batch_size": 16,
        "search_starts": options.starts,
    }
    scorer = train_under_torch("anogan", options.out / "images", options.out / "training", settings=settings)
    return scorer.method.eval().requires_grad_(False)


def seconds(run, repeats: int) -> tuple[float, object]:
    best, found = float("inf"), None
    for _ in range(repeats):
        started = time.perf_counter()
        found = run()
        best = min(best, time.perf_counter() - started)
    return best, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/out/anogan_search"))
    parser.add_argument("--size-px", type=int, default=32)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=200)
    parser.add_argument("--images", type=int, default=64)
    parser.add_argument("--alone", type=int, default=4, help="of them, how many are also searched one at a time")
    parser.add_argument("--starts", type=int, default=2)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--patience", type=int, default=30)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--record", metavar="NAME", help="keep the figures as benchmarks/results/NAME.json")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    method = learn(options)
    from blemish.images import read_image

    paths = draw_images(options.out / "unseen", options.images, options.size_px, seed=1)
    x = method.pixels(torch.from_numpy(np.stack([read_image(path) for path in paths])))
    with torch.no_grad():
        features = method.averaged_discriminator(x)[1]

    def find(first: int, count: int, starts: torch.Tensor, patience: int):
        def distance(z: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
            fake = method.averaged_generator(z)
            f_fake = method.averaged_discriminator(fake)[1]
            at = index + first
            return anogan_distance(x[at], fake, features[at], f_fake, method.settings.feature_weight)

        rate = method.settings.search_rate
        return search(distance, count, starts, steps=options.steps, learning_rate=rate, patience=patience)

    def alone(patience: int) -> tuple[float, float]:
        found, steps = [], []
        for image in range(options.alone):
            tries = [find(image, 1, start[None], patience) for start in method.starts]
            found.append(min(float(one.distance) for one in tries))
            steps += [int(one.steps) for one in tries]
        return float(np.mean(found)), float(np.mean(steps))

    def together(patience: int) -> tuple[float, float]:
        one = find(0, options.images, method.starts, patience)
        return float(one.distance[: options.alone].mean()), float(one.steps.double().mean())

    never = options.steps + 1
    ways = {
        "one at a time, all steps": (lambda: alone(never), options.alone),
        "one at a time, stopping": (lambda: alone(options.patience), options.alone),
        "batched, all steps": (lambda: together(never), options.images),
        "batched, stopping": (lambda: together(options.patience), options.images),
    }
    measured = {"machine": describe_machine("torch"), "settings": {k: str(v) for k, v in vars(options).items()}}
    print(measured["machine"])
    print("\n| search | ms an image | times as fast | found | steps |\n|---|---|---|---|---|")
    slowest = None
    for name, (run, images) in ways.items():
        took, (found, steps) = seconds(run, options.repeats)
        each = took / images
        slowest = slowest or each
        measured[name] = {"ms_per_image": 1000 * each, "speed_up": slowest / each, "found": found, "steps": steps}
        print(f"| {name} | {1000 * each:.1f} | {slowest / each:.1f} | {found:.4f} | {steps:.0f} |", flush=True)
    (options.out / "anogan_search.json").write_text(json.dumps(measured, indent=1))
    if options.record:
        keep(options, {name: measured[name] for name in ways})


def keep(options: argparse.Namespace, measured: dict[str, dict[str, float]]) -> None:
    """The figures as a result file."""
    names = {"ms_per_image": "ms an image", "speed_up": "times as fast", "found": "found", "steps": "steps"}
    digits = {"found": 4, "steps": 0}
    columns = tuple(Column(name=name, digits=digits.get(key, 1)) for key, name in names.items())
    rows = tuple(
        Row(name=(way,), cells={names[key]: value for key, value in found.items()}) for way, found in measured.items()
    )
    record(
        options.record,
        "AnoGAN's search",
        f"{options.images} images of {options.size_px} px, {options.starts} starts each, a generator after "
        f"{options.epochs} epochs; {options.threads} threads, {options.steps} steps",
        [f"python benchmarks/anogan_search.py --steps {options.steps} --record {options.record}"],
        {"searches": Table(stub=("search",), columns=columns, rows=rows)},
        machine=describe_machine("torch"),
    )


if __name__ == "__main__":
    main()
