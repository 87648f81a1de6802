"""The demonstration: drawn photos, a detector trained on some of them, and what it says about the others.

Needs no data, no weights and no network. Everything is drawn from seeds, so the truth is known exactly; what the
detector reaches here says nothing about real photos, and the page says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from blemish.datasets import read_dataset
from blemish.datasets.synthesis import SynthesisSettings, draw_photo
from blemish.errors import MissingExtraError
from blemish.evaluation import Evaluation, Figures
from blemish.images import write_png
from blemish.inspection import Answer, evaluate_each
from blemish.reports.overlays import draw_overlay, heat_range_of, outline
from blemish.reports.picture_page import Card, write_picture_page

_TRUTH_RGB = (60, 220, 90)
# Bare concrete, seen from the front: a minute of training cannot cope with everything that can be drawn.
_SCENES = SynthesisSettings(
    surfaces={"concrete": 1.0},
    crack_width_px=(2.0, 10.0),
    distractors_mean=0.0,
    uncracked_distractors_mean=0.0,
    perspective_share=0.0,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is drawn and learned.

    Attributes:
        n_train: photos to learn from, half of them cracked.
        n_test: photos to inspect, half of them cracked.
        size_px: side of a photo.
        settings: of the method ``unet``.
    """

    n_train: int
    n_test: int
    size_px: int
    settings: dict[str, Any]


# A light network that needs no weights. Its settings were tried on seeds 0 and 1; the page shows seed 2.
_LIGHT = {"encoder": "mobilenet_v2", "pretrained": False, "decoder_channels": (64, 32, 16, 8, 8), "learning_rate": 4e-3}
ABOUT_A_MINUTE = Plan(60, 20, 256, {**_LIGHT, "epochs": 24, "patience": 24, "batch_size": 6, "crop_px": 128})
A_FEW_SECONDS = Plan(12, 6, 128, {**_LIGHT, "epochs": 2, "batch_size": 4, "crop_px": 64})


@dataclass(frozen=True, slots=True)
class Demo:
    """What a demonstration made.

    Attributes:
        page: the picture page.
        detector: the trained detector.
        photos: folder of the photos that it never saw in training.
        figures: how well it did on them.
    """

    page: Path
    detector: Path
    photos: Path
    figures: Figures


def run_demo(
    out: Path,
    *,
    plan: Plan = ABOUT_A_MINUTE,
    seed: int = 2,
    progress: bool = False,
    say: Callable[[str], None] = print,
) -> Demo:
    """Draw photos, train a detector on some, inspect the others and write ``index.html``.

    Args:
        out: folder for everything: ``data/``, ``demo.blemish``, ``demo.training/`` and ``index.html``.
        plan: how much to do.
        seed: of the photos and of training.
        progress: draw a progress bar while training.
        say: told what is being done.

    Raises:
        MissingExtraError: the learning side is not installed.
        BlemishError: ``out`` cannot be written to.
    """
    if find_spec("torch") is None:
        raise MissingExtraError(
            'The demo trains a detector, which needs the learning side: pip install "blemish[train]".'
        )
    from blemish.training import train

    say(f"Drawing {plan.n_train + plan.n_test} photos of concrete, half of them cracked …")
    draw_dataset(out / "data", plan, seed)
    say("Training a small U-Net on the processor …")
    started_s = time.monotonic()
    file = out / "demo.blemish"
    detector = train("unet", out / "data", file, settings=plan.settings, seed=seed, progress=progress)
    trained_s = time.monotonic() - started_s
    say(f"Trained in {trained_s:.0f} s. Inspecting the photos that it has not seen …")
    evaluation = Evaluation(reject=detector.spec.thresholds.reject)
    held_out = read_dataset(out / "data").split("test")
    heat_range = heat_range_of(detector.spec.thresholds.pixel)
    cards = [_card(answer, heat_range) for answer in evaluate_each(detector, held_out, evaluation)]
    figures = evaluation.result()
    page = out / "index.html"
    _write_page(page, cards, figures, trained_s=trained_s, plan=plan, seed=seed)
    return Demo(page, file, out / "data" / "test" / "images", figures)


def draw_dataset(folder: Path, plan: Plan, seed: int) -> None:
    """Draw ``{train,test}/{images,masks}/``: every second photo is cracked, every mask is exact."""
    n_total = plan.n_train + plan.n_test
    for number in range(n_total):
        split: Literal["train", "test"] = "train" if number < plan.n_train else "test"
        drawn = draw_photo(seed * n_total + number, size_px=plan.size_px, cracked=number % 2 == 0, settings=_SCENES)
        write_png(folder / split / "images" / f"drawn-{number:03d}.png", drawn.image)
        write_png(folder / split / "masks" / f"drawn-{number:03d}.png", drawn.mask)


def _card(answer: Answer, heat_range: tuple[float, float] | None) -> Card:
    pixels, found = answer.photo.pixels, answer.found
    truth = np.zeros(pixels.shape[:2], np.bool_) if answer.truth is None else answer.truth
    drawn = pixels.copy()
    outline(drawn, truth, _TRUTH_RGB)
    facts = {"score": _said(found.score), "truth": f"crack of {truth.sum()} px" if truth.any() else "no crack"}
    if found.mask is not None:
        facts["found"] = f"{found.mask.sum()} px"
        if truth.any():
            facts["IoU"] = f"{np.count_nonzero(found.mask & truth) / np.count_nonzero(found.mask | truth):.2f}"
    pictures = {"what was drawn": drawn, "what was found": draw_overlay(pixels, found, heat_range=heat_range)}
    return Card(answer.sample.path.name, pictures, found.verdict, facts)


def _write_page(page: Path, cards: list[Card], figures: Figures, *, trained_s: float, plan: Plan, seed: int) -> None:
    record = figures.to_record()
    write_picture_page(
        page,
        title="blemish demo: cracks in drawn concrete",
        lead="Every photo on this page is synthetic. It was drawn from a seed together with its exact mask, and the "
        "detector learned from photos drawn in the same way: bare concrete without joints, stains, cables or leaves. "
        "Real surfaces are harder, and these figures say nothing about them.",
        figures={
            "photos inspected": str(record["n"]),
            "image AUROC": _said(record["image"]["auroc"]),
            "pixel F1": _said(record["pixel"]["f1"]),
            "pixel F1 within 2 px": _said(record["pixel"]["f1_2px"]),
            "trained in": f"{trained_s:.0f} s",
        },
        paragraphs=[
            f"A small U-Net was trained on {plan.n_train} drawn photos of {plan.size_px} × {plan.size_px} px, half of "
            f"them cracked (seed {seed}). The {plan.n_test} photos above were kept apart and inspected afterwards. "
            "Green: the outline of the crack as drawn. Cyan: the outline of what was found, over the tint of its heat; "
            "the tint's scale is the same on every photo.",
            "On your own photos: blemish train unet --data FOLDER --out cracks.blemish, "
            "then blemish inspect PHOTOS --detector cracks.blemish --out FINDINGS.",
        ],
        cards=cards,
    )


def _said(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
