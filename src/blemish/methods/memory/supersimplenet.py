"""SuperSimpleNet: a light head on patch features, trained on noise in feature space and on labelled defects if any.

Rolih, Fučka, Skočaj, "SuperSimpleNet: unifying unsupervised and supervised learning for fast and reliable surface
defect detection", ICPR 2024. Patch features of a fixed network are computed once; Gaussian noise inside random masks
turns normal features into defective ones; a head of two layers tells them apart. Labelled defects enter the same two
losses, one on patches and one on images: with masks both, with a label alone the image's.

What differs from the authors' code, and why:

- Features are whitened in place of a trained adaptor, and cached, so that training takes minutes on a CPU.
- The noise inside a mask shares one direction, and its strength is drawn from a range; theirs has one strength and
  independent patches.
- Masks are smooth noise cut at a quantile; theirs are Perlin noise cut at .2.
- The head also sees squared features, so that it can represent a Gaussian's distance.
- The image score is the mean over the most anomalous patches; theirs comes from a second head of 5 × 5 convolutions at
  ten times the cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from blemish.datasets import Sample
from blemish.methods.contract import Candidate
from blemish.methods.data.image_stream import ImageStream, network_inputs
from blemish.methods.parts.feature_method import FeatureMethod
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.ignored import IGNORED
from blemish.methods.parts.noise_head import FeatureExamples, NoiseHead, train_noise_head
from blemish.methods.parts.patch_method import PatchStream
from blemish.methods.registry import register


class SuperSimpleNetSettings(FeatureSettings):
    """Hyper-parameters of `SuperSimpleNet`; the defaults are the ``quick`` profile."""

    projection: Literal["auto", "none", "random", "whiten"] = Field(
        "whiten", description="of the features; noise is drawn in units of their standard deviation, so whiten suits it"
    )
    max_images: int = Field(
        300, ge=1, description="normal images, evenly chosen, whose features are kept in memory at most"
    )
    noise: tuple[float, float] = Field(
        (0.4, 1.6), description="least and greatest strength of the noise, in standard deviations of the features"
    )
    hidden: int = Field(64, ge=1, description="width of the hidden layer")
    steps: int = Field(800, ge=1, description="steps of AdamW; the step size decays to zero along a cosine")
    batch_size: int = Field(4, ge=2, description="images in one step; each is seen with and without noise")
    learning_rate: float = Field(2e-3, gt=0, description="step size at the start (paper: 2e-4 over 300 epochs)")


@register("supersimplenet", learns_from="few-labels", localises=True, candidates=[Candidate(cost_rank=20)])
class SuperSimpleNet(FeatureMethod):
    """SuperSimpleNet: a light head trained on noise in feature space, and on labelled defects if there are any."""

    Settings: ClassVar[type[SuperSimpleNetSettings]] = SuperSimpleNetSettings
    settings: SuperSimpleNetSettings
    _labelled: tuple[Sample, ...] = ()

    def fit(self, images: ImageStream, *, seed: int) -> str:
        """Cache the features of at most ``max_images`` images, then train the head."""
        self._labelled = images.defects
        return super().fit(images.every(max(1, math.ceil(len(images) / self.settings.max_images))), seed=seed)

    def learn(self, patches: PatchStream, *, seed: int) -> tuple[NoiseHead, str]:
        """One pass over the images, then steps over the cached features."""
        chosen = self.settings
        examples = FeatureExamples()
        for features in patches():
            for each in features:
                examples.add_normal(each.clone())
        for features, mask in self._defects():
            examples.add_defective(features, mask)
        torch.manual_seed(seed)
        head = NoiseHead(self.features.dimensions, chosen.hidden, self._region)
        loss = train_noise_head(
            head,
            examples,
            steps=chosen.steps,
            batch_size=chosen.batch_size,
            learning_rate=chosen.learning_rate,
            noise=chosen.noise,
            score_patches=self.score_patches(),
            seed=seed,
        )
        summary = f"{chosen.steps} steps over {examples.describe()}, to a loss of {loss:.3g}"
        return head.eval().requires_grad_(False), summary

    def _defects(self) -> Iterator[tuple[Tensor, Tensor | None]]:
        """Features (d, h, w) and mask float (H, W), None where unknown, of each labelled defect or tile of it.

        The mask is `IGNORED` where it does not tell what the image shows.
        """
        spec = self.input_spec()
        # A mask cannot be aligned with the reference by itself: it moves with its image.
        without_alignment = spec.model_copy(update={"reference": None})
        for sample in self._labelled:
            image = sample.read_image()
            mask = _as_image(sample, image.shape[:2]) if sample.masks else None
            placement = spec.place(image)
            if placement is not None:
                image, mask = placement.lay(image), None if mask is None else placement.lay(mask)
            masks = [None] * self.settings.rotations if mask is None else self.settings.variants(mask)
            for variant, its_mask in zip(self.settings.variants(image), masks, strict=True):
                inputs = network_inputs(variant, without_alignment)
                if its_mask is None and len(inputs) > 1:
                    continue  # A label does not tell which tile shows the defect.
                fractions = [None] * len(inputs) if its_mask is None else network_inputs(its_mask, without_alignment)
                for pixels, fraction in zip(inputs, fractions, strict=True):
                    with torch.inference_mode():
                        features = self.features(torch.from_numpy(pixels[None]))[0].clone()
                    yield features, None if fraction is None else _as_target(fraction)


def _as_image(sample: Sample, size_px: tuple[int, int]) -> NDArray[np.uint8]:
    """A mask as uint8 (H, W, 3), so that it is resized and cut as its image is; the second channel: ignored."""
    mask, ignored = sample.read_mask(*size_px), sample.read_ignored(*size_px)
    return np.dstack([mask, np.zeros_like(mask) if ignored is None else ignored, mask]).astype(np.uint8) * np.uint8(255)


def _as_target(image: NDArray[np.uint8]) -> Tensor:
    """`_as_image` as float (H, W): the fraction that is defective, or `IGNORED`."""
    target = torch.from_numpy(image[..., 0].astype(np.float32) / 255)
    return torch.where(torch.from_numpy(image[..., 1] > 0), IGNORED, target)
