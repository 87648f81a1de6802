"""A second opinion on what a crack network outlines: what a frozen ImageNet encoder says of every 32 px.

The encoder of a crack network changed with its training, and so it errs where that training had nothing to show. Here
a MobileNetV2 that no crack training touched looks at the image in half its size, and a small head, trained on cells of
32 px (cracked where a mask covers more than 2 % of one), says how probably each holds a crack. Where the network sees a
crack already, the head's logit is added to its own: outlines keep their extent, and only how sure they are changes.

Where the network sees nothing, the opinion still tells of an image that some cell of it is cracked, and the image's
score is no lower than that: a hairline that cannot be outlined sends its image to review.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import cast

import cv2
import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import compose, helper, numpy_helper
from torch import Tensor, nn
from torch.nn import functional as F

import blemish
from blemish.datasets import Dataset, Sample, read_dataset
from blemish.datasets.identity import image_digests
from blemish.detectors import Detector
from blemish.detectors.telemetry import import_onnxruntime
from blemish.errors import DataError
from blemish.methods.networks.pixels import IMAGENET
from blemish.training.backbones import Backbones
from blemish.training.export import to_onnx
from blemish.training.half_storage import store_exact_halves
from wild_edges import with_edges, without_edges

CELL_PX, TILE_PX = 32, 256
# Logit of .05, where outlines end: below, the network sees nothing that could be confirmed.
GATE = -2.944
# From the opinion of an image to its probability, as `wild_cracks.py doubt` fits it on surfaces left out.
IMAGE_SCALING = (1.8, -7.0)
STEPS, BATCH, SEEDS = 3000, 16, (0, 1, 2)
_LEARNING_RATE, _WEIGHT_DECAY, _DROPOUT = 2e-3, 0.05, 0.2
_MIN_CRACKED, _WEIGHT_OF_CRACKED = 0.02, 3.0
_NORMALISED, _LOGITS = "/from_bytes/Div_output_0", "/net/DepthToSpace_output_0"
_LINES = "lines"  # what a fast-unet without an opinion calls its score


class FrozenFeatures(nn.Module):
    """Normalised float (N, 3, H, W), sides multiples of 32 -> float (N, 1088, H / 32, W / 32).

    Layers 6, 10, 13, the expansion of 14, and 17 of a MobileNetV2, of the image in half its size.
    """

    CHANNELS = 32 + 64 + 96 + 576 + 320

    def __init__(self) -> None:
        super().__init__()
        from segmentation_models_pytorch.encoders import get_encoder

        encoder = get_encoder("mobilenet_v2", depth=5, weights=None)
        assert Backbones().load("mobilenet_v2", encoder) == IMAGENET
        self.layers = encoder.features[:18].eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        """The features."""
        x = F.avg_pool2d(x, 2)
        maps = []
        for number, layer in enumerate(self.layers):
            if number == 14:
                maps.append(layer.conv[0](x))
            x = layer(x)
            if number == 6:
                maps.append(F.avg_pool2d(x, 2))
            elif number in (10, 13):
                maps.append(x)
        size = maps[-1].shape[-2:]
        return torch.cat([*maps, F.interpolate(x, size=size, mode="bilinear", align_corners=False)], dim=1)


class Head(nn.Module):
    """float (N, C, h, w) -> logits (N, 1, h, w). Features are standardised by ``mean`` and ``scale``."""

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: Tensor, scale: Tensor, hidden: int = 48) -> None:
        super().__init__()
        self.register_buffer("mean", mean[:, None, None])
        self.register_buffer("scale", scale[:, None, None])
        self.enter = nn.Conv2d(len(mean), hidden, 1)
        self.around = nn.Conv2d(hidden, hidden, 3, padding=1)
        self.leave = nn.Conv2d(hidden, 1, 1)

    def forward(self, features: Tensor) -> Tensor:
        """The logits."""
        x = F.dropout2d((features - self.mean) / self.scale, _DROPOUT, self.training)
        x = F.gelu(self.enter(x))
        return cast(Tensor, self.leave(x + F.gelu(self.around(x))))


class Opinion(nn.Module):
    """Normalised float (N, 3, H, W) -> the heads' mean logit at every pixel, (N, 1, H, W), and of any cell, (N,).

    The latter is the logarithm of the sum of the cells' odds: nearly the odds that any one of them is cracked.
    """

    def __init__(self, features: FrozenFeatures, heads: Sequence[Head]) -> None:
        super().__init__()
        self.features = features
        self.heads = nn.ModuleList(heads)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The logits."""
        found = self.features(x)
        cells = torch.stack([head(found) for head in self.heads]).mean(dim=0)
        of_pixels = F.interpolate(cells, scale_factor=float(CELL_PX), mode="bilinear", align_corners=False)
        # Not logsumexp: OpenVINO 2026 adds up a whole batch in ReduceLogSumExp.
        return of_pixels, torch.log(torch.exp(cells).flatten(1).sum(dim=1))


def fit_opinion(dataset: Dataset) -> Opinion:
    """Heads of `SEEDS` on a data set; nothing of its test split is read.

    Raises:
        DataError: an image of which nobody drew what is cracked, and which is not known to be normal.
    """
    samples = [sample for sample in dataset.samples if sample.split != "test"]
    for sample in samples:
        if sample.masks is None:
            raise DataError(f'"{sample.path}" has no mask, so that nothing tells which of its cells are cracked.')
    features = FrozenFeatures()
    found, cracked, weights = _cells(features, samples)
    mean, scale = _moments(found)
    return Opinion(features, [_fit_head(Head(mean, scale), found, cracked, weights, seed) for seed in SEEDS])


def _cells(
    features: FrozenFeatures, samples: Sequence[Sample]
) -> tuple[NDArray[np.float16], NDArray[np.float32], NDArray[np.float64]]:
    """Features (n, C, 8, 8) and fractions of cracked pixels (n, 8, 8) of each tile; how often it is drawn (n,).

    The fraction is NaN where any pixel is to be ignored.
    """
    found, cracked, weights = [], [], []
    for sample in samples:
        pixels = sample.read_image()
        mask = sample.read_mask(*pixels.shape[:2]).astype(np.float32)
        if (ignored := sample.read_ignored(*pixels.shape[:2])) is not None:
            mask[ignored] = np.nan
        tiles = list(_tiles(pixels, mask))
        images = torch.from_numpy(np.stack([tile for tile, _ in tiles])).permute(0, 3, 1, 2).float()
        mean, std = (torch.tensor(values).reshape(3, 1, 1) * 255 for values in (IMAGENET.mean, IMAGENET.std))
        with torch.inference_mode():
            found.append(features((images - mean) / std).numpy().astype(np.float16))
        cracked += [fraction for _, fraction in tiles]
        weights += [sample.weight / len(tiles)] * len(tiles)
    return np.concatenate(found), np.stack(cracked), np.array(weights)


def _tiles(
    pixels: NDArray[np.uint8], mask: NDArray[np.float32]
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Tiles of 256 px that cover an image, and the fraction of each of their cells that is cracked.

    Images smaller than that are magnified.
    """
    height, width = (max(side, TILE_PX) for side in pixels.shape[:2])
    if pixels.shape[:2] != (height, width):
        pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC)
        mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
    rows, columns = (np.linspace(0, side - TILE_PX, -(-side // TILE_PX)).astype(int) for side in (height, width))
    for y, x in product(rows, columns):
        place = np.s_[y : y + TILE_PX, x : x + TILE_PX]
        cells = mask[place].reshape(TILE_PX // CELL_PX, CELL_PX, TILE_PX // CELL_PX, CELL_PX)
        yield pixels[place], cells.mean(axis=(1, 3))


def _moments(found: NDArray[np.float16]) -> tuple[Tensor, Tensor]:
    chosen = found[np.random.default_rng(0).permutation(len(found))[:2000]].astype(np.float32)
    return torch.from_numpy(chosen.mean(axis=(0, 2, 3))), torch.from_numpy(chosen.std(axis=(0, 2, 3)) + 1e-3)


def _fit_head(
    head: Head,
    found: NDArray[np.float16],
    cracked: NDArray[np.float32],
    weights: NDArray[np.float64],
    seed: int,
) -> Head:
    """Cross-entropy of cells, cracked ones three times as heavy; those with a few, or ignored, pixels are left out."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    for layer in (head.enter, head.around, head.leave):
        layer.reset_parameters()
    optimiser = torch.optim.AdamW(head.parameters(), lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _LEARNING_RATE, total_steps=STEPS)
    for _ in range(STEPS):
        drawn = rng.choice(len(found), BATCH, p=weights / weights.sum())
        turned = [_turned(found[number], cracked[number], int(rng.integers(8))) for number in drawn]
        features, fractions = (
            torch.from_numpy(np.stack(part).astype(np.float32)) for part in zip(*turned, strict=True)
        )
        is_cracked = fractions > _MIN_CRACKED
        weight = torch.where(is_cracked, _WEIGHT_OF_CRACKED, 1.0) * (is_cracked | (fractions == 0))
        loss = F.binary_cross_entropy_with_logits(head(features)[:, 0], is_cracked.float(), weight, reduction="sum")
        optimiser.zero_grad()
        (loss / weight.sum()).backward()
        optimiser.step()
        schedule.step()
    return head.eval()


def _turned(found: NDArray[np.float16], cracked: NDArray[np.float32], how: int) -> tuple[NDArray[np.float16], ...]:
    """One of the eight ways to turn and mirror a square: of (C, h, w) and (h, w)."""
    turned = [np.rot90(part, how % 4, axes=(-2, -1)) for part in (found, cracked)]
    return tuple(part[..., ::-1] if how >= 4 else part for part in turned)


def give_opinion(file: Path, recipe: Path, out: Path, *, weight: float) -> None:
    """A detector whose network is given a second opinion, learned from the images of a recipe, and edges of the image.

    Args:
        file: detector of a fast-unet, its probabilities unscaled.
        recipe: the mixture; nothing of its test split is read.
        out: ``.blemish`` file to write.
        weight: of the head's logit, beside 1 of the network's own.
    """
    dataset = read_dataset(recipe)
    opinion = fit_opinion(dataset)
    detector = blemish.load(file)
    trained = dataset.where(lambda sample: sample.split != "test")
    made = detector.spec.provenance
    seen = tuple(sorted({*made.images, *image_digests(trained)}))
    spec = detector.spec.model_copy(update={"provenance": made.model_copy(update={"images": seen})})
    graph = with_edges(with_opinion(detector.container.graph, opinion, weight))
    Detector(replace(detector.container, graph=graph, spec=spec)).save(out)


def with_opinion(graph: bytes, opinion: nn.Module, weight: float) -> bytes:
    """The graph of a fast-unet with an opinion's logit added to its own wherever that is at least `GATE`.

    The sum is not let below `GATE`: an outline keeps its extent. The score is the higher of the network's own and the
    opinion's of the image, by `IMAGE_SCALING`. Weights are rounded to 16 bits.
    """
    model = onnx.load_from_string(graph)
    sides = {0: "batch", 2: "height", 3: "width"}
    outputs = {"logit": sides, "image_logit": {0: "batch"}}
    own = to_onnx(
        opinion.eval(), torch.zeros(1, 3, TILE_PX, TILE_PX), list(outputs), {"x": sides, **outputs}, takes="x"
    )
    second = compose.add_prefix(onnx.load_from_string(own), "opinion/").graph
    for node in second.node:
        node.input[:] = [_NORMALISED if name == "opinion/x" else name for name in node.input]
    constants = dict(
        zip(("weight", "gate", "image_factor", "image_offset"), (weight, GATE, *IMAGE_SCALING), strict=True)
    )
    # Without an axis of one channel, which OpenVINO would give the room of sixteen.
    join = [
        helper.make_node("Squeeze", [_LOGITS, "opinion/channel"], ["opinion/own"]),
        helper.make_node("Squeeze", ["opinion/logit", "opinion/channel"], ["opinion/second"]),
        helper.make_node("Mul", ["opinion/second", "opinion/weight"], ["opinion/weighted"]),
        helper.make_node("Add", ["opinion/own", "opinion/weighted"], ["opinion/sum"]),
        helper.make_node("Max", ["opinion/sum", "opinion/gate"], ["opinion/kept"]),
        helper.make_node("GreaterOrEqual", ["opinion/own", "opinion/gate"], ["opinion/asked"]),
        helper.make_node("Where", ["opinion/asked", "opinion/kept", "opinion/own"], ["opinion/joined"]),
        helper.make_node("Unsqueeze", ["opinion/joined", "opinion/channel"], ["opinion/both"]),
    ]
    of_image = [
        helper.make_node("Mul", ["opinion/image_logit", "opinion/image_factor"], ["opinion/image_scaled"]),
        helper.make_node("Add", ["opinion/image_scaled", "opinion/image_offset"], ["opinion/image_sum"]),
        helper.make_node("Sigmoid", ["opinion/image_sum"], ["opinion/image_score"]),
        helper.make_node("Max", [_LINES, "opinion/image_score"], ["score"], name="opinion/score"),
    ]
    at = next(number for number, node in enumerate(model.graph.node) if _LOGITS in node.input)
    model.graph.node[at].input[:] = ["opinion/both"]
    _rename_outputs(model, "score", _LINES)
    for node in reversed([*second.node, *join]):
        model.graph.node.insert(at, node)
    model.graph.node.extend(of_image)
    model.graph.initializer.extend(second.initializer)
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value, np.float32), f"opinion/{name}") for name, value in constants.items()
    )
    model.graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "opinion/channel"))
    onnx.checker.check_model(model)
    return store_exact_halves(_rounded(model).SerializeToString())


def without_opinion(graph: bytes) -> bytes:
    """The graph that `with_opinion` was given, its weights rounded as they are; one without an opinion stays.

    Edges, which hang on the opinion, are taken away too.
    """
    model = onnx.load_from_string(without_edges(graph))
    for kept in (model.graph.node, model.graph.initializer):
        for number in reversed(range(len(kept))):
            each = kept[number]
            names = (each.name, *each.output) if isinstance(each, onnx.NodeProto) else (each.name,)
            if any(name.startswith("opinion/") for name in names):
                del kept[number]
    for node in model.graph.node:
        node.input[:] = [_LOGITS if name == "opinion/both" else name for name in node.input]
    _rename_outputs(model, _LINES, "score")
    return model.SerializeToString()


def image_logits(detector: Detector, images: Iterable[NDArray[np.uint8]]) -> Iterator[float]:
    """What the opinion in a detector's graph says of each image, uint8 RGB (H, W, 3), before `IMAGE_SCALING`."""
    model = onnx.load_from_string(detector.container.graph)
    model.graph.output.append(helper.make_tensor_value_info("opinion/image_logit", onnx.TensorProto.FLOAT, None))
    session = import_onnxruntime().InferenceSession(model.SerializeToString())
    for image in images:
        answers = [session.run(["opinion/image_logit"], {"image": tile})[0] for tile in detector.graph_inputs(image)]
        yield float(np.max(answers))


def _rename_outputs(model: onnx.ModelProto, before: str, after: str) -> None:
    for node in model.graph.node:
        node.output[:] = [after if name == before else name for name in node.output]


def _rounded(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large weights as 16 bits hold them."""
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and len(tensor.dims) == 4:
            values = numpy_helper.to_array(tensor).astype(np.float16).astype(np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
    return model
