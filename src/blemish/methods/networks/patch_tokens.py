"""Patch tokens of a vision transformer at chosen blocks, for images of one size or tiles up to one.

Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021; any such network of timm by name, for instance DINOv2's
(Oquab et al., "DINOv2: learning robust visual features without supervision", TMLR 2024).

Traps: the tokens of a block in the middle are taken as they are, and only the last block's have passed the network's
final LayerNorm (``forward_intermediates(norm=False)`` of timm leaves it out everywhere). Class and register tokens come
before the patches' and are no patches. Positions were learned on one grid (37 × 37 of 518 px in DINOv2): they are
resampled once to the grid in use, bicubic with antialiasing as timm does for other sizes, and then part of the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from blemish.errors import SettingsError, did_you_mean


class PatchTokens(nn.Module):
    """float (N, 3, H, W), normalised -> the tokens of each chosen block, a list of (N, C, h, w).

    Args:
        name: a vision transformer of timm.
        blocks: which, from 0, ascending.
        final_norm: the network's final LayerNorm over the tokens of its last block.

    Attributes:
        patch_px: side of a patch; H and W are multiples of it.
        channels: C.

    Raises:
        SettingsError: no such network, no plain vision transformer, or fewer blocks.
    """

    prefix: Tensor
    positions: Tensor

    def __init__(self, name: str, blocks: Sequence[int], *, final_norm: bool) -> None:
        super().__init__()
        self.net = _build(name)
        depth = len(self.net.blocks)
        if max(blocks) >= depth:
            raise SettingsError(
                f'The network "{name}" has {depth} blocks, 0 to {depth - 1}; there is no {max(blocks)}.'
            )
        self.blocks = tuple(blocks)
        self.final_norm = final_norm
        self.patch_px = int(self.net.patch_embed.patch_size[0])
        self.channels = int(self.net.embed_dim)
        self.register_buffer("prefix", torch.zeros(0))
        self.register_buffer("positions", torch.zeros(0))

    def halve(self) -> None:
        """Round the weights to 16 bits, which a detector file then keeps them in; scores change in the fourth digit."""
        for parameter in self.net.parameters():
            parameter.data = parameter.data.half().float()

    def freeze(self, size_px: tuple[int, int]) -> None:
        """Resample the positions to the patches of images of this size.

        Smaller images take the upper left part of these positions, as if they were the corner of a tile.

        Args:
            size_px: height and width of the images, or of the largest tile; multiples of ``patch_px``.
        """
        # Imported here: timm takes a second, and a list of methods needs none of it.
        from timm.layers import resample_abs_pos_embed

        net = self.net
        own = 0 if net.no_embed_class else net.num_prefix_tokens
        height, width = (side // self.patch_px for side in size_px)
        with torch.inference_mode():
            every = resample_abs_pos_embed(
                net.pos_embed, [height, width], list(net.patch_embed.grid_size), num_prefix_tokens=own
            )
            tokens = [token for token in (net.cls_token, net.reg_token) if token is not None]
            prefix = torch.cat(tokens, dim=1) if tokens else torch.zeros(1, 0, self.channels)
            self.prefix = (prefix + every[:, :own] if own else prefix).clone()
            self.positions = every[:, own:].reshape(1, height, width, -1).permute(0, 3, 1, 2).clone()

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """The tokens of the chosen blocks."""
        net = self.net
        embedded = net.patch_embed.proj(pixels)
        height, width = embedded.shape[2:]
        embedded = embedded + self.positions[:, :, :height, :width]
        patches = embedded.flatten(2).transpose(1, 2)
        x = net.norm_pre(torch.cat([self.prefix.expand(patches.shape[0], -1, -1), patches], dim=1))
        maps = []
        for index, block in enumerate(net.blocks[: max(self.blocks) + 1]):
            x = block(x)
            if index in self.blocks:
                last = index == len(net.blocks) - 1
                tokens = net.norm(x) if last and self.final_norm else x
                maps.append(tokens[:, self.prefix.shape[1] :].transpose(1, 2).reshape(embedded.shape))
        return maps


def _build(name: str) -> Any:
    import timm

    plain = name.removeprefix("tu-").removeprefix("timm/")
    if not timm.is_model(plain):
        hint = did_you_mean(plain, timm.list_models("*vit*"))
        raise SettingsError(f'There is no network "{name}".{hint if "Did you" in hint else ""}')
    try:
        net = timm.create_model(plain, pretrained=False, num_classes=0, dynamic_img_size=True)
    except TypeError:
        net = None
    if not isinstance(net, timm.models.VisionTransformer) or net.pos_embed is None:
        raise SettingsError(
            f'The network "{name}" is no vision transformer with one position for each patch; take one of DINOv2, '
            "such as vit_small_patch14_dinov2."
        )
    return cast(Any, net.eval().requires_grad_(False))
