"""Patch features from the tokens of a vision transformer.

Damm, Laszkiewicz, Lederer, Fischer, "AnomalyDINO: boosting patch-based few-shot anomaly detection with DINOv2", WACV
2025: the tokens of DINOv2's last block, of unit length, so that distances are cosines; patches of the background can be
left out by the first principal component of the image's own tokens.

What differs: tokens of several blocks can be joined, each of unit length, and whitened, which brings directions that
hardly vary among normal patches to the same scale as all others. Every block is whitened by itself, in all its
directions: whitened together, the directions with the largest variance of one block crowd out the fine ones of another.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

from blemish.errors import DataError
from blemish.methods.networks.patch_tokens import PatchTokens
from blemish.methods.networks.pixels import FromBytes, Normalisation
from blemish.methods.parts.foreground import foreground
from blemish.methods.parts.moments import Moments, whitening
from blemish.methods.parts.patch_method import Patches

# Of the mean variance of a block's tokens. A few images say little about the directions with less than that.
_FLOOR = 0.02


class TokenFeatures(Patches):
    """uint8 (N, H, W, 3) -> float (N, d, h, w), h and w being the image's size by the patch's.

    Args:
        tokens: the network.
        normalisation: of its pixels.
        whiten_to: dimensions of each block after whitening, at most; None keeps the joined tokens, of unit length.
        foreground_only: patches of the background become the zero vector.
    """

    mean: Tensor
    matrix: Tensor

    def __init__(
        self, tokens: PatchTokens, normalisation: Normalisation, *, whiten_to: int | None, foreground_only: bool
    ) -> None:
        super().__init__()
        self.tokens = tokens
        self.from_bytes = FromBytes(normalisation)
        self.whiten_to = whiten_to
        self.foreground_only = foreground_only
        self.register_buffer("mean", torch.zeros(len(tokens.blocks), tokens.channels))
        self.register_buffer("matrix", torch.zeros(0, 0))

    @property
    def dimensions(self) -> int:
        """d of the vectors."""
        return len(self.mean) * (self.matrix.shape[2] if self.matrix.numel() else self.mean.shape[1])

    def fit(self, batches: Iterable[Tensor], *, seed: int) -> None:
        """Estimate mean and whitening, where there is one; nothing is random."""
        blocks, channels = self.mean.shape
        moments = Moments(channels, blocks, full=self.whiten_to is not None)
        flat = True
        with torch.inference_mode():
            for batch in batches:
                flat = flat and bool((batch.amax(dim=(1, 2)) == batch.amin(dim=(1, 2))).all())
                moments.add(self.joined(batch)[0].permute(0, 2, 3, 1).reshape(-1, blocks, channels))
        if not moments.count:
            raise DataError("There is no normal image to learn from.")
        if flat:
            raise DataError("Every training image is of one flat colour: give images that show the surface.")
        if self.whiten_to is not None:
            self.mean = moments.mean().float()
            each = [whitening(covariance, self.whiten_to, floor=_FLOOR) for covariance in moments.covariance()]
            self.matrix = torch.stack(each)

    def forward(self, image: Tensor) -> Tensor:
        """The patch features of a batch."""
        return self.described(*self.joined(image))

    def described(self, joined: Tensor, last: Tensor) -> Tensor:
        """The patch features of what `joined` gives."""
        if self.matrix.numel():
            # (blocks, channels, m) -> (blocks m, channels): one convolution whose groups are the blocks.
            weights = self.matrix.transpose(1, 2).flatten(0, 1)[:, :, None, None]
            offset = (self.mean[:, None] @ self.matrix).flatten()
            features = F.conv2d(joined, weights, groups=len(self.mean)) - offset[:, None, None]
        else:
            features = joined / len(self.tokens.blocks) ** 0.5
        return features * foreground(last) if self.foreground_only else features

    def joined(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """The tokens of all blocks, each of unit length, as one vector; and those of the last block as they are."""
        maps = self.tokens(self.from_bytes(image))
        return torch.cat([F.normalize(each, dim=1) for each in maps], dim=1), maps[-1]
