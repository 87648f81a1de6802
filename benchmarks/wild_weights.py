"""Weights between a network and the mean of its fine-tunings, batch normalisation measured anew on training crops.

Wortsman et al., "Robust fine-tuning of zero-shot models" (CVPR 2022) and "Model soups" (ICML 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn

import blemish
from blemish.datasets import read_dataset
from blemish.detectors import Detector
from blemish.methods.networks.pixels import IMAGENET
from blemish.methods.registry import get_method
from blemish.training.backbones import save_weights
from blemish.training.export import export_graph

_CROPS, _BATCH = 256, 16


def interpolate(start: Path, detectors: Sequence[Path], recipe: Path, fraction: float, out: Path) -> None:
    """Write a detector whose weights lie between those that trainings started from and the mean of their ends.

    Args:
        start: weights.safetensors that the trainings started from.
        detectors: what trainings of several seeds wrote; each has its weights.safetensors in a folder of its name that
            ends in ``.training``. The new one says the same, with the images of all.
        recipe: the trainings' sources; nothing of their test splits is read.
        fraction: 0 for the start, 1 for the mean of the ends.
        out: ``.blemish`` file to write; the weights lie beside it.
    """
    first = load_file(start)
    ends = [load_file(file.with_suffix(".training") / "weights.safetensors") for file in detectors]
    kind = get_method("fast-unet")
    network = kind(kind.Settings(pretrained=False), ("defect",), lambda *_: IMAGENET)
    between = {
        name: torch.lerp(value, torch.stack([end[name] for end in ends]).mean(0), fraction)
        if value.is_floating_point()
        else value
        for name, value in first.items()
    }
    network.load_state_dict(between, strict=False)
    _measure_normalisation(network, recipe)
    trained = [blemish.load(file) for file in detectors]
    spec = trained[0].spec
    seen = tuple(sorted({digest for one in trained for digest in one.spec.provenance.images}))
    spec = spec.model_copy(update={"provenance": spec.provenance.model_copy(update={"images": seen})})
    graph = export_graph(network.graph(), spec.input)
    Detector(replace(trained[0].container, graph=graph, spec=spec)).save(out)
    save_weights(network, out.with_suffix(".safetensors"))


def _measure_normalisation(network: nn.Module, recipe: Path) -> None:
    """Means and variances of crops: those of either network do not fit the weights between them."""
    known = read_dataset(recipe).where(lambda sample: sample.split != "test")
    chosen = np.random.default_rng(0).permutation(len(known.samples))[:_CROPS]
    examples = network.examples(tuple(known.samples[number] for number in chosen), training=True, seed=0)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the mean of all batches
    network.train()
    with torch.no_grad():
        for at in range(0, len(chosen), _BATCH):
            network(torch.stack([examples[number][0] for number in range(at, min(at + _BATCH, len(chosen)))]))
    network.eval()
