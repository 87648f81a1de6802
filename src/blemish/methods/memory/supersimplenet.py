"""SuperSimpleNet: a light head that is taught by noise in feature space, and by real defects where there are some.

Rolih, Fučka, Skočaj, "SuperSimpleNet: unifying unsupervised and supervised learning for fast and reliable surface
defect detection", ICPR 2024. Patch features of a fixed network are computed once; blobs of Gaussian noise, cut out by
random masks, turn normal features into defective ones; a head of two layers tells them apart. Labelled defects join the
same two losses, one on patches and one on images: with masks both, with a label alone the image's.

What differs from the authors' code: features are whitened in place of a trained adaptor; the noise of a blob has one
direction in common and strengths drawn from a range (theirs: one strength, independent patches); masks are smooth noise
cut at a quantile (theirs: Perlin noise cut at .2); the head also sees squares, so that a Gaussian's distance is within
its reach; an image is judged by its worst patches (theirs: by a second head of 5 × 5 convolutions, ten times the cost);
features are cached, so that training takes minutes on a CPU.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from blemish.datasets import Sample
from blemish.images import read_image
from blemish.methods.contract import Candidate, LoadWeights
from blemish.methods.data.image_stream import NormalBatches, pieces
from blemish.methods.parts.feature_method import FeatureMethod, PatchStream
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.head_training import Examples, fit
from blemish.methods.parts.ignored import IGNORED
from blemish.methods.parts.noise_head import NoiseHead
from blemish.methods.registry import register


class SuperSimpleNetSettings(FeatureSettings):
    """Hyper-parameters of `SuperSimpleNet`; the defaults are the ``quick`` profile."""

    projection: Literal["auto", "none", "random", "whiten"] = Field(
        "whiten", description="of the features; noise is drawn in units of their spread, so whiten suits it"
    )
    max_images: int = Field(
        300, ge=1, description="normal images whose features are kept in memory, evenly chosen, at most"
    )
    noise: tuple[float, float] = Field(
        (0.4, 1.6), description="least and greatest strength of the noise, in spreads of the features"
    )
    hidden: int = Field(64, ge=1, description="width of the hidden layer")
    steps: int = Field(800, ge=1, description="steps of AdamW; the rate falls to nothing along a cosine")
    batch_size: int = Field(4, ge=2, description="images in one step; each is seen with and without noise")
    learning_rate: float = Field(2e-3, gt=0, description="step size at the start (paper: 2e-4 over 300 epochs)")


@register("supersimplenet", learns_from="few-labels", localises=True, candidates=[Candidate(cost_rank=20)])
class SuperSimpleNet(FeatureMethod):
    """Trains a light head on noise in feature space, and on labelled defects where there are some, be they few."""

    Settings: ClassVar[type[SuperSimpleNetSettings]] = SuperSimpleNetSettings
    settings: SuperSimpleNetSettings

    def __init__(self, settings: SuperSimpleNetSettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        super().__init__(settings, classes, load_weights)
        self._head: NoiseHead | None = None

    def fit(self, images: NormalBatches, *, seed: int) -> str:
        """Cache the features of so many images, then teach the head."""
        step = max(1, math.ceil(len(images) / self.settings.max_images))
        return super().fit(NormalBatches(images.paths[::step]), seed=seed)

    def learn(self, patches: PatchStream, *, seed: int) -> str:
        """One pass over the images, then steps over what was cached."""
        chosen = self.settings
        examples = Examples()
        for features in patches():
            for each in features:
                examples.add_normal(each.clone())
        for features, mask in self._defects():
            examples.add_defective(features, mask)
        torch.manual_seed(seed)
        head = NoiseHead(self.features.dimensions, chosen.hidden, self._region)
        loss = fit(
            head,
            examples,
            steps=chosen.steps,
            batch_size=chosen.batch_size,
            learning_rate=chosen.learning_rate,
            noise=chosen.noise,
            score_patches=self.score_patches(),
            seed=seed,
        )
        self._head = head.eval().requires_grad_(False)
        return f"{chosen.steps} steps over {examples.describe()}, to a loss of {loss:.3g}"

    def head(self) -> NoiseHead:
        """How defective patches are."""
        assert self._head is not None, "learn comes first"
        return self._head

    def _defects(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Features (d, h, w) and mask float (H, W) of each piece of each labelled defect; None where none is known.

        The mask is `IGNORED` where it is left open what the image shows.
        """
        # A mask cannot be laid over the reference by itself: it is moved as its image.
        laid = self.input_spec()
        spec = laid.model_copy(update={"reference": None})
        for sample in self.defects:
            image = read_image(Path(sample.path))
            mask = _as_picture(sample, image.shape[:2]) if sample.masks else None
            placement = laid.place(image)
            if placement is not None:
                image, mask = placement.lay(image), None if mask is None else placement.lay(mask)
            masks = [None] * self.settings.turns if mask is None else self.settings.variants(mask)
            for variant, its_mask in zip(self.settings.variants(image), masks, strict=True):
                seen = pieces(variant, spec)
                if its_mask is None and len(seen) > 1:
                    continue  # A label says nothing of which tile shows the defect.
                fractions = [None] * len(seen) if its_mask is None else pieces(its_mask, spec)
                for piece, fraction in zip(seen, fractions, strict=True):
                    with torch.inference_mode():
                        features = self.features(torch.from_numpy(piece[None]))[0].clone()
                    yield (
                        features,
                        None if fraction is None else _as_target(fraction),
                    )


def _as_picture(sample: Sample, size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """A mask as a picture, uint8 (H, W, 3), so that it is resized and cut as its image; the second channel: ignored."""
    mask, ignored = sample.read_mask(*size_px), sample.read_ignored(*size_px)
    return np.dstack([mask, np.zeros_like(mask) if ignored is None else ignored, mask]).astype(np.uint8) * np.uint8(255)


def _as_target(picture: NDArray[np.uint8]) -> Tensor:
    """`_as_picture` as float (H, W): the fraction that is defective, or `IGNORED`."""
    target = torch.from_numpy(picture[..., 0].astype(np.float32) / 255)
    return torch.where(torch.from_numpy(picture[..., 1] > 0), IGNORED, target)
