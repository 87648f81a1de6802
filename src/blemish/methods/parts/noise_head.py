"""A light head on patch features, trained on cached features, noisy copies of them, and real defects if there are any.

Rolih, Fučka, Skočaj, "SuperSimpleNet", ICPR 2024, section 3: every step sees normal features as they are and with noise
inside random masks. The loss is the paper's: focal loss and truncated L1 on patches, focal loss on images.
"""

from __future__ import annotations

import math
from collections import defaultdict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from blemish.errors import DataError
from blemish.methods.networks.pixels import top_mean
from blemish.methods.parts.ignored import IGNORED
from blemish.methods.parts.patch_scoring import Head
from blemish.methods.parts.segmentation_losses import focal_weight

# Truncated L1: logits beyond this on the right side cost nothing (paper: th = .5).
_MARGIN = 0.5
_GAMMA = 2.0
# Least and greatest fraction of the patches that the noise covers.
_COVERED = (0.004, 0.15)
# Cells across the map of the smooth noise that masks are cut from.
_CELLS = (2, 4, 8, 16)
# Fraction of the noise's variance that has one direction for the whole mask.
_COMMON = 0.5
# A patch is defective where some pixel of it mostly is.
_DEFECTIVE = 0.5


class NoiseHead(Head):
    """How defective each patch is.

    Args:
        dimensions: d of the patch features.
        hidden: width of the hidden layer.
        region: float (h, w), 0 where anomalies are ignored; None: the whole image counts.
    """

    region: Tensor

    def __init__(self, dimensions: int, hidden: int, region: Tensor | None = None) -> None:
        super().__init__()
        self.patch = nn.Sequential(
            nn.Conv2d(2 * dimensions, hidden, 1, bias=False),
            nn.BatchNorm2d(hidden),
            nn.ReLU(),
            nn.Conv2d(hidden, 1, 1),
        )
        # Scale of the image logit in the loss; they change no ranking, so scoring leaves them out.
        self.scale, self.shift = nn.Parameter(torch.ones(())), nn.Parameter(torch.zeros(()))
        self.register_buffer("region", torch.ones(1, 1) if region is None else region)

    def forward(self, features: Tensor) -> Tensor:
        """(N, d, h, w) -> (N, h, w)."""
        # Strictly increasing and positive: normal images keep a ranking, which thresholds need.
        return F.softplus(self.logits(features))

    def logits(self, features: Tensor) -> Tensor:
        """(N, d, h, w) -> (N, h, w), any sign; outside the region every patch is the mean patch."""
        features = features * self.region
        logits: Tensor = self.patch(torch.cat([features, features * features - 1], dim=1))
        return logits[:, 0]

    def image_logits(self, logits: Tensor, patches: int) -> Tensor:
        """(N, h, w) -> (N,): the mean over the most anomalous patches, on a scale of its own."""
        return self.scale.abs() * top_mean(logits, patches) + self.shift


class FeatureExamples:
    """Cached features of images, grouped by shape, with their masks where known.

    Normal images have an empty mask. A defective image without a mask enters the image loss only.
    """

    def __init__(self) -> None:
        self.normal: dict[tuple[int, ...], list[Tensor]] = defaultdict(list)
        self.defective: dict[tuple[int, ...], list[tuple[Tensor, Tensor | None]]] = defaultdict(list)

    def add_normal(self, features: Tensor) -> None:
        """Add float (d, h, w)."""
        self.normal[tuple(features.shape)].append(features)

    def add_defective(self, features: Tensor, mask: Tensor | None) -> None:
        """Add float (d, h, w) and the image's mask, float (H, W) from 0 to 1, or `IGNORED`.

        With an empty mask it is normal, unless a part of it is ignored.
        """
        if mask is None:
            self.defective[tuple(features.shape)].append((features, None))
            return
        # The maximum: thin cracks would vanish in an average.
        small = F.adaptive_max_pool2d(mask[None], features.shape[-2:])[0] >= _DEFECTIVE
        ignored = F.adaptive_max_pool2d((mask < 0).float()[None], features.shape[-2:])[0] > 0
        if small.any():
            target = torch.where(ignored & ~small, IGNORED, small.float())
            self.defective[tuple(features.shape)].append((features, target))
        elif not ignored.any() and float(mask.max()) == 0:
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
        n_defective = count // 2 if defects else 0
        empty = torch.zeros(shape[-2:])
        unknown = torch.full_like(empty, IGNORED)
        rows = [(normal[i], empty, 0.0) for i in _sample(len(normal), count - n_defective, random)]
        for i in _sample(len(defects), n_defective, random):
            features, mask = defects[i]
            rows.append((features, unknown if mask is None else mask, 1.0))
        targets = torch.stack([row[1] for row in rows])
        defective = torch.tensor([row[2] for row in rows])
        return torch.stack([row[0] for row in rows]), targets.clamp(min=0), (targets >= 0).float(), defective


def train_noise_head(
    head: NoiseHead,
    examples: FeatureExamples,
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
        head: untrained.
        examples: at least one normal image.
        steps: of AdamW.
        batch_size: images in one step.
        learning_rate: at the start.
        noise: least and greatest strength, in units of the features.
        score_patches: as in scoring.
        seed: of batches and noise.

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
        noisy, noise_masks = _add_noise(features, noise, random)
        features = torch.cat([features, noisy])
        # Noise may also fall on patches that are defective already; both stay defective.
        masks = torch.cat([masks, torch.maximum(masks, noise_masks)])
        known, defective = torch.cat([known, known]), torch.cat([defective, torch.ones(len(noisy))])
        logits = head.logits(features)
        images = head.image_logits(logits, score_patches)
        valid = known * head.region
        loss = _patch_loss(logits, masks, valid) + _focal_loss(images, defective).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        losses.append(float(loss.detach()))
    last = losses[-max(1, steps // 10) :]
    return sum(last) / len(last)


def _sample(total: int, count: int, random: torch.Generator) -> list[int]:
    """``count`` indices below ``total``, without repetition where there are enough."""
    if total >= count:
        return torch.randperm(total, generator=random)[:count].tolist()
    return torch.randint(total, (count,), generator=random).tolist()


def _add_noise(features: Tensor, strengths: tuple[float, float], random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Features with noise inside random masks, and the masks, float (n, h, w)."""
    n, d, h, w = features.shape
    masks = torch.stack([_random_mask(h, w, random) for _ in range(n)])
    low, high = (math.log(each) for each in strengths)
    strength = torch.exp(low + (high - low) * torch.rand(n, 1, 1, 1, generator=random))
    common = torch.randn(n, d, 1, 1, generator=random) * _COMMON**0.5
    own = torch.randn(n, d, h, w, generator=random) * (1 - _COMMON) ** 0.5
    return features + strength * (common + own) * masks[:, None], masks


def _random_mask(h: int, w: int, random: torch.Generator) -> Tensor:
    """Float (h, w): smooth noise of a random scale, cut where it covers a random fraction."""
    cells = _CELLS[int(torch.randint(len(_CELLS), (1,), generator=random))]
    grid = torch.randn(1, 1, min(cells, h) + 1, min(cells, w) + 1, generator=random)
    smooth = F.interpolate(grid, size=(h, w), mode="bicubic", align_corners=True)[0, 0]
    low, high = (math.log(each) for each in _COVERED)
    fraction = math.exp(low + (high - low) * float(torch.rand(1, generator=random)))
    count = max(1, round(fraction * h * w))
    return (smooth >= smooth.flatten().topk(count).values[-1]).float()


def _patch_loss(logits: Tensor, masks: Tensor, valid: Tensor) -> Tensor:
    """Focal loss and truncated L1, averaged over normal and over defective patches, and summed.

    Args:
        logits: (n, h, w).
        masks: (n, h, w), 1 where defective.
        valid: (n, h, w), 0 where the mask is unknown or outside the region.
    """
    wrong_side = torch.where(masks > 0, _MARGIN - logits, logits + _MARGIN)
    each = _focal_loss(logits, masks) + wrong_side.clamp(min=0)
    total = logits.new_zeros(())
    for kind in (masks * valid, (1 - masks) * valid):
        total = total + (each * kind).sum() / kind.sum().clamp(min=1)
    return total


def _focal_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Lin et al., "Focal loss for dense object detection", ICCV 2017, eq. 4; the shape of ``logits``."""
    entropy = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return focal_weight(logits, target, _GAMMA) * entropy
