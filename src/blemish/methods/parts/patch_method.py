"""The base of every method that compares patches: images to patches in a stream, and the graph around its head."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median
from typing import ClassVar

import torch
from torch import Tensor, nn

from blemish.detectors.schema import InputSpec
from blemish.errors import DataError
from blemish.methods.contract import FittedMethod
from blemish.methods.data.image_stream import ImageStream
from blemish.methods.parts.patch_scoring import Head, Scoring
from blemish.methods.parts.patch_settings import PatchSettings
from blemish.methods.parts.region import read_region

# Scale and principal directions are known well enough after this many images; the mean alone, which changes no
# distance, after fewer.
_IMAGES_FOR_SCALE = 48
_IMAGES_FOR_MEAN = 8
# Of the longer side to the shorter one; beyond it a resized image loses what is across it, or along it.
_USUAL_RATIO = 8

PatchStream = Callable[[], Iterator[Tensor]]
"""Starts a pass over all training images: patch features, float (N, d, h, w) at a time."""


class Patches(nn.Module, ABC):
    """Images to the features of their patches: uint8 (N, H, W, 3) -> float (N, d, h, w)."""

    @property
    @abstractmethod
    def dimensions(self) -> int:
        """d."""

    @abstractmethod
    def fit(self, batches: Iterable[Tensor], *, seed: int) -> None:
        """Estimate the normalisation of the features from normal images.

        Args:
            batches: uint8 (N, H, W, 3).
            seed: decides everything random.

        Raises:
            DataError: every image is of one flat colour, or there are none.
        """


class PatchMethod(FittedMethod):
    """A method on patch features. A subclass gives the features and fits a `Head` to those of the training images.

    Attributes:
        features: images to patch features.
        head: what was fitted; there is none before `fit`.
    """

    Settings: ClassVar[type[PatchSettings]] = PatchSettings

    settings: PatchSettings
    features: Patches
    head: Head

    def __init__(self, settings: PatchSettings, features: Patches) -> None:
        super().__init__()
        self.settings = settings
        self.features = features
        self._spec = settings.input_spec([(1, 1)])
        self._region: Tensor | None = None

    def fit(self, images: ImageStream, *, seed: int) -> str:
        """Normalise the features on some of the images, then fit the head to the patches of all of them."""
        if not len(images):
            raise DataError("There is no normal image to learn from.")
        sizes_px = images.sizes_px()
        self._spec = self.settings.input_spec(sizes_px)
        self.prepare(self._spec)
        if self.settings.region is not None and self._spec.size_px is not None:
            self._region = read_region(self.settings.region, self.grid(self._spec.size_px))
        step = -(-len(images) // (_IMAGES_FOR_SCALE if self.scales() else _IMAGES_FOR_MEAN))
        self.features.fit(self._pixels(images.every(step)), seed=seed)
        self.head, summary = self.learn(lambda: self._patches(images), seed=seed)
        return f"{self.describe()}; {summary}{_odd_sizes(sizes_px, self._spec, self.settings.unit_px)}"

    def prepare(self, spec: InputSpec) -> None:  # most networks take images of any size
        """Fit the network to the size of the images, before any is seen."""

    @abstractmethod
    def describe(self) -> str:
        """The network and its layers, in words for the model card."""

    @abstractmethod
    def scales(self) -> bool:
        """Whether scale or directions of the features are estimated, and not only their mean."""

    @abstractmethod
    def learn(self, patches: PatchStream, *, seed: int) -> tuple[Head, str]:
        """Fit to the patches of all training images, in as many passes as it takes.

        Returns:
            The fitted head, and what was fitted, in words for the model card.

        Raises:
            DataError: the images are too few for this method.
        """

    @abstractmethod
    def score_patches(self) -> int:
        """How many patches the image score averages, no more than the smallest image has."""

    def input_spec(self) -> InputSpec:
        """One size with the usual aspect ratio of the training images, or tiles at their own resolution."""
        return self._spec

    def graph(self) -> nn.Module:
        """uint8 (N, H, W, 3) -> score (N,), map (N, H, W)."""
        return self.scoring().eval()

    def scoring(self) -> Scoring:
        """The features and the head, as one module."""
        return Scoring(
            self.features,
            self.head,
            score_patches=self.score_patches(),
            smoothing_px=self.settings.smoothing_px,
            region=self._region,
        )

    def grid(self, size_px: tuple[int, int]) -> tuple[int, int]:
        """h and w of the patch features of an image of this size."""
        with torch.inference_mode():
            height, width = self.features(torch.zeros(1, *size_px, 3, dtype=torch.uint8)).shape[-2:]
        return int(height), int(width)

    def flat(self, features: Tensor) -> Tensor:
        """Patch features (N, d, h, w) -> the vectors (n, d) inside the region of interest."""
        vectors = features.permute(0, 2, 3, 1)
        if self._region is not None:
            return vectors[:, self._region > 0].flatten(0, 1)
        return vectors.flatten(0, 2)

    def _pixels(self, images: ImageStream) -> Iterator[Tensor]:
        for batch in images.batches(self._spec, self.settings.variants):
            yield torch.from_numpy(batch)

    def _patches(self, images: ImageStream) -> Iterator[Tensor]:
        for batch in self._pixels(images):
            with torch.inference_mode():
                yield self.features(batch)


def _odd_sizes(sizes_px: Sequence[tuple[int, int]], spec: InputSpec, unit_px: int) -> str:
    """What is lost of images that are tiny, or much longer than wide, in words; empty where they are neither."""
    said = ""
    if tiny := sum(1 for size in sizes_px if min(size) < unit_px):
        said += (
            f"; {tiny} of {len(sizes_px)} images are smaller than a patch of {unit_px} px: enlarged, they show nothing"
        )
    ratio = median(max(size) / min(size) for size in sizes_px)
    if ratio > _USUAL_RATIO and spec.size_px is not None:
        height_px, width_px = spec.size_px
        said += (
            f"; most images are {ratio:.0f} times as long as wide and are seen at {width_px} × {height_px} px: "
            "size_px=null keeps their own resolution"
        )
    return said
