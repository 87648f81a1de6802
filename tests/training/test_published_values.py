"""The ``paper`` profile of each recipe against the values that its source prints, row by row.

Only what a source states is here; what it leaves open is the recipe's own reading and free to change. The last column
says where the value stands.
"""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")

from blemish.methods import get_method
from blemish.training.recipes import read_recipe, resolve_settings, shipped_recipes

pytestmark = pytest.mark.train

AKCAY = "the authors' options.py: isize, nz, ngf, batchsize, niter, lr, weights of the losses"
DECK = "adversarial study: "

PUBLISHED: list[tuple[str, dict[str, Any], str]] = [
    (
        "ganomaly",
        {"width": 64, "latent": 100, "batch_size": 64, "epochs": 15, "learning_rate": 2e-4}
        | {"w_adversarial": 1, "w_context": 50, "w_code": 1},
        AKCAY,
    ),
    (
        "skip-ganomaly",
        {"width": 64, "latent": 100, "batch_size": 64, "epochs": 15, "learning_rate": 2e-4}
        | {"w_adversarial": 1, "w_context": 50, "w_code": 1, "code_weight": 0.1},
        AKCAY,
    ),
    (
        "fanogan",
        {"size_px": 64, "width": 64, "latent": 128, "batch_size": 64, "learning_rate": 1e-4, "critic_steps": 5}
        | {"gradient_penalty": 10, "kappa": 1, "encoder_learning_rate": 5e-5},
        "the authors' wgangp_64x64.py and z_encoding_izif.py",
    ),
    (
        "anogan",
        {"width": 64, "latent": 200, "batch_size": 100, "learning_rate": 1e-5, "ema_decay": 0.999}
        | {"feature_weight": 0.1, "search_steps": 500, "search_starts": 1, "search_rate": 0.01},
        "λ and 500 steps: Schlegl et al. 2017, section 2.2; the others: gan/ of EGBAD's code",
    ),
    (
        "egbad",
        {"width": 64, "latent": 200, "batch_size": 100, "learning_rate": 1e-5, "dropout": 0.5, "ema_decay": 0.999}
        | {"feature_weight": 0.1},
        "the authors' bigan/run_mnist.py and mnist_utilities.py",
    ),
    ("adae", {"batch_size": 32, "epochs": 100, "learning_rate": 1e-4, "width": 16}, "YeongHyeon/ADAE-TF"),
    (
        "memae",
        {"width": 64, "memory_size": 500, "entropy_weight": 2e-4, "learning_rate": 1e-4, "epochs": 100},
        "Gong et al. 2019, sections 3.4 and 4.1",
    ),
    (
        "vae-attention",
        {"size_px": 227, "downsamplings": 5, "latent": 32, "batch_size": 32, "epochs": 300, "learning_rate": 1e-5}
        | {"steepness": 20, "colour": True, "code_rate": 1},
        "García-de-la-Puente et al. 2023, section 4.2",
    ),
    (
        "vae",
        {"size_px": 227, "downsamplings": 5, "latent": 32, "batch_size": 32, "epochs": 300, "learning_rate": 1e-5},
        "as vae-attention, its baseline",
    ),
    (
        "autoencoder",
        {"size_px": 227, "downsamplings": 5, "latent": 32, "batch_size": 32, "epochs": 300, "learning_rate": 1e-5},
        "as vae-attention, its baseline",
    ),
    ("crack-inpainting", {"crop_px": 512}, "Kim, Sohn, Kim 2020, section III: tiles of 512 × 512"),
    ("unet", {"encoder": "plain", "crop_px": 512}, "Kim, Sohn, Kim 2020: the same network, supervised"),
    (
        "steel-multiclass",
        {"network": "plain", "loss": "softmax", "learning_rate": 1e-4, "batch_size": 16, "epochs": 40}
        | {"crop_px": (256, 1600), "optimizer": "adam", "schedule": "constant", "early_stopping": False}
        | {"augment": False, "targets": "classes", "gate": False, "balance": False},
        "2nd Korea AI Conference, section 3",
    ),
    ("crack-classifier", {"encoder": "resnet18", "pretrained": True}, "Park 2024, README"),
    (
        "building-fanogan",
        {"size_px": 64, "colour": True, "epochs": 500, "learning_rate": 5e-4},
        f"{DECK}full colour, image size 64, epoch 500, learning rate .0005",
    ),
    (
        "medical-ganomaly",
        {"size_px": 128, "colour": False, "epochs": 100, "learning_rate": 1e-3},
        f"{DECK}grey, image size 128, epoch 100, learning rate .001",
    ),
    (
        "manufacturing-ganomaly",
        {"size_px": 128, "colour": False, "epochs": 100, "learning_rate": 1e-3},
        f"{DECK}grey scale, 128 image size, epoch 100, learning rate .001",
    ),
]


@pytest.mark.parametrize(("name", "published", "source"), PUBLISHED, ids=[name for name, *_ in PUBLISHED])
def test_the_paper_profile_has_the_published_values(name: str, published: dict[str, Any], source: str):
    path = shipped_recipes()[name]
    settings = resolve_settings(get_method(read_recipe(path).method), recipe=path, profile="paper", overrides={})
    assert {key: getattr(settings, key) for key in published} == published, source


@pytest.mark.parametrize(
    ("name", "betas"),
    [("ganomaly", (0.5, 0.999)), ("skip-ganomaly", (0.5, 0.999)), ("egbad", (0.5, 0.999)), ("fanogan", (0.0, 0.9))],
)
def test_adam_has_the_published_betas(name: str, betas: tuple[float, float]):
    assert getattr(get_method(name), "betas", None) == betas
