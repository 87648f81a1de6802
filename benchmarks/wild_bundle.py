"""From a network of all sources to the bundled detector: probabilities, rule, guarantee and card."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx

import blemish
from blemish.datasets import Sample, read_dataset, require_shippable
from blemish.datasets.identity import image_digests
from blemish.detectors import Detector, DetectorSpec, Thresholds
from blemish.images import list_images, read_image
from blemish.inspection import calibrate
from wild_decision import components
from wild_domains import FRESH, recipe_without

DATA = "drawings and open photos"
RULE = "outlines: chosen on surfaces left out of the training, and on drawings"
ALPHA, REVIEW_ALPHA = 0.05, 0.1
# As many of either: a thousand make the guarantee sharp, and a mixture of both is what it speaks of.
CALIBRATED = 500
# Of scaled probabilities.
FRESH_LIMITS = (0.5, 0.55, 0.6, 0.62, 0.64, 0.66, 0.68, 0.7, 0.75, 0.8, 0.85, 0.9, 0.91, 0.95)
# What the groups of a domain's crack-free photos start with.
GROUPS = {"structures": ("SDNET2018:W", "SDNET2018:D"), "pavements": ("SDNET2018:P",), "metu": ("METU",)}
ABOUT = """
## What it is for

Cracks in concrete, render, stone, asphalt and masonry, in images of any size, without any training on the user's side.
Its weights lie between those of a network that saw drawings alone (`blemish data synth`, images drawn by blemish; .35)
and the mean of three trainings that went on from it, seeds 0 to 2, on drawings and the open photos listed above
(.65). The encoder started from a MobileNetV2 pretrained on ImageNet (Apache-2.0). A second one, as it came from
ImageNet, looks at the image in half its size; the mean of three heads of 48 channels (seeds 0 to 2), trained on the
same sources, up to 1,800 images of each, says of every 32 px whether they hold a crack, and that logit is added to the
network's own where this is at least that of .05; the score of an image is no lower than what it says of all of them
together. Outlines end where the image differs from the surface beside it by less than a third of what the crack does.
Its own weights are Apache-2.0 like blemish; the sources' licences want their authors named, as above.

Verdicts hold for a mixture of photographed and drawn surfaces without a crack, of the sources above, that no training
saw ({n} of them, most photographed): at most {alpha:.0%} of such are rejected. For a guarantee about your own
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
        "thresholds": limits.model_copy(update={"source": RULE, "surface": raw.spec.thresholds.surface}),
        "provenance": made.model_copy(update={"images": seen, "data": DATA}),
    }
    detector = Detector(replace(raw.container, graph=graph, spec=raw.spec.model_copy(update=changed)))
    real, drawn = unseen_normals(detector, out.parent)
    print(f"{len(real)} photographed and {len(drawn)} drawn surfaces calibrate.")
    detector = calibrate([*real, *drawn], detector=detector, alpha=ALPHA, review_alpha=REVIEW_ALPHA, say=print).detector
    Detector(replace(detector.container, card=card_of(raw.container.card, detector.spec, out.stem))).save(out)
    print(f"Wrote {out}. To bundle it, put it into src/blemish/bundled/.")


def card_of(card: str, spec: DetectorSpec, name: str) -> str:
    """The training's card, with the name, the thresholds and the calibration of what is bundled, and what it is for."""
    limits, calibration = spec.thresholds, spec.calibration
    assert calibration is not None
    n = len(calibration.scores)
    said = {
        "# ": f"# {name}",
        "- Thresholds": f"- Thresholds: pixel {limits.pixel}, peak {limits.peak}, at least {limits.min_area_px} px, "
        f"gaps up to {limits.gap_px} px, review {limits.review:.4f}, reject {limits.reject:.4f} ({limits.source})",
        "- Calibration": f"- Calibration: p-values against {n} scores ({calibration.source})",
    }
    lines = card.replace("- Training data: without-none,", f"- Training data: {DATA},").splitlines()
    for start, line in said.items():
        lines[next(at for at, each in enumerate(lines) if each.startswith(start))] = line
    return "\n".join(lines) + "\n" + ABOUT.format(n=n, alpha=ALPHA)


def unseen_normals(detector: Detector, folder: Path) -> tuple[list[Path], list[Path]]:
    """Photographed and drawn images without a crack to calibrate with, none of a test split and none ever learned."""
    photos = [path for paths in fresh_photos(detector, folder).values() for path in paths[1::2]]
    at = np.linspace(0, len(photos) - 1, min(CALIBRATED, len(photos))).astype(int)
    drawn = list_images([Path(os.environ["CRACK_SOURCES"]) / name for name in FRESH]).images
    return [photos[number] for number in at], [path for path in drawn if path.parent.name == "images"]


def fresh_photos(detector: Detector, folder: Path) -> dict[str, list[Path]]:
    """By domain, crack-free photos of the training's side that no training saw: every second one may set the rule."""
    mixture = read_dataset(recipe_without((), folder, patches=2)).where(lambda sample: sample.split != "test")
    seen = frozenset(detector.spec.provenance.images)
    digests = image_digests(mixture)
    samples = [one for one, digest in zip(mixture.samples, digests, strict=True) if digest not in seen]
    photos: dict[str, list[Path]] = {name: [] for name in GROUPS}
    for sample in samples:
        name = next((name for name, start in GROUPS.items() if (sample.group or "").startswith(start)), None)
        if name is not None and not (sample.defective or (sample.masks and _mask_of(sample).any())):
            photos[name].append(sample.path)
    return photos


def outlined_fresh(detector: Detector, folder: Path) -> None:
    """Print how many of the crack-free photos that may set the rule get an outline, peak by peak, or reach a score."""
    print(f"| peak or score | {' | '.join(f'{limit:.3f}' for limit in FRESH_LIMITS)} |")
    for name, paths in fresh_photos(detector, folder).items():
        reached = np.array([_highest(detector, path) for path in paths[::2]])
        for what, values in zip(("outlined", "by score"), reached.T, strict=True):
            told = (f"{(values >= limit).mean():.3f}" for limit in FRESH_LIMITS)
            print(f"| {name}, {len(reached)}, {what} | {' | '.join(told)} |")


def _highest(detector: Detector, path: Path) -> tuple[float, float]:
    """The highest value in any component of an image that is large enough to be outlined, and the image's score."""
    limits = detector.spec.thresholds
    score, anomaly_map = detector.score(read_image(path))
    assert anomaly_map is not None
    assert limits.pixel is not None
    found = components(anomaly_map, limits.pixel, limits.min_area_px, limits.gap_px)[1]
    return float(found.max(initial=0.0)), score


def _mask_of(sample: Sample) -> np.ndarray:
    return sample.read_mask(*read_image(sample.path).shape[:2])


def scaled_logits(graph: bytes, factor: float, offset: float) -> bytes:
    """The same graph with another slope and offset of the logits.

    Of the last convolution's weights and bias, and where there are a second opinion and edges, of the opinion's weight
    and gate and of how sure a pixel is that edges do not cut off.
    """
    model = onnx.load_from_string(graph)
    changed = set()
    for tensor in model.graph.initializer:
        for name, times in _OFFSETS.items():
            if tensor.name.endswith(name):
                values = onnx.numpy_helper.to_array(tensor) * np.float32(factor) + np.float32(offset * times)
                tensor.CopyFrom(onnx.numpy_helper.from_array(np.asarray(values, np.float32), tensor.name))
                changed.add(name)
    own = {"net.head.weight", "net.head.bias"}
    assert changed in (own, set(_OFFSETS) - {"edges/sure"}, set(_OFFSETS))
    return model.SerializeToString()


# What is multiplied by the factor, and how many times the offset is added.
_OFFSETS = {"net.head.weight": 0, "net.head.bias": 1, "opinion/weight": 0, "opinion/gate": 1, "edges/sure": 1}
