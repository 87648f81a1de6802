"""The demonstration: drawn images, and what the bundled detector, or one trained on the spot, says about them.

Needs no data, no weights and no network. Everything is drawn from seeds, so the truth is known exactly; what a
detector reaches here says nothing about real images, and the page says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from blemish.bundled import DEFAULT_DETECTOR, bundled_detectors
from blemish.detectors import load
from blemish.errors import MissingExtraError, install_hint
from blemish.evaluation import Metrics
from blemish.images import write_png
from blemish.inspection import Answer, evaluate
from blemish.reports.overlays import outline
from blemish.reports.picture_page import Card, write_picture_page
from blemish.synthesis import SynthesisSettings, draw_image

_TRUTH_RGB = (60, 220, 90)
# Bare concrete, seen from the front: a minute of training cannot cope with everything that can be drawn.
_BARE_CONCRETE = SynthesisSettings(
    surfaces={"concrete": 1.0},
    crack_width_px=(2.0, 10.0),
    distractors_mean=0.0,
    uncracked_distractors_mean=0.0,
    perspective_fraction=0.0,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is drawn and trained.

    Attributes:
        n_train: training images, half of them cracked; 0 takes the bundled detector.
        n_test: images to inspect, half of them cracked.
        size_px: side of an image.
        scenes: what is drawn.
        settings: where they differ from those of `RECIPE`.
    """

    n_train: int
    n_test: int
    size_px: int
    scenes: SynthesisSettings = field(default_factory=SynthesisSettings)
    settings: Mapping[str, Any] = field(default_factory=dict)


RECIPE = "drawn-cracks"
"""What is trained."""
ABOUT_A_MINUTE = Plan(60, 20, 256, _BARE_CONCRETE)
A_FEW_SECONDS = Plan(12, 6, 128, _BARE_CONCRETE, {"epochs": 2, "batch_size": 4, "crop_px": 64})
# Walls, roads and bricks, with all that looks like a crack.
WITHOUT_TRAINING = Plan(0, 24, 384)


@dataclass(frozen=True, slots=True)
class Demo:
    """What a demonstration made.

    Attributes:
        page: the picture page.
        detector: the detector's file.
        images: folder of the images that were inspected; none of them was seen in training.
        metrics: how well it did on them.
    """

    page: Path
    detector: Path
    images: Path
    metrics: Metrics


def run_demo(
    out: Path,
    *,
    plan: Plan = WITHOUT_TRAINING,
    seed: int = 2,
    say: Callable[[str], None] = print,
) -> Demo:
    """Draw images, train a detector on some where the plan says so, inspect the others and write ``index.html``.

    Args:
        out: folder for everything: ``data/``, ``index.html`` and, after training, ``demo.blemish`` and
            ``demo.training/``.
        plan: how much to do.
        seed: of the images and of training.
        say: told what is being done.

    Raises:
        MissingExtraError: the plan trains, and the learning side is not installed.
        BlemishError: ``out`` cannot be written to.
    """
    if plan.n_train and find_spec("torch") is None:
        raise MissingExtraError(
            f"To train a detector here, the learning side is needed: {install_hint('train')}; "
            "without --train the demo uses the bundled one."
        )
    say(f"Drawing {plan.n_train + plan.n_test} images, half of them with cracks …")
    draw_dataset(out / "data", plan, seed)
    if plan.n_train:
        file, origin = _trained(out, plan, seed, say=say)
    else:
        file = bundled_detectors()[DEFAULT_DETECTOR]
        origin = (
            f"The detector {DEFAULT_DETECTOR}, which comes with blemish, learned from drawn images and photographs; "
            f"these {plan.n_test} were not among them."
        )
    say("Inspecting the images that it has not seen …")
    detector = load(file)
    cards: list[Card] = []
    metrics = evaluate(out / "data", detector=detector, on_answer=lambda answer: cards.append(_card(answer))).metrics
    page = out / "index.html"
    _write_page(page, cards, metrics, origin)
    return Demo(page, file, out / "data" / "test" / "images", metrics)


def _trained(out: Path, plan: Plan, seed: int, *, say: Callable[[str], None]) -> tuple[Path, str]:
    """Train on the drawn images; the file and where it comes from, in words."""
    from blemish.training import train

    say("Training a small U-Net on the processor …")
    started_s = time.monotonic()
    file = out / "demo.blemish"
    train(RECIPE, out / "data", file, settings=plan.settings, seed=seed, say=say)
    trained_s = time.monotonic() - started_s
    say(f"Trained in {trained_s:.0f} s.")
    return file, (
        f"A small U-Net was trained for {trained_s:.0f} s on {plan.n_train} drawn images of {plan.size_px} × "
        f"{plan.size_px} px, half of them cracked (seed {seed}): bare concrete without joints, stains, cables or "
        f"leaves. The {plan.n_test} images above were kept apart and inspected afterwards."
    )


def draw_dataset(folder: Path, plan: Plan, seed: int) -> None:
    """Draw ``{train,test}/{images,masks}/``: every second image is cracked, every mask is exact."""
    n_total = plan.n_train + plan.n_test
    for number in range(n_total):
        split: Literal["train", "test"] = "train" if number < plan.n_train else "test"
        drawn = draw_image(seed * n_total + number, size_px=plan.size_px, cracked=number % 2 == 0, settings=plan.scenes)
        write_png(folder / split / "images" / f"drawn-{number:03d}.png", drawn.image)
        write_png(folder / split / "masks" / f"drawn-{number:03d}.png", drawn.mask)


def _card(answer: Answer) -> Card:
    found = answer.found
    drawn = answer.pixels.copy()
    truth = np.zeros(drawn.shape[:2], np.bool_) if answer.truth is None else answer.truth
    outline(drawn, truth, _TRUTH_RGB)
    facts = {"score": _said(found.score), "truth": f"crack of {truth.sum()} px" if truth.any() else "no crack"}
    if found.mask is not None:
        facts["found"] = f"{found.mask.sum()} px"
        if truth.any():
            facts["IoU"] = f"{np.count_nonzero(found.mask & truth) / np.count_nonzero(found.mask | truth):.2f}"
    pictures = {"what was drawn": drawn, "what was found": found.overlay()}
    return Card(answer.sample.path.name, pictures, found.verdict, facts)


def _write_page(page: Path, cards: list[Card], metrics: Metrics, origin: str) -> None:
    record = metrics.to_record()
    write_picture_page(
        page,
        title="blemish demo: cracks in drawn walls",
        lead="Every image on this page is synthetic: drawn from a seed together with its exact mask. "
        "Real surfaces are harder, and these metrics say nothing about them.",
        metrics={
            "images inspected": str(record["n"]),
            "image AUROC": _said(record["image"]["auroc"]),
            "pixel F1": _said(record["pixel"]["f1"]),
            "pixel F1 within 2 px": _said(record["pixel"]["f1_2px"]),
        },
        paragraphs=[
            f"{origin} Green: the outline of the crack as drawn. Cyan: the outline of what was found, over the tint of "
            "its anomaly map; the tint's scale is the same on every image.",
            "On your own images: blemish inspect IMAGES --out FINDINGS. With a detector of your own: "
            "blemish train auto --data FOLDER --out mine.blemish.",
        ],
        cards=cards,
    )


def _said(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
