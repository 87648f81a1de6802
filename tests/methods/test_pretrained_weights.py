"""Pretrained weights reach the network of every method that has them, with the normalisation that belongs to them."""

from __future__ import annotations

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from blemish.methods import get_method, method_names  # noqa: E402
from blemish.methods.networks.pixels import FromBytes, Normalisation  # noqa: E402

pytestmark = pytest.mark.train

THEIRS = Normalisation((0.1, 0.2, 0.3), (0.4, 0.5, 0.6))
PRETRAINED = [name for name in method_names() if "pretrained" in get_method(name).Settings.model_fields]


class Loader:
    """Fills whatever asks for weights with one number."""

    def __init__(self) -> None:
        self.filled: list[nn.Module] = []

    def __call__(self, name: str, module: nn.Module) -> Normalisation:
        self.filled.append(module)
        with torch.no_grad():
            for weight in module.parameters():
                weight.fill_(0.125)
        return THEIRS


def build(name: str, load: Any, **settings: object) -> Any:
    method = get_method(name)
    small = {"size_px": 64} if name == "padim" else {}
    return method(method.Settings.model_validate({**small, **settings}), (), load)


@pytest.mark.parametrize("name", PRETRAINED)
def test_pretrained_weights_and_their_normalisation_are_in_the_network(name: str):
    load = Loader()
    method = build(name, load)
    assert len(load.filled) == 1
    loaded = {id(weight) for weight in load.filled[0].parameters()}
    mine = {id(weight) for weight in method.parameters()}
    assert len(loaded & mine) > 10
    kept = [bool((weight == 0.125).all()) for weight in method.parameters() if id(weight) in loaded]
    assert all(kept)
    [pixels] = [module for module in method.modules() if isinstance(module, FromBytes)]
    torch.testing.assert_close(pixels.mean, torch.tensor(THEIRS.mean) * 255)
    torch.testing.assert_close(pixels.std, torch.tensor(THEIRS.std) * 255)


@pytest.mark.parametrize("name", PRETRAINED)
def test_without_pretraining_no_weights_are_asked_for(name: str):
    load = Loader()
    build(name, load, pretrained=False)
    assert load.filled == []
