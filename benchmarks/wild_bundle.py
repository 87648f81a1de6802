"""From a network of all sources to the bundled detector: probabilities, rule, guarantee and card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

import blemish
from blemish.datasets import Dataset, Sample, read_dataset, require_shippable
from blemish.datasets.identity import image_digests
from blemish.detectors import Detector, Thresholds
from blemish.images import read_image
from blemish.inspection import calibrate
from wild_domains import recipe_without

DATA = "drawings and open photos"
RULE = "outlines: chosen on surfaces left out of the training, and on drawings"
ALPHA, REVIEW_ALPHA = 0.05, 0.1
# As many of either: a thousand make the guarantee sharp, and a mixture of both is what it speaks of.
CALIBRATED = 500
ABOUT = """
## What it is for

Cracks in concrete, render, stone, asphalt and masonry, in images of any size, without any training on the user's side.
Its weights lie between those of a network that saw drawings alone (`blemish data synth`, images drawn by blemish; .35)
and the mean of three trainings that went on from it, seeds 0 to 2, on drawings and the open photos listed above
(.65). The encoder started from a MobileNetV2 pretrained on ImageNet (Apache-2.0). Its own weights are Apache-2.0 like
blemish; the sources' licences want their authors named, as above.

Verdicts hold for a mixture of photographed and drawn surfaces without a crack, of the sources above, that no training
saw ({n} of them, three fifths photographed): at most {alpha:.0%} of such are rejected. For a guarantee about your own
surfaces: `blemish calibrate --detector concrete-crack --data GOOD --out mine.blemish`. docs/concrete-crack.md says how
it does on surfaces that a training never met, and what it is not for.
"""


def bundle(file: Path, start: Path, out: Path, limits: Thresholds, *, factor: float, offset: float) -> None:
    """Scale the probabilities, set the rule, calibrate on crack-free images that no training saw, write the detector.

    Args:
        file: a network trained on all sources.
        start: the detector whose weights that training started from.
        out: ``.blemish`` file to write; its name stands in the card.
        limits: where it outlines, of the scaled probabilities.
        factor: of the logits, as `wild_decision.reliability` finds them.
        offset: added to the logits thereafter.
    """
    raw = blemish.load(file)
    require_shippable(raw.spec.provenance.sources)
    graph = scaled_logits(raw.container.graph, factor, offset)
    made = raw.spec.provenance
    seen = tuple(sorted({*made.images, *blemish.load(start).spec.provenance.images}))
    changed = {
        "finds": "cracks",
        "thresholds": limits.model_copy(update={"source": RULE}),
        "provenance": made.model_copy(update={"images": seen, "data": DATA}),
    }
    detector = Detector(replace(raw.container, graph=graph, spec=raw.spec.model_copy(update=changed)))
    real, drawn = unseen_normals(detector, out.parent)
    print(f"{len(real)} photographed and {len(drawn)} drawn surfaces calibrate.")
    detector = calibrate([*real, *drawn], detector=detector, alpha=ALPHA, review_alpha=REVIEW_ALPHA, say=print).detector
    Detector(replace(detector.container, card=card_of(detector, out.stem))).save(out)
    print(f"Wrote {out}. To bundle it, put it into src/blemish/bundled/.")


def card_of(detector: Detector, name: str) -> str:
    """The training's card, with the name, the thresholds and the calibration of what is bundled, and what it is for."""
    limits, calibration = detector.spec.thresholds, detector.spec.calibration
    assert calibration is not None
    n = len(calibration.scores)
    said = {
        "# ": f"# {name}",
        "- Thresholds": f"- Thresholds: pixel {limits.pixel}, peak {limits.peak}, at least {limits.min_area_px} px, "
        f"review {limits.review:.4f}, reject {limits.reject:.4f} ({limits.source})",
        "- Calibration": f"- Calibration: p-values against {n} scores ({calibration.source})",
    }
    lines = detector.container.card.replace("- Training data: without-none,", f"- Training data: {DATA},").splitlines()
    for start, line in said.items():
        lines[next(at for at, each in enumerate(lines) if each.startswith(start))] = line
    return "\n".join(lines) + "\n" + ABOUT.format(n=n, alpha=ALPHA)


def unseen_normals(detector: Detector, folder: Path) -> tuple[list[Path], list[Path]]:
    """Photographed and drawn images without a crack, none of a test split and none that a training fitted."""
    mixture = read_dataset(recipe_without((), folder)).where(lambda sample: sample.split != "test")
    drawn = [sample for sample in mixture.samples if "drawn" in str(sample.path)]
    real = [sample for sample in mixture.samples if "drawn" not in str(sample.path) and sample.defective is False]
    seen = frozenset(detector.spec.provenance.images)
    return _unseen(mixture, real, seen), _unseen(mixture, drawn, seen)


def _unseen(mixture: Dataset, samples: list[Sample], seen: frozenset[str]) -> list[Path]:
    """Evenly spread, those whose masks are empty."""
    digests = image_digests(replace(mixture, samples=tuple(samples)))
    fresh = [sample for sample, digest in zip(samples, digests, strict=True) if digest not in seen]
    empty = [sample.path for sample in fresh if sample.masks is None or not _mask_of(sample).any()]
    at = np.linspace(0, len(empty) - 1, min(CALIBRATED, len(empty))).astype(int)
    return [empty[number] for number in at]


def _mask_of(sample: Sample) -> np.ndarray:
    return sample.read_mask(*read_image(sample.path).shape[:2])


def scaled_logits(graph: bytes, factor: float, offset: float) -> bytes:
    """The same graph with another slope and offset of the logits: of the last convolution's weights and bias."""
    model = onnx.load_from_string(graph)
    changed = 0
    for tensor in model.graph.initializer:
        if tensor.name.endswith(("net.head.weight", "net.head.bias")):
            values = onnx.numpy_helper.to_array(tensor) * np.float32(factor)
            values = values + np.float32(offset) if tensor.name.endswith("bias") else values
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float32), tensor.name))
            changed += 1
    assert changed == 2
    return model.SerializeToString()
