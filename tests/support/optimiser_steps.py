"""Steps of a method under Lightning on fixed batches, to be compared with a reference that is written out by hand.

Adam's first step is the same whatever its betas are, so that comparisons take several. Before each step the random
numbers start anew from `seed_of`; a reference that draws in the same order draws the same numbers. All of it needs the
fixture ``double_precision``: a bias before batch normalisation has no gradient but rounding, which Adam would magnify.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import lightning as L
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from blemish.methods import get_method

Losses = dict[str, Tensor]

# Of the distance that a weight moves. Images are float32, as in use.
_TOLERANCE = 1e-3


def build(name: str, **settings: object) -> Any:
    """A tiny untrained method, always with the same weights."""
    method = get_method(name)
    small = {"size_px": 32, "width": 4, "colour": False, "batch_size": 4, "epochs": 1}
    small = {key: value for key, value in small.items() if key in method.Settings.model_fields}
    torch.manual_seed(3)
    built = method(method.Settings.model_validate({**small, **settings}), (), _no_weights)
    built.pixels.register_forward_hook(lambda *seen: seen[2].double())
    return built


def fixed_images(count: int = 4, seed: int = 0, size_px: int = 32) -> Tensor:
    """uint8 (N, S, S, 3)."""
    random = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, size_px, size_px, 3), dtype=torch.uint8, generator=random)


def in_range(images: Tensor) -> Tensor:
    """uint8 (N, S, S, 3) -> grey in [-1, 1], (N, 1, S, S)."""
    grey = (images.double() * torch.tensor([0.299, 0.587, 0.114], dtype=torch.float64)).sum(dim=3)
    return (grey / 127.5 - 1)[:, None]


def seed_of(step: int) -> int:
    """Of the random numbers of one step, counted from 0 over all epochs."""
    return 100 + step


def run_steps(method: Any, batches: int = 3) -> tuple[Any, list[Losses]]:
    """Train ``method`` for its epochs of ``batches`` fixed batches each.

    Returns:
        A copy of it from before, and the losses of each step: those of `gan_step`, or ``loss`` of `compute_loss`.
    """
    before = copy.deepcopy(method)
    losses: list[Losses] = []
    if hasattr(method, "gan_step"):
        gan_step = method.gan_step
        method.gan_step = lambda x, index: _kept(losses, gan_step(x, index))
    else:
        compute_loss = method.compute_loss
        method.compute_loss = lambda batch: _kept(losses, {"loss": compute_loss(batch)})["loss"]
    trainer = L.Trainer(
        max_epochs=method.settings.epochs,
        accelerator="cpu",
        precision="64-true",
        logger=False,
        callbacks=[_Seeded()],
        enable_checkpointing=False,
        enable_model_summary=False,
        enable_progress_bar=False,
    )
    trainer.fit(method, DataLoader([fixed_images(seed=index) for index in range(batches)], batch_size=None))
    for name in ("gan_step", "compute_loss"):
        vars(method).pop(name, None)
    return before, losses


def reference(step: Callable[[int, Tensor], Losses], steps: int, batches: int = 3) -> list[Losses]:
    """The losses of ``step`` (number of the step, images in [-1, 1]) on the same batches and random numbers."""
    losses = []
    for number in range(steps):
        torch.manual_seed(seed_of(number))
        losses.append(step(number, in_range(fixed_images(seed=number % batches))))
    return losses


def update(optimizer: torch.optim.Optimizer, loss: Tensor) -> Tensor:
    """One step down the gradient of ``loss``, of the optimiser's own weights only."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def assert_same_losses(found: list[Losses], expected: list[Losses]) -> None:
    """The same losses by the same names in every step."""
    assert [set(losses) for losses in found] == [set(losses) for losses in expected]
    for step, (ours, theirs) in enumerate(zip(found, expected, strict=True)):
        for name, value in theirs.items():
            torch.testing.assert_close(
                ours[name], value, rtol=1e-5, atol=1e-9, msg=lambda said, at=f"{name} of step {step}": f"{at}: {said}"
            )


def assert_same_weights(found: nn.Module, expected: nn.Module, before: nn.Module) -> None:
    """Both moved alike from ``before``, and the statistics of batch normalisation are the same."""
    start, end = dict(before.named_parameters()), dict(expected.named_parameters())
    moved = {name: end[name].detach() - start[name].detach() for name in end}
    missed = [name for name, weight in found.named_parameters() if not _near(weight - start[name], moved[name], moved)]
    assert missed == [], f"moved otherwise: {missed}"
    for name, values in expected.named_buffers():
        torch.testing.assert_close(
            dict(found.named_buffers())[name], values, rtol=1e-5, atol=1e-7, msg=lambda said, at=name: f"{at}: {said}"
        )


def assert_same_scores(method: Any, expected: Callable[[Tensor], tuple[Tensor, Tensor]]) -> None:
    """The scoring graph of a method that has just been trained gives scores and maps of ``expected``."""
    method.train()
    with torch.no_grad():
        images = fixed_images(count=3, seed=77)
        for found, wanted in zip(method.graph()(images), expected(in_range(images)), strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-7)


def _near(found: Tensor, expected: Tensor, moved: dict[str, Tensor]) -> bool:
    if not expected.any():
        return not found.detach().any()
    # Weights that have no gradient at all are weighed against the largest movement of any.
    scale = 1e-3 * max(float(each.square().mean().sqrt()) for each in moved.values())
    error = float((found.detach() - expected).square().mean().sqrt())
    return error < _TOLERANCE * max(scale, float(expected.square().mean().sqrt()))


def _kept(losses: list[Losses], found: Losses) -> Losses:
    losses.append({name: value.detach().clone() for name, value in found.items()})
    return found


def _no_weights(name: str, module: nn.Module) -> Any:
    raise AssertionError(f"{name} was asked for")


class _Seeded(L.Callback):
    def on_train_batch_start(self, trainer: L.Trainer, *_: Any) -> None:
        # `global_step` counts the steps of all optimisers.
        done = trainer.fit_loop.epoch_loop.total_batch_idx
        torch.manual_seed(seed_of(done))


def adams(networks: Iterable[nn.Module], rate: float, betas: tuple[float, float]) -> list[torch.optim.Adam]:
    """An Adam for each network."""
    return [torch.optim.Adam(network.parameters(), lr=rate, betas=betas) for network in networks]
