"""The base of every method on patch features: images to patches in a stream, and the graph around the fitted head."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor, nn

from blemish.detectors.schema import InputSpec
from blemish.errors import DataError, SettingsError
from blemish.methods.contract import FittedMethod, LoadWeights
from blemish.methods.data.image_stream import ImageStream
from blemish.methods.networks.feature_pyramid import AUTO, AUTO_FIRST, SCATTERING
from blemish.methods.parts.feature_settings import MIN_SIDE_PX, FeatureSettings
from blemish.methods.parts.moments import Moments
from blemish.methods.parts.patch_features import PatchFeatures, read_region
from blemish.methods.parts.patch_scoring import Head, Scoring

# Scale and principal directions are known well enough after this many images; the mean alone, which changes no
# distance, after fewer.
_IMAGES_FOR_SCALE = 48
_IMAGES_FOR_MEAN = 8

PatchStream = Callable[[], Iterator[Tensor]]
"""Starts a pass over all training images: patch features, float (N, d, h, w) at a time."""


class FeatureMethod(FittedMethod):
    """A method on patch features. A subclass fits a `Head` to those of the training images.

    Attributes:
        by_position: patches are compared with those at the same position, so all images must have one size.
        head: what was fitted; there is none before `fit`.
    """

    Settings: ClassVar[type[FeatureSettings]] = FeatureSettings
    by_position: ClassVar[bool] = False

    settings: FeatureSettings
    head: Head

    def __init__(self, settings: FeatureSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__()
        if self.by_position and settings.size_px is None:
            raise SettingsError(
                f'Method "{self.info.name}" compares patches at the same position in the image, so it needs one size: '
                "give --set size_px=256, or take patch-gaussian or patchcore."
            )
        features = PatchFeatures(settings, load_weights)
        self.settings = features.settings
        self._fell_back = settings.backbone == AUTO and self.settings.backbone == SCATTERING
        self.features = features.to(memory_format=torch.channels_last)
        self._spec = settings.input_spec([(1, 1)])
        self._region: Tensor | None = None

    def remarks(self) -> tuple[str, ...]:
        """The built-in features in place of missing pretrained ones."""
        if not self._fell_back:
            return ()
        return (
            f"The pretrained weights of {AUTO_FIRST} were not found, so the built-in features ({SCATTERING}) are used, "
            "which find fewer defects; give the weights (--weights FILE, or the folder BLEMISH_WEIGHTS) to do better.",
        )

    def fit(self, images: ImageStream, *, seed: int) -> str:
        """Normalise the features on some of the images, then fit the head to the patches of all of them."""
        if not len(images):
            raise DataError("There is no normal image to learn from.")
        self._spec = self.settings.input_spec(images.sizes_px())
        if self.settings.region is not None and self._spec.size_px is not None:
            with torch.inference_mode():
                grid = self.features(torch.zeros(1, *self._spec.size_px, 3, dtype=torch.uint8)).shape[-2:]
            self._region = read_region(self.settings.region, (int(grid[0]), int(grid[1])))
        mean_alone = self.settings.scaling == "none" and self.settings.projection != "whiten"
        step = -(-len(images) // (_IMAGES_FOR_MEAN if mean_alone else _IMAGES_FOR_SCALE))
        self.features.fit(self._pixels(images.every(step)), seed=seed)
        self.head, summary = self.learn(lambda: self._patches(images), seed=seed)
        return f"{self.settings.backbone} at strides {', '.join(map(str, self.settings.strides))}; {summary}"

    @abstractmethod
    def learn(self, patches: PatchStream, *, seed: int) -> tuple[Head, str]:
        """Fit to the patches of all training images, in as many passes as it takes.

        Returns:
            The fitted head, and what was fitted, in words for the model card.

        Raises:
            DataError: the images are too few for this method.
        """

    def input_spec(self) -> InputSpec:
        """One size with the usual aspect ratio of the training images, or tiles at their own resolution."""
        return self._spec

    def graph(self) -> nn.Module:
        """uint8 (N, H, W, 3) -> score (N,), map (N, H, W)."""
        scoring = Scoring(
            self.features,
            self.head,
            score_patches=self.score_patches(),
            smoothing_px=self.settings.smoothing_px,
            region=self._region,
        )
        return scoring.eval()

    def score_patches(self) -> int:
        """How many patches the image score averages: as set, but no more than the smallest image has."""
        # Networks without padding give a row and a column less.
        fewest = max(1, MIN_SIDE_PX // self.settings.strides[0] - 1) ** 2
        return min(self.settings.score_patches, int(fewest))

    def flat(self, features: Tensor) -> Tensor:
        """Patch features (N, d, h, w) -> the vectors (n, d) inside the region of interest."""
        vectors = features.permute(0, 2, 3, 1)
        if self._region is not None:
            return vectors[:, self._region > 0].flatten(0, 1)
        return vectors.flatten(0, 2)

    def pooled_moments(self, patches: PatchStream) -> Moments:
        """Mean and covariance over the patches of all positions, in one pass.

        Raises:
            DataError: fewer than two patches.
        """
        moments = Moments(self.features.dimensions)
        for features in patches():
            moments.add(self.flat(features))
        if moments.count < 2:
            raise DataError(f"{self.info.name} needs at least 2 patches of normal images in the region of interest.")
        return moments

    def _pixels(self, images: ImageStream) -> Iterator[Tensor]:
        for batch in images.batches(self._spec, self.settings.variants):
            yield torch.from_numpy(batch)

    def _patches(self, images: ImageStream) -> Iterator[Tensor]:
        for batch in self._pixels(images):
            with torch.inference_mode():
                yield self.features(batch)
