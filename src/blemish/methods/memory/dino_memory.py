"""dino-memory: the distance of each patch token of DINOv2 to the nearest one of a few normal images.

Damm, Laszkiewicz, Lederer, Fischer, "AnomalyDINO: boosting patch-based few-shot anomaly detection with DINOv2", WACV
2025. No training: tokens of the normal images are stored, and a patch is as anomalous as it is far from all of them.
Works from one image on.

What differs from the paper, and why:

- Tokens of early blocks (3 and 5 of 0 to 11), joined, are used by default: the last block describes objects and not
  surfaces. The ``paper`` profile takes the last block behind the network's final LayerNorm, and plain cosines.
- Each block is whitened by itself, in all its directions. That counts for more than which blocks, and than whether the
  distance is to the nearest patch or to the mean.
- Blocks, directions and ``mean_weight`` were chosen on development images of four sets, 8 of them to learn from, as the
  best of the worst set: later blocks gain on magnetic tiles what they lose on the others.
- Beyond ``max_patches`` the memory is a coreset; the paper keeps every patch.
- Rotations of the normal images and the foreground mask are settings; the paper chooses them for each object by hand.
- The image score is the mean of the highest 1 % of patches, as published, plus half the mean of all (``mean_weight``):
  a disease changes a whole X-ray, and no patch of it much. With ``words`` the counts of visual words are
  looked at beside it, each by its p-value among normal images and never by raw scores: a missing, doubled or displaced
  part is made of normal patches.
"""

from __future__ import annotations

from typing import ClassVar, Literal, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from blemish.detectors.schema import InputSpec
from blemish.errors import DataError, SettingsError
from blemish.methods.contract import Candidate, LoadWeights
from blemish.methods.data.image_stream import ImageStream
from blemish.methods.networks.patch_tokens import PatchTokens
from blemish.methods.networks.pixels import IMAGENET
from blemish.methods.parts.memory_bank import MemoryBank
from blemish.methods.parts.nearest_neighbour import NearestNeighbour
from blemish.methods.parts.patch_method import PatchMethod, PatchStream
from blemish.methods.parts.patch_scoring import Scoring
from blemish.methods.parts.patch_settings import MIN_SIDE_PX, PatchSettings
from blemish.methods.parts.surprise import Surprise, fused
from blemish.methods.parts.token_features import TokenFeatures
from blemish.methods.parts.visual_words import WordCounts
from blemish.methods.registry import register

# Images whose words are counted; patches of them that the other half is compared with.
_MAX_COUNTED = 100
_MIN_COUNTED = 4
_MAX_HELD_OUT_PATCHES = 5_000
# Of a token's length: the same image in two batches differs by a tenth of it, two photos by most of it.
_ROUNDING = 0.01


class DinoMemorySettings(PatchSettings):
    """Hyper-parameters of `DinoMemory`; the defaults are the ``quick`` profile."""

    backbone: str = Field(
        "vit_small_patch14_dinov2", description="vision transformer of timm by name, with a position for each patch"
    )
    patch_px: int = Field(14, ge=2, description="side of the network's patches")
    pretrained: bool = Field(True, description="false keeps the network's random initial weights: for tests")
    blocks: tuple[int, ...] = Field(
        (3, 5), min_length=1, description="whose tokens are joined, from 0 (paper: the last, 11)"
    )
    final_norm: bool = Field(True, description="the network's final LayerNorm over the last block's tokens, if taken")
    projection: Literal["none", "whiten"] = Field(
        "whiten",
        description="whiten: directions in which normal patches hardly vary count as much as the others; none: cosines "
        "of the tokens as they are (paper; better for fine defects, with size_px=448)",
    )
    dimensions: int = Field(384, ge=1, description="of each block's tokens after whitening, at most")
    size_px: int | None = Field(
        224,
        ge=MIN_SIDE_PX,
        description="images are resized to about this many pixels squared (paper: 448); null keeps their own "
        "resolution, in tiles: for small defects",
    )
    tile_px: int = Field(504, ge=84, multiple_of=42, description="side of the tiles where size_px is null")
    foreground: bool = Field(
        False, description="leave out the background: for one object before it; with projection=none"
    )
    max_patches: int = Field(10_000, ge=1, description="patches in memory at most; a coreset of them beyond")
    score_fraction: float = Field(
        0.01, gt=0, le=1, description="the image score is the mean over this fraction of its most anomalous patches"
    )
    mean_weight: float = Field(
        0.5,
        ge=0,
        description="weight of the mean over all patches, which is added to that: for what changes a whole image "
        "(paper: 0)",
    )
    words: int = Field(
        0,
        ge=0,
        description="visual words that are counted, to notice missing, doubled and displaced parts: 8 to 16; 0: none",
    )

    @model_validator(mode="after")
    def _tokens(self) -> Self:
        if list(self.blocks) != sorted(set(self.blocks)) or self.blocks[0] < 0:
            raise ValueError("blocks must be ascending and start from 0, such as [3, 5]")
        if self.foreground and self.projection == "whiten":
            raise ValueError("foreground compares tokens as they are: give projection=none with it")
        if self.words and self.size_px is None:
            raise ValueError("words are counted in whole images: give size_px with them")
        return self

    @property
    def unit_px(self) -> int:
        """The side of a patch."""
        return self.patch_px


class Distances(NearestNeighbour):
    """Distance to the nearest patch in the memory; many patches that are a little unusual count beside the worst.

    Args:
        bank: float32 (k, d), patches of normal images.
        mean_weight: of the mean over all patches, which is added to the image score.
    """

    def __init__(self, bank: Tensor, mean_weight: float) -> None:
        super().__init__(bank)
        self.mean_weight = mean_weight

    def image_score(self, features: Tensor, anomaly: Tensor, patches: int) -> Tensor:
        """The mean of the most anomalous patches and the weighted mean of all, (N,)."""
        return super().image_score(features, anomaly, patches) + self.mean_weight * anomaly.mean(dim=(1, 2))


class Cosines(Distances):
    """1 - cosine to the nearest patch in the memory, from 0 to 2; 0 for the zero vector, which is background."""

    def forward(self, features: Tensor) -> Tensor:
        """(N, d, h, w) of unit length or zero -> (N, h, w)."""
        is_patch = (features.square().sum(dim=1) > 0.5).to(features.dtype)
        return super().forward(features).square() / 2 * is_patch


@register("dino-memory", learns_from="normal", localises=True, candidates=[Candidate(cost_rank=70, few_rank=1)])
class DinoMemory(PatchMethod):
    """AnomalyDINO: distance to the nearest patch token of a few normal images; from one image on."""

    Settings: ClassVar[type[DinoMemorySettings]] = DinoMemorySettings
    settings: DinoMemorySettings
    features: TokenFeatures

    def __init__(self, settings: DinoMemorySettings, classes: tuple[str, ...], load_weights: LoadWeights) -> None:
        tokens = PatchTokens(settings.backbone, settings.blocks, final_norm=settings.final_norm)
        if tokens.patch_px != settings.patch_px:
            raise SettingsError(
                f'The network "{settings.backbone}" has patches of {tokens.patch_px} px: give --set '
                f"patch_px={tokens.patch_px}."
            )
        normalisation = load_weights(f"tu-{settings.backbone}", tokens.net) if settings.pretrained else IMAGENET
        tokens.halve()
        whiten_to = settings.dimensions if settings.projection == "whiten" else None
        features = TokenFeatures(tokens, normalisation, whiten_to=whiten_to, foreground_only=settings.foreground)
        super().__init__(settings, features)
        self._counting: nn.ModuleList | None = None

    def fit(self, images: ImageStream, *, seed: int) -> str:
        """As every method on patches; then the visual words, where they are counted."""
        summary = super().fit(images, seed=seed)
        return summary + self._count_words(images, seed) if self.settings.words else summary

    def prepare(self, spec: InputSpec) -> None:
        """Resample the network's positions to the size of the images."""
        self.features.tokens.freeze(spec.size_px or (self.settings.tile_px, self.settings.tile_px))

    def describe(self) -> str:
        """The network and its blocks."""
        return f"{self.settings.backbone}, tokens of block {', '.join(map(str, self.settings.blocks))}"

    def scales(self) -> bool:
        """Where the tokens are whitened."""
        return self.settings.projection == "whiten"

    def score_patches(self) -> int:
        """The fraction of an image's patches, or of the smallest tile's."""
        size_px = self._spec.size_px or (MIN_SIDE_PX, MIN_SIDE_PX)
        patches = (size_px[0] // self.settings.patch_px) * (size_px[1] // self.settings.patch_px)
        return max(1, round(self.settings.score_fraction * patches))

    def learn(self, patches: PatchStream, *, seed: int) -> tuple[NearestNeighbour, str]:
        """One pass; every patch is kept where there are few, otherwise a coreset of them."""
        bank = MemoryBank(self.settings.max_patches, seed=seed)
        first, alike = None, True
        with torch.inference_mode():
            for features in patches():
                first = features[:1].clone() if first is None else first
                alike = alike and _alike(features, first)
                vectors = self.flat(features)
                bank.add(vectors[vectors.square().sum(dim=1) > 0])
        if not len(bank):
            raise DataError("No patch of the training images shows the object; train without foreground=true.")
        memory, radius = bank.finish(1.0)
        summary = f"memory of {len(memory)} of {bank.seen} patches in {memory.shape[1]} dimensions"
        if len(memory) < bank.seen:
            summary += f"; no patch is farther than {radius + bank.slack:.3g} from it"
        if alike and bank.seen > len(memory):
            summary += "; all images are one and the same, and count as one"
        return self._head(memory.clone()), summary

    def graph(self) -> nn.Module:
        """uint8 (N, H, W, 3) -> score (N,), map (N, H, W)."""
        if self._counting is None:
            return super().graph()
        return _Arrangement(self.features, self.scoring(), self._counting).eval()

    def _head(self, memory: Tensor) -> NearestNeighbour:
        kind = Distances if self.scales() else Cosines
        return kind(memory, self.settings.mean_weight)

    def _count_words(self, images: ImageStream, seed: int) -> str:
        """Learn what is usually in an image, and how far held-out images score by their patches."""
        found: list[tuple[Tensor, Tensor]] = []
        with torch.inference_mode():
            for batch in self._pixels(images.every(-(-len(images) // _MAX_COUNTED))):
                found.append(self.features.joined(batch))
            tokens, last = (torch.cat(each) for each in zip(*found, strict=True))
            if len(tokens) < _MIN_COUNTED:
                raise DataError(
                    f"To count visual words takes {_MIN_COUNTED} normal images, and there are {len(tokens)}; train "
                    "with words=0."
                )
            features = self.features.described(tokens, last)
            halves = features[::2], features[1::2]
            held_out = [
                self._scores(self._head(_some_patches(self.flat(known), seed)), asked)
                for known, asked in (halves, halves[::-1])
            ]
            counts = WordCounts(tokens, self.settings.words, seed=seed)
        self._counting = nn.ModuleList([Surprise(torch.cat(held_out)), counts])
        return f"; {len(counts.centres)} visual words counted in {len(tokens)} images"

    def _scores(self, head: NearestNeighbour, features: Tensor) -> Tensor:
        anomaly = torch.cat([head(one[None]) for one in features])
        return head.image_score(features, anomaly, self.score_patches())


class _Arrangement(nn.Module):
    """Patches and counts of words, fused by how rare each is among normal images.

    Args:
        features: images to tokens, and those to features.
        scoring: of features.
        counting: the `Surprise` of its score, and the `WordCounts`.
    """

    def __init__(self, features: TokenFeatures, scoring: Scoring, counting: nn.ModuleList) -> None:
        super().__init__()
        self.features = features
        self.scoring = scoring
        self.surprise, self.counts = counting

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 (N, H, W, 3) -> score (N,), map (N, H, W)."""
        tokens, last = self.features.joined(image)
        score, maps = self.scoring.judged(self.features.described(tokens, last), image)
        return fused([self.surprise(score), *self.counts(tokens)]), maps


def _some_patches(vectors: Tensor, seed: int) -> Tensor:
    order = torch.randperm(len(vectors), generator=torch.Generator().manual_seed(seed))
    return vectors[order[:_MAX_HELD_OUT_PATCHES]]


def _alike(features: Tensor, first: Tensor) -> bool:
    """Whether all images are the first one; rounding depends on how many images a batch has."""
    if features.shape[1:] != first.shape[1:]:
        return False
    gap = (features - first).square().sum(dim=1).max()
    return bool(gap <= _ROUNDING**2 * first.square().sum(dim=1).mean())
