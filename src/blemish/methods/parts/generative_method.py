"""The base of every method that reconstructs or generates normal images: settings, examples, the scoring graph."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.utils.data import Dataset

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.errors import DataError
from blemish.methods.contract import GradientMethod, GradientSettings, LoadWeights
from blemish.methods.data.resized_images import Augment, ResizedImages
from blemish.methods.networks.pixels import SignedPixels, padded_side
from blemish.methods.networks.signed_windows import SignedWindows

_CHECKED_FOR_COLOUR = 8

View = SignedPixels | SignedWindows
"""The network's input: images, or windows of a sensor series."""


class GenerativeSettings(GradientSettings):
    """What every generative method has. All work on whole images, resized to a square."""

    batch_size: int = Field(32, ge=2, description="images in one step")
    size_px: int = Field(
        64, ge=32, le=256, description="side of the square that images are resized to; padded to a power of two"
    )
    colour: bool = Field(True, description="use colour; otherwise grey values")
    augment: Augment = Field(
        "none",
        description='"mirror": left and right swapped at random; "rotations": mirrored and rotated by quarters; '
        '"angle-colour": rotated by up to 15°, other brightness, contrast and colour',
    )
    worst_fraction: float = Field(
        0.0,
        ge=0,
        le=1,
        description="score an image by the mean of its map over this fraction of the pixels, the most anomalous, so "
        "that a small defect counts; 0 is the method's own score, as published",
    )


class GenerativeMethod(GradientMethod):
    """A method that reconstructs or generates normal images. A subclass scores images with its networks.

    Where a subclass is ``on_series``, giving ``view`` builds its 1-D form.

    Attributes:
        dims: 2 for images; 1 for windows of a series, and then (N, C, P) replaces (N, C, P, P) throughout.
        channels: 1 or 3; for a series its number of columns.
        side_px: of the network's input, a power of two; time steps for a series.
    """

    Settings: ClassVar[type[GenerativeSettings]] = GenerativeSettings
    settings: Any

    def __init__(
        self,
        settings: GenerativeSettings,
        classes: tuple[str, ...],
        load_weights: LoadWeights,
        view: SignedWindows | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        self._only_grey = False
        self.pixels: View
        if view is not None:
            self.pixels, self.dims, self.channels = view, 1, view.channels
            self.side_px = view.window_steps + view.pad_steps
        else:
            self.pixels, self.dims = SignedPixels(settings.size_px, colour=settings.colour), 2
            self.channels = 3 if settings.colour else 1
            self.side_px = padded_side(settings.size_px)
        self.build(settings)

    @abstractmethod
    def build(self, settings: Any) -> None:
        """Build the networks, untrained, for inputs of ``channels``, ``side_px`` and ``dims``."""

    def examples(self, samples: tuple[Any, ...], *, training: bool, seed: int) -> Dataset[Tensor]:
        """Whole images (`Sample`), or windows, float64 (L, C). Raises DataError on fewer than two for training."""
        if self.dims == 1:
            return _Windows(samples)
        if training and len(samples) < 2:
            raise DataError(
                f'Method "{self.info.name}" needs at least 2 normal images to learn from, and there is {len(samples)}.'
            )
        augment: Augment = self.settings.augment if training else "none"
        images: tuple[Sample, ...] = samples
        if training:
            self._only_grey = self.settings.colour and _are_grey(images)
        return ResizedImages(images, size_px=self.settings.size_px, augment=augment, seed=seed)

    def remarks(self) -> tuple[str, ...]:
        """Padding to a power of two, and grey images for a colour network."""
        said = []
        if isinstance(self.pixels, SignedWindows):
            size, unit, items = self.pixels.window_steps, "steps", "windows"
        else:
            size, unit, items = self.settings.size_px, "px", "images"
        if self.side_px != size:
            said.append(
                f"{size} {unit} is no power of two: the network pads {items} by reflection to {self.side_px} {unit}."
            )
        if self._only_grey:
            said.append("The images are grey: colour=false learns the same from a third of the numbers.")
        return tuple(said)

    @abstractmethod
    def score_and_map(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, P, P) in [-1, 1] -> score (N,) and map (N, P, P), 0 or more, higher is worse."""

    def score_without_padding(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Images (N, C, P, P) -> score (N,), by ``worst_fraction``, and map (N, S, S)."""
        score, maps = self.score_and_map(x)
        maps = self.pixels.crop(maps)
        fraction: float = self.settings.worst_fraction
        if fraction:
            flat = maps.flatten(1)
            # While a graph is traced, a shape is a tensor.
            count = max(1, round(fraction * int(flat.shape[1])))
            score = flat.topk(count, dim=1).values.mean(dim=1)
        return score, maps

    def reconstruct(self, x: Tensor) -> Tensor | None:
        """What the method makes of images (N, C, P, P), by which it scores them: the same shape; None: nothing."""
        return None

    def input_spec(self) -> InputSpec:
        """Images resized to one square."""
        return InputSpec(size_px=(self.settings.size_px, self.settings.size_px))

    def graph(self) -> nn.Module:
        """uint8 (N, S, S, 3) -> score (N,) and map (N, S, S); float64 (N, L, C) -> score (N,) and map (N, L)."""
        return _Scoring(self).eval()

    def exported_graph(self) -> nn.Module:
        """As `graph`, and for images also the reconstruction, uint8 (N, S, S, 3)."""
        reconstructs = type(self).reconstruct is not GenerativeMethod.reconstruct
        return _Reconstructing(self).eval() if self.dims == 2 and reconstructs else self.graph()


def _are_grey(images: tuple[Sample, ...]) -> bool:
    """Whether a few of the images, evenly chosen, have three equal channels."""
    few = images[:: max(1, len(images) // _CHECKED_FOR_COLOUR)][:_CHECKED_FOR_COLOUR]
    pixels = (image.read_image() for image in few)
    return all(np.array_equal(one[..., 0], one[..., 1]) and np.array_equal(one[..., 0], one[..., 2]) for one in pixels)


class _Windows(Dataset[Tensor]):
    def __init__(self, windows: tuple[NDArray[np.float64], ...]) -> None:
        self._windows = windows

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(self._windows[index])


class _Scoring(nn.Module):
    def __init__(self, method: GenerativeMethod) -> None:
        super().__init__()
        self.method = method

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        return self.method.score_without_padding(self.method.pixels(image))


class _Reconstructing(nn.Module):
    def __init__(self, method: GenerativeMethod) -> None:
        super().__init__()
        self.method = method

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        # The networks run once: the optimiser of the graph's runtime finds what is computed twice.
        score, maps = self.method.score_without_padding(self.method.pixels(image))
        x_hat = self.method.reconstruct(self.method.pixels(image))
        assert x_hat is not None
        pixels = ((self.method.pixels.crop(x_hat).clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
        return score, maps, pixels.permute(0, 2, 3, 1).expand(-1, -1, -1, 3)


def mean_per_image(values: Tensor) -> Tensor:
    """(N, ...) -> (N,): the mean of each item."""
    return values.flatten(1).mean(dim=1)
