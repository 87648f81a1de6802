"""Patch features: the features of a network at each position of an image and its neighbours, as one vector.

Roth et al., "Towards total recall in industrial anomaly detection", CVPR 2022, section 3.1: maps of several layers,
averaged over 3 × 3 neighbours, resized to the largest one and concatenated.

What differs from the authors' code: all channels are kept (theirs are averaged down to 1024), and the mean of the
training patches is subtracted, which changes no distance and keeps small ones exact.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from blemish.errors import DataError
from blemish.methods.contract import LoadWeights
from blemish.methods.networks.feature_pyramid import SCATTERING, build_pyramid
from blemish.methods.networks.pixels import FromBytes
from blemish.methods.parts.feature_settings import FeatureSettings
from blemish.methods.parts.moments import Moments, whitening
from blemish.methods.parts.patch_method import Patches

# Grey values of 255: contrast below this is noise and is not amplified.
_NOISE_LEVEL = 4.0
_FLAT = 1e-5


class PatchFeatures(Patches):
    """uint8 (N, H, W, 3) -> float (N, d, h, w), h and w being the image's size by the first stride.

    Args:
        settings: the network, its layers, and how their features are normalised.
        load_weights: where pretrained weights come from.
    """

    mean: Tensor
    scale: Tensor
    matrix: Tensor

    def __init__(self, settings: FeatureSettings, load_weights: LoadWeights) -> None:
        super().__init__()
        pyramid = build_pyramid(settings.backbone, settings.strides, load_weights, pretrained=settings.pretrained)
        # From here on the settings name the network and projection that "auto" stands for.
        settings = settings.model_copy(update={"backbone": pyramid.name})
        if settings.projection == "auto":
            pretrained = settings.pretrained and pyramid.name != SCATTERING
            settings = settings.model_copy(update={"projection": "whiten" if pretrained else "none"})
        self.settings = settings
        self.net = pyramid.net
        self.channels = pyramid.channels
        self.from_bytes = FromBytes(pyramid.normalisation)
        width = sum(pyramid.channels)
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))
        self.register_buffer("matrix", torch.zeros(0, 0))

    @property
    def dimensions(self) -> int:
        """d of the vectors."""
        appearance = self.matrix.shape[1] if self.matrix.numel() else len(self.mean)
        return appearance + (2 if self.settings.position_weight else 0)

    def fit(self, batches: Iterable[Tensor], *, seed: int) -> None:
        """Estimate mean, scale and projection from normal images.

        Args:
            batches: uint8 (N, H, W, 3).
            seed: of a random projection.

        Raises:
            DataError: every image is of one flat colour, or there are none.
        """
        moments: Moments | None = None
        flat = True
        whiten = self.settings.projection == "whiten"
        with torch.inference_mode():
            for batch in batches:
                flat = flat and bool((batch.amax(dim=(1, 2)) == batch.amin(dim=(1, 2))).all())
                vectors = self._concatenated(self._maps(batch)).permute(0, 2, 3, 1).flatten(0, 2)
                moments = moments or Moments(vectors.shape[1], full=whiten)
                moments.add(vectors)
        if moments is None:
            raise DataError("There is no normal image to learn from.")
        if flat:
            raise DataError("Every training image is of one flat colour: give images that show the surface.")
        self.mean = moments.mean()[0].float()
        spread = moments.variance()[0].sqrt()
        # A channel that hardly varies carries nothing; scaling it up would amplify noise.
        scale = 1 / spread.clamp(min=_FLAT + 1e-3 * float(spread.mean()))
        if self.settings.scaling == "none":
            scale = torch.ones_like(scale)
        self.scale = scale.float()
        if whiten:
            self.matrix = whitening(moments.covariance()[0] * torch.outer(scale, scale), self.settings.dimensions)
        elif self.settings.projection == "random":
            drawn = torch.Generator().manual_seed(seed)
            size = (len(scale), min(self.settings.dimensions, len(scale)))
            self.matrix = torch.randn(size, generator=drawn) / size[1] ** 0.5

    def forward(self, image: Tensor) -> Tensor:
        """The patch features of a batch."""
        maps = self._maps(image)
        if self.matrix.numel():
            features = self._projected(maps)
        else:
            features = (self._concatenated(maps) - self.mean[:, None, None]) * self.scale[:, None, None]
        if self.settings.position_weight:
            features = torch.cat([features, self._positions(features)], dim=1)
        return features

    def _maps(self, image: Tensor) -> list[Tensor]:
        if self.settings.local_contrast_px:
            image = local_contrast(image, self.settings.local_contrast_px)
        return [F.avg_pool2d(each, 3, stride=1, padding=1) for each in self.net(self.from_bytes(image))]

    def _concatenated(self, maps: list[Tensor]) -> Tensor:
        size = maps[0].shape[-2:]
        others = [F.interpolate(each, size=size, mode="bilinear", align_corners=False) for each in maps[1:]]
        return torch.cat([maps[0], *others], dim=1)

    def _projected(self, maps: list[Tensor]) -> Tensor:
        """Projects the maps before they are resized, which gives the same features and is cheaper on small maps."""
        weights = self.scale[:, None] * self.matrix
        parts = torch.split(weights, list(self.channels))
        small = [F.conv2d(each, part.T[:, :, None, None]) for each, part in zip(maps, parts, strict=True)]
        size = maps[0].shape[-2:]
        total = small[0] - (self.mean @ weights)[:, None, None]
        for each in small[1:]:
            total = total + F.interpolate(each, size=size, mode="bilinear", align_corners=False)
        return total

    def _positions(self, features: Tensor) -> Tensor:
        """Row and column; at weight 1 opposite edges are about as far apart as two unlike patches."""
        n, d, h, w = features.shape
        reach = self.settings.position_weight * d**0.5
        y = torch.linspace(-reach, reach, int(h))[:, None].expand(int(h), int(w))
        x = torch.linspace(-reach, reach, int(w))[None].expand(int(h), int(w))
        return torch.stack([y, x])[None].expand(n, 2, int(h), int(w))


def local_contrast(image: Tensor, window_px: int) -> Tensor:
    """Each pixel normalised by mean and standard deviation of its surroundings, as grey values around 128.

    Args:
        image: (N, H, W, 3), 0 to 255.
        window_px: side of the surroundings.
    """
    x = image.to(torch.float32).permute(0, 3, 1, 2)
    mean = _box(x, window_px)
    variance = _box((x * x).mean(dim=1, keepdim=True), window_px) - _box(
        (mean * mean).mean(dim=1, keepdim=True), window_px
    )
    spread = torch.sqrt(variance.clamp(min=0) + _NOISE_LEVEL**2)
    return (127.5 + 48.0 * (x - mean) / spread).clamp(0, 255).permute(0, 2, 3, 1)


def _box(x: Tensor, window_px: int) -> Tensor:
    """Mean over a window, along columns and then rows; pixels beyond the edge do not count."""
    side = window_px // 2 * 2 + 1
    x = F.avg_pool2d(x, (side, 1), stride=1, padding=(side // 2, 0), count_include_pad=False)
    return F.avg_pool2d(x, (1, side), stride=1, padding=(0, side // 2), count_include_pad=False)
