"""Camera bytes as generative networks want them: grey or colour, between -1 and 1, on a side that halves to 4."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

# Rec. 601 luma, as in nearly every grey conversion.
_LUMA = (0.299, 0.587, 0.114)


def padded_side(size_px: int) -> int:
    """The least power of two that is not below ``size_px``."""
    return 1 << (size_px - 1).bit_length()


class SignedPixels(nn.Module):
    """uint8 (N, S, S, 3) RGB -> float (N, C, P, P) in [-1, 1].

    Args:
        size_px: S. Where it is no power of two, the lower and right edge are padded by reflection to P, the next one.
        colour: three channels; otherwise one, the luma.
    """

    luma: Tensor

    def __init__(self, size_px: int, *, colour: bool) -> None:
        super().__init__()
        self.colour = colour
        self.size_px = size_px
        self.pad_px = padded_side(size_px) - size_px
        self.register_buffer("luma", torch.tensor(_LUMA)[None, :, None, None])

    def forward(self, image: Tensor) -> Tensor:
        """Scale a batch."""
        x = image.permute(0, 3, 1, 2).to(torch.float32) / 127.5 - 1
        if not self.colour:
            x = (x * self.luma).sum(dim=1, keepdim=True)
        if self.pad_px:
            x = F.pad(x, (0, self.pad_px, 0, self.pad_px), mode="reflect")
        return x

    def crop(self, pixels: Tensor) -> Tensor:
        """(..., P, P) -> (..., S, S), without the padding."""
        return pixels[..., : self.size_px, : self.size_px]
