"""Teaching a light head on cached features: normal ones, noisy copies of them, and real defects where there are some.

Rolih et al., "SuperSimpleNet", ICPR 2024, section 3: every step sees normal features as they are and with noise inside
random masks. The loss is the paper's: focal loss and truncated L1 on patches, focal loss on images.
"""

from __future__ import annotations

import math
from collections import defaultdict

import torch
from torch import Tensor
from torch.nn import functional as F

from blemish.errors import DataError
from blemish.methods.parts.ignored import IGNORED
from blemish.methods.parts.noise_head import NoiseHead

# Truncated L1: logits beyond this on the right side cost nothing (paper: th = .5).
_MARGIN = 0.5
_FOCUS = 2.0
# Fraction of the patches that noise covers, least and greatest.
_COVERED = (0.004, 0.15)
# Cells of the smooth noise that masks are cut from, across the map.
_CELLS = (2, 4, 8, 16)
# How much of a blob's noise has one direction in common.
_IN_COMMON = 0.5
# A patch counts as defective where some pixel of it mostly is.
_COUNTS = 0.5


class Examples:
    """Features of images, by shape, with what is known about each.

    Normal ones have an empty mask. Of defective ones without a known mask only the image is judged.
    """

    def __init__(self) -> None:
        self.normal: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
        self.defective: dict[tuple[int, ...], list[tuple[Tensor, Tensor | None]]] = defaultdict(list)

    def add_normal(self, features: Tensor) -> None:
        """Add float (d, h, w)."""
        self.normal[tuple(features.shape)].append(features)

    def add_defective(self, features: Tensor, mask: Tensor | None) -> None:
        """Add float (d, h, w) and the image's mask, float (H, W) from 0 to 1, or `IGNORED`.

        A piece whose mask is empty is normal, unless a part of it is ignored.
        """
        if mask is None:
            self.defective[tuple(features.shape)].append((features, None))
            return
        # Thin cracks would vanish in an average.
        small = F.adaptive_max_pool2d(mask[None], features.shape[-2:])[0] >= _COUNTS
        ignored = F.adaptive_max_pool2d((mask < 0).float()[None], features.shape[-2:])[0] > 0
        if small.any():
            target = torch.where(ignored & ~small, IGNORED, small.float())
            self.defective[tuple(features.shape)].append((features, target))
        elif ignored.any():
            return
        elif float(mask.max()) == 0:
            self.add_normal(features)

    def describe(self) -> str:
        """How many, in words."""
        normal = sum(map(len, self.normal.values()))
        defects = [each for group in self.defective.values() for each in group]
        masked = sum(1 for _, mask in defects if mask is not None)
        return f"{normal} normal and {len(defects)} defective images or tiles ({masked} with masks)"

    def batch(self, count: int, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Up to ``count`` images of one shape, about half of them defective where there are any.

        Returns:
            features (n, d, h, w), masks (n, h, w), where the mask is known (n, h, w), whether defective (n,).
        """
        shapes = sorted(self.normal)
        sizes = torch.tensor([float(len(self.normal[shape])) for shape in shapes])
        shape = shapes[int(torch.multinomial(sizes, 1, generator=random))]
        normal, defects = self.normal[shape], self.defective.get(shape, [])
        flawed = count // 2 if defects else 0
        empty = torch.zeros(shape[-2:])
        nothing = torch.full_like(empty, IGNORED)
        rows = [(normal[i], empty, 0.0) for i in _drawn(len(normal), count - flawed, random)]
        for i in _drawn(len(defects), flawed, random):
            features, mask = defects[i]
            rows.append((features, nothing if mask is None else mask, 1.0))
        targets = torch.stack([row[1] for row in rows])
        defective = torch.tensor([row[2] for row in rows])
        return torch.stack([row[0] for row in rows]), targets.clamp(min=0), (targets >= 0).float(), defective


def fit(
    head: NoiseHead,
    examples: Examples,
    *,
    steps: int,
    batch_size: int,
    learning_rate: float,
    noise: tuple[float, float],
    score_patches: int,
    seed: int,
) -> float:
    """Train ``head`` in place.

    Args:
        head: what is trained.
        examples: at least one normal image.
        steps: of AdamW.
        batch_size: images in one step.
        learning_rate: at the start.
        noise: least and greatest strength, in units of the features.
        score_patches: as in scoring.
        seed: decides everything random.

    Returns:
        The mean loss of the last tenth of the steps.

    Raises:
        DataError: no normal image.
    """
    if not examples.normal:
        raise DataError("There is no normal image to learn from.")
    random = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.AdamW(head.parameters(), lr=learning_rate, weight_decay=1e-5)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    head.train()
    losses: list[float] = []
    for _ in range(steps):
        features, masks, known, defective = examples.batch(batch_size, random)
        noisy, blobs = _with_noise(features, noise, random)
        features = torch.cat([features, noisy])
        # Noise falls beside or onto what is defective already; both stay defective.
        masks = torch.cat([masks, torch.maximum(masks, blobs)])
        known, defective = torch.cat([known, known]), torch.cat([defective, torch.ones(len(noisy))])
        logits = head.logits(features)
        images = head.image_logits(logits, score_patches)
        counts = known * head.region
        loss = _patch_loss(logits, masks, counts) + _focal(images, defective).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    last = losses[-max(1, steps // 10) :]
    return sum(last) / len(last)


def _drawn(total: int, count: int, random: torch.Generator) -> list[int]:
    """So many indices; each at most once where there are enough."""
    if total >= count:
        return torch.randperm(total, generator=random)[:count].tolist()
    return torch.randint(total, (count,), generator=random).tolist()


def _with_noise(features: Tensor, strengths: tuple[float, float], random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Features with noise inside blobs, and the blobs, float (n, h, w)."""
    n, d, h, w = features.shape
    blobs = torch.stack([_blob(h, w, random) for _ in range(n)])
    low, high = (math.log(each) for each in strengths)
    strength = torch.exp(low + (high - low) * torch.rand(n, 1, 1, 1, generator=random))
    common = torch.randn(n, d, 1, 1, generator=random) * _IN_COMMON**0.5
    own = torch.randn(n, d, h, w, generator=random) * (1 - _IN_COMMON) ** 0.5
    return features + strength * (common + own) * blobs[:, None], blobs


def _blob(h: int, w: int, random: torch.Generator) -> Tensor:
    """A random mask, float (h, w): smooth noise of a random grain, cut where it covers a random share."""
    cells = _CELLS[int(torch.randint(len(_CELLS), (1,), generator=random))]
    grid = torch.randn(1, 1, min(cells, h) + 1, min(cells, w) + 1, generator=random)
    smooth = F.interpolate(grid, size=(h, w), mode="bicubic", align_corners=True)[0, 0]
    low, high = (math.log(each) for each in _COVERED)
    fraction = math.exp(low + (high - low) * float(torch.rand(1, generator=random)))
    count = max(1, round(fraction * h * w))
    return (smooth >= smooth.flatten().topk(count).values[-1]).float()


def _patch_loss(logits: Tensor, masks: Tensor, counts: Tensor) -> Tensor:
    """Focal loss and truncated L1; normal and defective patches weigh the same however few there are of either.

    Args:
        logits: (n, h, w).
        masks: (n, h, w), 1 where defective.
        counts: (n, 1 or h, 1 or w), 0 where nothing is known or looked at.
    """
    wrong_way = torch.where(masks > 0, _MARGIN - logits, logits + _MARGIN)
    each = _focal(logits, masks) + wrong_way.clamp(min=0)
    total = logits.new_zeros(())
    for kind in (masks * counts, (1 - masks) * counts):
        total = total + (each * kind).sum() / kind.sum().clamp(min=1)
    return total


def _focal(logits: Tensor, truth: Tensor) -> Tensor:
    """Lin et al., "Focal loss for dense object detection", ICCV 2017, eq. 4; the shape of ``logits``."""
    plain = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    sure = torch.exp(-plain)
    return (1 - sure) ** _FOCUS * plain
