"""Pictures of one cell of `benchmarks/generative.py`: scores by class, loss curves, images and what is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from blemish.images import read_image
from blemish.methods import get_method
from blemish.methods.data.image_stream import network_inputs
from blemish.reports.image_tables import Triple, draw_triples, notable_cases
from blemish.reports.plots import draw_boxes, draw_training_curves
from blemish.training.backbones import Backbones, start_from
from blemish.training.recipes import resolve_settings

EACH = 1


def draw_cell(folder: Path, stem: str, method: str, record: dict[str, Any], root: Path, training: Path) -> None:
    """Draw what is not there yet: ``<stem>-scores.png``, ``-curves.png`` and ``-triples.png``.

    Args:
        folder: for the pictures.
        stem: how their names begin.
        method: its name.
        record: of the cell, with scores, truth, images and settings.
        root: of the data set.
        training: the folder beside the detector, with curves and weights.
    """
    targets = {kind: folder / f"{stem}-{kind}.png" for kind in ("scores", "curves", "triples")}
    folder.mkdir(parents=True, exist_ok=True)
    scores, defective = np.array(record["scores"]), np.array(record["defective"])
    if not targets["scores"].is_file():
        title = f"{stem}: AUROC {record['auroc']:.3f}"
        draw_boxes(targets["scores"], {"normal": scores[~defective], "defective": scores[defective]}, title=title)
    if not targets["curves"].is_file() and (training / "metrics.csv").is_file():
        draw_training_curves(targets["curves"], training / "metrics.csv", title=f"{stem}: losses")
    if not targets["triples"].is_file() and (training / "weights.safetensors").is_file():
        chosen = [
            (kind, number)
            for kind, numbers in notable_cases(scores, defective, EACH).items()
            for number in numbers.tolist()
        ]
        captions = [f"{kind}\n{scores[number]:.3g}" for kind, number in chosen]
        images = [root / record["images"][number] for _, number in chosen]
        draw_triples(targets["triples"], triples(method, record, images, captions, training), title=stem)


def triples(
    method: str, record: dict[str, Any], images: list[Path], captions: list[str], training: Path
) -> list[Triple]:
    """Images at the network's size, what the method makes of them, and the absolute difference."""
    built = trained(method, record["profile"], record["settings"], training)
    with torch.no_grad():
        x = as_seen(built, images)
        x_hat = built.reconstruct(x)
    x, x_hat = built.pixels.crop(x), built.pixels.crop(x_hat)
    differences = (x - x_hat).abs().mean(dim=1).numpy()
    return [
        Triple(as_picture(original), as_picture(made), difference, caption)
        for original, made, difference, caption in zip(x, x_hat, differences, captions, strict=True)
    ]


def trained(method: str, profile: str, settings: dict[str, Any], training: Path) -> Any:
    """The method with the weights of a finished training."""
    kind: Any = get_method(method)
    resolved = resolve_settings(kind, recipe=None, profile=profile, overrides=settings)
    built = kind(resolved, (), Backbones(None).load).eval()
    start_from(built, training / "weights.safetensors")
    return built


def as_seen(built: Any, images: list[Path]) -> Tensor:
    """Images as the network takes them: (N, C, P, P) in [-1, 1]."""
    spec = built.input_spec()
    return built.pixels(torch.from_numpy(np.stack([network_inputs(read_image(image), spec)[0] for image in images])))


def as_picture(x: Tensor) -> np.ndarray:
    """(C, S, S) in [-1, 1] -> uint8 (S, S) or (S, S, 3)."""
    pixels = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).numpy()
    return pixels[..., 0] if pixels.shape[2] == 1 else pixels
