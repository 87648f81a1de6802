"""Every generative method finds holes in waves after seconds of training, by its own score."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from blemish.evaluation import auroc
from blemish.methods import get_method, method_names
from blemish.methods.parts.generative_method import GenerativeMethod
from blemish.training import train_under_torch

from ..conftest import images_of

pytestmark = [pytest.mark.train, pytest.mark.slow]

CODE = {"width": 8, "epochs": 40, "patience": 40, "learning_rate": 3e-3}
SETTINGS = {
    "autoencoder": CODE,
    "vae": CODE,
    "vae-attention": CODE,
    "memae": {"width": 8, "epochs": 30, "patience": 30, "memory_size": 50, "learning_rate": 3e-3},
    "ganomaly": {"width": 8, "epochs": 40, "learning_rate": 1e-3},
    "skip-ganomaly": {"width": 4, "epochs": 12, "learning_rate": 2e-3},
    "fanogan": {"width": 8, "epochs": 40, "encoder_epochs": 20, "critic_steps": 1, "latent": 16, "learning_rate": 1e-3}
    | {"encoder_learning_rate": 2e-3},
    "anogan": {"width": 16, "epochs": 60, "latent": 8, "learning_rate": 1e-3, "ema_decay": 0.9}
    | {"search_steps": 100, "search_starts": 4},
    "egbad": {"width": 8, "epochs": 60, "latent": 16, "learning_rate": 1e-3, "ema_decay": 0.9},
    "adae": {"width": 8, "epochs": 30, "learning_rate": 2e-3},
}


def test_no_generative_method_is_left_out():
    assert {name for name in method_names() if issubclass(get_method(name), GenerativeMethod)} == set(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_gross_defects_score_more_than_normal_surfaces(name: str, surfaces: Path, tmp_path: Path):
    settings = {"size_px": 32, "batch_size": 4, "colour": False} | SETTINGS[name]
    scorer = train_under_torch(name, surfaces, tmp_path / "logs", settings=settings)
    assert auroc(scorer.score_files(images_of(surfaces)), np.arange(12) >= 6) >= 0.9
