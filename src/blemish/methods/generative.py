"""What all methods share that give a photo back as if it were sound: settings, examples, the graph around the score."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from pydantic import Field
from torch import Tensor, nn

from blemish.datasets import Sample
from blemish.detectors.schema import InputSpec
from blemish.errors import DataError
from blemish.methods.contract import GradientMethod, GradientSettings, LoadWeights
from blemish.methods.networks.signed_pixels import SignedPixels, padded_side
from blemish.methods.sound_photos import Augment, SoundPhotos

Judge = Callable[[Tensor], tuple[Tensor, Tensor]]
"""float (N, C, P, P) in [-1, 1] -> score (N,) and map (N, P, P), 0 or more, higher is worse."""


class GenerativeSettings(GradientSettings):
    """What every generative method has. All work on whole photos, resized to a square."""

    batch_size: int = Field(32, ge=2, description="photos in one step")
    size_px: int = Field(
        64, ge=32, le=256, description="side of the square that photos are resized to; padded to a power of two"
    )
    colour: bool = Field(True, description="see colours; otherwise grey alone")
    augment: Augment = Field("none", description='"mirror" left and right, or "turns": mirror and quarter turns')


class GenerativeMethod(GradientMethod):
    """A method that gives back, or makes, sound photos. A subclass says how it judges.

    Attributes:
        channels: 1 or 3.
        side_px: of the network's input, a power of two.
    """

    Settings: ClassVar[type[GenerativeSettings]] = GenerativeSettings
    settings: Any

    def __init__(self, settings: GenerativeSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__()
        self.settings = settings
        self.pixels = SignedPixels(settings.size_px, colour=settings.colour)
        self.channels = 3 if settings.colour else 1
        self.side_px = padded_side(settings.size_px)
        if self.side_px != settings.size_px:
            self.remarks.append(
                f"{settings.size_px} px is no power of two: the network pads photos by reflection to {self.side_px} px."
            )

    def examples(self, samples: tuple[Sample, ...], *, training: bool, seed: int) -> SoundPhotos:
        """Whole photos. Raises DataError when there are fewer than two to learn from."""
        if training and len(samples) < 2:
            raise DataError(
                f'Method "{self.info.name}" needs at least 2 sound photos to learn from, and there is {len(samples)}.'
            )
        augment: Augment = self.settings.augment if training else "none"
        return SoundPhotos(samples, size_px=self.settings.size_px, augment=augment, seed=seed)

    @abstractmethod
    def judge(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (N, C, P, P) in [-1, 1] -> score (N,) and map (N, P, P)."""

    def input_spec(self) -> InputSpec:
        """Photos resized to one square."""
        return InputSpec(size_px=(self.settings.size_px, self.settings.size_px))

    def graph(self) -> nn.Module:
        """uint8 (N, S, S, 3) -> score (N,) and map (N, S, S)."""
        return _Scoring(self).eval()


class _Scoring(nn.Module):
    def __init__(self, method: GenerativeMethod) -> None:
        super().__init__()
        self.method = method

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        score, maps = self.method.judge(self.method.pixels(image))
        return score, self.method.pixels.crop(maps)


def mean_of_each(values: Tensor) -> Tensor:
    """(N, ...) -> (N,): the mean of each item."""
    return values.flatten(1).mean(dim=1)
